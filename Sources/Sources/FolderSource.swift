import FileSystem
import Git
import Host
import Model
import SystemPackage

/// A local folder, used as it is.
package struct FolderSource: Sendable {
    private let folder: FilePath

    package init(_ folder: FilePath) { self.folder = folder }

    /// Imports the folder into a repository. In a git checkout, ignored files are left out; uncommitted changes are included.
    ///
    /// - Throws: `GitError`; `FileError` if there is no such folder; `CancellationError`.
    package func importTree(into repository: Repository, progress: (Int) throws -> Void) throws -> (tree: ObjectID, lock: Lock) {
        let path = try Files.realPath(folder)
        let checkout = try repository.importCheckout(of: path.string, progress: progress)
        let lock = Lock(
            kind: .folder, name: path.string, version: checkout.tree.description, resolvedFrom: checkout.head?.description,
            isDirty: checkout.isDirty)
        return (checkout.tree, lock)
    }
}
