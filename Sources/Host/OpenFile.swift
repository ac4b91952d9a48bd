import Glibc
import SystemPackage

/// A file that is open for reading. Nothing here waits without end: neither for somebody who writes a FIFO, nor for what comes through it, nor for
/// the end of a file that has none.
struct OpenFile {
    /// What errors call it.
    private let path: FilePath
    private let file: FileDescriptor
    /// Whether what is read may have to be waited for.
    private let isStream: Bool

    /// How long a cancellation may go unseen, in milliseconds.
    private static let glance: Int32 = 100
    /// How much is read at once, in bytes.
    private static let pieceBytes = 1 << 17
    /// How many pieces of a file are read before anybody asks whether they are still wanted: 8 MiB.
    private static let piecesAtOnce = 64

    /// Standard input: whatever it is, it was meant.
    static var standardInput: OpenFile { OpenFile(path: "standard input", file: .standardInput, isStream: true) }

    /// Opens a file for as long as the body takes. Only a regular file has an end and a content of its own, so nothing else is opened.
    ///
    /// - Parameter mayBeStream: whether it may be a FIFO too.
    /// - Throws: `FileError`, for a device, a FIFO, a socket or a directory too; what the body throws.
    static func with(_ path: FilePath, mayBeStream: Bool = false, _ body: (OpenFile) throws(FileError) -> Void) throws(FileError) {
        // Looked at first, because some devices do something when they are opened; and again, because another may have taken the name.
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

    /// Hands on what there is, piece by piece, to its end.
    ///
    /// - Throws: `FileError`, also when the task is cancelled; what the body throws.
    func eachPiece(_ body: (UnsafeRawBufferPointer) throws(FileError) -> Void) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceBytes, alignment: 16)
        defer { buffer.deallocate() }
        for number in 0... {
            if isStream { try wait() }
            // A short file is there in no time: who tidies up after a cancellation may still read it.
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

    /// Reads a part; what is behind the end is left out.
    func read(from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(0, count))
        var length = 0
        while length < bytes.count {
            do {
                let more = try bytes.withUnsafeMutableBytes {
                    let room = UnsafeMutableRawBufferPointer(rebasing: $0[length...].prefix(Self.pieceBytes))
                    return try file.read(fromAbsoluteOffset: Int64(offset + length), into: room)
                }
                if more == 0 { break }
                length += more
            } catch { throw FileError("read", path, (error as? Errno) ?? .ioError) }
        }
        return Array(bytes.prefix(length))
    }

    /// Waits until something comes, or the last who writes has gone.
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
