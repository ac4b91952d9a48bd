import FoundationEssentials

/// What stands before the diff of a patch: a mail as `git format-patch` writes it, or the headers of DEP-3 (quilt, Debian).
package struct PatchMessage: Hashable, Sendable {
    /// Nil if nobody is named, or in a form that a mail header cannot have.
    package let author: Author?
    /// Nil if none is given.
    package let date: MailDate?
    /// The first line, without the prefix in brackets that contains `PATCH`.
    package let subject: String
    /// The text below the subject, including sign-offs; no empty lines at both ends.
    package let body: String

    /// Headers and message are looked for only here; a commit message is never this large.
    private static let mostBytes = 1 << 20

    package init(author: Author?, date: MailDate?, subject: String, body: String) {
        self.author = author
        self.date = date
        self.subject = subject
        self.body = body
    }

    /// Reads the message of a patch; nil if it has no subject.
    package init?(of patch: [UInt8]) {
        let lines = Self.head(of: patch)
        var fields = MailFields(lines)
        // The fields at the beginning of a body are those of the author, whose patch somebody else sent (git-am(1)).
        let inner = MailFields(fields.rest)
        if inner["from"] != nil, !fields.isEmpty { fields.override(with: inner) }
        let described = fields["subject"] == nil ? fields.lines("description") ?? fields.lines("bug-description") : nil
        let folded = fields["subject"] ?? described?.first ?? ""
        let subject = Self.subject(in: MailWords.decoded(folded))
        guard !subject.isEmpty else { return nil }
        self.subject = subject
        author = (fields["from"] ?? fields["author"]).flatMap { Author(mail: $0) }
        date = fields["date"].flatMap { MailDate($0) } ?? fields["last-update"].flatMap { MailDate(day: $0) }
        // In a description of several lines each begins with a space, and an empty one is written as a dot (DEP-3).
        let long = (described ?? []).dropFirst().map { line in
            let text = line.hasPrefix(" ") ? String(line.dropFirst()) : line
            return text == "." ? "" : text
        }
        let parts = [Self.trimmed(long), Self.trimmed(fields.rest)].filter { !$0.isEmpty }
        body = parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    /// The bytes before the line `---` or the first diff.
    package static func bytes(before patch: [UInt8]) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        var start = patch.startIndex
        while start < patch.endIndex {
            let end = patch[start...].firstIndex(of: newline) ?? patch.endIndex
            if isFence(String(decoding: patch[start..<end].prefix(100), as: UTF8.self)) { break }
            start = min(end + 1, patch.endIndex)
        }
        return Array(patch[..<start])
    }

    private static func head(of patch: [UInt8]) -> [String] {
        patch.prefix(mostBytes).split(separator: UInt8(ascii: "\n"), maxSplits: 20_000, omittingEmptySubsequences: false)
            .map { String(decoding: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, as: UTF8.self) }
            .prefix { !isFence($0) }
    }

    /// Whether git mailinfo ends a message at this line.
    static func isFence(_ line: String) -> Bool {
        if line.hasPrefix("diff -") || line.hasPrefix("Index: ") { return true }
        guard line.hasPrefix("---") else { return false }
        let rest = line.dropFirst(3)
        return rest.allSatisfy(\.isWhitespace) || rest.first == " " && rest.dropFirst().first?.isWhitespace == false
    }

    private static func subject(in text: String) -> String {
        var words = text
        while let found = words.prefixMatch(of: /\s*\[[^\]]*\]/), words[found.range].contains("PATCH") {
            words = String(words[found.range.upperBound...])
        }
        return words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    private static func trimmed(_ lines: some Collection<String>) -> [String] {
        let start = lines.drop { $0.allSatisfy(\.isWhitespace) }.map { String($0) }
        return Array(start.reversed().drop { $0.allSatisfy(\.isWhitespace) }.reversed())
    }
}

/// The fields at the beginning of a text (RFC 5322, 2.2), by their names in lower case.
struct MailFields {
    private var fields: [String: [String]] = [:]
    /// The lines behind the fields.
    private(set) var rest: [String]

