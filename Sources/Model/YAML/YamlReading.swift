import Sanitizing
import Yams

/// Limits for YAML files. The largest in this project has 9 KB, 350 values and a depth of 6.
package enum YamlLimits {
    /// The length of the text in bytes. Reading one byte more is enough to detect an excess.
    package static let bytes = 64 << 10
    /// The number of values, including keys. The target of an alias counts for each use.
    static let values = 10_000
    /// The bytes of all scalars, including keys. The target of an alias and text inserted for a placeholder count for each use.
    static let scalarBytes = 1 << 20
    /// The nesting depth of mappings and lists.
    static let depth = 32
}

/// Parses a YAML text within ``YamlLimits``.
///
/// Yams expands aliases before anyone can count, and hashes complete keys, including nested ones, so a few hundred bytes can take gigabytes
/// and hours. Therefore Yams never sees an alias, nor a key longer than libyaml's 1024 bytes, which only `?` can introduce: both characters
/// are replaced by ones that no text contains. Aliases are resolved here, and `?` is rejected.
struct YamlReading {
    private let file: String
    private var anchors: [String: (value: YamlValue, count: Int, bytes: Int, depth: Int)] = [:]
    private var count = 0
    private var bytes = 0
    /// The depth of the value just parsed, including itself.
    private var reach = 0

    init(file: String) { self.file = file }

    /// The only document in the text; nil if there is none.
    ///
    /// - Throws: `Diagnostic` for invalid YAML and for exceeded limits.
    mutating func root(of text: String) throws(Diagnostic) -> YamlValue? {
        guard text.utf8.count <= YamlLimits.bytes else {
            throw Diagnostic(file: file, message: "the file is larger than \(YamlLimits.bytes) bytes, the limit for a handwritten file")
        }
        for scalar in text.unicodeScalars where scalar == Self.alias || scalar == Self.key {
            throw Diagnostic(
                file: file, message: "invalid YAML: it contains the private-use character U+\(String(scalar.value, radix: 16))")
        }
        let (parser, node): (Parser, Node?)
        do {
            parser = try Parser(yaml: Self.disguised(text), encoding: .utf8)
            node = try parser.singleRoot()
        } catch { throw diagnostic(for: error) }
        // The parser owns the names of the anchors; nodes only borrow them.
        defer { withExtendedLifetime(parser) {} }
        guard let node else { return nil }
        return try value(node, depth: 1)
    }

    /// The substitutes for `*` and `?` while Yams parses: characters from the private use area. Each replaces one character, so columns do
    /// not change.
    private static let (alias, key): (Unicode.Scalar, Unicode.Scalar) = ("\u{F8E0}", "\u{F8E1}")

