import Model

/// The content of a go.mod or go.work file (go.dev/ref/mod, "go.mod files", "go.work files") that determines how a tree is built.
struct GoModFile: Hashable, Sendable {
    /// A directive and its words without quotes.
    struct Line: Hashable, Sendable {
        let verb: String
        let words: [String]
    }

    /// The directives in order; each line of a block is a separate directive.
    let lines: [Line]

    /// Parses a file as Go does (golang.org/x/mod/modfile, read.go).
    ///
    /// - Throws: `Unreadable` for a file that Go does not accept either.
    init(_ text: String) throws(Unreadable) {
        var lines: [Line] = []
        var block: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            var words = try Self.words(line, number: index + 1)
            guard let first = words.first else { continue }
            if first == .sign(")") {
                guard block != nil, words.count == 1 else { throw Unreadable(line: index + 1, reason: "unmatched ')'") }
                block = nil
                continue
            }
            if words.count == 3, words[1] == .sign("("), words[2] == .sign(")") { continue }
            if words.last == .sign("(") {
                guard block == nil, words.count == 2, case .word(let verb) = first else {
                    throw Unreadable(line: index + 1, reason: "unexpected '('")
                }
                block = verb
                continue
            }
            if let block { words.insert(.word(block), at: 0) }
            let texts = words.compactMap { word in if case .word(let text) = word { text } else { nil } }
            guard let verb = texts.first, texts.count == words.count else {
                throw Unreadable(line: index + 1, reason: "unexpected '(' or ')' between words")
            }
            lines.append(Line(verb: verb, words: Array(texts.dropFirst())))
        }
        guard block == nil else { throw Unreadable(line: 0, reason: "unclosed block") }
        self.lines = lines
    }

    /// A file that Go would not accept.
    struct Unreadable: Error, Hashable {
        let line: Int
        let reason: String
    }

    /// The words of all directives of a kind.
    func all(_ verb: String) -> [[String]] { lines.filter { $0.verb == verb }.map(\.words) }

    /// The first word of the first directive of a kind.
    func first(_ verb: String) -> String? { all(verb).first?.first }

    /// The path of the module; nil if there is no such line.
    var module: String? { first("module") }

    /// The folders that replace modules: paths that begin with `.` or `/` (modfile, IsDirectoryPath).
    var replacedByFolders: [String] {
        all("replace").compactMap { words in
            guard let arrow = words.firstIndex(of: "=>"), let place = words.dropFirst(arrow + 1).first else { return nil }
            return Self.isFolder(place) ? place : nil
        }
    }

    /// Whether a word of a directive is a file system path.
    private static func isFolder(_ word: String) -> Bool {
        ["./", "../", "/"].contains { word.utf8.starts(with: $0.utf8) } || word == "." || word == ".."
    }

    private enum Word: Hashable {
        case word(String)
        case sign(Character)
    }

    /// The words of a line: text without blanks, or quoted text; brackets and commas are words of their own, and `//` begins a comment.
    private static func words(_ line: Substring, number: Int) throws(Unreadable) -> [Word] {
        var words: [Word] = []
        // Go looks at code points, so use scalars: a quote followed by a combining character is still a quote.
        var rest = line.unicodeScalars[...]
        while let first = rest.first {
            if first == " " || first == "\t" || first == "\r" {
                rest.removeFirst()
            } else if rest.starts(with: "//".unicodeScalars) {
                break
            } else if first == "(" || first == ")" {
                words.append(.sign(Character(first)))
                rest.removeFirst()
            } else if "[]{},".unicodeScalars.contains(first) {
                words.append(.word(String(first)))
                rest.removeFirst()
            } else if first == "\"" || first == "`" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: first) else { throw Unreadable(line: number, reason: "unclosed quote") }
                let text = rest[..<end]
                guard !text.contains("\\") else { throw Unreadable(line: number, reason: "a quoted word contains '\\'") }
                words.append(.word(String(text)))
                rest = rest[rest.index(after: end)...]
            } else {
                let (word, behind) = plain(rest)
                guard !word.isEmpty, !word.unicodeScalars.contains(where: { $0 == "\"" || $0 == "`" }) else {
                    throw Unreadable(line: number, reason: "it contains a character not allowed in a word")
                }
                words.append(.word(word))
                rest = behind
            }
        }
        return words
    }

    /// An unquoted word, and the text after it.
    private static func plain(_ text: Substring.UnicodeScalarView) -> (String, Substring.UnicodeScalarView) {
        var rest = text
        while let next = rest.first, !next.properties.isWhitespace, next.value >= 0x20, !"()[]{},".unicodeScalars.contains(next),
            !rest.starts(with: "//".unicodeScalars),
            !rest.starts(with: "/*".unicodeScalars)
        { rest.removeFirst() }
        return (String(text[..<rest.startIndex]), rest)
    }
}
