import Yams

/// One key that a section of a YAML file may have. The readers and the reference in `docs/` are both made from these, so they agree.
public struct YamlField: Sendable {
    /// The key.
    public let name: String
    /// What its value looks like, in words: `text`, `version`, `list of text`.
    public let form: String
    /// Whether a file without it is refused.
    public let isRequired: Bool
    /// What it is for, in one sentence.
    public let about: String

    init(_ name: String, _ form: String, required: Bool = true, _ about: String) {
        self.name = name
        self.form = form
        self.isRequired = required
        self.about = about
    }
}

/// One mapping of a YAML file: its name, as a path of keys, and the keys that it may have.
public struct YamlSection: Sendable {
    /// The path of keys to it; empty for the whole file.
    public let path: String
    /// The keys that it may have.
    public let fields: [YamlField]
}

/// A mapping of a YAML file, read with the positions of all it holds: every complaint names file, line and column.
struct YamlMap {
    let file: String
    let line: Int
    let column: Int
    private let path: String
    private let entries: [(name: String, key: Node, value: Node)]

    /// Reads a whole file's text.
    static func parse(_ text: String, file: String, schema: YamlSection) throws(Diagnostic) -> YamlMap {
        let root: Node?
        do { root = try Yams.compose(yaml: text) } catch { throw diagnostic(for: error, file: file) }
        guard let root else { throw Diagnostic(file: file, line: 1, column: 1, message: "the file is empty; expected \(names(schema))") }
        return try YamlMap(root, file: file, schema: schema)
    }

    private init(_ node: Node, file: String, schema: YamlSection) throws(Diagnostic) {
        self.file = file
        path = schema.path
        line = node.mark?.line ?? 1
        column = node.mark?.column ?? 1
        entries = try Self.entries(of: node, file: file, path: path)
        let known = schema.fields.map(\.name)
        for entry in entries where !known.contains(entry.name) {
            let advice = Spelling.advice(for: entry.name, among: known)
            throw Self.complaint(file, entry.key, "unknown key '\(entry.name)'\(Self.place(path)): \(advice)")
        }
        for field in schema.fields where field.isRequired && !entries.contains(where: { $0.name == field.name }) {
            throw Diagnostic(
                file: file, line: line, column: column,
                message: "'\(field.name)' is missing\(Self.place(path)): \(field.about) (\(field.form))")
        }
    }

    private init(free node: Node, file: String, path: String) throws(Diagnostic) {
        self.file = file
        self.path = path
        line = node.mark?.line ?? 1
        column = node.mark?.column ?? 1
        entries = try Self.entries(of: node, file: file, path: path)
    }

    /// Whether the key is there, with something in it.
    func has(_ key: String) -> Bool { node(key) != nil }

    /// The text at a key. A number is its text: `1.20` stays `1.20`.
    func text(_ key: String) throws(Diagnostic) -> String {
        guard let node = node(key) else { throw complaint(key, "expected text") }
        return try scalar(node, "text")
    }

    /// A value that is read from its text.
    func value<T: LosslessStringConvertible>(_ key: String, as type: T.Type = T.self, expected: String) throws(Diagnostic) -> T {
        let text = try text(key)
        guard let value = T(text) else { throw complaint(key, "expected \(expected), found '\(text)'") }
        return value
    }

    /// One of a set of known words.
    func word<T: RawRepresentable & CaseIterable>(_ key: String, as type: T.Type = T.self) throws(Diagnostic) -> T
    where T.RawValue == String {
        guard let node = node(key) else { throw complaint(key, "expected a word") }
        return try Self.word(try scalar(node, "a word"), at: node, file: file)
    }

    /// A list of known words.
    func words<T: RawRepresentable & CaseIterable>(_ key: String, as type: T.Type = T.self) throws(Diagnostic) -> [T]
    where T.RawValue == String {
        var words: [T] = []
        for node in try list(key) { words.append(try Self.word(try scalar(node, "a word"), at: node, file: file)) }
        return words
    }

    /// A list of values that are read from their texts.
    func values<T: LosslessStringConvertible>(_ key: String, as type: T.Type = T.self, expected: String) throws(Diagnostic) -> [T] {
        var values: [T] = []
        for node in try list(key) {
            let text = try scalar(node, expected)
            guard let value = T(text) else { throw Self.complaint(file, node, "expected \(expected), found '\(text)'") }
            values.append(value)
        }
        return values
    }

