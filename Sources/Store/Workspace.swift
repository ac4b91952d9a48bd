import Host
import SystemPackage

/// Where things lie in a workspace.
package struct Workspace: Sendable {
    /// The folder.
    package let path: FilePath
    /// The results of steps, by their keys.
    package var store: FilePath { path.appending("store") }
    /// All trees, as objects of one bare repository.
    package var trees: FilePath { path.appending("store/trees.git") }
    /// Fetched files, package by package.
    package var mirrors: FilePath { path.appending("mirrors") }
    /// What can be made again at the cost of time: Go's build cache, work trees, apt's index.
    package var cache: FilePath { path.appending("cache") }
    /// The recorded runs.
    package var runs: FilePath { path.appending("runs") }
    /// The recorded tables of approaches.
    package var approaches: FilePath { path.appending("approaches") }
    /// What is not whole yet.
    package var unfinished: FilePath { path.appending("tmp") }

    /// The workspace of a host.
    package init(_ host: Host) { path = host.workspace }
}
