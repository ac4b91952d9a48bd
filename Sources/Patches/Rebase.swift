import Git
import GitHistory
import Model

/// A variant carried over to files that it was not written for, by a three-way merge of each file.
public struct Rebase: Sendable {
    /// A file in which both sides changed the same lines.
    public struct Conflict: Hashable, Sendable {
        /// Its path in the patch.
        public let path: String
        /// The places of the conflict, with its markers and a few lines around.
        public let excerpt: String
    }

    /// The new text; empty when there is a conflict, or when nothing is left to do.
    public let text: [UInt8]
    /// What could not be merged.
    public let conflicts: [Conflict]

    /// Merges: the ancestor is the file that the variant was written for, one side is that file patched, the other the new file.
    ///
    /// - Parameters:
    ///   - base: a source in which the variant applies.
    ///   - target: the source that a new variant is wanted for.
    /// - Throws: `ApplyError` when the variant does not apply in the base, or a file is missing in the target; `GitError`, `FileError`.
    public init(_ patch: Patch, named variant: String, from base: (String) throws -> [UInt8]?, onto target: (String) throws -> [UInt8]?)
        throws
    {
        var (text, conflicts): ([UInt8], [Conflict]) = ([], [])
        for (file, ours) in try patch.applied(to: base) {
            let theirs = try target(file.path)
            guard let ours, file.change == .modified else {
                if file.change == .made, theirs != nil { throw ApplyError.exists(file: file.path) }
                if file.change == .removed, theirs == nil { throw ApplyError.missing(file: file.path) }
                text += try FileDiff.text(path: file.path, before: theirs, after: ours)
                continue
            }
            guard let theirs else { throw ApplyError.missing(file: file.path) }
            let merged = try Repository.mergeFile(
                ancestor: try base(file.path) ?? [], ours: ours, theirs: theirs, names: MergeNames(ours: variant, theirs: "upstream"))
            if !merged.hasConflicts {
                text += try FileDiff.text(path: file.path, before: theirs, after: merged.content)
            } else {
                conflicts.append(Conflict(path: file.path, excerpt: Self.excerpt(of: merged.content)))
            }
        }
        self.text = conflicts.isEmpty ? text : []
        self.conflicts = conflicts
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
