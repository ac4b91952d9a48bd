import CLibgit2
import UnifiedDiff

/// Unified diffs of single files.
package enum FileDiff {
    /// The diff between two versions of a file, with three lines of context; empty if they are equal. A file that becomes a link is removed
    /// and created.
    ///
    /// - Parameters:
    ///   - before: nil for a created file.
    ///   - after: nil for a removed file.
    /// - Throws: `GitError`.
    package static func text(path: String, before: TreeFile?, after: TreeFile?) throws(GitError) -> [UInt8] {
        switch (before, after) {
        case (nil, nil): return []
        case (let before?, let after?) where (before.mode == .link) != (after.mode == .link):
            return try text(path: path, before: before, after: nil) + text(path: path, before: nil, after: after)
        case (nil, _): return try text(.made, from: path, to: path, before: nil, after: after)
        case (_, nil): return try text(.removed, from: path, to: path, before: before, after: nil)
        default: return before == after ? [] : try text(.modified, from: path, to: path, before: before, after: after)
        }
    }

    /// The diff for a given kind of change.
    ///
    /// - Throws: `GitError`.
    package static func text(
        _ change: Patch.File.Change, from old: String, to new: String, before: TreeFile?, after: TreeFile?
    ) throws(GitError) -> [UInt8] {
        let hunks = try hunks(path: new, before: before?.bytes, after: after?.bytes)
        return DiffHeader.bytes(change, from: old, to: new, before: before, after: after, hunks: hunks) + hunks
    }

    /// Only the hunks; the header lines are written separately, because buffers have no mode.
    private static func hunks(path: String, before: [UInt8]?, after: [UInt8]?) throws(GitError) -> [UInt8] {
        _ = Libgit2.started
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.flags = GIT_DIFF_FORCE_TEXT.rawValue
        var patch: OpaquePointer?
        let code = withBytes(before) { old, oldCount in
            withBytes(after) { new, newCount in git_patch_from_buffers(&patch, old, oldCount, path, new, newCount, path, &options) }
        }
        try GitError.check(code, "compare", path)
        defer { git_patch_free(patch) }
        guard git_patch_num_hunks(patch) > 0 else { return [] }
        var text = git_buf()
        try GitError.check(git_patch_to_buf(&text, patch), "write diff of", path)
        defer { git_buf_dispose(&text) }
        let bytes = Array(UnsafeRawBufferPointer(start: text.ptr, count: text.size))
        var start = 0
        while start < bytes.count, !bytes[start...].starts(with: "@@ ".utf8) {
            start = (bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count - 1) + 1
        }
        return Array(bytes[start...])
    }

    private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Int32) -> Int32 {
        guard let bytes else { return body(nil, 0) }
        // An empty file still exists: libgit2 takes a null pointer for a missing file.
        if bytes.isEmpty { return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) } }
        return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
    }
}
