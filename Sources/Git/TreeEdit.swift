import CLibgit2
import Paths

extension Repository {
    /// A tree with other trees and files inserted; they replace existing entries at their paths.
    ///
    /// - Parameters:
    ///   - trees: IDs of trees in this repository, by path.
    ///   - files: file contents, by path.
    /// - Throws: `TreeFault` for a path that a tree must not contain; `GitError` if a tree is not in the repository, or a path passes
    ///   through a file.
    package func tree(_ tree: ObjectID, with trees: [String: ObjectID], files: [String: [UInt8]] = [:]) throws -> ObjectID {
        var result = tree
        for (path, id) in trees.sorted(by: { $0.key < $1.key }) { result = try put(id, GIT_FILEMODE_TREE, at: path, in: result) }
        for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
            var raw = git_oid()
            let code = bytes.withUnsafeBytes { git_blob_create_from_buffer(&raw, handle, $0.baseAddress, $0.count) }
            try GitError.check(code, "store", path)
            result = try put(ObjectID(raw), GIT_FILEMODE_BLOB, at: path, in: result)
        }
        return result
    }

    private func put(_ id: ObjectID, _ mode: git_filemode_t, at path: String, in tree: ObjectID) throws -> ObjectID {
        do throws(PathFault) { _ = try ContainedPath(Array(path.utf8)) } catch {
            throw TreeFault("the tree \(tree)", Array(path.utf8), error.description)
        }
        return try withTree(tree) { (tree: OpaquePointer) throws(GitError) in
            var raw = git_oid()
            let code = path.withCString { path in
                var update = git_tree_update(action: GIT_TREE_UPDATE_UPSERT, id: id.raw, filemode: mode, path: path)
                return git_tree_create_updated(&raw, handle, tree, 1, &update)
            }
            try GitError.check(code, "write tree", path)
            return ObjectID(raw)
        }
    }
}
