import Glibc
import Net
import SystemPackage

/// A file that at most one transfer on this machine holds: flock(2), so a process that dies lets go of it.
///
/// The file is gone when nobody holds it. Its holder removes it before letting go, so one that waited may get the lock of a
/// file that has no name any more, while a third makes a new one: after each success the name is compared with what is held.
final class PathLock {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// Waits until the lock is free, and takes it.
    ///
    /// - Throws: `cancelled` while it waits, or what is wrong with the directory.
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

    /// Removes the file, then lets go. Nothing else may use the lock after that.
    func release() {
        unlink(path.string)
        try? descriptor.close()
    }
}

/// Makes a directory and those above it, where missing.
func makeDirectory(_ path: FilePath) throws(TransferError) {
    if mkdir(path.string, 0o777) == 0 { return }
    var error = Errno(rawValue: errno)
    if error == .noSuchFileOrDirectory, !path.removingLastComponent().isEmpty {
        try makeDirectory(path.directory)
        if mkdir(path.string, 0o777) == 0 { return }
        error = Errno(rawValue: errno)
    }
    var facts = stat()
    // A directory that is there may also answer EROFS or EACCES.
    if stat(path.string, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR { return }
    throw TransferError(error, at: path)
}
