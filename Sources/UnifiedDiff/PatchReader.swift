import Paths
import Sanitizing

/// Parses a patch's text into files. Text outside of files is prose, except for a few lines that announce a change.
struct PatchReader {
    static let mostLines = 1_000_000_000

    let lines: [ArraySlice<UInt8>]
    let endsWithBreak: Bool
    var next = 0
    var drafts: [Draft] = []
    /// How many commits have begun.
    var commit = 0
    /// The byte offsets at which a mailbox's messages begin.
    private(set) var mailStarts: [Int] = []
    /// The first line of prose that begins another message or commit without being a separator of a mailbox.
    private(set) var stray: Int?
    /// The number of drafts before the present message.
    private var known = 0
    private var loggedCommits = 0
    /// The total size of all binary changes so far, in bytes.
    var unpacked = 0
    /// How many leading folders of each name are not part of the path; nil if the names themselves show it.
    let strip: Int?

    init(_ bytes: [UInt8], strip: Int? = nil) {
        self.strip = strip
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        endsWithBreak = lines.last?.isEmpty ?? true
        if endsWithBreak { lines = lines.dropLast() }
        self.lines = lines
    }

    mutating func files() throws(PatchError) -> [Patch.File] {
        // A mailbox begins with a separator.
        if lines.first(where: { !$0.allSatisfy(MailLine.isSpace) }).map(MailLine.isSeparator) != true { try skipMessage() }
        while next < lines.count {
            if isMail {
                commit += 1
                mailStarts.append(lines[next].startIndex)
                known = drafts.count
                try skipMessage()
                continue
            }
            try refuse()
            if stray == nil, isStray { stray = next }
            if isLoggedCommit { loggedCommits += 1 }
            if starts("diff --git ") {
                try gitFile()
            } else if hasNames {
                try plainFile()
            } else if try isHunk() {
                throw error("a hunk without a file; expected '--- FILE' and '+++ FILE' before it")
            } else {
                next += 1
            }
        }
        guard !drafts.isEmpty else {
            throw PatchError(line: 1, message: "the patch changes no file; expected '--- FILE', '+++ FILE' and hunks")
        }
        return try resolved()
    }

    // MARK: Prose

    /// Refuses a line outside of a file that announces a change which the patch does not contain or which has an unsupported format.
    func refuse() throws(PatchError) {
        let line = lines[next]
        if text(line) == "GIT binary patch" { throw error("a binary change without a file; expected 'diff --git' before it") }
        if starts("diff --cc ") || starts("diff --combined "), next + 1 < lines.count,
            ["index ", "mode ", "new file ", "deleted file "].contains(where: { lines[next + 1].starts(with: $0.utf8) })
        {
            throw error("the combined diff of a merge cannot be applied; expected the difference from one parent ('git diff PARENT MERGE')")
        }
        if starts("@@@ -") {
            throw error("a hunk of the combined diff of a merge cannot be applied; expected the difference from one parent")
        }
        if starts("Submodule "), text(line).contains(/\ [0-9a-f]{7,64}\.{2,3}[0-9a-f]{7,64}(:| \()/) {
            throw error("a submodule change cannot be applied: the patch does not contain its files")
        }
        if starts("Binary files "), text(line).contains(/^Binary files .*\/.* and .*\/.* differ$/) { throw binaryWithoutContent }
        // For links and changes of type, diff(1) writes only a sentence.
        if starts("Symbolic links ") && text(line).contains(/^Symbolic links .*\/.* and .*\/.* differ$/)
            || starts("File ") && text(line).contains(/^File .*\/.* is an? [a-z ]+ while file .*\/.* is an? [a-z ]+$/)
        {
            throw error(
                "a link changes, or a file becomes a folder, but the patch does not contain the new content; create the patch with git")
        }
    }

    /// Skips the fields and the message of a mail, or the headers of DEP-3: as in git, a message is never part of the patch. Where the
    /// text begins with something else, nothing is skipped.
    mutating func skipMessage() throws(PatchError) {
        let header = MailHeader(lines[next...])
        guard header.count > 0 || lines[next...].first(where: { !$0.allSatisfy(MailLine.isSpace) }).map(MailLine.isMercurial) == true else {
            return
        }
        if let fault = header.fault { throw error(fault) }
        next += header.count
        while next < lines.count, !isMail, !MailLine.endsMessage(withoutReturn(lines[next])) { next += 1 }
        // The line '---' ends the message and is not part of a file.
        if next < lines.count, !isMail, !starts("diff "), !starts("Index: "), !hasNames { next += 1 }
    }

    private var isLoggedCommit: Bool {
        MailLine.isLoggedCommit(lines[next]) && next + 1 < lines.count
            && ["Author:", "Merge:", "tree "].contains { lines[next + 1].starts(with: $0.utf8) }
    }

    /// Whether a line of prose begins another message or commit, which a patch of one author cannot have.
    private var isStray: Bool {
        let line = lines[next]
        if isLoggedCommit { return loggedCommits > 0 || drafts.count > known }
        guard drafts.count > known else { return false }
        if MailLine.isMercurial(line) { return true }
        if let (name, text) = MailLine.field(line) {
            let isAuthor = ["from", "author"].contains(name.lowercased()) && text.contains(UInt8(ascii: "@"))
            return isAuthor || name.lowercased() == "subject"
        }
        // git log --oneline -p
        let id = line.prefix(while: MailLine.isHexadecimal)
        return (7...64).contains(id.count) && line.dropFirst(id.count).first == UInt8(ascii: " ") && next + 1 < lines.count
            && lines[next + 1].starts(with: "diff ".utf8)
    }

    var binaryWithoutContent: PatchError {
        error("a binary file changes, but the patch does not contain its content; create it with 'git diff --binary'")
    }

    /// Whether the line begins a message of a mailbox, as git, mutt and Thunderbird write it: a field follows.
    var isMail: Bool { MailLine.isSeparator(lines[next]) && next + 1 < lines.count && MailLine.field(lines[next + 1]) != nil }

    func isHex(_ digits: ArraySlice<UInt8>) -> Bool { !digits.isEmpty && digits.allSatisfy(MailLine.isHexadecimal) }

    // MARK: Lines

    /// Whether the line ends a mailed patch: `-- `, followed by git's version.
    var isSignature: Bool {
        let line = withoutReturn(lines[next])
        return line.elementsEqual("-- ".utf8) || line.elementsEqual("--".utf8)
    }

    func starts(_ text: String) -> Bool { lines[next].starts(with: text.utf8) }

    func text(_ line: ArraySlice<UInt8>) -> String { String(decoding: line, as: UTF8.self) }

    /// If all lines of a patch end with CR LF, its headers do as well.
    func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> { line.last == UInt8(ascii: "\r") ? line.dropLast() : line }

    func error(_ message: String) -> PatchError { error(message, at: next) }

    /// - Parameter index: the line, counted from 0.
    func error(_ message: String, at index: Int) -> PatchError {
        PatchError(line: min(index + 1, max(lines.count, 1)), message: message)
    }
}
