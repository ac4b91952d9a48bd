import Glibc
import SystemPackage

/// Measures the disk space of folders. A file with several links counts once, where it is met first. Links are not followed.
package struct DiskUse: Sendable {
    private struct File: Hashable { let device, inode: UInt64 }
    private var seen: Set<File> = []

    /// Nothing measured yet.
    package init() {}

    /// The bytes on disk of a file or folder with its contents; 0 if it does not exist.
    ///
    /// - Throws: `FileError` if a part cannot be read; `CancellationError`.
    package mutating func bytes(of path: FilePath) throws -> Int64 {
        var total: Int64 = 0
        var left = [path]
        while let path = left.popLast() {
            try Task.checkCancellation()
            var status = stat()
            guard lstat(path.string, &status) == 0 else {
                // A file that another process removed in the meantime needs no space.
                guard errno == ENOENT else { throw Files.error("measure", path, errno) }
                continue
            }
            total += bytes(of: status)
            if status.st_mode & S_IFMT == S_IFDIR { left += try Files.list(path).map { path.appending($0) } }
        }
        return total
    }

    private mutating func bytes(of status: stat) -> Int64 {
        let isShared = status.st_nlink > 1 && status.st_mode & S_IFMT != S_IFDIR
        guard !isShared || seen.insert(File(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))).inserted else { return 0 }
        return Int64(status.st_blocks) * 512
    }

    /// What lstat(2) says about a path.
    package struct Entry: Sendable {
        /// Whether it is a folder itself, and not a link to one.
        package let isFolder: Bool
        /// Whether it is a regular file.
        package let isFile: Bool
        /// When it was last changed or renewed, in seconds since 1970.
        package let time: Int64

        /// Reads it; nil if there is none.
        package init?(_ path: FilePath) {
            var status = stat()
            guard lstat(path.string, &status) == 0 else { return nil }
            isFolder = status.st_mode & S_IFMT == S_IFDIR
            isFile = status.st_mode & S_IFMT == S_IFREG
            time = Int64(status.st_mtim.tv_sec)
        }
    }
}
