import Sanitizing

/// A value of a YAML file that keeps its position, even if it was merged from several files.
struct YamlValue: Sendable {
    /// The content of a value.
    enum Content: Sendable {
        case scalar(String)
        case sequence([YamlValue])
        case mapping([Entry])
    }

    /// A key of a mapping with its value.
    struct Entry: Sendable {
        let name: String
        let key: YamlValue
        let value: YamlValue
    }

    let file: String
    let line: Int
    let column: Int
    let content: Content
    /// Whether the text is in quotes or in a block, so that an empty one is still a text.
    let isQuoted: Bool

    private init(_ content: Content, like other: YamlValue) {
        (file, line, column, isQuoted) = (other.file, other.line, other.column, other.isQuoted)
        self.content = content
    }

    /// Parses the text of a whole file.
    ///
    /// - Parameter expected: what is missing from an empty file.
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

    /// The mapping without some keys; other values are unchanged.
    func without(_ names: Set<String>) -> YamlValue {
        guard case .mapping(let entries) = content else { return self }
        return YamlValue(.mapping(entries.filter { !names.contains($0.name) }), like: self)
    }

    /// Merges another value over this one: mappings key by key, everything else as a whole.
    ///
    /// - Parameter whole: keys whose values are never merged.
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

    /// Replaces a text in all scalars; keys are unchanged.
    ///
    /// - Throws: `Diagnostic`, with its position, for the scalar that makes the total exceed ``YamlLimits/scalarBytes``: with aliases, one
    ///   long text may be used thousands of times.
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

    /// An error about this value.
    func complaint(_ message: String) -> Diagnostic { Diagnostic(file: file, line: line, column: column, message: message) }

    /// The kind of value, in words.
    var form: String {
        switch content {
        case .scalar(let text): text.isEmpty ? "nothing" : "'\(Visible.excerpt(text))'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
