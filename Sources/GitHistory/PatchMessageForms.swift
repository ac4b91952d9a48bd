import UnifiedDiff

// The forms of a patch's message.

extension PatchMessage {
    // MARK: Mails and DEP-3

    /// Fields of DEP-3, which a mail can have as well, and which no mail program adds.
    private static let kept: Set<String> = [
        "author", "description", "origin", "bug", "forwarded", "applied-upstream", "last-update", "fixes", "link", "closes", "change-id",
    ]

    /// A mail, or the headers of DEP-3; nil if the text begins with no field.
    static func fielded(_ lines: ArraySlice<ArraySlice<UInt8>>) throws(PatchMessageError) -> PatchMessage? {
        var (header, free) = (MailHeader(lines), lines.prefix(0))
        var rest = lines.dropFirst(header.count)
        if header.count == 0 {
            // StGit, and DEP-3's free form: text, an empty line, and then the fields.
            guard let start = start(ofFields: lines) else { return nil }
            (header, free) = (MailHeader(lines[start...]), lines[..<start])
            rest = lines[start...].dropFirst(header.count)
        }
        let isMail = header.isSeparated || ["from", "subject", "date"].contains { header.first($0) != nil }
        let charset = isMail ? MailWords.charset(of: header) : nil
        return try read(Fields(header, in: charset, isMail: isMail), try texts(free, in: charset), try texts(rest, in: charset), isMail)
    }

    /// The first line of a paragraph that begins with the author's field; it stands behind a paragraph that is free text.
    private static func start(ofFields lines: ArraySlice<ArraySlice<UInt8>>) -> Int? {
        lines.indices.dropFirst().first { index in
            guard lines[index - 1].allSatisfy(MailLine.isSpace), let (name, text) = MailLine.field(lines[index]) else { return false }
            switch name.lowercased() {
            case "from", "author": return text.contains(UInt8(ascii: "@"))
            case "description", "subject": return true
            default: return false
            }
        }
    }

    private static func read(
        _ fields: Fields, _ free: [String], _ rest: [String], _ isMail: Bool
    ) throws(PatchMessageError) -> PatchMessage {
        var (fields, rest) = (fields, rest)
        let inner = try InnerFields(isMail ? rest : [])
        if isMail { rest = inner.rest }
        let author = try author(&fields, inner)
        var date = inner.date
        if let text = fields.take("date"), date == nil { date = try self.date(text.joined()) }
        if date == nil, let text = fields.first("last-update"), let day = MailDate(day: text.joined()) {
            date = day
            _ = fields.take("last-update")
        }
        var title = inner.subject
        if title == nil, let text = fields.take("subject") { title = try MailWords.decoded(text.joined()) }
        _ = fields.take("subject")
        var subject = title.flatMap(cleaned)
        var paragraphs: [[String]] = [trimmed(free)]
        if subject == nil, let text = fields.take("description") ?? fields.take("bug-description") {
            subject = cleaned(text[0])
            paragraphs.append(trimmed(described(text.dropFirst())))
        }
        paragraphs.append(trimmed(rest))
        if subject == nil {
            // As in git, the first line stands for a subject.
            let whole = titled(Array(paragraphs.joined(separator: [""])), author: nil, date: nil)
            (subject, paragraphs) = (whole.subject, [whole.body.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)])
        }
        let body = paragraphs.filter { !$0.allSatisfy(\.isEmpty) }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
        return PatchMessage(author: author, date: date, subject: subject, body: with(fields.remaining, below: body))
    }

    /// The author: the one in the body, whose patch somebody else sent, the sender, or the first one of DEP-3.
    private static func author(_ fields: inout Fields, _ inner: InnerFields) throws(PatchMessageError) -> Author? {
        let sender = fields.take("from")
        if let author = inner.author { return author }
        if let sender { return try author(sender.joined()) }
        guard let text = fields.first("author")?.joined(), let author = try Author(mail: text) else { return nil }
        // More than one author in a line, or a remark, stay in the message.
        if Author.isOnly(text) { _ = fields.take("author") }
        return author
    }

    /// In a description of several lines each begins with a space, and an empty one is written as a dot (DEP-3).
    private static func described(_ lines: ArraySlice<String>) -> [String] {
        lines.map { line in
            let text = line.hasPrefix(" ") ? String(line.dropFirst()) : line
            return text == "." ? "" : text
        }
    }

    /// Trailers stand together, below an empty line.
    private static func with(_ trailers: [String], below body: String) -> String {
        guard !trailers.isEmpty, !body.isEmpty else { return body + trailers.joined(separator: "\n") }
        let last = body.split(separator: "\n", omittingEmptySubsequences: false).reversed().prefix { !$0.isEmpty }
        let isTrailers = body.contains("\n\n") && last.allSatisfy { MailLine.field(ArraySlice($0.utf8)) != nil }
        return body + (isTrailers ? "\n" : "\n\n") + trailers.joined(separator: "\n")
    }

    /// Fields as text, of which each can be taken once.
    private struct Fields {
        private var fields: [(spelling: String, name: String, lines: [String], isKept: Bool)] = []

        init(_ header: MailHeader, in charset: String?, isMail: Bool) throws(PatchMessageError) {
            for field in header.fields {
                let isKept = !isMail || kept.contains(field.name) || field.name.hasPrefix("bug-") || field.name.hasSuffix("-by")
                // Others of a mail are about its way, and can be in any character set.
                guard isKept || ["from", "date", "subject"].contains(field.name) else { continue }
                fields.append((field.spelling, field.name, try texts(field.lines, in: charset), isKept))
            }
        }

        func first(_ name: String) -> [String]? { fields.first { $0.name == name }?.lines }

        mutating func take(_ name: String) -> [String]? {
            fields.firstIndex { $0.name == name }.map { fields.remove(at: $0).lines }
        }

        /// The lines of the fields that nothing has taken.
        var remaining: [String] { fields.filter(\.isKept).flatMap { ["\($0.spelling): \($0.lines[0])"] + $0.lines.dropFirst() } }
    }

    // MARK: git show

    /// `Author:`, `Date:` and the message, each line of it indented by four spaces.
    static func logged(_ lines: [String]) throws(PatchMessageError) -> PatchMessage {
        var (author, date): (Author?, MailDate?)
        let head = lines.prefix { !$0.isEmpty }
        for line in head {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let text = String(line[line.index(after: colon)...])
            switch line[..<colon] {
            case "Author": author = try self.author(text)
            case "Date", "AuthorDate": date = try self.date(text)
            default: continue
            }
        }
        let message = lines.dropFirst(head.count).prefix { $0.isEmpty || $0.hasPrefix("    ") }
        return titled(message.map { String($0.dropFirst(4)) }, author: author, date: date)
    }

    // MARK: hg export

    /// `# User`, `# Date SECONDS OFFSET`, whose offset is in seconds west of UTC, and the message.
    static func mercurial(_ lines: [String]) throws(PatchMessageError) -> PatchMessage {
        var (author, date): (Author?, MailDate?)
        let head = lines.prefix { $0.hasPrefix("#") }
        for line in head {
            if line.hasPrefix("# User ") { author = try self.author(String(line.dropFirst(7))) }
            guard line.hasPrefix("# Date ") else { continue }
            let words = line.dropFirst(7).split(separator: " ")
            guard words.count == 2, let seconds = Int64(words[0]), let west = Int(words[1]), (0..<(1 << 37)).contains(seconds),
                abs(west) <= 14 * 3600
            else { throw .date(String(line.dropFirst(7))) }
            date = MailDate(seconds: seconds, offset: -west / 60)
        }
        return titled(lines.dropFirst(head.count), author: author, date: date)
    }
}

