import Paths

/// An upstream project that patches are for, and how its code is found in a folder of source. `patches/UPSTREAM/upstream.yaml`.
package struct PatchUpstream: Hashable, Sendable {
    /// Its name, as patches and recipes have it.
    package let name: String
    /// One line for people.
    package let title: String
    /// The Go modules that its code is, or was, part of.
    package let modules: [String]
    /// Files of which one is there where the upstream is, relative to a home.
    package let marks: [String]
    /// The directories in which its code may lie, relative to the top of a source.
    package let homes: [String]
}

extension PatchUpstream {
    /// The keys of an `upstream.yaml`.
    package static let schema = YamlSection(
        path: "upstream.yaml",
        fields: [
            YamlField("title", "text", "a one-line title"),
            YamlField("modules", "list of import paths", "the Go modules that its code is or was part of; used to determine its version"),
            YamlField(
                "marks", "list of relative paths", "files relative to a home, at least one of which exists where the upstream is present"),
            YamlField(
                "homes", "list of relative paths", "the places where its code can be in a source; paths in a patch are relative to these"),
        ])

    /// Reads an upstream's description.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first thing that is wrong.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Self.schema)
        self.name = name
        title = try map.text("title")
        modules = try map.values("modules", expected: "an import path")
        marks = try map.paths("marks").map(\.description)
        homes = try map.paths("homes").map(\.description)
    }
}
