import FoundationEssentials
import Glibc
import Model
import SystemPackage

/// What the outside world is to a command: handed down by parameter, so that a test can hand down another one.
package struct Host: Sendable {
    /// The environment's variables.
    package let environment: [String: String]
    /// Where Ninepin keeps what it fetched, built and found out.
    package let workspace: FilePath
    /// The folder with `recipes/` and `patches/`.
    package let project: FilePath
    /// Whether the process may make namespaces and mounts.
    package let isRoot: Bool
    /// The folder in which the machine's own `etc/` stands.
    package let machine: FilePath
    /// How long something is waited for here.
    package let deadlines: Deadlines

    /// Makes a host of its parts.
    package init(
        environment: [String: String], workspace: FilePath, project: FilePath, isRoot: Bool, machine: FilePath = "/",
        deadlines: Deadlines = Deadlines()
    ) {
        self.environment = environment
        self.workspace = workspace
        self.project = project
        self.isRoot = isRoot
        self.machine = machine
        self.deadlines = deadlines
    }

    /// The machine that this process runs on.
    ///
    /// - Parameters:
    ///   - workspace: the workspace's folder; `NINEPIN_WORKSPACE` or the project's `Workspace` when nil.
    ///   - deadlines: how long something is waited for.
    ///   - project: the project's folder; found upwards from the current directory or from the program's own place when nil.
    package static func current(workspace: String? = nil, project: String? = nil, deadlines: Deadlines = Deadlines()) -> Host {
        let environment = ProcessInfo.processInfo.environment
        let here = FilePath(FileManager.default.currentDirectoryPath)
        let home = project.map { here.pushing(FilePath($0)) } ?? Self.findProject(from: here)
        let folder = workspace ?? environment["NINEPIN_WORKSPACE"].flatMap { $0.isEmpty ? nil : $0 }
        return Host(
            environment: environment,
            workspace: (folder.map { here.pushing(FilePath($0)) } ?? home.appending("Workspace")).lexicallyNormalized(),
            project: home.lexicallyNormalized(), isRoot: geteuid() == 0, deadlines: deadlines)
    }

    /// The first program of a name on `PATH`, or in one of some more folders; nil when there is none.
    package func program(_ name: String, alsoIn folders: [String] = []) -> FilePath? {
        let path = environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        // Administrators' programs are not on everybody's PATH.
        let all = folders + path + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        return all.lazy.map { FilePath($0).appending(name) }.first { access($0.string, X_OK) == 0 && !Files.isDirectory($0) }
    }

    /// The environment that a program gets which needs no more than a path and a plain locale: nothing of the user's leaks into a result.
    package var plainEnvironment: [String: String] {
        [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
            "HOME": environment["HOME"] ?? "/",
        ]
    }

    private static func findProject(from directory: FilePath) -> FilePath {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")).map {
            FilePath($0).removingLastComponent()
        }
        for start in [directory, program].compactMap(\.self) {
            var folder = start
            while true {
                if Files.isDirectory(folder.appending("recipes")), Files.isDirectory(folder.appending("patches")) { return folder }
                guard folder.removeLastComponent() else { break }
            }
        }
        return directory
    }
}
