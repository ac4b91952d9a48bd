import CLibgit2

/// The text of libgit2's differences, as git writes it whatever is configured.
package enum DiffText {
    /// Options for a difference whose text is a patch.
    ///
    /// - Parameter context: the number of context lines around each change.
    package static func withOptions<Value>(
        context: Int = 3, _ body: (inout git_diff_options) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.context_lines = UInt32(clamping: context)
        // Include binary changes: libgit2 then writes full IDs, as `git apply` requires.
        options.flags = GIT_DIFF_SHOW_BINARY.rawValue | GIT_DIFF_INDENT_HEURISTIC.rawValue
        options.id_abbrev = 12
        // Otherwise diff.ignoreSubmodules, diff.noprefix and diff.mnemonicPrefix decide.
        options.ignore_submodules = GIT_SUBMODULE_IGNORE_NONE
        let prefixes: [[CChar]] = [Array("a/".utf8CString), Array("b/".utf8CString)]
        let result: Result<Value, GitError> = prefixes[0].withUnsafeBufferPointer { old in
            prefixes[1].withUnsafeBufferPointer { new in
                (options.old_prefix, options.new_prefix) = (old.baseAddress, new.baseAddress)
                do throws(GitError) { return .success(try body(&options)) } catch { return .failure(error) }
            }
        }
        return try result.get()
    }

    /// The difference as a patch.
    package static func bytes(of diff: OpaquePointer) throws(GitError) -> [UInt8] {
        var text: [UInt8] = []
        for index in 0..<git_diff_num_deltas(diff) {
            var patch: OpaquePointer?
            try GitError.check(git_patch_from_diff(&patch, diff, index), "write", "the difference")
            defer { git_patch_free(patch) }
            guard let patch else { continue }
            var part = git_buf()
            try GitError.check(git_patch_to_buf(&part, patch), "write", "the difference")
            defer { git_buf_dispose(&part) }
            let bytes = Array(UnsafeRawBufferPointer(start: part.ptr, count: part.size))
            let isBinary = git_patch_get_delta(patch).map { $0.pointee.flags & GIT_DIFF_FLAG_BINARY.rawValue != 0 } ?? false
            text += git_patch_num_hunks(patch) == 0 && !isBinary ? withoutNames(bytes) : bytes
        }
        return text
    }

    /// For an empty file, libgit2 writes the lines `---` and `+++` without a hunk, which git does not.
    private static func withoutNames(_ header: [UInt8]) -> [UInt8] {
        var start = 0
        while start < header.count, !header[start...].starts(with: "--- ".utf8) {
            start = (header[start...].firstIndex(of: UInt8(ascii: "\n")) ?? header.count - 1) + 1
        }
        return Array(header[..<start])
    }
}
