import Sanitizing

/// A value of a YAML file that knows where it stands, also when it was put together from more than one file.
struct YamlValue: Sendable {
    /// What a value is.
    enum Content: Sendable {
        case scalar(String)
        case sequence([YamlValue])
        case mapping([Entry])
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
    /// Whether it is a text that stands in quotes, or in a block: then nothing between them is a text, too.
    let isQuoted: Bool

    private init(_ content: Content, like other: YamlValue) {
        (file, line, column, isQuoted) = (other.file, other.line, other.column, other.isQuoted)
        self.content = content
    }

    /// Reads a whole file's text.
    ///
    /// - Parameter expected: what a file that is empty lacks.
    init(_ text: String, file: String, expected: String) throws(Diagnostic) {
        var reading = YamlReading(file: file)
        guard let root = try reading.root(of: text) else {
            throw Diagnostic(file: file, line: 1, column: 1, message: "the file is empty; expected \(expected)")
        }
        self = root
    }

    init(_ content: Content, file: String, line: Int, column: Int, isQuoted: Bool = false) {
        (self.file, self.line, self.column, self.isQuoted) = (file, line, column, isQuoted)
        self.content = content
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
    ///
    /// - Throws: `Diagnostic`, with its place, for the scalar that makes all scalars more than ``YamlLimits/scalarBytes``: by aliases, one long
    ///   text may stand for thousands.
    func replacing(_ text: String, with other: String) throws(Diagnostic) -> YamlValue {
        var left = YamlLimits.scalarBytes
        return try replacing(text, with: other, left: &left)
    }

    private func replacing(_ text: String, with other: String, left: inout Int) throws(Diagnostic) -> YamlValue {
        switch content {
        case .scalar(let scalar):
            let replaced = scalar.replacing(text, with: other)
            left -= replaced.utf8.count
            guard left >= 0 else {
                throw complaint("after replacing '\(text)' with '\(other)', the texts exceed \(YamlLimits.scalarBytes) bytes")
            }
            return YamlValue(.scalar(replaced), like: self)
        case .sequence(let items):
            var replaced: [YamlValue] = []
            for item in items { replaced.append(try item.replacing(text, with: other, left: &left)) }
            return YamlValue(.sequence(replaced), like: self)
        case .mapping(let entries):
            var replaced: [Entry] = []
            for entry in entries {
                let value = try entry.value.replacing(text, with: other, left: &left)
                replaced.append(Entry(name: entry.name, key: entry.key, value: value))
            }
            return YamlValue(.mapping(replaced), like: self)
        }
    }

    /// A complaint about this value.
    func complaint(_ message: String) -> Diagnostic { Diagnostic(file: file, line: line, column: column, message: message) }

    /// What it is, in words.
    var form: String {
        switch content {
        case .scalar(let text): text.isEmpty ? "nothing" : "'\(Visible.excerpt(text))'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
