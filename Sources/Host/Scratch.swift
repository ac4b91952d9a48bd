import Glibc
import SystemPackage

/// A folder for what is not whole yet. Everything in it goes away with its process: at the end of a good run, or, after a kill, when the
/// next process looks. A lock held for the process's life tells the living from the dead, also across PID namespaces.
public final class Scratch: Sendable {
    /// The folder.
    public let path: FilePath
    private let lock: FileLock
    private let count = Counter()

    /// Makes a scratch folder below a parent, and removes those there whose processes have died.
    ///
    /// - Throws: `FileError` when the folder cannot be made.
    public init(in parent: FilePath) throws(FileError) {
        try Files.makeDirectory(parent)
        // Held while a folder is made and its lock taken: nobody takes a new-born for dead.
        let gate = try FileLock.waitBriefly(parent.appending(".gate"))
        defer { gate.release() }
        for name in Files.names(in: parent) where !name.hasPrefix(".") { Self.removeIfDead(parent.appending(name)) }
        path = parent.appending("\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try Files.makeDirectory(path)
        guard let lock = try FileLock.tryTake(path.appending(".alive")) else {
            throw FileError("lock", path, Errno.wouldBlock)
        }
        self.lock = lock
    }

    /// A path in the folder that nothing else has; the name is for people.
    public func place(_ name: String) -> FilePath {
        path.appending("\(count.next())-\(name)")
    }

    /// Removes the folder with all in it.
    public func remove() {
        try? Files.remove(path)
        lock.release()
    }

    deinit { remove() }

    private static func removeIfDead(_ folder: FilePath) {
        guard Files.isDirectory(folder), let lock = try? FileLock.tryTake(folder.appending(".alive")) else { return }
        try? Files.remove(folder)
        lock.release()
    }
}
