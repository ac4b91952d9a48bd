import Host
import SystemPackage

/// Where things lie in a workspace.
public struct Workspace: Sendable {
    /// The folder.
    public let path: FilePath
    /// The results of steps, by their keys.
    public var store: FilePath { path.appending("store") }
    /// All trees, as objects of one bare repository.
    public var trees: FilePath { path.appending("store/trees.git") }
    /// Fetched files, package by package.
    public var mirrors: FilePath { path.appending("mirrors") }
    /// What can be made again at the cost of time: Go's build cache, work trees, apt's index.
    public var cache: FilePath { path.appending("cache") }
    /// The recorded runs.
    public var runs: FilePath { path.appending("runs") }
    /// What is not whole yet.
    public var unfinished: FilePath { path.appending("tmp") }

    /// The workspace of a host.
    public init(_ host: Host) { path = host.workspace }
}
