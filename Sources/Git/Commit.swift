import CLibgit2

extension Repository {
    /// A commit's tree.
    ///
    /// - Throws: `GitError` when the commit is not here.
    package func tree(of commit: ObjectID) throws(GitError) -> ObjectID {
        try withCommit(commit) { ObjectID(git_commit_tree_id($0).pointee) }
    }

    /// When a commit was made, in seconds since 1970, as the commit says: at the least 0, at the most the last second of the year 9999, beyond
    /// which no reader of dates goes (RFC 3339).
    ///
    /// - Throws: `GitError` when the commit is not here.
    package func time(of commit: ObjectID) throws(GitError) -> Int64 {
        try withCommit(commit) { min(max(git_commit_time($0), 0), 253_402_300_799) }
    }

    /// The commit that an id names, be it the commit's own or a tag's; nil when it names none that is here.
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
