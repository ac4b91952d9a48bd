import Foundation
import Glibc
import Model
import SystemPackage
import Testing

@testable import FileSystem
@testable import Host

@Suite("Files that are opened to be read", .timeLimit(.minutes(1)))
struct OpenFileTests {
    /// A test's own folder.
    private func folder() throws -> FilePath {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-open-\(UUID())").path)
        try Files.makeDirectory(path)
        return path
    }

    @Test("only a regular file is read, whatever is asked of it; a link is what it leads to")
    func regular() throws {
        let folder = try folder()
        defer { try? Files.remove(folder) }
        let pipe = folder.appending("pipe")
        try #require(mkfifo(pipe.string, 0o600) == 0)
        try #require(symlink("/dev/zero", folder.appending("link").string) == 0)
        for (path, words) in [(pipe, "a FIFO"), ("/dev/zero", "a device"), (folder.appending("link"), "a device"), (folder, "a directory")]
        {
            let reads: [() throws -> Void] = [
                { _ = try Files.read(path) }, { _ = try Files.read(path, from: 0, count: 1) }, { _ = try Files.readYaml(path) },
                { _ = try Files.digest(of: path) }, { _ = try Files.copy(path, to: folder.appending("copy")) },
                { try Files.eachPiece(of: path) { _ in } },
            ]
            for read in reads {
                let error = #expect(throws: FileError.self, performing: read)
                #expect(error?.reason == "it is \(words), not a regular file")
            }
        }
        #expect(!Files.exists(folder.appending("copy")))
    }

    @Test("a part of a file is what is there, however much is asked for, and asking for much takes no memory")
    func part() throws {
        let folder = try folder()
        defer { try? Files.remove(folder) }
        let path = folder.appending("file")
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        try Files.write(bytes, to: path)
        // More than a machine has: an array of this length could not be made.
        #expect(try Files.read(path, from: 0, count: 1 << 50) == bytes)
        #expect(try Files.read(path, from: 299_999, count: 1 << 50) == [bytes[299_999]])
        #expect(try Files.read(path, from: 300_000, count: 1) == [])
        #expect(try Files.read(path, from: 131_000, count: 131_200) == Array(bytes[131_000..<262_200]))
        #expect(try Files.read(path, from: 5, count: 0) == [])
        #expect(try Files.read(path, from: 5, count: -1) == [])
    }

    @Test("a FIFO that may be one is read to the end of those who write it")
    func stream() throws {
        let folder = try folder()
        defer { try? Files.remove(folder) }
        let pipe = folder.appending("pipe")
        try #require(mkfifo(pipe.string, 0o600) == 0)
        // Opened for reading and writing, a FIFO does not wait for a peer.
        let writer = try FileDescriptor.open(pipe, .readWrite)
        _ = try writer.writeAll(Array("one".utf8))
        var bytes: [UInt8] = []
        try Files.eachPiece(of: pipe, mayBeStream: true) { piece in
            bytes += piece
            try? writer.close()
        }
        #expect(bytes == Array("one".utf8))
    }

    @Test("a cancelled task reads no further, also where nothing comes")
    func cancelled() async throws {
        let folder = try folder()
        defer { try? Files.remove(folder) }
        let (pipe, sparse) = (folder.appending("pipe"), folder.appending("sparse"))
        try #require(mkfifo(pipe.string, 0o600) == 0)
        try Files.write("x", to: sparse)
        try #require(truncate(sparse.string, 1 << 40) == 0)
        let reads: [@Sendable () throws -> Void] = [
            { try Files.eachPiece(of: pipe, mayBeStream: true) { _ in } }, { _ = try Files.digest(of: sparse) },
        ]
        for read in reads {
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try read()
            }
            let error = await #expect(throws: FileError.self) { try await task.value }
            #expect(error?.reason == "interrupted")
        }
    }

    @Test("an error stands in one line, whatever the file is called")
    func words() {
        let error = #expect(throws: FileError.self) { _ = try Files.read("/nowhere/a\nclean: b\u{1B}") }
        #expect(error?.description == "cannot read /nowhere/a\\u{A}clean: b\\u{1B}: No such file or directory")
    }
}
