import Glibc
import Model
import Synchronization
import SystemPackage

/// An exclusive lock on a file, as flock(2) gives it: it ends with the process, however the process ends.
package final class FileLock: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    private init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }

    /// Takes the lock, or tells by nil that another process has it. The file is made when it is not there.
    ///
    /// - Throws: `FileError` when the file cannot be opened.
    package static func tryTake(_ path: FilePath) throws(FileError) -> FileLock? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
        } catch { throw FileError("lock", path, (error as? Errno) ?? .ioError) }
        if flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 { return FileLock(file) }
        let reason = Errno(rawValue: errno)
        try? file.close()
        guard reason == .wouldBlock else { throw FileError("lock", path, reason) }
        return nil
    }

    /// Whether somebody has the lock just now.
    ///
    /// A look is a shared lock for a moment (flock(2)): it stands in no other look's way, but for that moment in the way of whoever wants the
    /// lock for itself, who has to take it by ``takeUnlessHeld(_:)``. Asking without locking is not to be had: fcntl(2)'s F_GETLK knows nothing of
    /// flock(2), gVisor has no `/proc/locks`, and in another namespace of process ids that file does not list the holder.
    ///
    /// - Throws: `FileError` when nobody can tell. A file that is not there is nobody's.
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

    /// Takes a lock that others look at with ``isHeld(_:)``: nil only when somebody has it, and not when somebody looks.
    ///
    /// - Throws: `FileError` when the file cannot be opened, or when somebody looks without end; `CancellationError`.
    package static func takeUnlessHeld(_ path: FilePath) async throws -> FileLock? {
        for _ in 0..<Int(Deadline.lockTurn.seconds / 0.005) {
            if let lock = try tryTake(path) { return lock }
            // Looks are shared: what keeps this one away is held for itself.
            if try isHeld(path) { return nil }
            try await Task.sleep(for: .milliseconds(Int.random(in: 1...10)))
        }
        throw FileError("lock", path, Errno.wouldBlock)
    }

    /// Takes the lock, waiting for as long as another process has it.
    ///
    /// - Parameter waiting: called once, when there is something to wait for.
    /// - Throws: `FileError`, or `CancellationError` when the task is cancelled while it waits.
    package static func take(_ path: FilePath, waiting: () -> Void) async throws -> FileLock {
        var told = false
        while true {
            if let lock = try tryTake(path) { return lock }
            if !told { waiting() }
            told = true
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Gives the lock back; a second time does nothing.
    package func release() {
        descriptor.withLock { descriptor in
            if let descriptor { Self.giveBack(descriptor) }
            descriptor = nil
        }
    }

    deinit { release() }

    /// A process that this one is just starting has the descriptor too until it becomes another program: only an unlock ends the lock at once.
    private static func giveBack(_ descriptor: FileDescriptor) {
        flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()
    }

    /// Takes a lock that is never held for long.
    ///
    /// - Throws: `FileError`, also when it is held for long all the same; `CancellationError`.
    static func waitBriefly(_ path: FilePath) async throws -> FileLock {
        for _ in 0..<Int(Deadline.lockLook.seconds / 0.05) {
            if let lock = try tryTake(path) { return lock }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw FileError("lock", path, Errno.wouldBlock)
    }
}
