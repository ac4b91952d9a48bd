import Glibc
import SystemPackage

/// A folder for what is not whole yet. Everything in it goes away with its process: at the end of a good run, or, after a kill, when the
/// next process looks. A lock held for the process's life tells the living from the dead, also across PID namespaces.
package final class Scratch: Sendable {
    /// The folder.
    package let path: FilePath
    private let lock: FileLock
    private let count = Counter()

    /// Makes a scratch folder below a parent, and removes those there whose processes have died.
    ///
    /// - Throws: `FileError` when the folder cannot be made; `CancellationError` while others make theirs.
    package init(in parent: FilePath) async throws {
        try Files.makeDirectory(parent)
        // Held while a folder is made and its lock taken: nobody takes a new-born for dead.
        let gate = try await FileLock.waitBriefly(parent.appending(".gate"))
        (path, lock) = try Self.make(in: parent, holding: gate)
        // What takes long is nobody's wait; what this process does not get done, the next one does. Two may do it at once.
        for name in Files.names(in: parent) where name.hasPrefix(Self.dead) { try? Files.remove(parent.appending(name)) }
    }

    /// Makes the folder, puts those of the dead aside, and opens the gate again.
    private static func make(in parent: FilePath, holding gate: FileLock) throws(FileError) -> (FilePath, FileLock) {
        defer { gate.release() }
        for name in Files.names(in: parent) where !name.hasPrefix(".") { putAsideIfDead(name, in: parent) }
        let path = parent.appending("\(getpid())-\(UInt32.random(in: 0...UInt32.max))")
        try Files.makeDirectory(path)
        guard let lock = try FileLock.tryTake(path.appending(".alive")) else {
            throw FileError("lock", path, Errno.wouldBlock)
        }
        return (path, lock)
    }

    /// A path in the folder that nothing else has; the name is for people.
    package func place(_ name: String) -> FilePath {
        path.appending("\(count.next())-\(name)")
    }

    /// Removes the folder with all in it.
    package func remove() {
        try? Files.remove(path)
        lock.release()
    }

    deinit { remove() }

    /// How the names of folders begin whose process has died, and that are being removed.
    private static let dead = ".dead-"

    private static func putAsideIfDead(_ name: String, in parent: FilePath) {
        let folder = parent.appending(name)
        guard Files.isDirectory(folder), let lock = try? FileLock.tryTake(folder.appending(".alive")) else { return }
        try? Files.rename(folder, to: parent.appending("\(dead)\(UInt32.random(in: 0...UInt32.max))-\(name)"))
        lock.release()
    }
}
