import Glibc
import Model
import Synchronization
import SystemPackage

/// A flock(2) lock on a file, exclusive unless it is shared. It ends with the process, however the process ends.
package final class FileLock: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    private init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }

    /// Acquires the lock; returns nil if another process holds it. Creates the file if necessary.
    ///
    /// - Throws: `FileError` if the file cannot be opened.
    package static func tryTake(_ path: FilePath) throws(FileError) -> FileLock? { try tryTake(path, LOCK_EX) }

    private static func tryTake(_ path: FilePath, _ kind: Int32) throws(FileError) -> FileLock? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        } catch { throw FileError("lock", path, (error as? Errno) ?? .ioError) }
        if flock(file.rawValue, kind | LOCK_NB) == 0 { return FileLock(file) }
        let reason = Errno(rawValue: errno)
        try? file.close()
        guard reason == .wouldBlock else { throw FileError("lock", path, reason) }
        return nil
    }

    /// Acquires the lock together with others that share it; returns nil if a process holds it exclusively. Creates the file if necessary.
    ///
    /// - Throws: `FileError` if the file cannot be opened.
    package static func tryShare(_ path: FilePath) throws(FileError) -> FileLock? { try tryTake(path, LOCK_SH) }

    /// Acquires the lock together with others that share it, and waits while a process holds it exclusively.
    ///
    /// - Parameter waiting: called once if there is a wait.
    /// - Throws: `FileError`, or `CancellationError` if the task is canceled while waiting.
    package static func share(_ path: FilePath, waiting: () -> Void) async throws -> FileLock {
        try await wait(waiting) { try tryShare(path) }
    }

    /// Whether a process holds the lock right now.
    ///
    /// The check acquires a shared lock for a moment (flock(2)). It does not block other checks, but it blocks anyone who wants the
    /// exclusive lock at that moment, so they must acquire it with ``takeUnlessHeld(_:)``. There is no way to check without locking:
    /// fcntl(2)'s F_GETLK ignores flock(2) locks, gVisor has no `/proc/locks`, and in another PID namespace that file does not list the
    /// holder.
    ///
    /// - Throws: `FileError` if this cannot be determined. A file that does not exist is not locked.
    package static func isHeld(_ path: FilePath) throws(FileError) -> Bool {
        let file: FileDescriptor
        do { file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) } catch {
            let reason = (error as? Errno) ?? .ioError
            if reason == .noSuchFileOrDirectory { return false }
            throw FileError("check the lock", path, reason)
        }
        defer { Self.giveBack(file) }
        if flock(file.rawValue, LOCK_SH | LOCK_NB) == 0 { return false }
        let reason = Errno(rawValue: errno)
        guard reason == .wouldBlock else { throw FileError("check the lock", path, reason) }
        return true
    }

    /// Acquires a lock that others check with ``isHeld(_:)``. Returns nil only if a process holds it, not if one is just checking.
    ///
    /// - Throws: `FileError` if the file cannot be opened, or if checks by others never stop; `CancellationError`.
    package static func takeUnlessHeld(_ path: FilePath) async throws -> FileLock? {
        for _ in 0..<Int(Deadline.lockTurn.seconds / 0.005) {
            if let lock = try tryTake(path) { return lock }
            // Checks are shared, so a lock that blocks this check is exclusive.
            if try isHeld(path) { return nil }
            try await Task.sleep(for: .milliseconds(Int.random(in: 1...10)))
        }
        throw FileError("lock", path, Errno.wouldBlock)
    }

    /// Acquires the lock, and waits while another process holds it.
    ///
    /// - Parameter waiting: called once if there is a wait.
    /// - Throws: `FileError`, or `CancellationError` if the task is canceled while waiting.
    package static func take(_ path: FilePath, waiting: () -> Void) async throws -> FileLock {
        try await wait(waiting) { try tryTake(path) }
    }

    private static func wait(_ waiting: () -> Void, _ attempt: () throws -> FileLock?) async throws -> FileLock {
        var told = false
        while true {
            if let lock = try attempt() { return lock }
            if !told { waiting() }
            told = true
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Releases the lock. Calling it again has no effect.
    package func release() {
        descriptor.withLock { descriptor in
            if let descriptor { Self.giveBack(descriptor) }
            descriptor = nil
        }
    }

    deinit { release() }

    /// Unlocks before closing: a child process also has the descriptor until it calls exec, so only an explicit unlock releases the lock at
    /// once.
    private static func giveBack(_ descriptor: FileDescriptor) {
        flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()
    }

    /// Acquires a lock that is only ever held briefly.
    ///
    /// - Throws: `FileError` if it is held for long after all; `CancellationError`.
    static func waitBriefly(_ path: FilePath) async throws -> FileLock {
        for _ in 0..<Int(Deadline.lockLook.seconds / 0.05) {
            if let lock = try tryTake(path) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw FileError("lock", path, Errno.wouldBlock)
    }
}
