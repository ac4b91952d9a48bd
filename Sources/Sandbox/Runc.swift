import ExitCodes
import FileSystem
import Glibc
import Host
import Model
import SystemPackage

/// Debian's runc, which runs a container on the machine's own kernel. A node in a sandbox is compared with a node in it.
package struct Runc: Hashable, Sendable {
    /// runc is not installed.
    package struct Missing: ExitStatusError, Sendable, CustomStringConvertible {
        /// What is missing and how to install it.
        package var description: String { "runc is not on PATH\n    Run ./setup, or: apt-get install runc" }

        package var exitStatus: ExitStatus { .missing }
    }

    package let program: FilePath
    /// Its release, as it reports it.
    package let version: String

    /// Finds runc on `PATH`.
    ///
    /// - Throws: `Missing`; `CommandError`; `CancellationError`.
    package static func find(on host: Host) async throws -> Runc {
        guard let program = host.program("runc") else { throw Missing() }
        let said = try await Command(program, ["--version"], environment: host.plainEnvironment, on: host).output()
        return Runc(program: program, version: said.split(whereSeparator: \.isWhitespace).dropFirst(2).first.map(String.init) ?? "unknown")
    }

    /// The command that runs a bundle in a container.
    ///
    /// - Parameter state: a directory for runc's own state.
    package func run(_ bundle: Bundle, state: FilePath, on host: Host) -> Command {
        Command(
            program, ["--root", state.string, "run", "--bundle", bundle.path.string, "node"],
            environment: host.plainEnvironment, on: host)
    }
}

/// The cgroups of a container on the machine. Unlike everything else of a container, they remain when its processes have ended.
package struct ContainerGroup: Sendable {
    private static let top = FilePath("/sys/fs/cgroup")
    private static let parent = "ninepin"
    private let name: String
    private let deadlines: Deadlines

    /// Names a container's cgroup, and removes those of ended containers.
    ///
    /// - Parameter deadlines: the timeout for the kernel.
    package init(_ name: String, within deadlines: Deadlines) {
        self.name = name
        self.deadlines = deadlines
        Self.sweep()
    }

    /// The cgroup's path in a bundle's specification.
    package var path: String { "/\(Self.parent)/\(name)" }

    /// Removes the cgroup from every hierarchy, including those that the container created below it. This may take a moment while its
    /// processes are being killed.
    package func remove() async {
        for _ in 0..<Int(deadlines[.cgroupEnd] / 0.1) {
            if Self.folders.map({ Self.removeTree($0.appending(name)) }).allSatisfy(\.self) { break }
            try? await Task.sleep(for: .milliseconds(100))
        }
        Self.sweep()
    }

    private static func sweep() {
        for folder in folders {
            // A running container has empty cgroups too, so none of its cgroups are touched.
            for name in Files.names(in: folder) where !isPopulated(folder.appending(name)) { _ = removeTree(folder.appending(name)) }
            rmdir(folder.string)
        }
    }

    private static var folders: [FilePath] {
        ([""] + Files.names(in: top)).map { top.appending($0).appending(parent) }.filter(Files.isDirectory)
    }

    private static func isPopulated(_ folder: FilePath) -> Bool {
        guard Files.isDirectory(folder) else { return false }
        if (try? Files.read(folder.appending("cgroup.procs")))?.isEmpty == false { return true }
        return Files.names(in: folder).contains { isPopulated(folder.appending($0)) }
    }

    /// Removes a cgroup tree; returns whether nothing is left.
    private static func removeTree(_ folder: FilePath) -> Bool {
        guard Files.isDirectory(folder) else { return true }
        for name in Files.names(in: folder) where Files.isDirectory(folder.appending(name)) { _ = removeTree(folder.appending(name)) }
        return rmdir(folder.string) == 0
    }
}
