import ExitCodes
import FoundationEssentials
import Glibc
import Model
import Paths
import Sanitizing
import SystemPackage

import struct Crypto.SHA256

/// The error of a file operation.
package struct FileError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The operation: `read`, `write`, `make`, `remove`, `rename`.
    package let operation: String
    package let path: FilePath
    /// The system's error message.
    package let reason: String
    package let isDiskFull: Bool

    init(_ operation: String, _ path: FilePath, _ errno: Errno) {
        self.operation = operation
        self.path = path
        reason = errno.description
        isDiskFull = errno == .noSpace || errno == .diskQuotaExceeded
    }

    init(_ operation: String, _ path: FilePath, _ error: any Error) {
        self.operation = operation
        self.path = path
        let code = (error as? CocoaError)?.code
        isDiskFull = code == .fileWriteOutOfSpace
        reason = isDiskFull ? "no space left on the disk" : Self.words(for: error)
    }

    init(interrupted path: FilePath) { self.init("read", path, reason: "interrupted") }

    init(_ operation: String, _ path: FilePath, reason: String) {
        self.operation = operation
        self.path = path
        self.reason = reason
        isDiskFull = false
    }

    /// `cannot write FILE: reason`, on one line.
    package var description: String { Visible.line("cannot \(operation) \(path): \(reason)") }

    /// Whether something could not be created or written.
    package var isOutput: Bool { ["write", "make", "rename"].contains(operation) }

    private static func words(for error: any Error) -> String {
        switch (error as? CocoaError)?.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: "no such file"
        case .fileReadNoPermission, .fileWriteNoPermission: "permission denied"
        case .fileWriteFileExists: "it already exists"
        default: system(error).map(\.description) ?? "the operation failed (\((error as? CocoaError)?.code.rawValue ?? 0))"
        }
    }

    /// The system's own error behind Foundation's. What Foundation itself says is long and names the path again.
    private static func system(_ error: any Error) -> Errno? {
        let underlying = (error as? CocoaError)?.userInfo["NSUnderlyingError"]
        return ((underlying ?? error) as? POSIXError).map { Errno(rawValue: $0.code.rawValue) }
    }

    package var exitStatus: ExitStatus { isOutput ? .output : .missing }
}

