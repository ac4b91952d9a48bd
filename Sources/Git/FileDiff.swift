import CLibgit2

/// A file's unified diff.
public enum FileDiff {
    /// The diff between two contents of a file, with three lines of context; empty when they are equal.
    ///
    /// - Parameters:
    ///   - before: nil for a file that is made.
    ///   - after: nil for a file that is removed.
    /// - Throws: `GitError`.
    public static func text(path: String, before: [UInt8]?, after: [UInt8]?) throws(GitError) -> [UInt8] {
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
        return Array(UnsafeRawBufferPointer(start: text.ptr, count: text.size))
    }

    private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> Int32) -> Int32 {
        guard let bytes else { return body(nil, 0) }
        // An empty file is there all the same: libgit2 takes a null pointer for a file that is not.
        if bytes.isEmpty { return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) } }
        return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
    }
}
