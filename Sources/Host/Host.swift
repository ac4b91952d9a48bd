import FileSystem
import FoundationEssentials
import Glibc
import Model
import SystemPackage

/// The environment of a command. It is passed as a parameter, so that tests can substitute another one.
package struct Host: Sendable {
    /// The environment variables.
    package let environment: [String: String]
    /// The directory where Ninepin stores what it fetches, builds and records.
    package let workspace: FilePath
    /// The directory with `recipes/` and `patches/`.
    package let project: FilePath
    /// Whether the process may create namespaces and mounts.
    package let isRoot: Bool
    /// The directory that contains the machine's `etc/`.
    package let machine: FilePath
    /// The timeouts on this machine.
    package let deadlines: Deadlines

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
    ///   - workspace: the workspace directory; nil for `NINEPIN_WORKSPACE` or the project's `Workspace`.
    ///   - deadlines: the timeouts.
    ///   - project: the project directory; nil to search upward from the current directory or from the program's own location.
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

    /// The first program with this name on `PATH` or in additional directories; nil if there is none.
    package func program(_ name: String, alsoIn folders: [String] = []) -> FilePath? {
        let path = environment["PATH"]?.split(separator: ":").map(String.init) ?? []
        // Administration programs are not on every user's PATH.
        let all = folders + path + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        return all.lazy.map { FilePath($0).appending(name) }.first { access($0.string, X_OK) == 0 && !Files.isDirectory($0) }
    }

    /// The environment for programs that need only a path and a plain locale. No user settings affect the result.
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
