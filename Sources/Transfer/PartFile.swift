import Crypto
import Glibc
import Net
import SystemPackage

/// A file that is coming: the bytes on the disk, and the digest of exactly those.
final class PartFile {
    let path: FilePath
    /// Bytes in the file; all of them are in the digest.
    private(set) var length: Int64 = 0
    /// How many of them an earlier call left.
    private(set) var inherited: Int64 = 0
    /// Whether the bytes come of more than one answer: then a wrong digest may be nobody's fault but ours.
    private(set) var isSpliced = false
    private var hash = SHA256()
    private let descriptor: FileDescriptor

    /// Opens the file, made if missing, and reads what is in it into the digest.
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

    /// The digest of what is there: 64 hexadecimal digits.
    var digest: String { hexadecimal(hash) }

    /// Writes bytes at the end.
    func append(_ bytes: UnsafeRawBufferPointer) throws(TransferError) {
        _ = try touching(path) { try descriptor.writeAll(bytes) }
        hash.update(bufferPointer: bytes)
        length += Int64(bytes.count)
    }

    /// Notes that the bytes to come are of another answer than those that are there.
    func splice() { isSpliced = length > 0 }

    /// Drops every byte.
    func startOver() throws(TransferError) {
        if length > 0 {
            try touching(path) {
                try descriptor.resize(to: 0)
                try descriptor.seek(offset: 0, from: .start)
            }
        }
        (hash, length, inherited, isSpliced) = (SHA256(), 0, 0, false)
    }

    /// Makes the bytes durable, then gives the file its final name: nobody ever sees a half of it there.
    func finish(as destination: FilePath) throws(TransferError) {
        try touching(path) {
            guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: errno) }
        }
        try move(path, to: destination)
        // The name is durable only when its directory is; some file systems cannot do that, and then nothing is lost by it.
        if let directory = try? FileDescriptor.open(destination.directory, .readOnly, options: [.directory, .closeOnExec]) {
            fsync(directory.rawValue)
            try? directory.close()
        }
    }
}

/// Renames a file, replacing what has the new name.
func move(_ path: FilePath, to other: FilePath) throws(TransferError) {
    try touching(other) {
        guard rename(path.string, other.string) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// Moves a file with wrong bytes out of the way: `.bad`, or `.bad-2` to `.bad-9`, of which the last is replaced.
///
/// - Returns: where it is now.
func setAside(_ path: FilePath, for destination: FilePath) throws(TransferError) -> FilePath {
    let names = [destination + ".bad"] + (2...9).map { destination + ".bad-\($0)" }
    let free = names.first { access($0.string, F_OK) != 0 } ?? destination + ".bad-9"
    try move(path, to: free)
    return free
}

/// The digest of a file, in hexadecimal, and its length; nil when there is no such file, or none of the size wanted.
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

/// Reads a file to its end, a piece at a time.
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
    /// The path with letters added to its last name.
    static func + (path: FilePath, suffix: String) -> FilePath { FilePath(path.string + suffix) }

    /// The directory that the path is in.
    var directory: FilePath {
        let parent = removingLastComponent()
        return parent.isEmpty ? "." : parent
    }
}
