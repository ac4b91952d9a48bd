import Archive
import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage
import Testing
import Transfer

@testable import Sources

@Suite("An archive as a source")
struct ArchiveSourceTests {
    /// A folder with an archive that has one top folder, and a host.
    private func yard() async throws -> (FilePath, Host) {
        let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-source-\(UUID())").path)
        try Files.makeDirectory(folder.appending("thing-1.2"))
        try Files.write("1", to: folder.appending("thing-1.2/a"))
        let host = Host(environment: [:], workspace: folder, project: folder, isRoot: false)
        let tar = Command(
            "/usr/bin/tar", ["-czf", "a.tar.gz", "thing-1.2"], environment: host.plainEnvironment, directory: folder, on: host)
        _ = try await tar.output()
        return (folder, host)
    }

    @Test("it is fetched from the first address that has it, kept by its digest, and unpacked without its top folder")
    func fetches() async throws {
        let (folder, host) = try await yard()
        defer { try? Files.remove(folder) }
        let archive = folder.appending("a.tar.gz")
        let source = ArchiveSource(
            name: "a.tar.gz", bytes: nil, sha256: try Files.digest(of: archive), mirrors: folder.appending("mirrors"), on: host)
        try await source.fetch(from: ["file://\(folder)/none.tar.gz", "file://\(archive)"]) { _ in }
        try Files.remove(archive)
        // An archive that was already fetched needs no address.
        try await source.fetch(from: ["file://\(archive)"]) { _ in }
        try source.unpack(into: folder.appending("out")) { _ in }
        #expect(try Files.readText(folder.appending("out/a")) == "1")
    }

    @Test("a + in an address is a +, as it is written and as %2B: k3s has it in its releases")
    func plus() async throws {
        let (folder, host) = try await yard()
        defer { try? Files.remove(folder) }
        try Files.rename(folder.appending("a.tar.gz"), to: folder.appending("v1.21.2+k3s1.tar.gz"))
        for name in ["v1.21.2+k3s1.tar.gz", "v1.21.2%2Bk3s1.tar.gz"] {
            let source = ArchiveSource(
                name: name, bytes: nil, sha256: try Files.digest(of: folder.appending("v1.21.2+k3s1.tar.gz")),
                mirrors: folder.appending("mirrors-\(name.count)"), on: host)
            try await source.fetch(from: ["file://\(folder)/\(name)"]) { _ in }
            try source.unpack(into: folder.appending("out-\(name.count)")) { _ in }
            #expect(try Files.readText(folder.appending("out-\(name.count)/a")) == "1")
        }
    }

    @Test("the last part of an address names a file only when it is a name", arguments: ["..", ".", "", "a/../../b", ".git", "x\u{0}y"])
    func names(name: String) throws {
        let folder: FilePath = "/nowhere"
        let host = Host(environment: [:], workspace: folder, project: folder, isRoot: false)
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        let source = ArchiveSource(name: name, bytes: nil, sha256: digest, mirrors: folder.appending("mirrors"), on: host)
        #expect(source.path == folder.appending("mirrors/archives/\(digest.hex)/archive"))
    }

    @Test("an archive with another digest is an error that names both, and is not unpacked")
    func otherDigest() async throws {
        let (folder, host) = try await yard()
        defer { try? Files.remove(folder) }
        let wrong = try #require(Digest(String(repeating: "0", count: 64)))
        let source = ArchiveSource(name: "a.tar.gz", bytes: nil, sha256: wrong, mirrors: folder.appending("mirrors"), on: host)
        let error = await #expect(throws: TransferError.self) { try await source.fetch(from: ["file://\(folder)/a.tar.gz"]) { _ in } }
        #expect(error?.description.contains(wrong.hex) == true)
        #expect(throws: ArchiveError.self) { try source.unpack(into: folder.appending("out")) { _ in } }
        #expect(!Files.exists(folder.appending("out")))
    }
}
