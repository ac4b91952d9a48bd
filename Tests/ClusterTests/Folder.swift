import Cluster
import FileSystem
import FoundationEssentials
import Host
import SystemPackage

/// A test's own folder, removed at the end.
final class Folder: Sendable {
    let path: FilePath

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-cluster-\(UUID())").path)
        try Files.makeDirectory(path)
    }

    deinit { try? Files.remove(path) }

    /// A host whose workspace is this folder; it uses no namespaces, so the tests do not need root.
    var host: Host { Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false) }

    /// The permission bits of each file in a folder.
    static func modes(in folder: FilePath) throws -> [String: Int] {
        var modes: [String: Int] = [:]
        for name in Files.names(in: folder) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.appending(name).string)
            modes[name] = attributes[.posixPermissions] as? Int
        }
        return modes
    }
}

/// Polls until there is a value; nil after a minute, which is far longer than any of these checks takes.
func soon<Value>(_ look: () throws -> Value?) async throws -> Value? {
    for _ in 0..<12_000 {
        if let value = try look() { return value }
        try await Task.sleep(for: .milliseconds(5))
    }
    return nil
}
