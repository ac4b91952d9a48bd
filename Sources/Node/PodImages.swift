import FileSystem
import FoundationEssentials
import Host
import Model
import Sandbox
import SystemPackage

import struct Crypto.SHA256

/// The images that a node's pods need, in one archive that `ctr images import` reads (Docker image specification 1.2), with one layer that
/// contains busybox.
struct PodImages {
    /// The image of the process that holds a pod's namespaces.
    static let pause = "localhost/ninepin/pause:1"
    /// The archive's path in the node.
    static let path = "/images.tar"
    private static let applets = [
        "sh", "sleep", "echo", "ls", "cat", "true", "head", "tail", "grep", "ps", "wget", "dd", "date", "id", "env",
    ]

    /// Writes the archive into a node's root file system.
    ///
    /// - Parameters:
    ///   - image: the name that pods refer to it by.
    ///   - scratch: a working folder, which is removed.
    /// - Throws: `FileError`; `CommandError`; `CancellationError`.
    static func write(
        into root: RootFileSystem, as image: String, busybox: FilePath, scratch: FilePath, on host: Host
    ) async throws {
        try root.program(try await archive(as: image, busybox: busybox, scratch: scratch, on: host), as: path)
    }

    /// The archive. It is created once and cached under the digest of its contents.
    ///
    /// - Throws: `FileError`; `CommandError`; `CancellationError`.
    static func archive(as image: String, busybox: FilePath, scratch: FilePath, on host: Host) async throws -> FilePath {
        defer { try? Files.remove(scratch) }
        let content = ["\(try Files.digest(of: busybox))", image, pause] + applets + [try configuration(of: "")]
        let key = Digest(bytes: SHA256.hash(data: Array(content.joined(separator: "\n").utf8)))
        let kept = host.workspace.appending("cache/images").appending("\(key).tar")
        if !Files.exists(kept) {
            let made = try await make(as: image, busybox: busybox, in: scratch, on: host)
            try Files.makeDirectory(kept.removingLastComponent())
            // The working folder can be on another file system: that of a node in the current environment.
            let output = try OutputFile(kept)
            do { _ = try Files.copy(made, to: output.path) } catch {
                output.discard()
                throw error
            }
            try output.finish()
        }
        return kept
    }

    private static func make(as image: String, busybox: FilePath, in scratch: FilePath, on host: Host) async throws -> FilePath {
        let (layer, archive) = (scratch.appending("layer"), scratch.appending("archive"))
        for folder in [layer.appending("bin"), layer.appending("tmp"), archive] { try Files.makeDirectory(folder) }
        _ = try Files.copy(busybox, to: layer.appending("bin/busybox"))
        for applet in applets { try Files.link(layer.appending("bin").appending(applet), to: "busybox") }
        try await pack(layer, into: archive.appending("layer.tar"), on: host)
        let text = try configuration(of: "sha256:\(try Files.digest(of: archive.appending("layer.tar")))")
        let name = "\(Digest(bytes: SHA256.hash(data: Array(text.utf8)))).json"
        try Files.write(text, to: archive.appending(name))
        let manifest = [Manifest(Config: name, RepoTags: [image, pause], Layers: ["layer.tar"])]
        try Files.write(try json(manifest), to: archive.appending("manifest.json"))
        let packed = scratch.appending("images.tar")
        try await pack(archive, into: packed, on: host)
        return packed
    }

    private static func configuration(of layer: String) throws -> String {
        try json(Configuration(rootfs: .init(diff_ids: [layer])))
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONDocument.line(of: value), as: UTF8.self)
    }

    private static func pack(_ folder: FilePath, into archive: FilePath, on host: Host) async throws {
        let command = Command(
            "/bin/tar", ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", archive.string, "-C", folder.string, "."],
            environment: host.plainEnvironment, on: host)
        _ = try await command.output()
    }

    private struct Configuration: Encodable {
        struct Settings: Encodable {
            let Cmd = ["sleep", "100000000"]
            let Env = ["PATH=/bin"]
        }
        struct RootFileSystem: Encodable {
            let type = "layers"
            let diff_ids: [String]
        }
        let architecture = Architecture.machine.rawValue
        let os = "linux"
        let config = Settings()
        let rootfs: RootFileSystem
    }

    private struct Manifest: Encodable {
        let Config: String
        let RepoTags: [String]
        let Layers: [String]
    }
}
