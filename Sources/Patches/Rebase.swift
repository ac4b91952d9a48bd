import Git
import GitHistory
import Model
import UnifiedDiff

/// A variant carried over to files that it was not written for, by a three-way merge of each file.
package struct Rebase: Sendable {
    /// A file in which both sides changed the same lines.
    package struct Conflict: Hashable, Sendable {
        /// Its path in the patch.
        package let path: String
        /// The places of the conflict, with its markers and a few lines around.
        package let excerpt: String
    }

    /// The new text; empty when there is a conflict, or when nothing is left to do.
    package let text: [UInt8]
    /// What could not be merged.
    package let conflicts: [Conflict]

    /// Merges: the ancestor is the file that the variant was written for, one side is that file patched, the other the new file.
    ///
    /// - Parameters:
    ///   - base: a source in which the variant applies.
    ///   - target: the source that a new variant is wanted for.
    /// - Throws: `ApplyError` when the variant does not apply in the base, or a file is missing in the target; `GitError`, `FileError`.
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
            // Whether the file can be run is upstream's to say where the patch does not.
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
        // What one side alone has changed needs no merge; so links are carried over, and bytes that are no lines.
        if ours == before { return (theirs, false) }
        if theirs == before { return (ours, false) }
        let merged = try Repository.mergeFile(
            ancestor: before, ours: ours, theirs: theirs, names: MergeNames(ours: variant, theirs: "upstream"))
        return (merged.content, merged.hasConflicts)
    }

    /// A file that is made or removed, or whose bytes are no lines: nothing of it can be merged.
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

    /// The conflicts with three lines before and after, and the numbers of their lines.
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
