import Glibc
import SystemPackage

/// A file that a user named for a result. It never has a part of the result under its name.
///
/// - A regular file is replaced when the result is complete; one that does not exist is created.
/// - A symbolic link is followed, as by the shell's `>`, and stays: what it leads to is replaced.
/// - A device, a FIFO or a socket is written to directly. It is never replaced by a file.
package struct OutputFile: Sendable {
    /// Where to write. For a regular file, this is a new and empty file beside it, with a name that nobody can guess.
    package let path: FilePath
    /// The file whose name the result gets; nil if it is written to directly.
    private let place: FilePath?

    /// Prepares a file for a result. Call ``finish()`` or ``discard()`` at the end.
    ///
    /// - Parameter mode: the permissions of a new file.
    /// - Throws: `FileError` if it is a directory or cannot be written.
    package init(_ named: FilePath, mode: UInt16 = 0o644) throws(FileError) {
        let target = try Self.target(of: named)
        switch try Self.kind(of: target) {
        case .directory: throw FileError("write", named, Errno.isDirectory)
        case .other: (path, place) = (target, nil)
        case .regular, .absent:
            let folder = target.removingLastComponent()
            path = folder.appending(".\(target.lastComponent?.string ?? "file").\(UInt64.random(in: 0...UInt64.max))")
            place = target
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            let file = open(path.string, flags, mode_t(mode))
            guard file >= 0 else { throw FileError("write", named, Errno(rawValue: errno)) }
            Glibc.close(file)
        }
    }

    /// Gives the result its name.
    ///
    /// - Throws: `FileError`; then nothing is left beside it.
    package func finish() throws(FileError) {
        guard let place else { return }
        do { try Files.rename(path, to: place) } catch {
            discard()
            throw error
        }
    }

    /// Removes what was written so far.
    package func discard() { if place != nil { unlink(path.string) } }

    /// Writes a whole result.
    ///
    /// - Throws: `FileError`.
    package static func write(_ bytes: some Sequence<UInt8>, to named: FilePath) throws(FileError) {
        let output = try OutputFile(named)
        do {
            let file = try FileDescriptor.open(output.path, .writeOnly, options: .closeOnExec)
            _ = try file.closeAfter { try file.writeAll(bytes) }
        } catch {
            output.discard()
            throw FileError("write", named, (error as? Errno) ?? .ioError)
        }
        try output.finish()
    }

    /// Adds to the end of a file, which is created if it does not exist.
    ///
    /// - Throws: `FileError`.
    package static func append(_ bytes: some Sequence<UInt8>, to named: FilePath) throws(FileError) {
        do {
            let file = try FileDescriptor.open(
                named, .writeOnly, options: [.append, .create, .closeOnExec], permissions: FilePermissions(rawValue: 0o644))
            _ = try file.closeAfter { try file.writeAll(bytes) }
        } catch { throw FileError("write", named, (error as? Errno) ?? .ioError) }
    }

    private enum Kind { case absent, regular, directory, other }

    private static func kind(of path: FilePath) throws(FileError) -> Kind {
        var status = stat()
        guard lstat(path.string, &status) == 0 else {
            guard errno == ENOENT else { throw FileError("write", path, Errno(rawValue: errno)) }
            return .absent
        }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        default: .other
        }
    }

    /// The file that a name leads to. The kernel decides whether a link may be followed: in a folder that everybody can write to, it does not
    /// follow those of others (proc_sys_fs(5), `protected_symlinks`).
    private static func target(of named: FilePath) throws(FileError) -> FilePath {
        var status = stat()
        guard lstat(named.string, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return named }
        guard stat(named.string, &status) == 0 else { throw FileError("write", named, Errno(rawValue: errno)) }
        return try Files.realPath(named)
    }
}
