import GitHistory
import Glibc
import Host
import Model
import Sanitizing
import SystemPackage

/// A pull request as a folder: the mailbox, the text, the checklist. Nothing is sent.
package struct PullRequestBundle: Sendable {
    /// The file with the checklist.
    package static let checklistName = "CHECKLIST.md"
    /// The file with the text.
    package static let textName = "PULL_REQUEST.md"

    /// The pull request.
    package let request: PullRequest
    /// The rules, each of them.
    package let rules: [CheckedRule]
    /// What was run.
    package let evidence: [EvidenceRow]
    private let files: [(name: String, bytes: [UInt8])]

    /// Makes the files, in memory.
    ///
    /// - Parameter date: the commit's, in seconds since 1970.
    /// - Throws: `MailboxError`; `GitError`.
    package init(_ request: PullRequest, of entry: PatchEntry, by author: Author, date: Int64, evidence: [EvidenceRow]) throws {
        self.request = request
        self.evidence = evidence
        rules = request.checklist(by: author, evidence: evidence)
        files = [
            (request.fileName, try request.mailbox(by: author, date: date, evidence: evidence)),
            (Self.textName, Array(Visible.lines(request.page(evidence: evidence, entry: entry)).utf8)),
            (Self.checklistName, Array(Visible.lines(request.checklistPage(rules)).utf8)),
        ]
    }

    /// The files' names.
    package var names: [String] { files.map(\.name) }

    /// Whether a folder can be written: it is not there, or empty.
    ///
    /// - Throws: `PullRequestError.occupied`; `FileError` when nobody can tell.
    package static func claim(_ folder: FilePath) throws {
        guard try !Files.exists(folder) || Files.isDirectory(folder) && Files.list(folder).isEmpty else {
            throw PullRequestError.occupied(folder.string)
        }
    }

    /// Writes them: all, or none.
    ///
    /// - Throws: `PullRequestError.occupied`; `FileError`.
    package func write(to folder: FilePath) throws {
        try Self.claim(folder)
        guard let name = folder.lastComponent else { throw PullRequestError.occupied(folder.string) }
        let parent = folder.removingLastComponent()
        let unfinished = parent.appending(".\(name.string).\(getpid())")
        try Files.makeDirectory(unfinished)
        do {
            for file in files { try Files.write(file.bytes, to: unfinished.appending(file.name)) }
            // rename(2) takes the place of an empty directory, and of no other.
            try Files.rename(unfinished, to: folder)
        } catch {
            try? Files.remove(unfinished)
            throw error
        }
    }
}
