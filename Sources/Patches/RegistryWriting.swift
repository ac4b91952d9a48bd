import FileSystem
import Git
import Host
import Model
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

    fileprivate func named(_ name: PatchName, title: String) -> PatchDraft {
        PatchDraft(name: name, title: title, why: why, evidence: evidence, variant: variant, versions: versions)
    }

    fileprivate var yaml: String {
        """
        title: \(title.quoted)
        why: |
        \(why.block)
        upstream: \(name.upstream)
        versions: \(versions.description.quoted)
        variants:
          - name: \(variant)
            versions: \(versions.description.quoted)
        evidence: |
        \(evidence.block)
        status: local

        """
    }
}

extension Registry {
    /// Adds an entry for a patch. The patch's paths may be relative to an upstream's home or to the root of a source that contains it. If
    /// they are relative to a home, the entry stores the author's patch byte for byte.
    ///
    /// - Returns: the entry's folder.
    /// - Throws: `PatchesError.malformed` if the text is not a patch; `Diagnostic` if the entry exists, or a file is outside of the
    ///   upstream.
    package func add(_ draft: PatchDraft, diff: [UInt8], from origin: String) throws -> FilePath {
        try write(try planned(draft, diff, origin))
    }

    /// Adds an entry for each message of a mailbox: for all of them or for none.
    ///
    /// - Parameter draft: the common content; each entry gets a number after the name, and its message's subject as the title.
    /// - Returns: the entries' names in the order of the mailbox, and their folders.
    /// - Throws: the same errors as for a single entry.
    package func add(_ draft: PatchDraft, mails: [PatchMail], from origin: String) throws -> [(name: PatchName, place: FilePath)] {
        let plans = try mails.enumerated().map { index, mail in
            let number = "\(index + 1)"
            guard let name = PatchName("\(draft.name)-\(number)") else {
                throw Diagnostic(file: origin, message: "'\(draft.name)-\(number)' is not a valid patch name")
            }
            let title = mail.subject ?? "\(draft.title) (\(number) of \(mails.count))"
            return try planned(draft.named(name, title: title), mail.text, "\(origin), message \(number)")
        }
        return try plans.map { ($0.draft.name, try write($0)) }
    }

    /// An entry that is ready to be written.
    private struct Plan {
        let draft: PatchDraft
        let place: FilePath
        let text: [UInt8]
    }

    private func planned(_ draft: PatchDraft, _ diff: [UInt8], _ origin: String) throws -> Plan {
        let place = folder.appending(draft.name.description)
        guard !Files.exists(place) else {
            throw Diagnostic(file: place.string, message: "this patch already exists and is not overwritten")
        }
        let patch: Patch
        do { patch = try Patch(diff, name: origin) } catch { throw PatchesError.malformed(file: origin, error) }
        let home = try home(of: patch, upstream: draft.name.upstream, origin: origin)
        let text = home.isEmpty ? diff : patch.text { String($0.dropFirst(home.count + 1)) }
        _ = try PatchEntry(yaml: draft.yaml, file: place.appending("patch.yaml").string, name: draft.name)
        return Plan(draft: draft, place: place, text: text)
    }

    private func write(_ plan: Plan) throws -> FilePath {
        try Files.makeDirectory(plan.place)
        try Files.write(plan.text, to: plan.place.appending("\(plan.draft.variant).patch"))
        try Files.write(plan.draft.yaml, to: plan.place.appending("patch.yaml"))
        return plan.place
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

    fileprivate var block: String { split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n") }
}
