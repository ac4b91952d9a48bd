import Paths

/// A mapping of a YAML file that keeps the positions of its values, so that every error names file, line and column.
package struct YamlMap {
    let file: String
    package let line: Int
    let column: Int
    private let path: String
    private let entries: [YamlValue.Entry]

    /// Parses the text of a whole file.
    package static func parse(_ text: String, file: String, schema: YamlSection) throws(Diagnostic) -> YamlMap {
        try YamlMap(try YamlValue(text, file: file, expected: names(schema)), schema: schema)
    }

    /// Checks a mapping against a schema.
    init(_ value: YamlValue, schema: YamlSection) throws(Diagnostic) {
        file = value.file
        path = schema.path
        line = value.line
        column = value.column
        entries = try Self.entries(of: value, path: path)
        let known = schema.fields.map(\.name)
        for entry in entries where !known.contains(entry.name) {
            let advice = Spelling.advice(for: entry.name, among: known)
            throw entry.key.complaint("unknown key '\(entry.name)'\(Self.place(path)): \(advice)")
        }
        for field in schema.fields where field.isRequired && !entries.contains(where: { $0.name == field.name }) {
            throw Diagnostic(
                file: file, line: line, column: column,
                message: "'\(field.name)' is missing\(Self.place(path)): \(field.about) (\(field.form))")
        }
    }

    private init(free value: YamlValue, path: String) throws(Diagnostic) {
        file = value.file
        self.path = path
        line = value.line
        column = value.column
        entries = try Self.entries(of: value, path: path)
    }

    /// Whether the key is present and has a value.
    package func has(_ key: String) -> Bool { node(key) != nil }

    /// The text at a key. Numbers keep their text: `1.20` stays `1.20`.
    package func text(_ key: String) throws(Diagnostic) -> String {
        guard let node = node(key) else { throw complaint(key, "expected text") }
        return try scalar(node, "text")
    }

    /// A value parsed from its text.
    package func value<T: LosslessStringConvertible>(_ key: String, as type: T.Type = T.self, expected: String) throws(Diagnostic) -> T {
        let text = try text(key)
        guard let value = T(text) else { throw complaint(key, "expected \(expected), found '\(text)'") }
        return value
    }

    /// One of a set of known words.
    package func word<T: RawRepresentable & CaseIterable>(_ key: String, as type: T.Type = T.self) throws(Diagnostic) -> T
    where T.RawValue == String {
        guard let node = node(key) else { throw complaint(key, "expected a word") }
        return try Self.word(try scalar(node, "a word"), at: node)
    }

    /// A list of known words.
    package func words<T: RawRepresentable & CaseIterable>(_ key: String, as type: T.Type = T.self) throws(Diagnostic) -> [T]
    where T.RawValue == String {
        var words: [T] = []
        for node in try list(key) { words.append(try Self.word(try scalar(node, "a word"), at: node)) }
        return words
    }

    /// A list of values parsed from their texts.
    package func values<T: LosslessStringConvertible>(_ key: String, as type: T.Type = T.self, expected: String) throws(Diagnostic) -> [T] {
        var values: [T] = []
        for node in try list(key) {
            let text = try scalar(node, expected)
            guard let value = T(text) else { throw node.complaint("expected \(expected), found '\(text)'") }
            values.append(value)
        }
        return values
    }

    /// A duration such as `10s`, `2m` or `1h`, in seconds; at most a week, which is longer than any boot.
    package func seconds(_ key: String) throws(Diagnostic) -> Double {
        let text = try text(key)
        guard let seconds = Self.seconds(of: text) else {
            throw complaint(key, "expected a duration such as '10s' or '2m', found '\(text.prefix(50))'")
        }
        guard seconds <= Self.longest else { throw complaint(key, "expected at most a week, found '\(text.prefix(50))'") }
        return seconds
    }

    /// The seconds of a duration such as `10s`, `2m` or `1h`; nil for any other text and for zero.
    package static func seconds(of text: String) -> Double? {
        let unit: Double? = text.hasSuffix("h") ? 3600 : text.hasSuffix("m") ? 60 : text.hasSuffix("s") ? 1 : nil
        guard let unit, let count = Double(text.dropLast()), count > 0, count.isFinite else { return nil }
        return count * unit
    }

    /// The longest duration, in seconds.
    package static let longest = 7 * 86_400.0

    /// The mapping at a key.
    package func map(_ key: String, schema: YamlSection) throws(Diagnostic) -> YamlMap {
        guard let node = node(key) else { throw complaint(key, "expected \(Self.names(schema))") }
        return try YamlMap(node, schema: schema)
    }

    /// A mapping with user-defined keys and mappings of the given schema as values.
    func maps(_ key: String, schema: YamlSection) throws(Diagnostic) -> [(name: String, map: YamlMap)] {
        guard let node = node(key) else { throw complaint(key, "expected a mapping") }
        var maps: [(String, YamlMap)] = []
        for entry in try YamlMap(free: node, path: key).entries {
            // They become directory and file names.
            guard Self.isFileName(entry.name) else {
                throw entry.key.complaint("'\(key)': expected a valid file name, found \(ContainedPath.quoted(entry.name.utf8))")
            }
            maps.append((entry.name, try YamlMap(entry.value, schema: schema)))
        }
        return maps
    }

    /// A list of mappings of the given schema.
    package func list(_ key: String, schema: YamlSection) throws(Diagnostic) -> [YamlMap] {
        var maps: [YamlMap] = []
        for node in try list(key) { maps.append(try YamlMap(node, schema: schema)) }
        return maps
    }

    /// A mapping of names to texts.
    ///
    /// - Parameter mayBeEmpty: whether `""` is allowed. A missing value never is.
    package func texts(_ key: String, mayBeEmpty: Bool = false) throws(Diagnostic) -> [String: String] {
        var texts: [String: String] = [:]
        for entry in try placedPairs(key, mayBeEmpty: mayBeEmpty) { texts[entry.name] = entry.text }
        return texts
    }

    /// The texts of a list, each with its position.
    func placedTexts(_ key: String) throws(Diagnostic) -> [(text: String, place: YamlValue)] {
        var texts: [(String, YamlValue)] = []
        for node in try list(key) { texts.append((try scalar(node, "text"), node)) }
        return texts
    }

    /// A mapping of names to texts, each name with its position, in file order.
    func placedPairs(
        _ key: String, mayBeEmpty: Bool = false
    ) throws(Diagnostic) -> [(name: String, text: String, place: YamlValue)] {
        guard let node = node(key) else { return [] }
        var pairs: [(String, String, YamlValue)] = []
        for entry in try YamlMap(free: node, path: key).entries {
            pairs.append((entry.name, try scalar(entry.value, "text", mayBeEmpty: mayBeEmpty), entry.key))
        }
        return pairs
    }

    /// An error about a key's value, with its position.
    package func complaint(_ key: String, _ message: String) -> Diagnostic {
        guard let node = node(key) else { return Diagnostic(file: file, line: line, column: column, message: "'\(key)': \(message)") }
        return node.complaint("'\(key)': \(message)")
    }

    private func node(_ key: String) -> YamlValue? { entries.first { $0.name == key }?.value }

    private func list(_ key: String) throws(Diagnostic) -> [YamlValue] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let items) = node.content else { throw complaint(key, "expected a list, found \(node.form)") }
        return items
    }

    private func scalar(_ node: YamlValue, _ expected: String, mayBeEmpty: Bool = false) throws(Diagnostic) -> String {
        guard case .scalar(let text) = node.content else { throw node.complaint("expected \(expected), found \(node.form)") }
        guard !text.isEmpty || mayBeEmpty && node.isQuoted else { throw node.complaint("expected \(expected), found nothing") }
        return text
    }
}

