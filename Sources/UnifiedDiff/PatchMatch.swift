import Paths

/// How a patch relates to a set of files. Nothing is written, and no repository is needed.
package struct PatchMatch: Sendable {
    /// The result of trying to apply the patch.
    package enum State: String, Hashable, Codable, Sendable {
        /// The patch applies.
        case applies
        /// The patch does not apply because its change is already present: it applies in reverse, or the lines that it adds are present and
        /// the lines that it removes are not.
        case upstream
        /// The patch does not apply.
        case differs
    }

    package let state: State
    /// The number of expected lines that are present, with each hunk at its best position. A change without lines counts as one.
    package let matched: Int
    /// The number of expected lines.
    package let wanted: Int
    /// The first reason why the patch does not apply; nil if it does.
    package let error: ApplyError?
}

extension Patch {
    /// One file before and after a patch.
    package struct Changed: Sendable {
        /// The patch's change to the file.
        package let file: File
        /// The file at the old path; nil for a created file.
        package let before: TreeFile?
        /// The file at the new path; nil for a removed file.
        package let after: TreeFile?
    }

    /// Compares the patch with a set of files.
    ///
    /// - Parameter standing: looks up a path of the patch.
    /// - Throws: errors from `standing`.
    package func match(_ standing: Lookup) throws -> PatchMatch {
        var (matched, wanted) = (0, 0)
        var failure: ApplyError?
        let free = FreePaths(files)
        for file in files {
            let trial = try Trial(file, isReplaced: free.isGone(file.path), standing)
            matched += trial.matched
            wanted += trial.wanted
            failure = failure ?? trial.error
        }
        if failure == nil { failure = try free.fault(standing) }
        guard let failure else { return PatchMatch(state: .applies, matched: matched, wanted: wanted, error: nil) }
        // A patch that still applies is never reported as obsolete.
        let isThere = try files.allSatisfy { try Presence($0, in: free, standing).isThere }
        return PatchMatch(state: isThere ? .upstream : .differs, matched: matched, wanted: wanted, error: failure)
    }

    /// Applies the patch to a set of files in memory: completely or not at all.
    ///
    /// - Parameter standing: looks up a path of the patch.
    /// - Returns: each file before and after.
    /// - Throws: `ApplyError`, and errors from `standing`.
    package func applied(to standing: Lookup) throws -> [Changed] {
        var left = Self.mostBytes
        let free = FreePaths(files)
        let changed = try files.map { file in
            let trial = try Trial(file, isReplaced: free.isGone(file.path), standing)
            if let error = trial.error { throw error }
            // Many copies of one file can exceed the available memory.
            left -= file.change == .copied || file.isBinary ? trial.after?.bytes.count ?? 0 : 0
            guard left >= 0 else { throw ApplyError.tooLarge(file: file.path) }
            return Changed(file: file, before: trial.before, after: trial.after)
        }
        if let fault = try free.fault(standing) { throw fault }
        return changed
    }

    private static let mostBytes = 512 << 20
}

/// One file of a patch, tried on the current files.
private struct Trial {
    private(set) var matched = 0
    private(set) var wanted = 0
    private(set) var error: ApplyError?
    private(set) var before: TreeFile?
    private(set) var after: TreeFile?

    /// - Parameter isReplaced: whether the patch removes the file that is now at the path.
    init(_ file: Patch.File, isReplaced: Bool, _ standing: Lookup) throws {
        if file.change == .made {
            // ``FreePaths`` finds what is in the way, except for the simplest case, which is reported first.
            if case .file = try standing(file.path), !isReplaced { fail(file, .exists(file: file.path)) }
        } else {
            switch try standing(file.oldPath) {
            case .file(let there):
                before = there
                // For a file that is only renamed, git writes no mode.
                let isTold = file.oldMode != nil || !file.hunks.isEmpty || file.isBinary
                if isTold, (there.mode == .link) != (file.oldMode == .link) {
                    let kinds = there.mode == .link ? ("a file", "a link") : ("a link", "a file")
                    fail(file, .otherKind(file: file.oldPath, expected: kinds.0, found: kinds.1))
                }
            case .nothing: fail(file, .missing(file: file.oldPath))
            case .folder: fail(file, .otherKind(file: file.oldPath, expected: "a file", found: "a folder"))
            case .other(let name): fail(file, .otherKind(file: file.oldPath, expected: "a file", found: name))
            }
        }
        guard error == nil else { return }
        try change(file)
    }