/// File operations. Each throws `FileError`.
package enum Files {
    /// Whether a file exists, including a dangling link.
    package static func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0
    }

    /// Whether a directory exists.
    package static func isDirectory(_ path: FilePath) -> Bool {
        var status = stat()
        return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Creates a directory and its parents.
    package static func makeDirectory(_ path: FilePath) throws(FileError) {
        do {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        } catch { throw FileError("make", path, error) }
    }

    /// The names in a directory, sorted; empty if it does not exist.
    ///
    /// - Throws: `FileError` if it exists but cannot be read.
    package static func list(_ directory: FilePath) throws(FileError) -> [String] {
        guard let handle = opendir(directory.string) else {
            if errno == ENOENT { return [] }
            throw error("read", directory, errno)
        }
        closedir(handle)
        do { return try FileManager.default.contentsOfDirectory(atPath: directory.string).sorted() } catch {
            throw FileError("read", directory, error)
        }
    }

    /// The names in a directory, sorted; empty if it does not exist or cannot be read. For searching several places. If an empty result means
    /// "there is none", use ``list(_:)``.
    package static func names(in directory: FilePath) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: directory.string)) ?? []).sorted()
    }

    /// Reads a whole file.
    package static func read(_ path: FilePath) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        try OpenFile.with(path) { file throws(FileError) in
            try file.eachPiece { piece throws(FileError) in bytes.append(contentsOf: piece) }
        }
        return bytes
    }

    /// Reads a part of a file, up to its end.
    package static func read(_ path: FilePath, from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        try OpenFile.with(path) { file throws(FileError) in bytes = try file.read(from: offset, count: count) }
        return bytes
    }

    /// Reads a whole file as UTF-8; invalid bytes become the replacement character.
    package static func readText(_ path: FilePath) throws(FileError) -> String { String(decoding: try read(path), as: UTF8.self) }

    /// Reads a YAML file. Reads just enough of an overlong one for the parser to reject it (``YamlLimits``).
    package static func readYaml(_ path: FilePath) throws(FileError) -> String {
        String(decoding: try read(path, from: 0, count: YamlLimits.bytes + 1), as: UTF8.self)
    }

    /// Writes a file atomically: the name never refers to a partial file.
    package static func write(_ bytes: some Sequence<UInt8>, to path: FilePath, mode: UInt16 = 0o644) throws(FileError) {
        var sibling = path
        sibling.removeLastComponent()
        let name = ".\(path.lastComponent?.string ?? "file").\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        sibling.append(name)
        do {
            let file = try FileDescriptor.open(
                sibling, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: FilePermissions(rawValue: CModeT(mode)))
            do {
                try file.closeAfter { _ = try file.writeAll(bytes) }
                guard Glibc.rename(sibling.string, path.string) == 0 else { throw Errno(rawValue: errno) }
            } catch {
                unlink(sibling.string)
                throw error
            }
        } catch { throw FileError("write", path, (error as? Errno) ?? .ioError) }
    }

    /// Writes text like ``write(_:to:mode:)``.
    package static func write(_ text: String, to path: FilePath, mode: UInt16 = 0o644) throws(FileError) {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Overwrites the beginning of an existing file in place, so a concurrent reader may see a partial change. Needs no disk space if the
    /// file is long enough.
    package static func overwrite(_ path: FilePath, with bytes: [UInt8]) throws(FileError) {
        do {
            let file = try FileDescriptor.open(path, .writeOnly, options: .closeOnExec)
            defer { try? file.close() }
            _ = try file.writeAll(toAbsoluteOffset: 0, bytes)
        } catch { throw FileError("write", path, (error as? Errno) ?? .ioError) }
    }

    /// Creates an empty file to be written in parts.
    package static func create(_ path: FilePath) throws(FileError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: FilePermissions(rawValue: 0o644))
        } catch { throw FileError("write", path, (error as? Errno) ?? .ioError) }
    }

    /// Waits until the content of a file, or the names in a directory, are on the disk (fsync(2)), so that a power cut does not lose them.
    package static func synchronize(_ path: FilePath) throws(FileError) {
        let file: FileDescriptor
        do { file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking, .noFollow]) } catch {
            throw FileError("write", path, (error as? Errno) ?? .ioError)
        }
        defer { try? file.close() }
        // A file system that cannot do it, such as some in memory, says EINVAL.
        guard fsync(file.rawValue) == 0 || errno == EINVAL else { throw FileError("write", path, Errno(rawValue: errno)) }
    }

    /// Renames a file; replaces an existing file or empty directory with the new name. Both names are on one file system.
    package static func rename(_ from: FilePath, to: FilePath) throws(FileError) {
        guard Glibc.rename(from.string, to.string) != 0 else { return }
        guard errno == EXDEV else { throw FileError("rename", from, Errno(rawValue: errno)) }
        throw FileError(
            "rename", from, reason: "\(to.removingLastComponent()) is on another file system, and a workspace's folders must be on one")
    }

    /// Removes a file, or a directory with its contents, however deep. It is not an error if nothing exists. Continues past files that
    /// cannot be removed, and throws the first failure.
    package static func remove(_ path: FilePath) throws(FileError) {
        for attempt in 1... {
            guard let failure = Removal.remove(Array(path.string.utf8), in: AT_FDCWD) else { return }
            // A process that is being killed may still create a file in the directory.
            guard attempt < 5 else { throw FileError("remove", place(of: failure, in: path), failure.errno) }
            usleep(20_000)
        }
    }

    /// The path that could not be removed, or only its top directory if the path is too long.
    private static func place(of failure: Removal.Failure, in path: FilePath) -> FilePath {
        let bytes = failure.names.map { [UInt8(ascii: "/")] + $0 }.joined()
        return path.string.utf8.count + bytes.count < PATH_MAX ? FilePath(path.string + String(decoding: bytes, as: UTF8.self)) : path
    }

    /// Passes a file, or standard input if no file is named, to the body piece by piece. Waiting for input ends if the task is canceled.
    ///
    /// - Parameter mayBeStream: whether the path may be a FIFO, as the shell creates for `<(command)`.
    package static func eachPiece(
        of path: FilePath?, mayBeStream: Bool = false, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        guard let path else { return try OpenFile.standardInput.eachPiece(body) }
        try OpenFile.with(path, mayBeStream: mayBeStream) { file throws(FileError) in try file.eachPiece(body) }
    }

    /// The SHA-256 of a file's content, which is read in pieces.
    package static func digest(of path: FilePath) throws(FileError) -> Digest {
        var hash = SHA256()
        try OpenFile.with(path) { file throws(FileError) in
            try file.eachPiece { piece throws(FileError) in hash.update(bufferPointer: piece) }
        }
        return Digest(bytes: hash.finalize())
    }

    /// Copies a file's content to a new name and returns the SHA-256 of what was written.
    package static func copy(_ from: FilePath, to: FilePath, mode: UInt16 = 0o755) throws(FileError) -> Digest {
        var hash = SHA256()
        try OpenFile.with(from) { source throws(FileError) in
            let target: FileDescriptor
            do {
                let permissions = FilePermissions(rawValue: CModeT(mode))
                target = try FileDescriptor.open(to, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: permissions)
            } catch { throw FileError("write", to, (error as? Errno) ?? .ioError) }
            defer { try? target.close() }
            try source.eachPiece { piece throws(FileError) in
                hash.update(bufferPointer: piece)
                do { _ = try target.writeAll(piece) } catch { throw FileError("write", to, (error as? Errno) ?? .ioError) }
            }
        }
        return Digest(bytes: hash.finalize())
    }

    /// An error for a value of `errno` after a system call.
    package static func error(_ operation: String, _ path: FilePath, _ number: Int32) -> FileError {
        FileError(operation, path, Errno(rawValue: number))
    }

    /// An error for an operation that is refused, with the reason.
    package static func refusal(_ operation: String, _ path: FilePath, _ reason: String) -> FileError {
        FileError(operation, path, reason: reason)
    }

    /// The path with all links resolved.
    package static func realPath(_ path: FilePath) throws(FileError) -> FilePath {
        guard let real = realpath(path.string, nil) else { throw FileError("find", path, Errno(rawValue: errno)) }
        defer { free(real) }
        return FilePath(platformString: real)
    }

    /// The path itself, once it is certain that no symbolic link on the way leads out of a folder. The folder may be reached through links.
    ///
    /// This is for folders that come from somebody else and do not change meanwhile, such as a cloned project.
    ///
    /// - Throws: `FileError` if the path leads out of the folder, or does not exist.
    package static func confined(_ path: FilePath, to folder: FilePath) throws(FileError) -> FilePath {
        guard try realPath(path).starts(with: try realPath(folder)) else {
            throw FileError("read", path, reason: "a symbolic link leads out of \(folder)")
        }
        return path
    }

    /// A file's length in bytes; nil if it does not exist.
    package static func bytes(of path: FilePath) -> Int64? {
        var status = stat()
        return stat(path.string, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// The number of bytes in blocks; the largest number where there is no limit, as in gVisor.
    package static func freeBytes(blocks: UInt64, of size: UInt64) -> Int64 {
        let (bytes, isTooMuch) = blocks.multipliedReportingOverflow(by: size)
        return isTooMuch ? .max : Int64(clamping: bytes)
    }

    /// The free space in bytes for this user on the file system of a path, which need not exist.
    package static func freeBytes(at path: FilePath) -> Int64? {
        var folder = path
        while !exists(folder), folder.removeLastComponent() {}
        var status = statvfs()
        guard statvfs(folder.string, &status) == 0 else { return nil }
        return freeBytes(blocks: UInt64(status.f_bavail), of: UInt64(status.f_frsize))
    }
}

/// Metadata that shows, without reading a file, whether it is very likely unchanged since it was hashed.
package struct FileStamp: Hashable, Codable, Sendable {
    private let bytes: Int64
    private let inode: UInt64
    private let seconds: Int64
    private let nanoseconds: Int64

    /// When the content was last written, in seconds since 1970.
    package var modified: Int64 { seconds }

    /// Reads a file's stamp; nil if it is not an existing regular file.
    package init?(of path: FilePath) {
        var status = stat()
        guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        bytes = Int64(status.st_size)
        inode = UInt64(status.st_ino)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }
}
