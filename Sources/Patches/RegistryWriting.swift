import Git
import Host
import Model
import SystemPackage

/// What a new entry of the registry says.
public struct PatchDraft: Sendable {
    /// Its name.
    public let name: PatchName
    /// One line for people.
    public let title: String
    /// What is wrong without it.
    public let why: String
    /// What shows that it works.
    public let evidence: String
    /// The variant's name.
    public let variant: String
    /// The versions that it is for.
    public let versions: VersionRange

    /// Makes a draft.
    public init(name: PatchName, title: String, why: String, evidence: String, variant: String, versions: VersionRange) {
        self.name = name
        self.title = title
        self.why = why
        self.evidence = evidence
        self.variant = variant
        self.versions = versions
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
    /// Makes an entry of a diff. Paths in the diff may start at an upstream's home, or at the top of a source that has it.
    ///
    /// - Returns: the entry's folder.
    /// - Throws: `PatchesError.malformed` when it is no diff; `Diagnostic` when the entry is there, or a file lies outside of the upstream.
    public func add(_ draft: PatchDraft, diff: [UInt8], from origin: String) throws -> FilePath {
        let place = folder.appending(draft.name.description)
        guard !Files.exists(place) else {
            throw Diagnostic(file: place.string, message: "there is such a patch already; it is not written over")
        }
        let patch: Patch
        do { patch = try Patch(diff, name: origin) } catch { throw PatchesError.malformed(file: origin, error) }
        let home = try home(of: patch, upstream: draft.name.upstream, origin: origin)
        let text = patch.text { home.isEmpty ? $0 : String($0.dropFirst(home.count + 1)) }
        let file = place.appending("patch.yaml")
        _ = try PatchEntry(yaml: draft.yaml, file: file.string, name: draft.name)
        try Files.makeDirectory(place)
        try Files.write(text, to: place.appending("\(draft.variant).patch"))
        try Files.write(draft.yaml, to: file)
        return place
    }

    /// Writes a new variant beside an entry's others.
    ///
    /// - Returns: the new file.
    /// - Throws: `Diagnostic` when there is one of that name, or the entry's list cannot be added to; `FileError`.
    public func add(variant: String, versions: VersionRange, text: [UInt8], to entry: PatchEntry) throws -> FilePath {
        let place = folder.appending(entry.name.description)
        let (yaml, file) = (place.appending("patch.yaml"), place.appending("\(variant).patch"))
        guard !Files.exists(file) else {
            throw Diagnostic(file: file.string, message: "there is such a variant already; name another one with --name")
        }
        var lines = try Files.readText(yaml).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let start = lines.firstIndex(of: "variants:") else {
            throw Diagnostic(file: yaml.string, message: "expected a line 'variants:' with the list below it, to add '\(variant)' to")
        }
        let end = lines[(start + 1)...].firstIndex { !$0.hasPrefix(" ") && !$0.hasPrefix("-") } ?? lines.count
        let indent = lines[start + 1..<end].first { $0.drop { $0 == " " }.hasPrefix("-") }?.prefix { $0 == " " } ?? "  "
        lines.insert(contentsOf: ["\(indent)- name: \(variant)", "\(indent)  versions: \(versions.description.quoted)"], at: end)
        let written = lines.joined(separator: "\n")
        // What would not be read again is not written.
        _ = try PatchEntry(yaml: written, file: yaml.string, name: entry.name)
        try Files.write(text, to: file)
        try Files.write(written, to: yaml)
        return file
    }

    /// The home that all files of a patch lie in; empty when its paths start there already.
    private func home(of patch: Patch, upstream: String, origin: String) throws(Diagnostic) -> String {
        let homes = (upstreams[upstream]?.homes ?? []).filter { $0 != "." }.sorted { $0.utf8.count > $1.utf8.count }
        let found = patch.files.map { file in homes.first { file.path.hasPrefix("\($0)/") } ?? "" }
        guard let first = found.first, let odd = found.firstIndex(where: { $0 != first }) else { return found.first ?? "" }
        throw Diagnostic(
            file: origin,
            message: "'\(patch.files[odd].path)' and '\(patch.files[0].path)' lie in different homes of \(upstream): make a patch of each")
    }
}

extension String {
    /// A YAML scalar between double quotes (YAML 1.2.2, §7.3.1).
    fileprivate var quoted: String {
        "\"\(map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : $0.isNewline ? " " : String($0) }.joined())\""
    }

    fileprivate var block: String { split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n") }
}
