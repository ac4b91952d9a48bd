import FileSystem
import Git
import GitHistory
import Glibc
import Host
import Model
import Sanitizing
import SystemPackage
import UnifiedDiff

/// The content of a new registry entry.
package struct PatchDraft: Sendable {
    /// The entry's name.
    package let name: PatchName
    /// A one-line title.
    package let title: String
    /// The problem that the patch solves.
    package let why: String
    /// The evidence that it works.
    package let evidence: String
    /// The variant's name.
    package let variant: String
    /// The versions that the variant is for.
    package let versions: VersionRange

    package init(name: PatchName, title: String, why: String, evidence: String, variant: String, versions: VersionRange) {
        self.name = name
        self.title = title
        self.why = why
        self.evidence = evidence
        self.variant = variant
        self.versions = versions
    }

    package func named(_ name: PatchName, title: String) -> PatchDraft {
        PatchDraft(name: name, title: title, why: why, evidence: evidence, variant: variant, versions: versions)
    }

    fileprivate var yaml: String {
        """
        title: \(Visible.line(title).quoted)
        why: \(Visible.lines(why).block)
        upstream: \(name.upstream)
        versions: \(versions.description.quoted)
        variants:
          - name: \(variant)
            versions: \(versions.description.quoted)
        evidence: \(Visible.lines(evidence).block)
        status: local

        """
    }
}

/// An entry that is ready to be written.
package struct PatchPlan: Sendable {
    /// The entry's name.
    package let name: PatchName
    /// The entry's title.
    package let title: String
    /// The patch's author; nil if it names none.
    package let author: Author?
    /// The entry's folder.
    package let place: FilePath
    /// The patch, with paths relative to the upstream's code.
    package let patch: Patch
    fileprivate let draft: PatchDraft
    fileprivate let text: [UInt8]
    fileprivate let origin: String
}

extension Registry {
    /// Plans an entry for a patch. The patch's paths may be relative to an upstream's home or to the root of a source that contains it. If
    /// they are relative to a home, the entry stores the author's patch byte for byte; otherwise only the paths change.
    ///
    /// - Throws: `PatchesError.malformed` if the text is not a patch; `Diagnostic` if the entry exists, or a file is outside of the
    ///   upstream.
    package func plan(_ draft: PatchDraft, _ mail: PatchMail) throws -> PatchPlan {
        let place = folder.appending(draft.name.description)
        guard !Files.exists(place) else {
            throw Diagnostic(file: place.string, message: "this patch already exists and is not overwritten")
        }
        let home = try home(of: try Self.parsed(mail.text, mail.origin), upstream: draft.name.upstream, origin: mail.origin)
        let text = home.isEmpty ? mail.text : try Self.text(mail, below: home)
        _ = try PatchEntry(yaml: draft.yaml, file: place.appending("patch.yaml").string, name: draft.name)
        return PatchPlan(
            name: draft.name, title: draft.title, author: mail.message?.author, place: place, patch: try Self.parsed(text, mail.origin),
            draft: draft, text: text, origin: mail.origin)
    }

    /// Plans an entry for each message of a mailbox.
    ///
    /// - Parameter draft: the common content; each entry gets a number after the name, and its message's subject as the title.
    /// - Returns: the plans in the order of the mailbox.
    /// - Throws: the same errors as for a single entry.
    package func plans(_ draft: PatchDraft, mails: [PatchMail], from origin: String) throws -> [PatchPlan] {
        try mails.enumerated().map { index, mail in
            let number = "\(index + 1)"
            guard let name = PatchName("\(draft.name)-\(number)") else {
                throw Diagnostic(file: origin, message: "'\(draft.name)-\(number)' is not a valid patch name")
            }
            let title = mail.subject ?? "\(draft.title) (\(number) of \(mails.count))"
            return try plan(draft.named(name, title: title), mail)
        }
    }

    private static func parsed(_ text: [UInt8], _ origin: String) throws(PatchesError) -> Patch {
        do { return try Patch(text, name: origin) } catch { throw .malformed(file: origin, error) }
    }

    /// The patch with paths relative to a home, below its author's message.
    private static func text(_ mail: PatchMail, below home: String) throws(PatchesError) -> [UInt8] {
        let diff = try parsed(mail.text, mail.origin).text { String($0.dropFirst(home.count + 1)) }
        return mail.message == nil ? diff : PatchMessage.bytes(before: mail.text) + Array("---\n\n".utf8) + diff
    }

    /// Checks that planned patches apply to a recipe's source, one after the other.
    ///
    /// - Parameter tree: the recipe's source.
    /// - Throws: `PatchesError.noUpstream`; `PatchesError.doesNotFit` for the first patch that does not apply.
    package func check(_ plans: [PatchPlan], on tree: ObjectID, of recipe: Recipe, in repository: Repository) throws(PatchesError) {
        var tree = tree
        for plan in plans {
            guard let upstream = recipe.upstreams[plan.name.upstream] else {
                let advice = Spelling.advice(for: plan.name.upstream, among: recipe.upstreams.keys)
                throw .noUpstream(plan.name, recipe: recipe.name, advice: advice)
            }
            do { tree = try repository.apply(plan.patch, to: tree, under: upstream.path) } catch {
                throw .doesNotFit(plan.name, origin: plan.origin, recipe: recipe.name, upstreamPath: upstream.path, error)
            }
        }
    }

