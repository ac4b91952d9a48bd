import Git
import Host
import Model
import SystemPackage

/// A folder of this machine, taken as it is.
package struct FolderSource: Sendable {
    private let folder: FilePath

    /// Names the folder.
    package init(_ folder: FilePath) { self.folder = folder }

    /// Reads the folder into a repository. Of a git checkout, what git ignores is left out; what is not committed is not.
    ///
    /// - Throws: `GitError`; `FileError` when there is no such folder; `CancellationError`.
    package func importTree(into repository: Repository, progress: (Int) throws -> Void) throws -> (tree: ObjectID, lock: Lock) {
        let path = try Files.realPath(folder)
        let checkout = try repository.importCheckout(of: path.string, progress: progress)
        let lock = Lock(
            kind: .folder, name: path.string, version: checkout.tree.description, resolvedFrom: checkout.head?.description,
            isDirty: checkout.isDirty)
        return (checkout.tree, lock)
    }
}