    private mutating func fail(_ file: Patch.File, _ error: ApplyError) {
        self.error = error
        (matched, wanted) = (0, max(1, file.hunks.reduce(0) { $0 + $1.before.count }))
    }

    private mutating func change(_ file: Patch.File) throws {
        let old = before?.bytes ?? []
        let mode = file.newMode ?? before?.mode ?? .plain
        var new = old
        switch file.content {
        case .binary(let change):
            wanted = 1
            guard let bytes = changed(old, by: change, of: file) else { return }
            matched = 1
            new = bytes
        case .hunks(let hunks) where hunks.isEmpty:
            wanted = 1
            if file.change == .modified, before?.mode == mode { return error = .modeAlready(file: file.path) }
            matched = 1
        case .hunks:
            let locator = HunkLocator(old, isExact: file.isMade(of: old))
            let match = locator.match(of: file)
            (matched, wanted, error) = (match.matched, match.wanted, match.error)
            guard error == nil else { return }
            new = try locator.patched(by: file)
        }
        if file.change == .removed {
            if !new.isEmpty { error = .remains(file: file.path) }
            return
        }
        after = TreeFile(new, mode: mode)
        // A link's bytes are data. A target that no file system can store is invalid.
        if mode == .link, new.isEmpty || new.contains(0) || new.count > 4095 || GitName.isModules(file.lastPart) {
            error = .otherKind(file: file.path, expected: "a link", found: "a link that cannot be created")
        }
    }

    /// Applies a binary change, which accepts exactly one content and produces exactly one, each identified by its ID.
    private mutating func changed(_ old: [UInt8], by change: BinaryChange, of file: Patch.File) -> [UInt8]? {
        let ids = file.ids ?? ContentIDs(old: "", new: "")
        let (isThere, isLeft) = (file.change != .made, file.change != .removed)
        let none = String(repeating: "0", count: 40)
        let found = isThere ? BinaryChange.id(of: old) : none
        guard ids.old == found else {
            error = .otherContent(file: file.oldPath, expected: ids.old.isEmpty ? "without an ID" : ids.old, found: found)
            return nil
        }
        guard let new = change.applied(to: old) else {
            error = .otherContent(file: file.oldPath, expected: ids.old, found: "one that the delta is not for")
            return nil
        }
        let made = isLeft ? BinaryChange.id(of: new) : none
        guard ids.new == made else {
            error = .otherContent(file: file.path, expected: ids.new, found: made)
            return nil
        }
        return new
    }
}

/// Whether the paths of the patch's new files are free: nothing is at them, and no file or link is where a folder must be, except for what
/// the patch itself removes.
private struct FreePaths {
    private let files: [Patch.File]
    private let gone: Set<[UInt8]>
    private let written: Set<[UInt8]>

    init(_ files: [Patch.File]) {
        self.files = files
        gone = Set(files.filter(\.consumesOldPath).map { Array($0.oldPath.utf8) })
        written = Set(files.filter { $0.change != .removed }.map { Array($0.path.utf8) })
    }

    /// Whether the patch removes the file at a path.
    func isGone(_ path: String) -> Bool { gone.contains(Array(path.utf8)) }

    /// Whether the patch creates a file at a path.
    func isMade(_ path: String) -> Bool { written.contains(Array(path.utf8)) }

    func fault(_ standing: Lookup) throws -> ApplyError? {
        for file in files where file.change != .removed {
            let parts = file.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
            for count in 1..<max(1, parts.count) {
                let above = parts.prefix(count).joined(separator: "/")
                if isMade(above) { return .exists(file: above) }
                if file.change == .modified { continue }
                switch try standing(above) {
                case .nothing, .folder: continue
                case .file where isGone(above): continue
                case .file, .other: return .exists(file: above)
                }
            }
            if file.change != .modified, try isTaken(file.path, standing) { return .exists(file: file.path) }
        }
        return nil
    }

    private func isTaken(_ path: String, _ standing: Lookup) throws -> Bool {
        switch try standing(path) {
        case .nothing: return false
        case .file: return !isGone(path)
        case .other: return true
        case .folder(let hasMoreThan):
            let below = Array("\(path)/".utf8)
            return try hasMoreThan(gone.count { $0.starts(with: below) })
        }
    }
}

/// Whether a file already contains a change, no matter which commit made it.
private struct Presence {
    let isThere: Bool

