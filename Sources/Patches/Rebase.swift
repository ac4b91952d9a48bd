import Git
import GitHistory
import Model
import UnifiedDiff

/// A variant rebased onto files that it was not written for, by a three-way merge of each file.
package struct Rebase: Sendable {
    /// A file in which both sides changed the same lines.
    package struct Conflict: Hashable, Sendable {
        /// The file's path in the patch.
        package let path: String
        /// The conflicting sections, with conflict markers and a few lines of context.
        package let excerpt: String
    }

    /// The rebased patch; empty if there is a conflict or nothing is left to change.
    package let text: [UInt8]
    /// The conflicts.
    package let conflicts: [Conflict]

    /// Merges each file. The ancestor is the file that the variant was written for; one side is that file patched, and the other is the new
    /// file.
    ///
    /// - Parameters:
    ///   - base: a source to which the variant applies.
    ///   - target: the source that needs a new variant.
    /// - Throws: `ApplyError` if the variant does not apply to the base, or a file is missing in the target; `GitError`, `FileError`.
    package init(_ patch: Patch, named variant: String, from base: Lookup, onto target: Lookup) throws {
        var (text, conflicts): ([UInt8], [Conflict]) = ([], [])
        for changed in try patch.applied(to: base) {
            let file = changed.file
            let theirs = try target(file.oldPath).file
            guard let ours = changed.after, let before = changed.before, !file.isBinary else {
                text += try Self.whole(changed, theirs, target)
                continue
            }
            guard let theirs else { throw ApplyError.missing(file: file.oldPath) }
            guard theirs.mode == .link ? before == theirs : before.mode != .link else {
                throw ApplyError.otherKind(
                    file: file.oldPath, expected: "what it was", found: theirs.mode == .link ? "another link" : "a file")
            }
            if file.change != .modified, file.oldPath != file.path, try target(file.path).file != nil {
                throw ApplyError.exists(file: file.path)
            }
            let merged = try Self.merged(before.bytes, ours.bytes, theirs.bytes, variant)
            if merged.hasConflicts {
                conflicts.append(Conflict(path: file.path, excerpt: Self.excerpt(of: merged.content)))
                continue
            }
            // Upstream decides whether the file is executable, unless the patch does.
            let after = TreeFile(merged.content, mode: file.newMode ?? theirs.mode)
            if file.change == .modified, after == theirs { continue }
            text += try FileDiff.text(file.change, from: file.oldPath, to: file.path, before: theirs, after: after)
        }
        self.text = conflicts.isEmpty ? text : []
        self.conflicts = conflicts
    }

    private static func merged(
        _ before: [UInt8], _ ours: [UInt8], _ theirs: [UInt8], _ variant: String
    ) throws(GitError) -> (content: [UInt8], hasConflicts: Bool) {
        // A change on only one side needs no merge. This also handles links and binary files.
        if ours == before { return (theirs, false) }
        if theirs == before { return (ours, false) }
        let merged = try Repository.mergeFile(
            ancestor: before, ours: ours, theirs: theirs, names: MergeNames(ours: variant, theirs: "upstream"))
        return (merged.content, merged.hasConflicts)
    }

    /// Handles a created, removed or binary file, which cannot be merged.
    private static func whole(_ changed: Patch.Changed, _ theirs: TreeFile?, _ target: Lookup) throws -> [UInt8] {
        let file = changed.file
        switch file.change {
        case .made:
            if try target(file.path).file != nil { throw ApplyError.exists(file: file.path) }
        case .removed:
            guard let theirs else { throw ApplyError.missing(file: file.path) }
            if !file.isBinary { return try FileDiff.text(path: file.path, before: theirs, after: nil) }
        default: break
        }
        guard file.isBinary else { return try FileDiff.text(path: file.path, before: nil, after: changed.after) }
        guard theirs?.bytes == changed.before?.bytes else {
            throw ApplyError.otherKind(file: file.oldPath, expected: "a binary file that has not changed", found: "another one")
        }
        return file.text(old: file.oldPath, new: file.path)
    }

    /// The conflicts with three lines of context on each side, and line numbers.
    private static func excerpt(of bytes: [UInt8]) -> String {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        var shown = Set<Int>()
        var isInside = false
        for (index, line) in lines.enumerated() {
            if line.starts(with: "<<<<<<< ".utf8) { isInside = true }
            if isInside { shown.formUnion(max(0, index - 3)...min(lines.count - 1, index + 3)) }
            if line.starts(with: ">>>>>>> ".utf8) { isInside = false }
        }
        return shown.sorted().map { "\($0 + 1): \(String(decoding: lines[$0], as: UTF8.self))" }.joined(separator: "\n")
    }
}
