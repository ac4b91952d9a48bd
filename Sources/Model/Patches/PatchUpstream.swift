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
            YamlField("title", "text", "one line for people"),
            YamlField("modules", "list of import paths", "the Go modules that its code is, or was, part of; they tell its version"),
            YamlField("marks", "list of relative paths", "files of which one is there where the upstream is, relative to a home"),
            YamlField("homes", "list of relative paths", "where its code may lie in a source; paths in a patch start from there"),
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