    init(_ file: Patch.File, in free: FreePaths, _ standing: Lookup) throws {
        // Another file of the patch may have taken the removed file's place.
        if file.consumesOldPath, !free.isMade(file.oldPath), try standing(file.oldPath).file != nil {
            isThere = false
            return
        }
        guard file.change != .removed, let there = try standing(file.path).file else {
            isThere = file.change == .removed
            return
        }
        // The executable bit of a created file does not matter; for a file that only becomes executable, it is the whole change.
        let isSame = file.newMode.map { $0 == there.mode || file.change == .made && ($0 == .link) == (there.mode == .link) } ?? true
        isThere = isSame && Self.hasContent(of: file, there.bytes)
    }

    private static func hasContent(of file: Patch.File, _ content: [UInt8]) -> Bool {
        if let new = file.ids?.new, new.utf8.count >= 7, BinaryChange.id(of: content).hasPrefix(new) { return true }
        switch file.content {
        case .binary: return false
        case .hunks(let hunks) where hunks.isEmpty: return file.change != .made || content.isEmpty
        case .hunks:
            if (try? HunkLocator(content).places(of: file.reversed)) != nil { return true }
            return hasEachLine(of: file, content.split(separator: UInt8(ascii: "\n")).compactMap(telling))
        }
    }

    /// Whether all added runs of lines are present and all removed ones absent. White space and comments are ignored, because another
    /// author may write them differently.
    private static func hasEachLine(of file: Patch.File, _ lines: [String]) -> Bool {
        let added = file.runs(of: .added).map { $0.compactMap(Self.telling) }.filter { !$0.isEmpty }
        let removed = file.runs(of: .removed).map { $0.compactMap(Self.telling) }.filter { !$0.isEmpty }
        // A brace alone proves nothing.
        guard added.joined().contains(where: { $0.filter(\.isLetter).count > 1 }) else { return false }
        return added.allSatisfy { contains($0, lines) } && !removed.contains { contains($0, lines) }
    }

    private static func contains(_ run: [String], _ lines: [String]) -> Bool {
        guard run.count <= lines.count else { return false }
        return (0...(lines.count - run.count)).contains { lines[$0..<($0 + run.count)].elementsEqual(run) }
    }

    private static func telling(_ line: some Sequence<UInt8>) -> String? {
        let words = String(decoding: Array(line), as: UTF8.self).split { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let first = words.first, !first.hasPrefix("//") else { return nil }
        return words.joined(separator: " ")
    }
}

extension Patch.File {
    /// Whether a file's bytes are exactly the ones that the patch was made from, according to its `index` line. Fewer than 7 digits are not
    /// reliable.
    fileprivate func isMade(of bytes: [UInt8]) -> Bool {
        guard let ids, ids.old.utf8.count >= 7, hunks.contains(where: { $0.before.isEmpty }) else { return false }
        return BinaryChange.id(of: bytes).hasPrefix(ids.old)
    }

    fileprivate var lastPart: [UInt8] { path.utf8.split(separator: UInt8(ascii: "/")).last.map { Array($0) } ?? [] }

    /// The file's change with added and removed lines swapped.
    fileprivate var reversed: Patch.File {
        var shift = 0
        let hunks = hunks.map { hunk in
            let (before, after) = (hunk.before.count, hunk.after.count)
            defer { shift += after - before }
            // The line number of an empty side is that of the line before it.
            let start = hunk.oldStart + shift + (before == 0 ? 1 : 0) - (after == 0 ? 1 : 0)
            let lines = hunk.lines.map { line in
                let kind: Patch.Line.Kind = line.kind == .added ? .removed : line.kind == .removed ? .added : .context
                return Patch.Line(kind: kind, bytes: line.bytes, endsWithBreak: line.endsWithBreak)
            }
            return Patch.Hunk(oldStart: start, lines: lines, place: hunk.place)
        }
        return Patch.File(
            path: path, oldPath: oldPath, change: change, oldMode: oldMode, newMode: newMode, ids: nil, similarity: nil,
            content: .hunks(hunks),
            place: place,
            commit: commit)
    }

    /// Runs of consecutive lines of one kind.
    fileprivate func runs(of kind: Patch.Line.Kind) -> [[[UInt8]]] {
        hunks.flatMap { hunk in hunk.lines.split { $0.kind != kind }.map { $0.map(\.bytes) } }
    }
}