/// The fields `From`, `Date` and `Subject` at the beginning of a mail's body: those of the author, whose patch somebody else sent (git's
/// `mailinfo.c`, `check_inbody_header`). A line that is none, or has no valid text, and all below it are the message.
struct InnerFields {
    private(set) var author: Author?
    private(set) var date: MailDate?
    private(set) var subject: String?
    /// The message.
    private(set) var rest: [String]

    /// - Throws: `PatchMessageError.charset` for an encoded word in a character set that is not known.
    init(_ lines: [String]) throws(PatchMessageError) {
        rest = Array(lines.drop { $0.allSatisfy(\.isWhitespace) })
        var isRead = false
        while let line = rest.first, let count = try read(line, Array(rest.dropFirst().prefix { $0.hasPrefix(" ") || $0.hasPrefix("\t") }))
        {
            rest.removeFirst(count)
            isRead = true
        }
        // Where there are no fields, the message keeps its first line.
        if isRead { rest = Array(rest.drop { $0.allSatisfy(\.isWhitespace) }) }
    }

    /// Reads a field and the lines that continue it.
    ///
    /// - Returns: the number of lines; nil if it is none.
    private mutating func read(_ line: String, _ more: [String]) throws(PatchMessageError) -> Int? {
        if line.hasPrefix(">From "), MailLine.isSeparator(ArraySlice(line.dropFirst().utf8)) { return 1 }
        if line.hasPrefix("[PATCH] "), subject == nil {
            subject = line
            return 1
        }
        guard let (name, text) = MailLine.field(ArraySlice(line.utf8)) else { return nil }
        let value = ([String(decoding: text, as: UTF8.self)] + more).joined()
        switch name.lowercased() {
        case "from" where author == nil && Author.isOnly(value):
            author = try Author(mail: value)
            return author == nil ? nil : 1 + more.count
        case "date" where date == nil:
            date = MailDate(value)
            return date == nil ? nil : 1 + more.count
        case "subject" where subject == nil:
            subject = try PatchMessage.cleaned(MailWords.decoded(value))
            return subject == nil ? nil : 1 + more.count
        default: return nil
        }
    }

    /// Whether git would take the beginning of a message for such a field, valid or not.
    static func begin(_ body: String) -> Bool {
        guard let line = body.split(separator: "\n").first(where: { !$0.allSatisfy(\.isWhitespace) }) else { return false }
        if line.hasPrefix(">From") || line.hasPrefix("[PATCH]") { return true }
        return MailLine.field(ArraySlice(line.utf8)).map { ["from", "date", "subject"].contains($0.name.lowercased()) } ?? false
    }
}