    /// A length of time such as `10s` or `2m`, in seconds.
    func seconds(_ key: String) throws(Diagnostic) -> Double {
        let text = try text(key)
        let unit: Double? = text.hasSuffix("m") ? 60 : text.hasSuffix("s") ? 1 : nil
        guard let unit, let count = Double(text.dropLast()), count > 0, count.isFinite else {
            throw complaint(key, "expected a length of time such as '10s' or '2m', found '\(text)'")
        }
        return count * unit
    }

    /// A mapping under a key.
    func map(_ key: String, schema: YamlSection) throws(Diagnostic) -> YamlMap {
        guard let node = node(key) else { throw complaint(key, "expected \(Self.names(schema))") }
        return try YamlMap(node, file: file, schema: schema)
    }

    /// A mapping whose keys are the user's own names, each with a mapping of a known form.
    func maps(_ key: String, schema: YamlSection) throws(Diagnostic) -> [(name: String, map: YamlMap)] {
        guard let node = node(key) else { throw complaint(key, "expected a mapping") }
        var maps: [(String, YamlMap)] = []
        for entry in try YamlMap(free: node, file: file, path: key).entries {
            maps.append((entry.name, try YamlMap(entry.value, file: file, schema: schema)))
        }
        return maps
    }

    /// A list of mappings of a known form.
    func list(_ key: String, schema: YamlSection) throws(Diagnostic) -> [YamlMap] {
        var maps: [YamlMap] = []
        for node in try list(key) { maps.append(try YamlMap(node, file: file, schema: schema)) }
        return maps
    }

    /// A mapping of names to texts.
    func texts(_ key: String) throws(Diagnostic) -> [String: String] {
        guard let node = node(key) else { return [:] }
        var texts: [String: String] = [:]
        for entry in try YamlMap(free: node, file: file, path: key).entries { texts[entry.name] = try scalar(entry.value, "text") }
        return texts
    }

    /// A complaint about a key's value, at its place.
    func complaint(_ key: String, _ message: String) -> Diagnostic {
        guard let node = node(key) else { return Diagnostic(file: file, line: line, column: column, message: "'\(key)': \(message)") }
        return Self.complaint(file, node, "'\(key)': \(message)")
    }

    private func node(_ key: String) -> Node? { entries.first { $0.name == key }?.value }

    private func list(_ key: String) throws(Diagnostic) -> [Node] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let items) = node else { throw complaint(key, "expected a list, found \(Self.form(node))") }
        return Array(items)
    }

    private func scalar(_ node: Node, _ expected: String) throws(Diagnostic) -> String {
        guard case .scalar(let scalar) = node else { throw Self.complaint(file, node, "expected \(expected), found \(Self.form(node))") }
        guard !scalar.string.isEmpty else { throw Self.complaint(file, node, "expected \(expected), found nothing") }
        return scalar.string
    }
}

extension YamlMap {
    private static func entries(of node: Node, file: String, path: String) throws(Diagnostic) -> [(name: String, key: Node, value: Node)] {
        guard case .mapping(let mapping) = node else {
            throw complaint(file, node, "expected a mapping of keys to values\(place(path)), found \(form(node))")
        }
        var entries: [(name: String, key: Node, value: Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let name) = key else { throw complaint(file, key, "expected a word as a key, found \(form(key))") }
            entries.append((name.string, key, value))
        }
        return entries
    }

    private static func word<T: RawRepresentable & CaseIterable>(_ text: String, at node: Node, file: String) throws(Diagnostic) -> T
    where T.RawValue == String {
        if let value = T(rawValue: text) { return value }
        let known = T.allCases.map(\.rawValue)
        throw complaint(file, node, "'\(text)' is not known here: \(Spelling.advice(for: text, among: known))")
    }

    private static func complaint(_ file: String, _ node: Node, _ message: String) -> Diagnostic {
        Diagnostic(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, message: message)
    }

    private static func form(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "'\(scalar.string)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    private static func place(_ path: String) -> String { path.isEmpty ? "" : " in '\(path)'" }

    private static func names(_ schema: YamlSection) -> String {
        "a mapping with " + schema.fields.map { "'\($0.name)'" }.joined(separator: ", ")
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
