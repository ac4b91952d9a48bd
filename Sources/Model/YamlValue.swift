import Yams

/// A value of a YAML file that knows where it stands, also when it was put together from more than one file.
struct YamlValue: Sendable {
    /// What a value is.
    enum Content: Sendable {
        case scalar(String)
        case sequence([YamlValue])
        case mapping([Entry])
        case alias
    }

    /// One key of a mapping, with its value.
    struct Entry: Sendable {
        let name: String
        let key: YamlValue
        let value: YamlValue
    }

    let file: String
    let line: Int
    let column: Int
    let content: Content

    private init(_ content: Content, like other: YamlValue) {
        (file, line, column) = (other.file, other.line, other.column)
        self.content = content
    }

    /// Reads a whole file's text.
    ///
    /// - Parameter expected: what a file that is empty lacks.
    init(_ text: String, file: String, expected: String) throws(Diagnostic) {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw Self.diagnostic(for: error, file: file) }
        guard let root else { throw Diagnostic(file: file, line: 1, column: 1, message: "the file is empty; expected \(expected)") }
        try self.init(root, file: file)
    }

    private init(_ node: Node, file: String) throws(Diagnostic) {
        (self.file, line, column) = (file, node.mark?.line ?? 1, node.mark?.column ?? 1)
        switch node {
        case .scalar(let scalar): content = .scalar(scalar.string)
        case .alias: content = .alias
        case .sequence(let items):
            var values: [YamlValue] = []
            for item in items { values.append(try YamlValue(item, file: file)) }
            content = .sequence(values)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let key = try YamlValue(key, file: file)
                guard case .scalar(let name) = key.content else { throw key.complaint("expected a word as a key, found \(key.form)") }
                entries.append(Entry(name: name, key: key, value: try YamlValue(value, file: file)))
            }
            content = .mapping(entries)
        }
    }

    /// The value at a key of a mapping.
    subscript(_ name: String) -> YamlValue? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.name == name }?.value
    }

    /// The mapping without some keys; anything else as it is.
    func without(_ names: Set<String>) -> YamlValue {
        guard case .mapping(let entries) = content else { return self }
        return YamlValue(.mapping(entries.filter { !names.contains($0.name) }), like: self)
    }

    /// This value with another laid over it: mappings key by key, all else as a whole.
    ///
    /// - Parameter whole: keys whose values are never mixed.
    func overlaid(by other: YamlValue, whole: Set<String>) -> YamlValue {
        guard case .mapping(var entries) = content, case .mapping(let others) = other.content else { return other }
        for entry in others {
            guard let index = entries.firstIndex(where: { $0.name == entry.name }) else {
                entries.append(entry)
                continue
            }
            let below = entries[index].value
            let value = whole.contains(entry.name) ? entry.value : below.overlaid(by: entry.value, whole: whole)
            entries[index] = Entry(name: entry.name, key: entry.key, value: value)
        }
        return YamlValue(.mapping(entries), like: other)
    }

    /// This value with a text in the place of another, in all its scalars; keys stay.
    func replacing(_ text: String, with other: String) -> YamlValue {
        switch content {
        case .scalar(let scalar): YamlValue(.scalar(scalar.replacing(text, with: other)), like: self)
        case .sequence(let items): YamlValue(.sequence(items.map { $0.replacing(text, with: other) }), like: self)
        case .mapping(let entries):
            YamlValue(
                .mapping(entries.map { Entry(name: $0.name, key: $0.key, value: $0.value.replacing(text, with: other)) }), like: self)
        case .alias: self
        }
    }

    /// A complaint about this value.
    func complaint(_ message: String) -> Diagnostic { Diagnostic(file: file, line: line, column: column, message: message) }

    /// What it is, in words.
    var form: String {
        switch content {
        case .scalar(let text): text.isEmpty ? "nothing" : "'\(text)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    private static func diagnostic(for error: any Error, file: String) -> Diagnostic {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            Diagnostic(file: file, line: mark.line, column: mark.column, message: "this is no YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            Diagnostic(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "a key stands twice: \(duplicates.map { "\($0)" }.joined(separator: ", "))")
        default:
            Diagnostic(file: file, line: 1, column: 1, message: "this is no YAML: \(error)")
        }
    }
}