extension YamlMap {
    private static func entries(of value: YamlValue, path: String) throws(Diagnostic) -> [YamlValue.Entry] {
        guard case .mapping(let entries) = value.content else {
            throw value.complaint("expected a mapping of keys to values\(place(path)), found \(value.form)")
        }
        return entries
    }

    private static func word<T: RawRepresentable & CaseIterable>(_ text: String, at node: YamlValue) throws(Diagnostic) -> T
    where T.RawValue == String {
        if let value = T(rawValue: text), T.allCases.contains(where: { $0.rawValue == text }) { return value }
        let known = T.allCases.map(\.rawValue)
        throw node.complaint("unknown value '\(text)': \(Spelling.advice(for: text, among: known))")
    }

    private static func place(_ path: String) -> String { path.isEmpty ? "" : " in '\(path)'" }

    private static func names(_ schema: YamlSection) -> String {
        "a mapping with " + schema.fields.map { "'\($0.name)'" }.joined(separator: ", ")
    }
}

extension YamlMap {
    /// A word of ASCII letters, digits and some punctuation that cannot be mistaken for an option or a path.
    package func name(_ key: String, extra: String, like expected: String) throws(Diagnostic) -> String {
        let text = try text(key)
        guard Self.isName(text, extra: extra) else { throw complaint(key, "expected \(expected), found '\(text)'") }
        return text
    }

    /// A list of such words.
    func names(_ key: String, extra: String, like expected: String) throws(Diagnostic) -> [String] {
        let texts = try values(key, as: String.self, expected: expected)
        for text in texts where !Self.isName(text, extra: extra) { throw complaint(key, "expected \(expected), found '\(text)'") }
        return texts
    }

    private static func isName(_ text: String, extra: String) -> Bool {
        let good = text.utf8.allSatisfy {
            $0 < 128 && (extra.utf8.contains($0) || Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber)
        }
        return good && (text.first?.isLetter == true || text.first?.isNumber == true)
    }

    /// A relative path that does not leave its base directory; `.` is the directory itself.
    package func path(_ key: String) throws(Diagnostic) -> ContainedPath {
        let text = try text(key)
        guard let path = Self.path(text) else {
            throw complaint(key, "expected a relative path such as vendor/example.org/project, found \(ContainedPath.quoted(text.utf8))")
        }
        return path
    }

    /// A list of such paths.
    func paths(_ key: String) throws(Diagnostic) -> [ContainedPath] {
        var paths: [ContainedPath] = []
        for text in try values(key, as: String.self, expected: "a relative path") {
            guard let path = Self.path(text) else {
                throw complaint(
                    key, "expected a relative path such as vendor/example.org/project, found \(ContainedPath.quoted(text.utf8))")
            }
            paths.append(path)
        }
        return paths
    }

    /// A file name without a directory.
    func fileName(_ key: String) throws(Diagnostic) -> String {
        let text = try text(key)
        guard Self.isFileName(text) else {
            throw complaint(key, "expected a relative path without a folder, found \(ContainedPath.quoted(text.utf8))")
        }
        return text
    }

    /// Parses a path that does not leave its base directory and has no component that could be mistaken for an option or that spans several
    /// lines; nil for any other text.
    static func path(_ text: String) -> ContainedPath? {
        guard let path = ContainedPath(text), !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }),
            !path.parts.contains(where: { $0.first == UInt8(ascii: "-") })
        else { return nil }
        return path
    }

    /// Whether a text is a single component of such a path.
    package static func isFileName(_ text: String) -> Bool { path(text)?.parts.count == 1 }
}