    private static func disguised(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == "*" ? alias : scalar == "?" ? key : scalar) }
        return String(scalars)
    }

    private static func plain(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { scalars.append(scalar == alias ? "*" : scalar == key ? "?" : scalar) }
        return String(scalars)
    }

    private mutating func value(_ node: Node, depth: Int) throws(Diagnostic) -> YamlValue {
        try take(1, bytes: 0, node, depth: depth)
        let before = (count: count, bytes: bytes)
        var value: YamlValue
        switch node {
        case .scalar(let scalar):
            let letters = scalar.string.unicodeScalars
            if scalar.style == .plain, letters.first == Self.alias { return try followed(scalar, node, depth: depth) }
            if scalar.style == .plain, letters.first == Self.key,
                letters.count == 1 || letters.dropFirst().first?.properties.isWhitespace == true
            {
                throw complaint("expected a key without '?'", node)
            }
            let text = Self.plain(scalar.string)
            try take(0, bytes: text.utf8.count, node, depth: depth)
            value = made(.scalar(text), node, isQuoted: scalar.style != .plain)
            reach = 1
        case .sequence(let items): value = made(.sequence(try list(items, depth: depth)), node)
        case .mapping(let mapping): value = made(.mapping(try entries(mapping, depth: depth)), node)
        case .alias: throw complaint("invalid YAML: an alias is not allowed here", node)
        }
        if let name = node.anchor?.rawValue { anchors[name] = (value, count - before.count + 1, bytes - before.bytes, reach) }
        return value
    }

    private mutating func list(_ items: Node.Sequence, depth: Int) throws(Diagnostic) -> [YamlValue] {
        var (values, deepest): ([YamlValue], Int) = ([], 0)
        for item in items {
            values.append(try value(item, depth: depth + 1))
            deepest = max(deepest, reach)
        }
        reach = deepest + 1
        return values
    }

    private mutating func entries(_ mapping: Node.Mapping, depth: Int) throws(Diagnostic) -> [YamlValue.Entry] {
        var (entries, deepest): ([YamlValue.Entry], Int) = ([], 0)
        var names = Set<String>()
        for (keyNode, valueNode) in mapping {
            let key = try value(keyNode, depth: depth + 1)
            guard case .scalar(let name) = key.content else { throw key.complaint("expected a word as a key, found \(key.form)") }
            // Two names may become equal only after an alias is resolved.
            guard names.insert(name).inserted else { throw key.complaint("duplicate key: \(name)") }
            entries.append(YamlValue.Entry(name: name, key: key, value: try value(valueNode, depth: depth + 1)))
            deepest = max(deepest, reach)
        }
        reach = deepest + 1
        return entries
    }

    /// The value of an alias.
    private mutating func followed(_ scalar: Node.Scalar, _ node: Node, depth: Int) throws(Diagnostic) -> YamlValue {
        let name = Self.plain(scalar.string).dropFirst()
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else {
            throw complaint("invalid YAML: '*' must be followed by an alias name", node)
        }
        guard node.anchor == nil else { throw complaint("invalid YAML: an alias cannot have an anchor", node) }
        guard let known = anchors[String(name)] else {
            throw complaint("invalid YAML: the alias '*\(Visible.excerpt(String(name)))' is not defined", node)
        }
        try take(known.count - 1, bytes: known.bytes, node, depth: depth + known.depth - 1)
        reach = known.depth
        return known.value
    }

    /// Whether a byte is allowed in an anchor name, according to libyaml (IS_ALPHA in yaml_private.h).
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }

    /// Counts values and scalar bytes before they are created.
    private mutating func take(_ more: Int, bytes others: Int, _ node: Node, depth: Int) throws(Diagnostic) {
        count += more
        guard count <= YamlLimits.values else {
            throw complaint("the file has more than \(YamlLimits.values) values after expanding aliases", node)
        }
        bytes += others
        guard bytes <= YamlLimits.scalarBytes else {
            throw complaint("the file has more than \(YamlLimits.scalarBytes) bytes after expanding aliases", node)
        }
        guard depth <= YamlLimits.depth else { throw complaint(Self.tooDeep, node) }
    }

    private static let tooDeep = "mappings and lists are nested more than \(YamlLimits.depth) levels deep"

    private func made(_ content: YamlValue.Content, _ node: Node, isQuoted: Bool = false) -> YamlValue {
        YamlValue(content, file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1, isQuoted: isQuoted)
    }

    private func complaint(_ message: String, _ node: Node) -> Diagnostic { made(.scalar(""), node).complaint(message) }

    private func diagnostic(for error: any Error) -> Diagnostic {
        switch error as? YamlError {
        case .parser(_, let problem, let mark, _) where problem.contains("nesting level"):
            Diagnostic(file: file, line: mark.line, column: mark.column, message: Self.tooDeep)
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            Diagnostic(file: file, line: mark.line, column: mark.column, message: "invalid YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            Diagnostic(
                file: file, line: context.mark.line, column: context.mark.column,
                message: "duplicate key: \(Visible.excerpt(Self.plain(duplicates.joined(separator: ", "))))")
        case .reader(let problem, let offset, _, _):
            Diagnostic(file: file, line: 1, column: 1, message: "invalid YAML: \(problem) at byte \(offset ?? 0)")
        default:
            Diagnostic(file: file, line: 1, column: 1, message: "invalid YAML")
        }
    }
}
