import Crypto
import Glibc
import Net
import SystemPackage

/// A partially downloaded file: the bytes on disk and their digest.
final class PartFile {
    let path: FilePath
    /// The number of bytes in the file; the digest covers all of them.
    private(set) var length: Int64 = 0
    /// How many of them an earlier call left.
    private(set) var inherited: Int64 = 0
    /// Whether the bytes come from more than one answer: then combining them may be the reason for a wrong digest.
    private(set) var isSpliced = false
    private var hash = SHA256()
    private let descriptor: FileDescriptor

    /// Opens the file, creating it if necessary, and computes the digest of its content.
    init(_ path: FilePath, cancellation: CancellationFlag) throws(TransferError) {
        self.path = path
        descriptor = try touching(path) {
            try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite, .groupRead, .otherRead])
        }
        do {
            (hash, length) = try hashed(descriptor, path, cancellation: cancellation)
        } catch {
            try? descriptor.close()
            throw error
        }
        inherited = length
        isSpliced = length > 0
    }

    deinit { try? descriptor.close() }

    /// The digest of the current content: 64 hexadecimal digits.
    var digest: String { hexadecimal(hash) }

    /// Appends bytes.
    func append(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
        _ = try touching(path) { try descriptor.writeAll(bytes) }
        hash.update(bufferPointer: bytes)
        length += Int64(bytes.count)
    }

    /// Records that the following bytes come from another answer than the existing ones.
    func splice() { isSpliced = length > 0 }

    /// Removes all bytes.
    func startOver() throws(TransferError) {
        if length > 0 {
            try touching(path) {
                try descriptor.resize(to: 0)
                try descriptor.seek(offset: 0, from: .start)
            }
        }
        (hash, length, inherited, isSpliced) = (SHA256(), 0, 0, false)
    }

    /// Flushes the bytes to disk, then gives the file its final name, so that an incomplete file never has that name.
    func finish(as destination: FilePath) throws(TransferError) {
        try touching(path) {
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        try move(path, to: destination)
        // The name is durable only after its directory is flushed. Some file systems cannot do that, which does no harm.
        if let directory = try? FileDescriptor.open(destination.directory, .readOnly, options: [.directory, .closeOnExec]) {
            fsync(directory.rawValue)
            try? directory.close()
        }
    }
}

/// Renames a file, replacing an existing one.
func move(_ path: FilePath, to other: FilePath) throws(TransferError) {
    try touching(other) {
        guard rename(path.string, other.string) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// Moves a file with wrong bytes out of the way: to `.bad`, or `.bad-2` to `.bad-9`, of which the last is overwritten.
///
/// - Returns: the new path.
func setAside(_ path: FilePath, for destination: FilePath) throws(TransferError) -> FilePath {
    let names = [destination + ".bad"] + (2...9).map { destination + ".bad-\($0)" }
    let free = names.first { access($0.string, F_OK) != 0 } ?? destination + ".bad-9"
    try move(path, to: free)
    return free
}

/// The hexadecimal digest of a file, and its length; nil if there is no such file, or its size is not the expected one.
func inspect(_ path: FilePath, size: Int64?, cancellation: CancellationFlag) throws(TransferError) -> (digest: String, length: Int64)? {
    let descriptor: FileDescriptor
    do {
        descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
    } catch {
        if error as? Errno == .noSuchFileOrDirectory { return nil }
        return try touching(path) { throw error }
    }
    defer { try? descriptor.close() }
    let kind = try touching(path) { try status(descriptor) }
    guard kind.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "is not a regular file") }
    if let size, Int64(kind.st_size) != size { return nil }
    let (hash, length) = try hashed(descriptor, path, cancellation: cancellation)
    return (hexadecimal(hash), length)
}

private func status(_ descriptor: FileDescriptor) throws -> stat {
    var facts = stat()
    guard fstat(descriptor.rawValue, &facts) == 0 else { throw Errno(rawValue: errno) }
    return facts
}

private func hexadecimal(_ hash: SHA256) -> String {
    let digits = Array("0123456789abcdef")
    return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// Reads a file to its end in pieces.
private func hashed(_ descriptor: FileDescriptor, _ path: FilePath, cancellation: CancellationFlag) throws(TransferError) -> (SHA256, Int64)
{
    var hash = SHA256()
    var length: Int64 = 0
    // A device has no size and may have no end.
    guard try touching(path, { try status(descriptor) }).st_size > 0 else { return (hash, 0) }
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { piece.deallocate() }
    while true {
        try cancellation.check()
        let count = try touching(path) { try descriptor.read(into: piece) }
        if count == 0 { return (hash, length) }
        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        length += Int64(count)
    }
}

extension FilePath {
    /// The path with a suffix appended to its last component.
    static func + (path: FilePath, suffix: String) -> FilePath { FilePath(path.string + suffix) }

    /// The directory that contains the path.
    var directory: FilePath {
        let parent = removingLastComponent()
        return parent.isEmpty ? "." : parent
    }
}
