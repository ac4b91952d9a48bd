import Glibc
import SystemPackage

/// A file open for reading. Nothing here blocks forever: neither opening a FIFO without a writer, nor waiting for its data, nor reading an
/// endless file.
struct OpenFile {
    /// The name in error messages.
    private let path: FilePath
    private let file: FileDescriptor
    /// Whether reading may have to wait for data.
    private let isStream: Bool

    /// The maximum delay before a cancellation is noticed, in milliseconds.
    private static let glance: Int32 = 100
    /// The number of bytes per read.
    private static let pieceBytes = 1 << 17
    /// The number of pieces to read before checking for cancellation: 8 MiB.
    private static let piecesAtOnce = 64

    /// Standard input. Any kind of file is accepted, because the user chose it.
    static var standardInput: OpenFile { OpenFile(path: "standard input", file: .standardInput, isStream: true) }

    /// Opens a file while the body runs. Accepts only regular files, because only they have an end and content of their own.
    ///
    /// - Parameter mayBeStream: whether a FIFO is accepted too.
    /// - Throws: `FileError`, also for a device, a FIFO, a socket or a directory; errors thrown by the body.
    static func with(_ path: FilePath, mayBeStream: Bool = false, _ body: (OpenFile) throws(FileError) -> Void) throws(FileError) {
        // Check before opening, because opening has side effects for some devices, and again afterward, because the file may have been
        // replaced.
        var status = stat()
        guard stat(path.string, &status) == 0 else { throw FileError("read", path, Errno(rawValue: errno)) }
        _ = try isStream(status, path, mayBeStream)
        let file: FileDescriptor
        do { file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) } catch {
            throw FileError("read", path, (error as? Errno) ?? .ioError)
        }
        defer { try? file.close() }
        guard fstat(file.rawValue, &status) == 0 else { throw FileError("read", path, Errno(rawValue: errno)) }
        try body(OpenFile(path: path, file: file, isStream: try isStream(status, path, mayBeStream)))
    }

    private static func isStream(_ status: stat, _ path: FilePath, _ mayBeStream: Bool) throws(FileError) -> Bool {
        let kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: nil as String?
            case S_IFIFO: mayBeStream ? nil : "a FIFO"
            case S_IFCHR, S_IFBLK: "a device"
            case S_IFSOCK: "a socket"
            case S_IFDIR: "a directory"
            default: "of unknown type"
            }
        if let kind { throw FileError("read", path, reason: "it is \(kind), not a regular file") }
        return status.st_mode & S_IFMT == S_IFIFO
    }

    /// Passes the content to the body piece by piece, until the end.
    ///
    /// - Throws: `FileError`, also if the task is canceled; errors thrown by the body.
    func eachPiece(_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { buffer.deallocate() }
        for number in 0... {
            if isStream { try wait() }
            // Reading a short file takes no time, and cleanup after a cancellation may still need it.
            if number >= Self.piecesAtOnce, Task.isCancelled { throw FileError(interrupted: path) }
            let count = Glibc.read(file.rawValue, buffer.baseAddress, buffer.count)
            if count > 0 {
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if count == 0 {
                return
            } else if errno != EINTR, errno != EAGAIN {
                throw FileError("read", path, Errno(rawValue: errno))
            }
        }
    }

    /// Reads a part of the file, up to its end. Takes memory for what is there, not for `count`, which is often a limit.
    func read(from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { buffer.deallocate() }
        while bytes.count < count {
            do {
                let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(count - bytes.count))
                let more = try file.read(fromAbsoluteOffset: Int64(offset + bytes.count), into: room)
                if more == 0 { break }
                bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: room.prefix(more)))
            } catch { throw FileError("read", path, (error as? Errno) ?? .ioError) }
        }
        return bytes
    }

    /// Waits for data or until the last writer is gone.
    private func wait() throws(FileError) {
        while true {
            guard !Task.isCancelled else { throw FileError(interrupted: path) }
            var wanted = pollfd(fd: file.rawValue, events: Int16(POLLIN), revents: 0)
            let count = poll(&wanted, 1, Self.glance)
            if count > 0 { return }
            if count < 0, errno != EINTR { throw FileError("read", path, Errno(rawValue: errno)) }
        }
    }
}
