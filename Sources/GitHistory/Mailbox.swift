import CLibgit2
import ExitCodes
import Git
import UnifiedDiff

/// A change as a mail message: the format that `git format-patch` writes and `git am` reads (git-am(1); git-mailinfo(1); RFC 5322, RFC
/// 2047).
package struct Mailbox: Sendable {
    private let author: Author
    private let date: MailDate
    private let subject: String
    private let body: String

    /// Makes a message for a change.
    ///
    /// - Parameters:
    ///   - subject: one line.
    ///   - body: the text below the subject, including the sign-off.
    /// - Throws: `MailboxError` if git would misread a part of it.
    package init(author: Author, date: MailDate, subject: String, body: String) throws(MailboxError) {
        guard !subject.isEmpty, !subject.contains(where: \.isNewline) else { throw .subject(subject) }
        // git mailinfo ends the message at the first line that looks like the start of a patch, and git mailsplit at one that looks like the
        // start of a message.
        for line in body.split(whereSeparator: \.isNewline)
        where MailLine.endsMessage(ArraySlice(line.utf8)) || MailLine.isSeparator(ArraySlice(line.utf8)) {
            throw .body(line: String(line))
        }
        self.author = author
        self.date = date
        self.subject = subject
        self.body = body
    }

    /// The message with the diff between two trees.
    ///
    /// - Parameter signature: the text at the end, where git puts its version.
    /// - Throws: `GitError` if a tree is not in the repository.
    package func message(from old: ObjectID, to new: ObjectID, in repository: Repository, signature: String) throws(GitError) -> [UInt8] {
        let stat = try repository.withDifference(from: old, to: new, context: 3, Self.stat)
        return whole(stat, try repository.diff(from: old, to: new), signature)
    }

    /// The message with an existing diff.
    ///
    /// - Parameters:
    ///   - diff: in git's format; each file has a `diff --git` line.
    ///   - signature: the text at the end.
    /// - Throws: `GitError` if `diff` is not in that format.
    package func message(diff: [UInt8], signature: String) throws(GitError) -> [UInt8] {
        var read: OpaquePointer?
        let code = diff.withUnsafeBytes { git_diff_from_buffer(&read, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        try GitError.check(code, "read", "the difference")
        defer { git_diff_free(read) }
        guard let read else { throw GitError("read", "the difference", "libgit2 returned nothing") }
        return whole(try Self.stat(of: read), diff, signature)
    }

    /// The message with an existing diff and without statistics.
    ///
    /// - Parameters:
    ///   - number: the place in a series, and its length.
    ///   - isSeparated: whether it begins with the line that separates the messages of a mailbox.
    package func plain(
        diff: [UInt8], number: (place: Int, count: Int)? = nil, isSeparated: Bool = true, signature: String
    ) -> [UInt8] {
        let prefix = number.map { $0.count > 1 ? "PATCH \($0.place)/\($0.count)" : "PATCH" } ?? "PATCH"
        let text = head(prefix: prefix)
        let start = isSeparated ? text : String(text.drop { !$0.isNewline }.dropFirst())
        return Array("\(start)\n".utf8) + diff + Array("-- \n\(signature)\n\n".utf8)
    }

    private func whole(_ stat: [UInt8], _ diff: [UInt8], _ signature: String) -> [UInt8] {
        Array(head(prefix: "PATCH").utf8) + stat + Array("\n".utf8) + diff + Array("-- \n\(signature)\n\n".utf8)
    }

    private static func stat(of diff: OpaquePointer) throws(GitError) -> [UInt8] {
        var stats: OpaquePointer?
        try GitError.check(git_diff_get_stats(&stats, diff), "count", "the difference")
        defer { git_diff_stats_free(stats) }
        let format = git_diff_stats_format_t(rawValue: GIT_DIFF_STATS_FULL.rawValue | GIT_DIFF_STATS_INCLUDE_SUMMARY.rawValue)
        var text = git_buf()
        // Use width 0: otherwise libgit2 draws a minus sign when it scales a bar that has only plus signs.
        try GitError.check(git_diff_stats_to_buf(&text, stats, format, 0), "count", "the difference")
        defer { git_buf_dispose(&text) }
        return text.bytes
    }

    private func head(prefix: String) -> String {
        let name = Self.encoded(author.name, isName: true)
        // A message that begins with a field would be read as that of the author: the author's own goes in front of it.
        let guarded = InnerFields.begin(body) ? "From: \(name) <\(author.email)>\n\n\(body)" : body
        // The date in the first line is a constant that identifies git's format.
        return """
            From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
            From: \(name) <\(author.email)>
            Date: \(date)
            Subject: [\(prefix)] \(Self.encoded(subject, isName: false))
            MIME-Version: 1.0
            Content-Type: text/plain; charset=UTF-8
            Content-Transfer-Encoding: 8bit

            \(guarded.isEmpty ? "" : guarded + (guarded.hasSuffix("\n") ? "" : "\n"))---

            """
    }

    /// A header's text: unchanged if plain; otherwise encoded words of at most 75 characters each that never split a character.
    static func encoded(_ text: String, isName: Bool) -> String {
        let isPlain = text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && !text.contains("=?")
        if isPlain {
            guard isName, text.contains(where: "()<>[]:;@\\,.\"".contains) else { return text }
            return "\"" + text.map { "\"\\".contains($0) ? "\\\($0)" : "\($0)" }.joined() + "\""
        }
        var words = [""]
        for letter in text.unicodeScalars {
            let piece = String(letter).utf8.map(quoted).joined()
            if words[words.count - 1].utf8.count + piece.utf8.count > 75 - "=?UTF-8?q??=".utf8.count { words.append("") }
            words[words.count - 1] += piece
        }
        return words.map { "=?UTF-8?q?\($0)?=" }.joined(separator: "\n ")
    }

    /// RFC 2047, 4.2 and 5 (3): letters and digits are not encoded.
    private static func quoted(_ byte: UInt8) -> String {
        let character = Character(UnicodeScalar(byte))
        if byte < 0x80, character.isLetter || character.isNumber { return String(character) }
        let digits = String(byte, radix: 16, uppercase: true)
        return "=" + (digits.count == 1 ? "0" : "") + digits
    }
}

/// Why a text cannot be mailed.
package enum MailboxError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The subject is not a single line.
    case subject(String)
    /// A line of the body that git would take for the start of the patch.
    case body(line: String)

    /// The text, and what to do about it.
    package var description: String {
        switch self {
        case .subject(let text): "'\(text)' is not a valid subject; it must be one non-empty line"
        case .body(let line): "git would read the message line '\(line)' as the start of the patch; indent it"
        }
    }

    package var exitStatus: ExitStatus { .data }
}
