import FileSystem
import FoundationEssentials
import Glibc
import Host
import SystemPackage

/// A test's own folder, removed at the end.
final class Folder: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-sandbox-\(UUID())").path)
        try Files.makeDirectory(path)
    }

    deinit { try? Files.remove(path) }

    /// A host whose workspace is this folder.
    var host: Host { Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: geteuid() == 0) }

    /// Writes a fake program of the machine.
    func program(_ name: String, _ text: String) throws -> FilePath {
        try Files.write(text, to: path.appending(name), mode: 0o755)
        return path.appending(name)
    }

}
