/// The lines of a mailbox that git gives a meaning.
package enum MailLine {
    /// Whether a line separates the messages of a mailbox: `From `, anything, and a time and a year (git's `mailsplit.c`, `is_from_line`).
    package static func isSeparator(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: "From ".utf8) else { return false }
        if line.count > 45, line.dropFirst(5).prefix(40).allSatisfy(isHexadecimal) { return true }
        let text = Array(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        guard text.count >= 19, let colon = text.lastIndex(of: UInt8(ascii: ":")), colon >= 9, colon + 2 < text.count,
            [colon - 4, colon - 2, colon - 1, colon + 1, colon + 2].allSatisfy({ isDigit(text[$0]) })
        else { return false }
        let year = text[(colon + 3)...].drop { $0 == UInt8(ascii: " ") }.prefix(while: isDigit)
        return (Int(String(decoding: year, as: UTF8.self)) ?? 0) > 90
    }

    /// Whether a message ends at a line, and the patch begins (git's `mailinfo.c`, `patchbreak`).
    package static func endsMessage(_ line: ArraySlice<UInt8>) -> Bool {
        if line.starts(with: "diff -".utf8) || line.starts(with: "Index: ".utf8) { return true }
        guard line.starts(with: "---".utf8) else { return false }
        let rest = line.dropFirst(3)
        if rest.allSatisfy(isSpace) { return true }
        return rest.first == UInt8(ascii: " ") && rest.dropFirst().first.map { !isSpace($0) } == true
    }

    /// The name of the field that a line begins, and how many bytes precede the field's text; nil if it begins none (RFC 5322, 2.2).
    package static func field(_ line: ArraySlice<UInt8>) -> (name: String, text: ArraySlice<UInt8>)? {
        guard let first = line.first, isLetter(first), let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = line[..<colon]
        guard name.count <= 100, name.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }) else { return nil }
        return (String(decoding: name, as: UTF8.self), line[(colon + 1)...].drop(while: isSpace))
    }

    /// Whether a line begins a commit in the output of `git log` and `git show`.
    package static func isLoggedCommit(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.starts(with: "commit ".utf8) else { return false }
        let rest = line.dropFirst(7)
        let id = rest.prefix(while: isHexadecimal)
        return (7...64).contains(id.count) && rest.dropFirst(id.count).first.map(isSpace) != false
    }

    /// The line that begins the output of `hg export`.
    package static func isMercurial(_ line: ArraySlice<UInt8>) -> Bool { line.starts(with: "# HG changeset patch".utf8) }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")) ~= byte
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte | 0x20 }

    /// White space as git's `isspace` has it.
    package static func isSpace(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || (9...13) ~= byte }
}

/// The fields at the beginning of a text (RFC 5322, 2.2), in their order.
package struct MailHeader: Sendable {
    /// One field.
    package struct Field: Sendable {
        /// The name as it is written.
        package let spelling: String
        /// The name in lower case.
        package let name: String
        /// The text of the first line, and all of each line that continues it.
        package internal(set) var lines: [ArraySlice<UInt8>]

        /// The text, unfolded.
        package var text: [UInt8] { lines.flatMap { $0 } }
    }

    package private(set) var fields: [Field] = []
    /// Whether the line that separates the messages of a mailbox stands in front.
    package let isSeparated: Bool
    /// The number of lines before the text behind the fields; empty lines in front of them included.
    package private(set) var count: Int

    /// Reads fields.
    ///
    /// - Parameter lines: without their line breaks.
    package init(_ lines: some RandomAccessCollection<ArraySlice<UInt8>>) {
        var rest = lines[...].drop { $0.allSatisfy(MailLine.isSpace) }
        isSeparated = rest.first.map(MailLine.isSeparator) ?? false
        if isSeparated { rest = rest.dropFirst() }
        while let line = rest.first {
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if MailLine.endsMessage(line) { break }
            if let (name, text) = MailLine.field(line) {
                fields.append(Field(spelling: name, name: name.lowercased(), lines: [text]))
            } else if let first = line.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t"), !fields.isEmpty {
                fields[fields.count - 1].lines.append(line)
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        count = lines.count - rest.count
        // Without a field, nothing has been read.
        if fields.isEmpty, !isSeparated { count = 0 }
    }

    /// The first field with a name, in lower case.
    package func first(_ name: String) -> Field? { fields.first { $0.name == name } }

    /// Why the text behind the fields is not what the sender wrote, and what to do about it; nil if it can be read.
    var fault: String? {
        let text = { (name: String) in first(name).map { String(decoding: $0.text, as: UTF8.self).lowercased() } ?? "" }
        let advice = "'git mailinfo' decodes it, and so does a mail program that saves the text"
        if let way = ["quoted-printable", "base64"].first(where: text("content-transfer-encoding").contains) {
            return "the message is encoded as \(way); save the decoded text: \(advice)"
        }
        let type = text("content-type")
        if type.hasPrefix("multipart/") {
            return "the message has several parts (MIME, \(type.prefix { $0 != ";" })); save the part with the patch: \(advice)"
        }
        if type.hasPrefix("text/html") { return "the message is HTML, which is not a patch; get the patch as a file" }
        if type.contains("format=flowed") || type.contains("format=\"flowed\"") {
            return "the message is 'format=flowed', so that a mail program may have changed its spaces and lines: \(advice)"
        }
        return nil
    }
}
