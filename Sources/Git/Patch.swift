import Paths
import Sanitizing

/// A unified diff that was read: files, hunks, lines. Bytes throughout, because source files need not be UTF-8.
///
/// The format is GNU diffutils' "unified", with git's extended headers for files that are made or removed. Prose may stand before the first
/// file, as in a mailed patch.
public struct Patch: Sendable {
    /// One line of a hunk.
    public struct Line: Hashable, Sendable {
        /// What the line is for.
        public enum Kind: Sendable {
            /// It must be there, and stays.
            case context
            /// It must be there, and goes.
            case removed
            /// It comes.
            case added
        }

        /// What the line is for.
        public let kind: Kind
        /// Its bytes, without the line break.
        public let bytes: [UInt8]
        /// Whether a line break follows; only the last line of a file may have none.
        public internal(set) var endsWithBreak = true
    }

    /// One hunk.
    public struct Hunk: Hashable, Sendable {
        /// The line of the old file, counted from 1, at which its header says that it begins.
        public let oldStart: Int
        /// Its lines.
        public let lines: [Line]
        /// The line of the patch, counted from 1, at which its header stands.
        public let place: Int

        /// The lines that must be there.
        var before: [Line] { lines.filter { $0.kind != .added } }
        /// The lines that are there afterwards.
        var after: [Line] { lines.filter { $0.kind != .removed } }
    }

    /// What becomes of one file.
    public struct File: Hashable, Sendable {
        /// What happens to it.
        public enum Change: Sendable {
            /// It is there before and after.
            case modified
            /// It is made.
            case made
            /// It is removed.
            case removed
        }

        /// Its path.
        public let path: String
        /// What happens to it.
        public let change: Change
        /// Its hunks, in the order of the file.
        public let hunks: [Hunk]
    }

    /// What the patch is called in messages.
    public let name: String
    /// The files that it changes.
    public let files: [File]

    /// Reads a patch.
    ///
    /// - Throws: `PatchError` with the line at which it is no unified diff.
    public init(_ bytes: [UInt8], name: String) throws(PatchError) {
        self.name = name
        var reader = PatchReader(bytes)
        files = try reader.files()
        var seen = Set<String>()
        for file in files where !seen.insert(file.path).inserted {
            throw PatchError(
                line: file.hunks.first?.place ?? 1, message: "'\(file.path)' is changed in two places; expected all its hunks together")
        }
    }
}

/// Where and why a text is no patch.
public struct PatchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, counted from 1.
    public let line: Int
    /// What is wrong and what was expected.
    public let message: String

    /// `line N: MESSAGE`.
    public var description: String { "line \(line): \(message)" }
}

/// A patch's text on its way to files.
private struct PatchReader {
    private static let mostLines = 1_000_000_000

    private let lines: [ArraySlice<UInt8>]
    private let endsWithBreak: Bool
    private var next = 0

