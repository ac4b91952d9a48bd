import Git

extension LocalCommit {
    /// The commit as a message for `git am`, with its author, date and message. A line of the message that git would take for the start of the
    /// patch gets a space in front.
    ///
    /// - Throws: `AuthorError` if the commit's author has no address; `MailboxError`.
    package func mail(signature: String) throws -> [UInt8] {
        let author = try Author(foreignName: authorName, email: authorEmail)
        let title = subject.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            PatchMessage.isFence(String(line)) || line.hasPrefix("From ") ? " \(line)" : String(line)
        }
        let date = MailDate(seconds: authorSeconds, offset: authorOffset)
        return try Mailbox(
            author: author, date: date, subject: title.isEmpty ? "commit \(id)" : title, body: lines.joined(separator: "\n")
        ).plain(diff: diff, signature: signature)
    }
}
