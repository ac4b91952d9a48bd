import FileSystem
import Host
import Model
import SystemPackage
import Testing

@Suite("Files")
struct FilesTests {
    @Test("a written file is whole under its name, replaces the old one, and leaves no sibling")
    func write() throws {
        let folder = try Folder()
        let file = folder.path.appending("f")
        try Files.write("one", to: file)
        try Files.write("two", to: file)
        #expect(try Files.readText(file) == "two")
        #expect(Files.names(in: folder.path) == ["f"])
    }

    @Test("a file that cannot be written is an error that names it and says why")
    func fails() throws {
        let folder = try Folder()
        try Files.write("x", to: folder.path.appending("f"))
        let error = #expect(throws: FileError.self) { try Files.write("y", to: folder.path.appending("f/g")) }
        #expect(error?.description.contains("/f/g: Not a directory") == true)
        #expect(throws: FileError.self) { try Files.read(folder.path.appending("none")) }
    }

    @Test("the names in a folder that is not there are none; of one that cannot be read there is an error")
    func list() throws {
        let folder = try Folder()
        #expect(try Files.list(folder.path.appending("none")).isEmpty && Files.list(folder.path).isEmpty)
        for name in ["b", "a"] { try Files.write("", to: folder.path.appending(name)) }
        #expect(try Files.list(folder.path) == ["a", "b"])
        let error = #expect(throws: FileError.self) { try Files.list(folder.path.appending("a")) }
        #expect(error?.description.contains("/a: Not a directory") == true)
    }

    @Test("a digest is the one that sha256sum gives, and a copy tells the same")
    func digest() throws {
        let folder = try Folder()
        let file = folder.path.appending("f")
        try Files.write("abc", to: file)
        // The example in FIPS 180-4.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(try Files.digest(of: file).hex == known)
        #expect(try Files.copy(file, to: folder.path.appending("g")).hex == known)
    }

    @Test("a stamp changes with the content, and is none for what is no file")
    func stamp() throws {
        let folder = try Folder()
        let file = folder.path.appending("f")
        try Files.write("abc", to: file)
        let stamp = try #require(FileStamp(of: file))
        #expect(FileStamp(of: file) == stamp)
        try Files.write("abd", to: file)
        #expect(FileStamp(of: file) != stamp)
        #expect(FileStamp(of: folder.path) == nil)
    }

    @Test("a lock is held by one at a time, and free again when it is given back")
    func lock() throws {
        let folder = try Folder()
        let path = folder.path.appending("lock")
        let first = try #require(try FileLock.tryTake(path))
        #expect(try FileLock.tryTake(path) == nil)
        first.release()
        #expect(try FileLock.tryTake(path) != nil)
    }

    @Test("a scratch folder removes what the dead left, and not what the living have")
    func scratch() async throws {
        let folder = try Folder()
        let dead = folder.path.appending("4242-1")
        try Files.makeDirectory(dead)
        try Files.write("x", to: dead.appending("half"))
        let living = try await Scratch(in: folder.path)
        try Files.write("y", to: living.place("work"))
        #expect(!Files.exists(dead))
        let other = try await Scratch(in: folder.path)
        #expect(Files.isDirectory(living.path))
        #expect(living.place("a") != living.place("a"))
        living.remove()
        #expect(!Files.exists(living.path))
        #expect(Files.isDirectory(other.path))
    }

    @Test("a scratch folder removes what another one put aside and did not remove")
    func putAside() async throws {
        let folder = try Folder()
        let aside = folder.path.appending(".dead-1-4242-1")
        try Files.makeDirectory(aside.appending("half"))
        _ = try await Scratch(in: folder.path)
        #expect(!Files.exists(aside))
    }

    @Test("a wait for the gate of the scratch folders ends when the task is cancelled")
    func cancelledAtTheGate() async throws {
        let folder = try Folder()
        let gate = try #require(try FileLock.tryTake(folder.path.appending(".gate")))
        let waiting = Task { [path = folder.path] in try await Scratch(in: path).path }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        gate.release()
        #expect(Files.names(in: folder.path) == [".gate"])
    }
}

@Suite("Space on disk")
struct SpaceTests {
    @Test("blocks become bytes, and what is too much for a number of bytes is the largest one")
    func bytes() {
        #expect(Files.freeBytes(blocks: 3, of: 4096) == 12288)
        #expect(Files.freeBytes(blocks: .max, of: 4096) == .max)
        #expect(Files.freeBytes(blocks: UInt64(Int64.max) / 4096, of: 4096) == Int64.max / 4096 * 4096)
        #expect(Files.freeBytes(blocks: UInt64(Int64.max), of: 2) == .max)
    }
}