    init(_ lines: [String]) {
        var lines = lines[...].drop { $0.allSatisfy(\.isWhitespace) }
        // The line that separates the messages of a mailbox.
        if lines.first?.hasPrefix("From ") == true { lines = lines.dropFirst() }
        var last: String?
        while let line = lines.first {
            if let found = line.prefixMatch(of: /([A-Za-z][A-Za-z0-9-]*):\s?/) {
                let name = found.1.lowercased()
                last = fields[name] == nil ? name : nil
                if last != nil { fields[name] = [String(line[found.range.upperBound...])] }
            } else if line.first == " " || line.first == "\t", !fields.isEmpty {
                if let last { fields[last]?.append(line) }
            } else {
                break
            }
            lines = lines.dropFirst()
        }
        rest = Array(lines)
    }

    var isEmpty: Bool { fields.isEmpty }

    /// A field's text, unfolded.
    subscript(_ name: String) -> String? { fields[name]?.joined() }

    /// A field's lines as they are.
    func lines(_ name: String) -> [String]? { fields[name] }

    mutating func override(with inner: MailFields) {
        for name in ["from", "date", "subject"] { if let value = inner.fields[name] { fields[name] = value } }
        rest = inner.rest
    }
}

/// Encoded words of mail headers (RFC 2047).
enum MailWords {
    /// Decodes words in UTF-8, ASCII and Latin-1; others stay unchanged.
    static func decoded(_ text: String) -> String {
        // White space between two encoded words is not part of the text.
        let joined = text.replacing(/\?=\s+=\?/) { _ in "?==?" }
        var bytes: [UInt8] = []
        var rest = joined[...]
        while let found = rest.firstMatch(of: /=\?([A-Za-z0-9_-]+)\?([QqBb])\?([^? ]*)\?=/) {
            bytes += Array(rest[..<found.range.lowerBound].utf8)
            let word = found.2.lowercased() == "q" ? quoted(found.3) : Data(base64Encoded: String(found.3)).map { Array($0) }
            bytes += word.flatMap { utf8($0, in: found.1.lowercased()) } ?? Array(rest[found.range].utf8)
            rest = rest[found.range.upperBound...]
        }
        return String(decoding: bytes + Array(rest.utf8), as: UTF8.self)
    }

    private static func utf8(_ bytes: [UInt8], in encoding: String) -> [UInt8]? {
        switch encoding {
        case "utf-8", "us-ascii": bytes
        case "iso-8859-1": Array(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).utf8)
        default: nil
        }
    }

    private static func quoted(_ text: Substring) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), text.utf8[...])
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "="), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "_") ? UInt8(ascii: " ") : byte)
            }
        }
        return bytes
    }
}

extension Author {
    /// The author that the `From` field of a mail names: `Name <address>`, `"N. Ame" <address>` or `address (Name)`; nil for anything else.
    package init?(mail field: String) {
        let (name, address): (String, String)
        if let found = field.wholeMatch(of: /(.*?)<([^<>]*)>\s*/.dotMatchesNewlines()) {
            (name, address) = (Self.unquoted(String(found.1)), String(found.2))
        } else if let found = field.wholeMatch(of: /\s*(\S+@\S+)\s*(?:\((.*)\))?\s*/.dotMatchesNewlines()) {
            (name, address) = (MailWords.decoded(String(found.2 ?? "")), String(found.1))
        } else {
            return nil
        }
        try? self.init(foreignName: name, email: address)
    }

    /// An author as somebody else wrote it. Without a name, the address stands for it, as in git.
    ///
    /// - Throws: `AuthorError` if there is no address, or a character that a mail header cannot contain.
    package init(foreignName name: String, email: String) throws(AuthorError) {
        let words = name.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let address = email.filter { !$0.isWhitespace }
        try self.init(name: words.isEmpty ? address : words, email: address)
    }

    private static func unquoted(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard words.count > 1, words.hasPrefix("\""), words.hasSuffix("\"") else { return MailWords.decoded(words) }
        return String(words.dropFirst().dropLast()).replacing(/\\(.)/) { String($0.1) }
    }
}
