import FileSystem
import Foundation
import Glibc
import SystemPackage
import Testing

/// Files that a user names for results.
final class OutputFileTests {
    private let folder = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-output-\(UUID())").path)

    init() throws { try Files.makeDirectory(folder) }

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    private func text(_ name: String) throws -> String { try Files.readText(folder.appending(name)) }

    @Test("a file is created or replaced when all is written, and nothing is left beside it")
    func regular() throws {
        let place = folder.appending("file")
        for text in ["first", "second"] {
            let output = try OutputFile(place)
            try Files.overwrite(output.path, with: Array(text.utf8))
            #expect(try !Files.exists(place) || self.text("file") == "first")
            try output.finish()
            #expect(try self.text("file") == text)
        }
        try OutputFile(place).discard()
        #expect(try Files.list(folder) == ["file"])
        #expect(try text("file") == "second")
    }

    @Test("a link is followed and stays; the file that it leads to is replaced")
    func link() throws {
        try Files.makeDirectory(folder.appending("there"))
        try Files.write("old", to: folder.appending("there/file"))
        try Files.link(folder.appending("link"), to: "there/file")
        try OutputFile.write(Array("new".utf8), to: folder.appending("link"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.appending("link").string) == "there/file")
        #expect(try text("there/file") == "new")
        #expect(try Files.list(folder.appending("there")) == ["file"] && Files.list(folder) == ["link", "there"])
    }

    @Test("a FIFO is written to, and stays one")
    func stream() async throws {
        let place = folder.appending("fifo")
        try #require(mkfifo(place.string, 0o600) == 0)
        // Opened for reading and writing, it has a reader, and what is small is kept in its buffer.
        let reader = open(place.string, O_RDWR | O_NONBLOCK)
        defer { close(reader) }
        try OutputFile.write(Array("through".utf8), to: place)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = read(reader, &bytes, bytes.count)
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "through")
        var status = stat()
        #expect(lstat(place.string, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        #expect(try Files.list(folder) == ["fifo"])
    }

    @Test("a device that is full is an error, and stays a device")
    func device() throws {
        // A link, so that a mistake would not replace the machine's own.
        try Files.link(folder.appending("full"), to: "/dev/full")
        #expect(throws: FileError.self) { try OutputFile.write([1], to: folder.appending("full")) }
        var status = stat()
        #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("a directory, and a folder that is not there, are errors with the reason")
    func refused() throws {
        for (name, reason) in [(".", "directory"), ("none/file", "No such file"), ("dangling", "No such file")] {
            if name == "dangling" { try Files.link(folder.appending(name), to: "nowhere/file") }
            let error = #expect(throws: FileError.self) { try OutputFile(folder.appending(name)) }
            #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
            #expect(error?.isOutput == true)
        }
    }

    @Test("what is added to a file stands behind what was there, also through a link")
    func append() throws {
        try Files.link(folder.appending("link"), to: "summary")
        try Files.write("one\n", to: folder.appending("summary"))
        try OutputFile.append(Array("two\n".utf8), to: folder.appending("link"))
        #expect(try text("summary") == "one\ntwo\n")
    }
}