    /// Writes planned entries: all of them or none.
    ///
    /// - Returns: their folders.
    /// - Throws: `FileError`; `Diagnostic` if two of them have the same name.
    @discardableResult
    package func write(_ plans: [PatchPlan]) throws -> [FilePath] {
        var names: Set<PatchName> = []
        if let twin = plans.first(where: { !names.insert($0.name).inserted }) {
            throw Diagnostic(file: twin.place.string, message: "two patches would have this name")
        }
        // Beside the registry: a folder in it would be read as an upstream.
        let stage = folder.removingLastComponent().appending(".ninepin-patches-\(getpid())")
        var placed: [FilePath] = []
        do {
            for (index, plan) in plans.enumerated() {
                let place = stage.appending("\(index)")
                try Files.makeDirectory(place)
                try Files.write(plan.text, to: place.appending("\(plan.draft.variant).patch"))
                try Files.write(plan.draft.yaml, to: place.appending("patch.yaml"))
            }
            for (index, plan) in plans.enumerated() {
                let upstream = plan.place.removingLastComponent()
                try Files.makeDirectory(upstream)
                _ = try Files.confined(upstream, to: folder)
                try Files.rename(stage.appending("\(index)"), to: plan.place)
                placed.append(plan.place)
            }
            try Files.remove(stage)
            return placed
        } catch {
            // The first failure is what must be told.
            for place in placed + [stage] { try? Files.remove(place) }
            throw error
        }
    }

    /// Checks that an upstream is known: to the registry, or to a recipe.
    ///
    /// - Parameter recipes: the upstreams of recipes; read only if the registry does not know it.
    /// - Throws: `PatchesError.noSuchUpstream`.
    package func checkUpstream(_ name: String, recipes: () throws -> [String]) throws {
        let own = Set(upstreams.keys).union(entries.map(\.name.upstream))
        guard !own.contains(name) else { return }
        let all = try own.union(recipes())
        guard all.contains(name) else { throw PatchesError.noSuchUpstream(name, known: all.sorted()) }
    }

    /// Adds a new variant to an entry.
    ///
    /// - Returns: the new file.
    /// - Throws: `Diagnostic` if a variant with that name exists, or the entry's list cannot be extended; `FileError`.
    package func add(variant: String, versions: VersionRange, text: [UInt8], to entry: PatchEntry) throws -> FilePath {
        let place = place(of: entry.name)
        let (yaml, file) = (place.appending("patch.yaml"), place.appending("\(variant).patch"))
        guard !Files.exists(file) else {
            throw Diagnostic(file: file.string, message: "this variant already exists; choose another name with --name")
        }
        var lines = try Files.readText(yaml).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let start = lines.firstIndex(of: "variants:") else {
            throw Diagnostic(file: yaml.string, message: "expected a line 'variants:' followed by a list, to which to add '\(variant)'")
        }
        let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix(" ") && !$0.hasPrefix("-") } ?? lines.count
        let indent = lines[start + 1..<end].first { $0.drop { $0 == " " }.hasPrefix("-") }?.prefix { $0 == " " } ?? "  "
        lines.insert(contentsOf: ["\(indent)- name: \(variant)", "\(indent)  versions: \(versions.description.quoted)"], at: end)
        let written = lines.joined(separator: "\n")
        // Make sure that the new text can be parsed before writing it.
        _ = try PatchEntry(yaml: written, file: yaml.string, name: entry.name)
        try Files.write(text, to: file)
        try Files.write(written, to: yaml)
        return file
    }

    /// The home that contains all files of a patch; empty if the paths are already relative to it.
    private func home(of patch: Patch, upstream: String, origin: String) throws(Diagnostic) -> String {
        let homes = (upstreams[upstream]?.homes ?? []).filter { $0 != "." }.sorted { $0.utf8.count > $1.utf8.count }
        let paths = patch.paths
        let found = paths.map { path in homes.first { path.hasPrefix("\($0)/") } ?? "" }
        guard let first = found.first, let odd = found.firstIndex(where: { $0 != first }) else { return found.first ?? "" }
        throw Diagnostic(
            file: origin,
            message: "'\(paths[odd])' and '\(paths[0])' are in different homes of \(upstream): make a separate patch for each")
    }
}

extension String {
    /// A double-quoted YAML scalar (YAML 1.2.2, §7.3.1).
    fileprivate var quoted: String {
        "\"\(map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.isNewline ? " " : String($0) }.joined())\""
    }

    /// A block scalar two columns below its key (YAML 1.2.2, §8.1.1). The indentation is told: a text can begin with a space, a tab or an
    /// empty line.
    fileprivate var block: String {
        let lines = split(separator: "\n", omittingEmptySubsequences: false)
        return (["|2"] + lines.map { $0.isEmpty ? "" : "  \($0)" }).joined(separator: "\n")
    }
}
