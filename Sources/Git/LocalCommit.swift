import CLibgit2

/// A commit of a working repository, as a patch.
package struct LocalCommit: Sendable {
    package let id: ObjectID
    /// The first line of the commit message.
    package let subject: String
    /// The commit's changes relative to its first parent, as a unified diff.
    package let diff: [UInt8]

    /// Reads a commit.
    ///
    /// - Parameters:
    ///   - revision: an ID, a tag, `HEAD~1` or any other name that git accepts (gitrevisions(7)).
    ///   - folder: a folder of a git repository.
    /// - Throws: `GitError` if there is no such repository or commit.
    package init(_ revision: String, in folder: String) throws(GitError) {
        _ = Libgit2.started
        var repository: OpaquePointer?
        try GitError.check(git_repository_open_ext(&repository, folder, 0, nil), "open repository", folder)
        defer { git_repository_free(repository) }
        var object: OpaquePointer?
        try GitError.check(git_revparse_single(&object, repository, "\(revision)^{commit}"), "find commit", revision)
        defer { git_object_free(object) }
        guard let raw = git_object_id(object)?.pointee else { throw GitError("find commit", revision, "libgit2 returned nothing") }
        id = ObjectID(raw)
        subject = git_commit_summary(object).map { String(cString: $0) } ?? ""
        diff = try Self.diff(of: object, in: repository, revision)
    }

    private static func diff(of commit: OpaquePointer?, in repository: OpaquePointer?, _ revision: String) throws(GitError) -> [UInt8] {
        var tree: OpaquePointer?
        try GitError.check(git_commit_tree(&tree, commit), "read", revision)
        defer { git_tree_free(tree) }
        var (parent, parentTree): (OpaquePointer?, OpaquePointer?)
        defer {
            git_tree_free(parentTree)
            git_commit_free(parent)
        }
        if git_commit_parentcount(commit) > 0 {
            try GitError.check(git_commit_parent(&parent, commit, 0), "read parent of", revision)
            try GitError.check(git_commit_tree(&parentTree, parent), "read parent of", revision)
        }
        // Include binary changes: libgit2 then writes full IDs, as `git apply` requires.
        var options = git_diff_options()
        git_diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        options.flags = GIT_DIFF_SHOW_BINARY.rawValue
        var diff: OpaquePointer?
        try GitError.check(git_diff_tree_to_tree(&diff, repository, parentTree, tree, &options), "compare", revision)
        defer { git_diff_free(diff) }
        var text = git_buf()
        try GitError.check(git_diff_to_buf(&text, diff, GIT_DIFF_FORMAT_PATCH), "compare", revision)
        defer { git_buf_dispose(&text) }
        return Array(UnsafeRawBufferPointer(start: text.ptr, count: text.size))
    }
}
