/// A value of a recipe after its files were merged, and where it comes from.
package struct RecipeOrigin: Hashable, Sendable, Encodable {
    /// The path of keys, such as `node.kubelet.failCgroupV1`.
    package let key: String
    /// The value as text; a list in YAML's short form.
    package let value: String
    /// The file.
    package let file: String
    /// The line in it, counted from 1.
    package let line: Int

    /// The same place with another value, such as one without secrets.
    package func with(value: String) -> RecipeOrigin { RecipeOrigin(key: key, value: value, file: file, line: line) }
}

extension RecipeFile {
    /// All values of the merged files, in the order of the keys.
    ///
    /// - Parameters:
    ///   - files: a recipe's files; the one that extends no other comes first.
    ///   - version: the version; nil for the recipe's own.
    /// - Throws: `Diagnostic` if the version or a range is invalid.
    package static func origins(
        _ files: [RecipeFile], version: Version?, architecture: Architecture
    ) throws(Diagnostic) -> [RecipeOrigin] {
        try layered(files, version: version, architecture: architecture).origins(below: "")
    }
}

extension YamlValue {
    fileprivate func origins(below path: String) -> [RecipeOrigin] {
        switch content {
        case .mapping(let entries) where !entries.isEmpty:
            entries.flatMap { $0.value.origins(below: path.isEmpty ? $0.name : "\(path).\($0.name)") }
        case .scalar, .sequence, .mapping: [RecipeOrigin(key: path, value: short, file: file, line: line)]
        }
    }

    private var short: String {
        switch content {
        case .scalar(let text): text
        case .sequence(let values): "[\(values.map(\.short).joined(separator: ", "))]"
        case .mapping(let entries): "{\(entries.map { "\($0.name): \($0.value.short)" }.joined(separator: ", "))}"
        }
    }
}
