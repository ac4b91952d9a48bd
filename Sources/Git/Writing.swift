import CLibgit2

extension Repository {
    /// The tree with one file more, or with other bytes in a file that it has.
    ///
    /// - Throws: `GitError` when the tree is not here, or the path leads through a file.
    public func writing(_ bytes: [UInt8], to path: String, in tree: ObjectID) throws(GitError) -> ObjectID {
        var blob = git_oid()
        let code = bytes.withUnsafeBytes { git_blob_create_from_buffer(&blob, handle, $0.baseAddress, $0.count) }
        try GitError.check(code, "store", path)
        return try withTree(tree) { (tree: OpaquePointer) throws(GitError) in
            var raw = git_oid()
            let code = path.withCString { path in
                var update = git_tree_update(action: GIT_TREE_UPDATE_UPSERT, id: blob, filemode: GIT_FILEMODE_BLOB, path: path)
                return git_tree_create_updated(&raw, handle, tree, 1, &update)
            }
            try GitError.check(code, "write tree", path)
            return ObjectID(raw)
        }
    }
}
