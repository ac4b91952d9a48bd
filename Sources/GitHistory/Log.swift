import CLibgit2
import Git

/// One commit of a log.
package struct LoggedCommit: Hashable, Sendable {
    package let id: ObjectID
    /// The first line of the commit message.
    package let subject: String
}

extension Repository {
    /// The commits between two commits that touch a path, newest first.
    ///
    /// A commit touches the path if none of its parents has the same content there. A merge that takes one side unchanged therefore does
    /// not.
    ///
    /// - Parameters:
    ///   - start: the older commit; it and its ancestors are excluded.
    ///   - limit: the maximum number of commits.
    /// - Throws: `GitError` if one of the commits is not in the repository.
    package func log(of path: String, from start: ObjectID, to end: ObjectID, limit: Int = 50) throws(GitError) -> [LoggedCommit] {
        var walk: OpaquePointer?
        try GitError.check(git_revwalk_new(&walk, handle), "begin", "log")
        defer { git_revwalk_free(walk) }
        git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL.rawValue | GIT_SORT_TIME.rawValue)
        var (first, last) = (start.raw, end.raw)
        try GitError.check(git_revwalk_push(walk, &last), "read history of", end.description)
        try GitError.check(git_revwalk_hide(walk, &first), "read history of", start.description)
        var commits: [LoggedCommit] = []
        var raw = git_oid()
        while commits.count < limit, git_revwalk_next(&raw, walk) == 0 {
            let id = ObjectID(raw)
            try withCommit(id) { (commit: OpaquePointer) throws(GitError) in
                guard try touches(path, commit) else { return }
                commits.append(LoggedCommit(id: id, subject: git_commit_summary(commit).map { String(cString: $0) } ?? ""))
            }
        }
        return commits
    }

    /// The commits from one commit to another by first parents, oldest first, with both of them: on a branch that takes changes by merges, each
    /// is one merge.
    ///
    /// - Parameter limit: the maximum number of commits that are read.
    /// - Returns: nil if the walk does not meet the older commit.
    /// - Throws: `GitError` if a commit is not in the repository.
    package func firstParents(from old: ObjectID, to new: ObjectID, limit: Int) throws(GitError) -> [LoggedCommit]? {
        var walk: OpaquePointer?
        try GitError.check(git_revwalk_new(&walk, handle), "begin", "log")
        defer { git_revwalk_free(walk) }
        git_revwalk_simplify_first_parent(walk)
        var last = new.raw
        try GitError.check(git_revwalk_push(walk, &last), "read history of", new.description)
        var commits: [LoggedCommit] = []
        var raw = git_oid()
        while commits.count < limit {
            let code = git_revwalk_next(&raw, walk)
            if code == GIT_ITEROVER.rawValue { return nil }
            try GitError.check(code, "read history of", new.description)
            let id = ObjectID(raw)
            let subject = try withCommit(id) { git_commit_summary($0).map { String(cString: $0) } ?? "" }
            commits.append(LoggedCommit(id: id, subject: subject))
            if id == old { return commits.reversed() }
        }
        return nil
    }

    private func touches(_ path: String, _ commit: OpaquePointer) throws(GitError) -> Bool {
        let content = try content(path, of: ObjectID(git_commit_tree_id(commit).pointee))
        let parents = git_commit_parentcount(commit)
        if parents == 0 { return content != nil }
        for number in 0..<parents {
            guard let id = git_commit_parent_id(commit, number) else { continue }
            let tree = try tree(of: ObjectID(id.pointee))
            if try self.content(path, of: tree) == content { return false }
        }
        return true
    }

    /// The ID of the entry at a path, and its mode.
    private func content(_ path: String, of tree: ObjectID) throws(GitError) -> [String]? {
        if path == "." || path.isEmpty { return [tree.description] }
        return try withTree(tree) { (tree: OpaquePointer) throws(GitError) in
            var entry: OpaquePointer?
            let code = git_tree_entry_bypath(&entry, tree, path)
            if code == GIT_ENOTFOUND.rawValue { return nil }
            try GitError.check(code, "find", path)
            defer { git_tree_entry_free(entry) }
            guard let id = git_tree_entry_id(entry) else { return nil }
            return [ObjectID(id.pointee).description, "\(git_tree_entry_filemode(entry).rawValue)"]
        }
    }
}
