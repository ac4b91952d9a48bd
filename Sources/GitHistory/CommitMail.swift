import Git
import UnifiedDiff

extension LocalCommit {
    /// The commit's author, date and message.
    ///
    /// - Throws: `AuthorError` if the commit's author has no address.
    package func message() throws -> PatchMessage {
        // git mailinfo would end the message at such a line, and git mailsplit begin another one. git format-patch writes it nevertheless.
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let bytes = ArraySlice(line.utf8)
            return MailLine.endsMessage(bytes) || MailLine.isSeparator(bytes) ? " \(line)" : String(line)
        }
        return PatchMessage(
            author: try Author(foreignName: authorName, email: authorEmail), date: MailDate(seconds: authorSeconds, offset: authorOffset),
            subject: subject.isEmpty ? "commit \(id)" : subject, body: PatchMessage.trimmed(lines).joined(separator: "\n"))
    }

    /// The commit as a message for `git am`, with its author, date and message. A line of the message that git would take for the start of the
    /// patch gets a space in front.
    ///
    /// - Throws: `AuthorError` if the commit's author has no address; `MailboxError`.
    package func mail(signature: String) throws -> [UInt8] {
        let message = try message()
        let author = try Author(foreignName: authorName, email: authorEmail)
        return try Mailbox(
            author: author, date: MailDate(seconds: authorSeconds, offset: authorOffset), subject: message.subject ?? "", body: message.body
        ).plain(diff: diff, signature: signature)
    }
}
