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
    /// The directories with `recipes/` and `patches/`, all equal; empty if none was named and none was found.
    package let projects: [FilePath]
    /// The first of them; the current directory if there is none.
    package let project: FilePath
    /// What the configuration files and environment variables set.
    package let settings: Settings
    /// Whether the process may create namespaces and mounts.
    package let isRoot: Bool
    /// The directory that contains the machine's `etc/`.
    package let machine: FilePath
    /// The timeouts on this machine.
    package let deadlines: Deadlines

    package init(
        environment: [String: String], workspace: FilePath, project: FilePath, projects: [FilePath]? = nil, isRoot: Bool,
        machine: FilePath = "/", deadlines: Deadlines = Deadlines(), settings: Settings = Settings()
    ) {
        self.environment = environment
        self.workspace = workspace
        self.project = project
        self.projects = projects ?? [project]
        self.settings = settings
        self.isRoot = isRoot
        self.machine = machine
        self.deadlines = deadlines
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
}
