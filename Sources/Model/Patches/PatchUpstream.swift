import Paths

/// An upstream project with patches, and how to find its code in a source tree. `patches/UPSTREAM/upstream.yaml`.
package struct PatchUpstream: Hashable, Sendable {
    /// The project's name in patches and recipes.
    package let name: String
    /// A one-line description.
    package let title: String
    /// The Go modules that contain, or once contained, its code.
    package let modules: [String]
    /// Files relative to a home; if any of them exists, the upstream is there.
    package let marks: [String]
    /// The directories that may contain its code, relative to the top of a source tree.
    package let homes: [String]
}

extension PatchUpstream {
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

    /// Parses an upstream's description.
    ///
    /// - Throws: `Diagnostic` with file, line and column for the first error.
    package init(yaml: String, file: String, name: String) throws(Diagnostic) {
        let map = try YamlMap.parse(yaml, file: file, schema: Self.schema)
        self.name = name
        title = try map.text("title")
        modules = try map.values("modules", expected: "an import path")
        marks = try map.paths("marks").map(\.description)
        homes = try map.paths("homes").map(\.description)
    }
}
