import ExitCodes
import Paths

/// A parsed patch: files, and how each one changes. Everything is bytes because source files need not be UTF-8.
///
/// The format is git's own (git-diff(1), "Generating patch text with -p") or the "unified" format of GNU diffutils. Prose may precede or
/// separate the files, as in a mailed patch. Anything not understood is refused: no patch is read in part.
package struct Patch: Sendable {
    /// One line of a hunk.
    package struct Line: Hashable, Sendable {
        /// What a line does.
        package enum Kind: Sendable {
            /// It must be present and stays.
            case context
            /// It must be present and is removed.
            case removed
            /// It is added.
            case added
        }

        package let kind: Kind
        /// The line's bytes, without the line break.
        package let bytes: [UInt8]
        /// Whether a line break follows; only the last line of a file may lack one.
        package internal(set) var endsWithBreak = true
    }

    package struct Hunk: Hashable, Sendable {
        /// The first line of the hunk in the old file according to its header, counted from 1; for a hunk that only adds lines, the line
        /// before it.
        package let oldStart: Int
        package let lines: [Line]
        /// The line of the patch, counted from 1, that holds the hunk's header.
        package let place: Int

        /// The lines that must be present.
        var before: [Line] { lines.filter { $0.kind != .added } }
        /// The lines that are present afterwards.
        var after: [Line] { lines.filter { $0.kind != .removed } }
    }

    /// How a file's bytes change.
    enum Content: Hashable, Sendable {
        /// Hunks in file order; none if the bytes do not change.
        case hunks([Hunk])
        /// A `GIT binary patch`.
        case binary(BinaryChange)
    }

    /// The change to one file.
    package struct File: Hashable, Sendable {
        /// The kind of change.
        package enum Change: Sendable {
            /// The file exists before and after.
            case modified
            /// The file is created.
            case made
            /// The file is removed.
            case removed
            /// The file gets a new path.
            case renamed
            /// The file is created as a copy of another file, which stays.
            case copied
        }

        /// The file's path; for a removed file, its former path.
        package let path: String
        /// The path of the file that this one is made from; the same as `path` if the path does not change.
        package let oldPath: String
        package let change: Change
        /// What the patch says the file must be: a file or a link; nil if it does not say. As in git, the executable bit does not matter.
        package let oldMode: TreeFile.Mode?
        /// The file's mode afterwards; nil if it does not change.
        package let newMode: TreeFile.Mode?
        /// The IDs of the content before and after, in hexadecimal and usually abbreviated; nil if the patch does not give them.
        let ids: ContentIDs?
        /// How similar a renamed or copied file is to the old one according to the patch, in percent.
        let similarity: Int?
        let content: Content
        /// The line of the patch, counted from 1, where this file begins.
        let place: Int
        /// The commit that the file belongs to, if the patch is a mailbox.
        let commit: Int

        /// The hunks in file order.
        package var hunks: [Hunk] { if case .hunks(let hunks) = content { hunks } else { [] } }
        /// Whether the change is binary.
        package var isBinary: Bool { if case .binary = content { true } else { false } }
        /// Whether the old path no longer exists afterwards: the file is removed or renamed.
        package var consumesOldPath: Bool { change == .removed || change == .renamed }
    }

    /// The patch's name in messages.
    package let name: String
    /// The files that the patch changes.
    package let files: [File]

    /// Reads a patch.
    ///
    /// - Parameter strip: how many leading folders of each name are not part of the path, as in `patch -p1`; nil if the names themselves
    ///   show it.
    /// - Throws: `PatchError` with the line where the text is not a patch, or is a kind of patch that is refused.
    package init(_ bytes: [UInt8], name: String, strip: Int? = nil) throws(PatchError) {
        self.name = name
        var reader = PatchReader(bytes, strip: strip)
        files = try reader.files()
        try Self.checkOnce(files)
    }

    /// The paths that the patch touches, each once, in patch order.
    package var paths: [String] {
        var seen = Set<[UInt8]>()
        return files.flatMap { [$0.oldPath, $0.path] }.filter { seen.insert(Array($0.utf8)).inserted }
    }

    /// Checks that each path changes only once. One file may be removed and another one created in its place: that is how git writes a file
    /// that becomes a link.
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
        // A file modified under its own name cannot also be removed or renamed: it would be unclear which of the two is meant.
        for file in files where file.change == .modified && gone.contains(Array(file.path.utf8)) {
            let words = "\(shown(Array(file.path.utf8))) appears twice: it is removed or renamed, and also changed"
            throw PatchError(line: file.place, message: words)
        }
    }

    private static func shown(_ path: [UInt8]) -> String { ContainedPath.quoted(path) }
}

/// IDs of a file's content before and after, from an `index` line.
struct ContentIDs: Hashable, Sendable {
    let old: String
    let new: String
}

/// Where and why a text is not a patch.
package struct PatchError: ExitStatusError, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    package let line: Int
    /// What is wrong and what was expected.
    package let message: String

    /// `line N: MESSAGE`.
    package var description: String { "line \(line): \(message)" }

    package var exitStatus: ExitStatus { .fault }
}
