import ExitCodes
import FileSystem
import Glibc
import Host
import SystemPackage

/// The layout of a workspace.
package struct Workspace: Sendable {
    /// The workspace's folder.
    package let path: FilePath
    /// The results of steps, by key.
    package var store: FilePath { path.appending("store") }
    /// All trees, as objects of one bare repository.
    package var trees: FilePath { path.appending("store/trees.git") }
    /// Fetched files, by package.
    package var mirrors: FilePath { path.appending("mirrors") }
    /// Data that can be recreated at the cost of time: Go's build cache, worktrees, apt's index.
    package var cache: FilePath { path.appending("cache") }
    /// The recorded runs.
    package var runs: FilePath { path.appending("runs") }
    /// The database about the recorded runs and the nights.
    package var ledger: FilePath { path.appending("ledger.sqlite") }
    /// The recorded tables of approaches.
    package var approaches: FilePath { path.appending("approaches") }
    /// The nodes that `ninepin up` keeps.
    package var nodes: FilePath { path.appending("nodes") }
    /// What failed steps left, kept because a user asked for it.
    package var failed: FilePath { path.appending("failed") }
    /// Incomplete work.
    package var unfinished: FilePath { path.appending("tmp") }

    /// The workspace of a host.
    package init(_ host: Host) { path = host.workspace }

    /// Checks that the workspace can be written, before anything is.
    ///
    /// - Throws: ``NotWritable``.
    package func check() throws(NotWritable) {
        var folder = path
        while !Files.exists(folder), folder.removeLastComponent() {}
        guard access(folder.string, W_OK | X_OK) == 0 else { throw NotWritable(workspace: path, folder: folder) }
        for folder in [unfinished, store, mirrors, cache, runs, approaches, nodes, failed] where Files.isDirectory(folder) {
            guard access(folder.string, W_OK | X_OK) == 0 else { throw NotWritable(workspace: path, folder: folder) }
        }
    }

    /// The user may not write the workspace.
    package struct NotWritable: ExitStatusError, Sendable, CustomStringConvertible {
        let workspace: FilePath
        /// The workspace, a folder in it, or the first folder above it that exists.
        let folder: FilePath

        /// What follows from a folder that is not the workspace itself.
        private var consequence: String {
            if folder == workspace { return "" }
            return folder.starts(with: workspace)
                ? ": it belongs to the workspace \(workspace)" : ", so the workspace \(workspace) cannot be made"
        }

        /// Which folder cannot be written, and what to do.
        package var description: String {
            """
            \(folder) is not writable by you\(consequence)
                Choose another workspace with --workspace DIR or NINEPIN_WORKSPACE.
            """
        }

        package var exitStatus: ExitStatus { .output }
    }
}
