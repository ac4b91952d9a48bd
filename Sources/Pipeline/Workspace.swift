import GoToolchain
import Host
import Model
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
    /// The recorded tables of approaches.
    public var approaches: FilePath { path.appending("approaches") }
    /// What is not whole yet.
    public var unfinished: FilePath { path.appending("tmp") }

    /// Where a recipe's tree is built.
    func place(of recipe: String, importPath: String, mode: Target.Mode) -> GoPlace {
        GoPlace(
            path: cache.appending("work").appending(recipe), importPath: importPath, mode: mode, cache: cache.appending("go-build"),
            modules: cache.appending("go-modules"))
    }

    /// The workspace of a host.
    public init(_ host: Host) { path = host.workspace }
}
