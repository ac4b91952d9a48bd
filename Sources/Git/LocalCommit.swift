import CLibgit2

/// A commit of a working repository, as a patch.
package struct LocalCommit: Sendable {
    package let id: ObjectID
    /// The first line of the commit message.
    package let subject: String
    /// The message below its first paragraph.
    package let body: String
    /// The author's name and address as git has them.
    package let authorName: String
    package let authorEmail: String
    /// When the author made it, in seconds since 1970, and the time zone in minutes east of UTC.
    package let authorSeconds: Int64
    package let authorOffset: Int
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
        try self.init(of: object, in: repository, revision)
    }

    private init(of commit: OpaquePointer?, in repository: OpaquePointer?, _ revision: String) throws(GitError) {
        guard let raw = git_commit_id(commit)?.pointee else { throw GitError("find commit", revision, "libgit2 returned nothing") }
        id = ObjectID(raw)
        subject = git_commit_summary(commit).map { String(cString: $0) } ?? ""
        body = git_commit_body(commit).map { String(cString: $0) } ?? ""
        let author = git_commit_author(commit)?.pointee
        authorName = author?.name.map { String(cString: $0) } ?? ""
        authorEmail = author?.email.map { String(cString: $0) } ?? ""
        authorSeconds = author?.when.time ?? 0
        authorOffset = Int(author?.when.offset ?? 0)
        diff = try Self.diff(of: commit, in: repository, revision)
    }

    /// The most commits that a range may have.
    package static let most = 1000

    /// Reads the commits of a range, oldest first.
    ///
    /// - Parameter range: `A..B`: what B has and A has not (gitrevisions(7)).
    /// - Throws: `GitError` if there is no such repository or commit, for a range with a merge, with nothing or with more than ``most`` commits.
    package static func range(_ range: String, in folder: String) throws(GitError) -> [LocalCommit] {
        _ = Libgit2.started
        var repository: OpaquePointer?
        try GitError.check(git_repository_open_ext(&repository, folder, 0, nil), "open repository", folder)
        defer { git_repository_free(repository) }
        var walk: OpaquePointer?
        try GitError.check(git_revwalk_new(&walk, repository), "read range", range)
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_REVERSE.rawValue)
        try GitError.check(git_revwalk_push_range(walk, range), "find range", range)
        var commits: [LocalCommit] = []
        var raw = git_oid()
        while true {
            let code = git_revwalk_next(&raw, walk)
            if code == GIT_ITEROVER.rawValue { break }
            try GitError.check(code, "read range", range)
            guard commits.count < most else { throw GitError("read range", range, "it has more than \(most) commits") }
            commits.append(try one(raw, in: repository, range))
        }
        guard !commits.isEmpty else { throw GitError("read range", range, "it has no commits") }
        return commits
    }

    private static func one(_ raw: git_oid, in repository: OpaquePointer?, _ range: String) throws(GitError) -> LocalCommit {
        var (commit, raw): (OpaquePointer?, git_oid) = (nil, raw)
        try GitError.check(git_commit_lookup(&commit, repository, &raw), "read range", range)
        defer { git_commit_free(commit) }
        guard git_commit_parentcount(commit) < 2 else {
            throw GitError("read range", range, "it contains the merge \(ObjectID(raw)); rebase the commits onto one line")
        }
        return try LocalCommit(of: commit, in: repository, range)
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
