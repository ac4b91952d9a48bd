import CLibgit2
import Git

extension Repository {
    /// The diff between two trees as git writes it.
    ///
    /// - Parameter context: the number of context lines around each change.
    /// - Throws: `GitError` if one of the trees is not in the repository.
    package func diff(from one: ObjectID, to other: ObjectID, context: Int = 3) throws(GitError) -> [UInt8] {
        try withDifference(from: one, to: other, context: context) { (diff: OpaquePointer) throws(GitError) in
            try DiffText.bytes(of: diff)
        }
    }

    /// The paths of all files of a tree, in git's order.
    ///
    /// - Parameter prefix: the directory to list; `.` for all. Paths are relative to the tree's root in any case.
    /// - Throws: `GitError` if the tree is not in the repository.
    package func files(of tree: ObjectID, under prefix: String = ".") throws(GitError) -> [String] {
        guard let top = try subtree(at: prefix, of: tree) else { return [] }
        let paths = Paths(prefix: prefix == "." || prefix.isEmpty ? "" : "\(prefix)/")
        return try withTree(top) { (tree: OpaquePointer) throws(GitError) in
            let code = git_tree_walk(
                tree, GIT_TREEWALK_PRE,
                { root, entry, payload in
                    guard let root, let entry, let payload, let name = git_tree_entry_name(entry) else { return 0 }
                    guard git_tree_entry_type(entry) == GIT_OBJECT_BLOB else { return 0 }
                    let paths = Unmanaged<Paths>.fromOpaque(payload).takeUnretainedValue()
                    paths.all.append(paths.prefix + String(cString: root) + String(cString: name))
                    return 0
                }, Unmanaged.passUnretained(paths).toOpaque())
            try GitError.check(code, "list tree", top.description)
            return paths.all
        }
    }

    func withDifference<Value>(
        from one: ObjectID, to other: ObjectID, context: Int, _ body: (OpaquePointer) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var diff: OpaquePointer?
        try withTree(one) { (old: OpaquePointer) throws(GitError) in
            try withTree(other) { (new: OpaquePointer) throws(GitError) in
                try DiffText.withOptions(context: context) { (options) throws(GitError) in
                    try GitError.check(git_diff_tree_to_tree(&diff, handle, old, new, &options), "compare", "\(one) with \(other)")
                }
            }
        }
        defer { git_diff_free(diff) }
        guard let diff else { throw GitError("compare", "\(one) with \(other)", "libgit2 returned nothing") }
        return try body(diff)
    }
}

extension git_buf {
    var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: ptr, count: size)) }
}

/// The result of a tree walk.
private final class Paths {
    let prefix: String
    var all: [String] = []

    init(prefix: String) { self.prefix = prefix }
}
