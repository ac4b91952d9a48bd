import FileSystem
import Git
import Store
import SystemPackage

/// A source as it was unpacked, kept so that the first build need not write all of its files again.
struct UnpackedTree {
    /// The name of the subfolder that contains the files.
    static let directory: FilePath.Component = "tree"

    private static let note: FilePath.Component = "holds"
    private let tree: ObjectID
    private let folder: FilePath

    init(_ tree: ObjectID, in workspace: Workspace) {
        self.tree = tree
        folder = workspace.cache.appending("unpacked").appending(tree.description)
    }

    /// Takes over a folder that contains the files from which the tree was just imported.
    func keep(_ unpacked: FilePath) throws {
        let place = unpacked.appending(Self.directory)
        try WorkTree(directory: place.string, note: unpacked.appending(Self.note).string).adopt(tree)
        try Files.remove(folder)
        try Files.makeDirectory(folder.removingLastComponent())
        try Files.rename(unpacked, to: folder)
    }

    /// Turns the folder into a worktree if there is none yet.
    func move(to directory: FilePath, note: FilePath) throws {
        guard Files.exists(folder), !Files.exists(directory) else { return }
        try Files.rename(folder.appending(Self.directory), to: directory)
        try Files.rename(folder.appending(Self.note), to: note)
        try Files.remove(folder)
    }
}
