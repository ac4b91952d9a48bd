import CLibgit2

extension Repository {
    /// The tree of a commit.
    ///
    /// - Throws: `GitError` if the commit is not in the repository.
    package func tree(of commit: ObjectID) throws(GitError) -> ObjectID {
        try withCommit(commit) { ObjectID(git_commit_tree_id($0).pointee) }
    }

    /// The commit's own time stamp in seconds since 1970, clamped to the range from 0 to the last second of the year 9999, the latest time
    /// that RFC 3339 can express.
    ///
    /// - Throws: `GitError` if the commit is not in the repository.
    package func time(of commit: ObjectID) throws(GitError) -> Int64 {
        try withCommit(commit) { min(max(git_commit_time($0), 0), 253_402_300_799) }
    }

    /// The commit that an ID names, either directly or through a tag; nil if the repository has no such commit.
    package func commit(namedBy id: ObjectID) -> ObjectID? {
        var raw = id.raw
        var object: OpaquePointer?
        guard git_object_lookup(&object, handle, &raw, GIT_OBJECT_ANY) == 0 else { return nil }
        defer { git_object_free(object) }
        var commit: OpaquePointer?
        guard git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0 else { return nil }
        defer { git_object_free(commit) }
        return git_object_id(commit).map { ObjectID($0.pointee) }
    }

    package func withCommit<Value>(_ id: ObjectID, _ body: (OpaquePointer) throws(GitError) -> Value) throws(GitError) -> Value {
        var raw = id.raw
        var commit: OpaquePointer?
        try GitError.check(git_commit_lookup(&commit, handle, &raw), "read commit", id.description)
        defer { git_commit_free(commit) }
        guard let commit else { throw GitError("read commit", id.description, "libgit2 returned nothing") }
        return try body(commit)
    }
}
