import FileSystem
import GitHistory
import Glibc
import Host
import Model
import Sanitizing
import SystemPackage

/// A pull request as a folder with the mailbox, the text and the checklist. Nothing is sent.
package struct PullRequestBundle: Sendable {
    /// The name of the checklist file.
    package static let checklistName = "CHECKLIST.md"
    /// The name of the text file.
    package static let textName = "PULL_REQUEST.md"
    /// The folder of the logs.
    package static let logs = "logs"

    package let request: PullRequest
    /// The project's rules, each with its result.
    package let rules: [CheckedRule]
    /// The recorded runs.
    package let evidence: [EvidenceRow]
    private let files: [(name: String, bytes: [UInt8])]

    /// Creates the files in memory.
    ///
    /// - Parameters:
    ///   - author: the sender, who is the commit's author if the patch names none.
    ///   - date: the commit's time, if the patch has none.
    ///   - currency: whether the source is what the project has now.
    ///   - logs: the logs of the runs that the text quotes, by file name.
    /// - Throws: `MailboxError`; `GitError`.
    package init(
        _ request: PullRequest, by author: Author, date: MailDate, evidence: [EvidenceRow], currency: Currency,
        logs: [(name: String, bytes: [UInt8])] = []
    ) throws {
        self.request = request
        isCurrent = currency.isNewest
        self.evidence = evidence
        rules = [currency.rule(for: request.project)] + request.checklist(by: author, evidence: evidence)
        files =
            [
                (request.fileName, try request.mailbox(by: author, date: date, evidence: evidence)),
                (Self.textName, Array(Visible.lines(request.page(evidence: evidence)).utf8)),
                (Self.checklistName, Array(Visible.lines(request.checklistPage(rules)).utf8)),
            ]
            + (request.reproducer.map { [(Reproducer.name, Array($0.text.utf8))] } ?? [])
            + logs.map { ("\(Self.logs)/\($0.name)", $0.bytes) }
    }

    /// Whether it is made for what the project has now.
    package let isCurrent: Bool

    /// The commands that run what is missing on one side or both, each once.
    package var unmeasured: [String] {
        var seen: Set<String> = []
        return evidence.filter { !$0.isWhole }.map(\.command).filter { seen.insert($0).inserted }
    }

    /// The files' names.
    package var names: [String] { files.map(\.name) }

    /// Checks that a folder can be written: it does not exist, or is empty.
    ///
    /// - Throws: `PullRequestError.occupied`; `FileError` when nobody can tell.
    package static func claim(_ folder: FilePath) throws {
        guard try !Files.exists(folder) || Files.isDirectory(folder) && Files.list(folder).isEmpty else {
            throw PullRequestError.occupied(folder.string)
        }
    }

    /// Writes all files, or none.
    ///
    /// - Throws: `PullRequestError.occupied`; `FileError`.
    package func write(to folder: FilePath) throws {
        try Self.claim(folder)
        // rename(2) does not replace a link, not even one to an empty folder.
        let folder = Files.exists(folder) ? try Files.realPath(folder) : folder
        guard let name = folder.lastComponent else { throw PullRequestError.occupied(folder.string) }
        let parent = folder.removingLastComponent()
        let unfinished = parent.appending(".\(name.string).\(getpid())")
        try Files.makeDirectory(unfinished)
        do {
            for file in files {
                let path = unfinished.appending(FilePath(file.name).components)
                try Files.makeDirectory(path.removingLastComponent())
                try Files.write(file.bytes, to: path)
            }
            // rename(2) replaces a directory only if it is empty.
            try Files.rename(unfinished, to: folder)
        } catch {
            try? Files.remove(unfinished)
            throw error
        }
    }
}
