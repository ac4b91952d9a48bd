import FileSystem
import Glibc
import Host
import Model
import SystemPackage
import Testing

@Suite("Locks that others look at")
struct LockTests {
    @Test("a lock that is given back is free at once, although a process that is being started still has its descriptor")
    func givenBack() throws {
        let folder = try Folder()
        let path = folder.path.appending("lock")
        let lock = try #require(try FileLock.tryTake(path))
        // The same open file under another descriptor, as in a child between fork(2) and execve(2).
        let names = Files.names(in: "/proc/self/fd").compactMap { Int32($0) }
        let copies = names.filter { Files.linkTarget(FilePath("/proc/self/fd/\($0)")) == path.string }.map { fcntl($0, F_DUPFD_CLOEXEC, 0) }
        defer { for copy in copies { close(copy) } }
        try #require(copies.count == 1)
        #expect(try FileLock.isHeld(path))
        lock.release()
        #expect(try !FileLock.isHeld(path))
        try #require(try FileLock.tryTake(path)).release()
    }

    @Test("a file that is not there is nobody's lock, and looking makes none")
    func notThere() throws {
        let folder = try Folder()
        #expect(try !FileLock.isHeld(folder.path.appending("none")))
        #expect(try !FileLock.isHeld(folder.path.appending("no folder/none")))
        #expect(Files.names(in: folder.path).isEmpty)
    }

    @Test("a file that cannot be opened is an error")
    func unopenable() throws {
        let folder = try Folder()
        let loop = folder.path.appending("loop")
        try #require(symlink("loop", loop.string) == 0)
        let error = #expect(throws: FileError.self) { try FileLock.isHeld(loop) }
        #expect(error?.description.contains("check the lock") == true)
        try Files.write("", to: folder.path.appending("file"))
        #expect(throws: FileError.self) { try FileLock.isHeld(folder.path.appending("file/lock")) }
    }
}