    init(_ bytes: [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        endsWithBreak = lines.last?.isEmpty ?? true
        if endsWithBreak { lines = lines.dropLast() }
        self.lines = lines
    }

    mutating func files() throws(PatchError) -> [Patch.File] {
        var files: [Patch.File] = []
        while next < lines.count {
            if starts("GIT binary patch") || starts("Binary files ") {
                throw error("a binary change cannot be applied; expected lines of text")
            }
            if starts("rename from ") || starts("copy from ") {
                throw error("a renamed or copied file cannot be applied; remove it and make it anew")
            }
            if starts("@@ ") { throw error("a hunk without a file; expected '--- FILE' and '+++ FILE' before it") }
            if starts("--- "), next + 1 < lines.count, lines[next + 1].starts(with: "+++ ".utf8) {
                files.append(try file())
            } else {
                next += 1
            }
        }
        guard !files.isEmpty else { throw PatchError(line: 1, message: "no file is changed; expected '--- FILE', '+++ FILE' and hunks") }
        return files
    }

    private mutating func file() throws(PatchError) -> Patch.File {
        let old = try path(after: "--- ", prefix: "a/")
        next += 1
        let new = try path(after: "+++ ", prefix: "b/")
        guard let path = new ?? old else { throw error("both sides are /dev/null; expected a file") }
        if let old, let new, !old.utf8.elementsEqual(new.utf8) {
            throw error(
                "the file's name changes from '\(Visible.excerpt(old))' to '\(Visible.excerpt(new))'; expected the same on both sides")
        }
        next += 1
        var hunks: [Patch.Hunk] = []
        while next < lines.count, starts("@@ ") { hunks.append(try hunk()) }
        guard !hunks.isEmpty else { throw error("'\(path)' has no hunk; expected '@@ -LINE,COUNT +LINE,COUNT @@'") }
        return Patch.File(path: path, change: old == nil ? .made : new == nil ? .removed : .modified, hunks: hunks)
    }

    private func path(after mark: String, prefix: String) throws(PatchError) -> String? {
        // Bytes, as git sees them: a letter that combines with the slash before it hides none. diff writes a time stamp behind a tab.
        var path = Array(lines[next].dropFirst(mark.utf8.count).prefix { $0 != UInt8(ascii: "\t") })
        if path.last == UInt8(ascii: "\r") { path.removeLast() }
        if path.elementsEqual("/dev/null".utf8) { return nil }
        if path.starts(with: prefix.utf8) { path.removeFirst(prefix.utf8.count) }
        guard let contained = ContainedPath(String(decoding: path, as: UTF8.self)), contained != .top else {
            throw error("\(ContainedPath.quoted(path)) is no path below the tree's top")
        }
        return contained.description
    }

    private mutating func hunk() throws(PatchError) -> Patch.Hunk {
        let place = next + 1
        let header = String(decoding: lines[next], as: UTF8.self)
        guard let found = header.firstMatch(of: /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/), let start = Int(found.1),
            let oldCount = found.2.map({ Int($0) }) ?? 1, let newCount = found.4.map({ Int($0) }) ?? 1
        else { throw error("'\(Visible.excerpt(header))' is no hunk header; expected '@@ -LINE,COUNT +LINE,COUNT @@'") }
        // Places are counted with: no sum of them may be more than a number can hold.
        guard [start, oldCount, newCount].allSatisfy({ $0 <= Self.mostLines }) else {
            throw error("'\(Visible.excerpt(header))' names a line beyond \(Self.mostLines), which no source file has")
        }
        next += 1
        var body: [Patch.Line] = []
        var (old, new) = (oldCount, newCount)
        while old > 0 || new > 0 {
            guard next < lines.count, let line = line() else {
                throw error("the hunk of line \(place) ends too early: \(old) old and \(new) new lines are missing")
            }
            if line.kind != .added { old -= 1 }
            if line.kind != .removed { new -= 1 }
            guard old >= 0, new >= 0 else { throw error("the hunk of line \(place) has more lines of this kind than its header says") }
            body.append(line)
            next += 1
            markEnd(&body)
        }
        if next < lines.count, let kind = lines[next].first, " +-".utf8.contains(kind), !starts("--- "), !isSignature {
            throw error("the hunk of line \(place) has more lines than its header says")
        }
        guard body.contains(where: { $0.kind != .context }) else { throw PatchError(line: place, message: "the hunk changes nothing") }
        return Patch.Hunk(oldStart: start, lines: body, place: place)
    }

    private func line() -> Patch.Line? {
        switch lines[next].first {
        case UInt8(ascii: " "): Patch.Line(kind: .context, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "-"): Patch.Line(kind: .removed, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "+"): Patch.Line(kind: .added, bytes: Array(lines[next].dropFirst()))
        // Mailers cut the space off an empty context line.
        case nil: Patch.Line(kind: .context, bytes: [])
        default: nil
        }
    }

    /// `\ No newline at end of file` speaks of the line before it.
    private mutating func markEnd(_ body: inout [Patch.Line]) {
        guard next < lines.count, lines[next].first == UInt8(ascii: "\\"), let last = body.indices.last else { return }
        body[last].endsWithBreak = false
        next += 1
    }

    /// How a mailed patch ends: `-- ` and the version of git.
    private var isSignature: Bool { lines[next].elementsEqual("-- ".utf8) || lines[next].elementsEqual("--".utf8) }

    private func starts(_ text: String) -> Bool { lines[next].starts(with: text.utf8) }

    private func error(_ message: String) -> PatchError { PatchError(line: min(next + 1, max(lines.count, 1)), message: message) }
}
