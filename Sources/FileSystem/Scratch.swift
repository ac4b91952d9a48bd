import Glibc
import SystemPackage

/// A directory for unfinished files. Its contents are removed when the process ends normally, or, after a kill, by the next process that
/// starts. A lock held for the process's lifetime shows whether the process is alive, even across PID namespaces.
package final class Scratch: Sendable {
    package let path: FilePath
    private let lock: FileLock
    private let count = Counter()

    /// Creates a scratch directory in a parent directory, and removes those there whose processes have died.
    ///
    /// - Throws: `FileError` if the directory cannot be created; `CancellationError` while waiting for others.
    package init(in parent: FilePath) async throws {
        try Files.makeDirectory(parent)
        // Held while a directory is created and its lock acquired, so that nobody considers a new directory dead.
        let gate = try await FileLock.waitBriefly(parent.appending(".gate"))
        (path, lock) = try Self.make(in: parent, holding: gate)
        // The slow removal happens outside the lock. Another process may do the same at the same time, and the next process finishes what
        // is left.
        for name in Files.names(in: parent) where name.hasPrefix(Self.dead) { try? Files.remove(parent.appending(name)) }
    }

    /// Creates the directory, marks those of dead processes, and releases the gate.
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

    /// Returns a unique path in the directory; the name is for readability.
    package func place(_ name: String) -> FilePath {
        path.appending("\(count.next())-\(name)")
    }

    /// Removes the directory with its contents.
    package func remove() {
        try? Files.remove(path)
        lock.release()
    }

    deinit { remove() }

    /// The name prefix of directories whose process has died and which are being removed.
    private static let dead = ".dead-"

    private static func putAsideIfDead(_ name: String, in parent: FilePath) {
        let folder = parent.appending(name)
        guard Files.isDirectory(folder), let lock = try? FileLock.tryTake(folder.appending(".alive")) else { return }
        try? Files.rename(folder, to: parent.appending("\(dead)\(UInt32.random(in: 0...UInt32.max))-\(name)"))
        lock.release()
    }
}
