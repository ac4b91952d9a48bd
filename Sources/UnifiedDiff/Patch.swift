import ExitCodes
import Paths

/// A patch that was read: files, and what becomes of each. Bytes throughout, because source files need not be UTF-8.
///
/// It is git's own format (git-diff(1), "Generating patch text with -p") or GNU diffutils' "unified". Prose may stand before and between the files,
/// as in a mailed patch. What is not understood is refused: no patch is read in part.
package struct Patch: Sendable {
    /// One line of a hunk.
    package struct Line: Hashable, Sendable {
        /// What the line is for.
        package enum Kind: Sendable {
            /// It must be there, and stays.
            case context
            /// It must be there, and goes.
            case removed
            /// It comes.
            case added
        }

        /// What the line is for.
        package let kind: Kind
        /// Its bytes, without the line break.
        package let bytes: [UInt8]
        /// Whether a line break follows; only the last line of a file may have none.
        package internal(set) var endsWithBreak = true
    }

    /// One hunk.
    package struct Hunk: Hashable, Sendable {
        /// The line of the old file, counted from 1, at which its header says that it begins; of a hunk that only adds lines the one before it.
        package let oldStart: Int
        /// Its lines.
        package let lines: [Line]
        /// The line of the patch, counted from 1, at which its header stands.
        package let place: Int

        /// The lines that must be there.
        var before: [Line] { lines.filter { $0.kind != .added } }
        /// The lines that are there afterwards.
        var after: [Line] { lines.filter { $0.kind != .removed } }
    }

    /// What becomes of a file's bytes.
    enum Content: Hashable, Sendable {
        /// Hunks, in the order of the file; none where the bytes stay as they are.
        case hunks([Hunk])
        /// A `GIT binary patch`.
        case binary(BinaryChange)
    }

    /// What becomes of one file.
    package struct File: Hashable, Sendable {
        /// What happens to it.
        package enum Change: Sendable {
            /// It is there before and after.
            case modified
            /// It is made.
            case made
            /// It is removed.
            case removed
            /// It is there afterwards, and was there under another name.
            case renamed
            /// It is made of another file, which stays.
            case copied
        }

        /// Its path; of a file that is removed the one that it had.
        package let path: String
        /// The path of the file that it is made of; the same as `path` where it has no other.
        package let oldPath: String
        /// What happens to it.
        package let change: Change
        /// What it must be, a file or a link, as far as the patch says. Whether it can be run is of no account, as git has it.
        package let oldMode: TreeFile.Mode?
        /// What it is afterwards; nil for what it was.
        package let newMode: TreeFile.Mode?
        /// The ids of its content before and after, in hexadecimal digits and mostly shortened; nil when the patch does not tell.
        let ids: ContentIDs?
        /// What the patch says of how much a renamed or copied file is the old one, in percent.
        let similarity: Int?
        let content: Content
        /// The line of the patch, counted from 1, at which it begins.
        let place: Int
        /// Which of the patch's commits it belongs to, where that is a mailbox.
        let commit: Int

        /// Its hunks, in the order of the file.
        package var hunks: [Hunk] { if case .hunks(let hunks) = content { hunks } else { [] } }
        /// Whether it is a change of bytes that are no lines.
        package var isBinary: Bool { if case .binary = content { true } else { false } }
        /// Whether a file of another path goes into it, or it goes.
        package var consumesOldPath: Bool { change == .removed || change == .renamed }
    }

    /// What the patch is called in messages.
    package let name: String
    /// The files that it changes.
    package let files: [File]

    /// Reads a patch.
    ///
    /// - Throws: `PatchError` with the line at which it is no patch, or is one of a kind that is refused.
    package init(_ bytes: [UInt8], name: String) throws(PatchError) {
        self.name = name
        var reader = PatchReader(bytes)
        files = try reader.files()
        try Self.checkOnce(files)
    }

    /// The paths that it is about, each once, in its order.
    package var paths: [String] {
        var seen = Set<[UInt8]>()
        return files.flatMap { [$0.oldPath, $0.path] }.filter { seen.insert(Array($0.utf8)).inserted }
    }

    /// Each path may be changed once. A file may go and another one come in its place: so git writes down that a file becomes a link.
    private static func checkOnce(_ files: [File]) throws(PatchError) {
        var (written, gone, commits) = (Set<[UInt8]>(), Set<[UInt8]>(), [[UInt8]: Int]())
        for file in files {
            let (path, old) = (Array(file.path.utf8), Array(file.oldPath.utf8))
            for place in [path, old] where commits.updateValue(file.commit, forKey: place).map({ $0 != file.commit }) ?? false {
                let words =
                    "\(shown(place)) is changed by more than one commit of this mailbox; 'ninepin patches add' makes one patch per commit"
                throw PatchError(line: file.place, message: words)
            }
            var isGood = true
            switch file.change {
            case .made, .copied: isGood = written.insert(path).inserted
            case .modified: isGood = written.insert(path).inserted && !gone.contains(path)
            case .removed: isGood = !written.contains(path) && gone.insert(path).inserted
            case .renamed: isGood = written.insert(path).inserted && gone.insert(old).inserted
            }
            guard isGood else {
                let line = file.hunks.first?.place ?? file.place
                throw PatchError(line: line, message: "\(shown(path)) appears twice; expected all its hunks together")
            }
        }
        // A file that is changed under its own name cannot also be another one's past: which of the two would be meant?
        for file in files where file.change == .modified && gone.contains(Array(file.path.utf8)) {
            let words = "\(shown(Array(file.path.utf8))) appears twice: it is removed or renamed, and also changed"
            throw PatchError(line: file.place, message: words)
        }
    }

    private static func shown(_ path: [UInt8]) -> String { ContainedPath.quoted(path) }
}

/// Ids of a file's content before and after, as an `index` line has them.
struct ContentIDs: Hashable, Sendable {
    let old: String
    let new: String
}

/// Where and why a text is no patch.
package struct PatchError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    package let line: Int
    /// What is wrong and what was expected.
    package let message: String

    /// `line N: MESSAGE`.
    package var description: String { "line \(line): \(message)" }

    package var exitStatus: ExitStatus { .fault }
}
