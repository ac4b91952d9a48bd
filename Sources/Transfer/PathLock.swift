import Glibc
import Net
import SystemPackage

/// A file that at most one transfer on this machine holds. It uses flock(2), so it is released if the process dies.
///
/// The holder removes the file before it releases the lock. A waiting process may therefore lock a file that no longer has a name, while a
/// third one creates a new file. So after each lock, the locked file is compared with the one at the path.
final class PathLock {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// Waits for the lock and takes it.
    ///
    /// - Throws: `cancelled` while waiting, or an error about the directory.
    init(_ path: FilePath, cancellation: CancellationFlag) throws(TransferError) {
        self.path = path
        while true {
            let candidate = try touching(path) {
                try FileDescriptor.open(path, .readWrite, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
            }
            let isLocked = flock(candidate.rawValue, LOCK_EX | LOCK_NB) == 0
            let error = Errno(rawValue: errno)
            var held = stat()
            var named = stat()
            if isLocked, fstat(candidate.rawValue, &held) == 0, stat(path.string, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                descriptor = candidate
                return
            }
            try? candidate.close()
            guard isLocked || error == .wouldBlock || error == .interrupted else { throw TransferError(error, at: path) }
            try cancellation.sleep(.milliseconds(50))
        }
    }

    /// Removes the file, then releases the lock. The object must not be used afterwards.
    func release() {
        unlink(path.string)
        try? descriptor.close()
    }
}

/// Creates a directory and its missing parents.
func makeDirectory(_ path: FilePath) throws(TransferError) {
    if mkdir(path.string, 0o777) == 0 { return }
    var error = Errno(rawValue: errno)
    if error == .noSuchFileOrDirectory, !path.removingLastComponent().isEmpty {
        try makeDirectory(path.directory)
        if mkdir(path.string, 0o777) == 0 { return }
        error = Errno(rawValue: errno)
    }
    var facts = stat()
    // An existing directory can also cause EROFS or EACCES.
    if stat(path.string, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { return }
    throw TransferError(error, at: path)
}
