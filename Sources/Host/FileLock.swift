import Glibc
import Synchronization
import SystemPackage

/// An exclusive lock on a file, as flock(2) gives it: it ends with the process, however the process ends.
public final class FileLock: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    private init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }

    /// Takes the lock, or tells by nil that another process has it. The file is made when it is not there.
    ///
    /// - Throws: `FileError` when the file cannot be opened.
    public static func tryTake(_ path: FilePath) throws(FileError) -> FileLock? {
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

    /// Takes the lock, waiting for as long as another process has it.
    ///
    /// - Parameter waiting: called once, when there is something to wait for.
    /// - Throws: `FileError`, or `CancellationError` when the task is cancelled while it waits.
    public static func take(_ path: FilePath, waiting: () -> Void) async throws -> FileLock {
        var told = false
        while true {
            if let lock = try tryTake(path) { return lock }
            if !told { waiting() }
            told = true
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Gives the lock back; a second time does nothing.
    public func release() {
        descriptor.withLock { descriptor in
            try? descriptor?.close()
            descriptor = nil
        }
    }

    deinit { release() }

    /// Takes a lock that is never held for long.
    static func waitBriefly(_ path: FilePath) throws(FileError) -> FileLock {
        for _ in 0..<600 {
            if let lock = try tryTake(path) { return lock }
            usleep(50_000)
        }
        throw FileError("lock", path, Errno.wouldBlock)
    }
}
