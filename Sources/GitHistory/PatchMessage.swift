import ExitCodes
import Git
import UnifiedDiff

/// What stands before the diff of a patch: a mail as `git format-patch` writes it, the headers of DEP-3 (quilt, Debian), or what `git show` and
/// `hg export` write. Mails are read as git reads them (git's `mailinfo.c`).
package struct PatchMessage: Hashable, Sendable {
    /// Nil if nobody is named.
    package let author: Author?
    /// Nil if none is given.
    package let date: MailDate?
    /// The first line, without the prefix in brackets that contains `PATCH`; nil if there is none.
    package let subject: String?
    /// The text below the subject, with sign-offs, and with fields of DEP-3 that have no other place; no empty lines at both ends.
    package let body: String

    /// Headers and message are looked for only here; a commit message is never this large.
    private static let mostBytes = 1 << 20

    package init(author: Author?, date: MailDate?, subject: String?, body: String) {
        self.author = author
        self.date = date
        self.subject = subject
        self.body = body
    }

    /// Reads the message of a patch; nil if it has none.
    ///
    /// - Throws: `PatchMessageError` if it has one that cannot be read as its author wrote it.
    package init?(of patch: [UInt8]) throws(PatchMessageError) {
        let lines = try Self.head(of: patch).drop { $0.allSatisfy(MailLine.isSpace) }
        guard let first = lines.first else { return nil }
        if MailLine.isLoggedCommit(first), let next = lines.dropFirst().first, MailLine.field(next) != nil {
            self = try Self.logged(try Self.texts(lines.dropFirst()))
        } else if MailLine.isMercurial(first) {
            self = try Self.mercurial(try Self.texts(lines.dropFirst()))
        } else if let message = try Self.fielded(lines) {
            self = message
        } else {
            return nil
        }
    }

    /// The bytes before the line `---` or the first diff.
    package static func bytes(before patch: [UInt8]) -> [UInt8] {
        var start = patch.startIndex
        while start < patch.endIndex {
            let end = patch[start...].firstIndex(of: UInt8(ascii: "\n")) ?? patch.endIndex
            if MailLine.endsMessage(patch[start..<end]) { break }
            start = min(end + 1, patch.endIndex)
        }
        return Array(patch[..<start])
    }

    private static func head(of patch: [UInt8]) throws(PatchMessageError) -> [ArraySlice<UInt8>] {
        let head = patch.prefix(mostBytes)
        let lines = head.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0 }
        let message = lines.prefix { !MailLine.endsMessage($0) }
        // Without a diff, it is no message of a patch either.
        guard message.count < lines.count || head.count == patch.count else { throw .long(most: mostBytes) }
        return Array(message)
    }

    static func texts(
        _ lines: some Collection<ArraySlice<UInt8>>, in charset: String? = nil
    ) throws(PatchMessageError) -> [String] {
        try lines.map { (line) throws(PatchMessageError) in try text(line, in: charset) }
    }

    static func text(_ bytes: some Collection<UInt8>, in charset: String?) throws(PatchMessageError) -> String {
        do { return try Charset.text(bytes, in: charset) } catch { throw .charset(error) }
    }

    /// A subject without the prefix that `git format-patch` writes, on one line.
    static func cleaned(_ text: String) -> String? {
        var words = text
        while let found = words.prefixMatch(of: /\s*(?:[Rr][Ee]:\s*)*\[[^\]]*\]/), words[found.range].contains("PATCH") {
            words = String(words[found.range.upperBound...])
        }
        let line = words.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return line.isEmpty ? nil : line
    }

    static func trimmed(_ lines: some Collection<String>) -> [String] {
        let start = lines.drop { $0.allSatisfy(\.isWhitespace) }.map { String($0) }
        return Array(start.reversed().drop { $0.allSatisfy(\.isWhitespace) }.reversed())
    }

    static func author(_ text: String) throws(PatchMessageError) -> Author {
        guard Author.isOnly(text), let author = try Author(mail: text) else { throw .author(text) }
        return author
    }

    static func date(_ text: String) throws(PatchMessageError) -> MailDate {
        guard let date = MailDate(text) else { throw .date(text) }
        return date
    }

    /// A message whose first paragraph is the subject.
    static func titled(_ lines: some Collection<String>, author: Author?, date: MailDate?) -> PatchMessage {
        let lines = trimmed(lines)
        let title = lines.prefix { !$0.allSatisfy(\.isWhitespace) }
        let body = trimmed(lines.dropFirst(title.count)).joined(separator: "\n")
        return PatchMessage(author: author, date: date, subject: cleaned(title.joined(separator: " ")), body: body)
    }
}

/// Why the message of a patch cannot be read as its author wrote it.
package enum PatchMessageError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    case charset(CharsetError)
    /// Not one author with an address.
    case author(String)
    case date(String)
    /// The message is larger than this many bytes.
    case long(most: Int)

    /// What is wrong, and what to do about it.
    package var description: String {
        switch self {
        case .charset(let error): "\(error)"
        case .author(let text): "'\(text.prefix(200))' is not one author with an address; expected 'NAME <ADDRESS>'"
        case .date(let text):
            "'\(text.prefix(200))' is not a date with a time zone; expected a form such as 'Thu, 26 Nov 2026 10:00:00 +0100' or '2026-11-26 10:00:00 +0100'"
        case .long(let most): "the message before the diff is larger than \(most >> 10) KiB, which is the limit"
        }
    }

    package var exitStatus: ExitStatus { .data }
}
