import CLibgit2

/// A bare git repository that stores trees. It is opened where it is needed and used by one task at a time.
package final class Repository {
    /// libgit2's repository; only the modules that call libgit2 use it.
    package let handle: OpaquePointer
    package let path: String

    private init(_ handle: OpaquePointer, path: String) {
        self.handle = handle
        self.path = path
    }

    deinit { git_repository_free(handle) }

    /// Opens a bare repository.
    ///
    /// - Throws: `GitError` if there is none.
    package static func open(at path: String) throws(GitError) -> Repository {
        _ = Libgit2.started
        var handle: OpaquePointer?
        try GitError.check(git_repository_open_bare(&handle, path), "open repository", path)
        guard let handle else { throw GitError("open repository", path, "libgit2 returned nothing") }
        return Repository(handle, path: path)
    }

    /// Opens a bare repository, and creates it first if there is none.
    ///
    /// - Throws: `GitError` if it cannot be created.
    package static func openOrCreateBare(at path: String) throws(GitError) -> Repository {
        if let there = try? open(at: path) { return there }
        _ = Libgit2.started
        var options = git_repository_init_options()
        git_repository_init_options_init(&options, UInt32(GIT_REPOSITORY_INIT_OPTIONS_VERSION))
        options.flags = GIT_REPOSITORY_INIT_BARE.rawValue | GIT_REPOSITORY_INIT_MKPATH.rawValue | GIT_REPOSITORY_INIT_MKDIR.rawValue
        var handle: OpaquePointer?
        try GitError.check(git_repository_init_ext(&handle, path, &options), "make repository", path)
        guard let handle else { throw GitError("make repository", path, "libgit2 returned nothing") }
        return Repository(handle, path: path)
    }

    /// Whether the repository has commits without their history (git-rev-parse(1), `--is-shallow-repository`).
    package var isShallow: Bool { git_repository_is_shallow(handle) == 1 }

    /// Whether the repository contains an object.
    package func contains(_ id: ObjectID) -> Bool {
        var raw = id.raw
        var odb: OpaquePointer?
        guard git_repository_odb(&odb, handle) == 0 else { return false }
        defer { git_odb_free(odb) }
        return git_odb_exists(odb, &raw) == 1
    }

    /// Creates the ref `refs/ninepin/trees/ID` to a tree, so that git's garbage collection does not remove it.
    ///
    /// - Throws: `GitError` if the tree is not in the repository.
    package func keepTree(_ tree: ObjectID) throws(GitError) { try keep(tree, as: "refs/ninepin/trees/\(tree)") }

    /// Creates a ref to an object, so that git's garbage collection does not remove it.
    ///
    /// - Parameter reference: a full name such as `refs/ninepin/commits/NAME`.
    /// - Throws: `GitError` if the name or the object is invalid.
    package func keep(_ tree: ObjectID, as reference: String) throws(GitError) {
        var raw = tree.raw
        var made: OpaquePointer?
        try GitError.check(git_reference_create(&made, handle, reference, &raw, 1, nil), "name tree", reference)
        git_reference_free(made)
    }

    /// The tree at a path of a tree; nil if there is none. `.` is the tree itself.
    ///
    /// - Throws: `GitError` if the tree itself is not in the repository.
    package func subtree(at path: String, of tree: ObjectID) throws(GitError) -> ObjectID? {
        if path == "." || path.isEmpty { return tree }
        guard let entry = try entry(at: path, of: tree), entry.type == GIT_OBJECT_TREE else { return nil }
        return entry.id
    }

    /// The content of the file at a path of a tree; nil if there is no file.
    ///
    /// - Throws: `GitError` if the tree or the file's content is not in the repository.
    package func blob(at path: String, of tree: ObjectID) throws(GitError) -> [UInt8]? {
        guard let entry = try entry(at: path, of: tree), entry.type == GIT_OBJECT_BLOB else { return nil }
        return try blob(entry.id)
    }

    /// The content of the regular file at a path of a tree; nil if there is nothing or a folder.
    ///
    /// - Parameter most: the size limit in bytes.
    /// - Throws: `GitError`, also if the file is too large or is a link: a link could lead to different files here and in a checkout.
    package func plainFile(at path: String, of tree: ObjectID, most: Int) throws(GitError) -> [UInt8]? {
        guard let entry = try entry(at: path, of: tree), entry.type == GIT_OBJECT_BLOB else { return nil }
        guard entry.mode != GIT_FILEMODE_LINK else { throw GitError("read", path, "it is a link, not a file") }
        var odb: OpaquePointer?
        try GitError.check(git_repository_odb(&odb, handle), "read", path)
        defer { git_odb_free(odb) }
        var (length, type, raw) = (0, GIT_OBJECT_BLOB, entry.id.raw)
        // Read only the header first, so that a large file is refused without reading it.
        try GitError.check(git_odb_read_header(&length, &type, odb, &raw), "read", path)
        guard length <= most else { throw GitError("read", path, "it has \(length) bytes; the limit is \(most)") }
        return try blob(entry.id)
    }

    /// The paths that differ between two trees, sorted.
    ///
    /// - Throws: `GitError` if one of the trees is not in the repository.
    package func changedPaths(from one: ObjectID, to other: ObjectID) throws(GitError) -> [String] {
        try withDiff(from: one, to: other) { (diff: OpaquePointer) throws(GitError) in
            (0..<git_diff_num_deltas(diff)).compactMap { index in
                git_diff_get_delta(diff, index).map { String(cString: $0.pointee.new_file.path) }
            }.sorted()
        }
    }

    package func withDiff<Value>(
        from one: ObjectID, to other: ObjectID, _ body: (OpaquePointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var diff: OpaquePointer?
        try withTree(one) { (old: OpaquePointer) throws(GitError) in
            try withTree(other) { (new: OpaquePointer) throws(GitError) in
                try GitError.check(git_diff_tree_to_tree(&diff, handle, old, new, nil), "compare", "\(one) with \(other)")
            }
        }
        defer { git_diff_free(diff) }
        guard let diff else { throw GitError("compare", "\(one) with \(other)", "libgit2 returned nothing") }
        return try body(diff)
    }

    package func withTree<Value>(_ id: ObjectID, _ body: (OpaquePointer) throws(GitError) -> Value) throws(GitError) -> Value {
        var raw = id.raw
        var tree: OpaquePointer?
        try GitError.check(git_tree_lookup(&tree, handle, &raw), "read tree", id.description)
        defer { git_tree_free(tree) }
        guard let tree else { throw GitError("read tree", id.description, "libgit2 returned nothing") }
        return try body(tree)
    }

    package func blob(_ id: ObjectID) throws(GitError) -> [UInt8] {
        var raw = id.raw
        var blob: OpaquePointer?
        try GitError.check(git_blob_lookup(&blob, handle, &raw), "read file", id.description)
        defer { git_blob_free(blob) }
        return Array(UnsafeRawBufferPointer(start: git_blob_rawcontent(blob), count: Int(git_blob_rawsize(blob))))
    }

    /// The entry at a path of a tree; nil if there is none.
    func entry(
        at path: String, of tree: ObjectID
    ) throws(GitError) -> (id: ObjectID, type: git_object_t, mode: git_filemode_t)? {
        try withTree(tree) { (tree: OpaquePointer) throws(GitError) in
            var entry: OpaquePointer?
            let code = git_tree_entry_bypath(&entry, tree, path)
            if code == GIT_ENOTFOUND.rawValue { return nil }
            try GitError.check(code, "find", path)
            defer { git_tree_entry_free(entry) }
            guard let id = git_tree_entry_id(entry) else { return nil }
            return (ObjectID(id.pointee), git_tree_entry_type(entry), git_tree_entry_filemode(entry))
        }
    }
}
