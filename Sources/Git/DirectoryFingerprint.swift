import CLibgit2
import Glibc
import Paths

/// The metadata of a directory's files as one sum: names, types, sizes, inodes and times, but not content. Two equal sums mean that no file
/// changed in between, with the same reliability as git's index (`Documentation/technical/racy-git.txt`).
///
/// This is a sum of hashes, not one hash of everything, so a deliberate change can be subtracted and added without reading the other files
/// again.
struct DirectoryFingerprint: Hashable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The fingerprint of an empty directory.
    init() {}

    /// Parses ``text``; nil for anything else.
    init?(_ text: some StringProtocol) {
        let words = text.split(separator: "-").compactMap { UInt64($0, radix: 16) }
        guard words.count == 2 else { return nil }
        (high, low) = (words[0], words[1])
    }

    var text: String { "\(String(high, radix: 16))-\(String(low, radix: 16))" }

    /// Reads the metadata of everything below a directory. Links are not followed.
    ///
    /// - Throws: `GitError` if a directory cannot be read.
    init(of directory: [UInt8]) throws(GitError) {
        let file = directory.withCString { open($0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard file >= 0 else { throw DirectoryListing.failure("list", directory) }
        var path: [UInt8] = []
        path.reserveCapacity(4096)
        try count(file, &path)
    }

    /// Adds an entry; the path is relative to the directory.
    mutating func add(_ path: [UInt8], _ status: stat) {
        var bytes = path
        let hash = Self.hash(&bytes, status)
        low &+= hash.low
        high &+= hash.high
    }

    /// Removes an entry.
    mutating func subtract(_ path: [UInt8], _ status: stat) {
        var bytes = path
        let hash = Self.hash(&bytes, status)
        low &-= hash.low
        high &-= hash.high
    }

    /// Adds everything in an open directory, and closes it.
    private mutating func count(_ directory: Int32, _ path: inout [UInt8]) throws(GitError) {
        guard let stream = fdopendir(directory) else {
            close(directory)
            throw DirectoryListing.failure("list", path)
        }
        defer { closedir(stream) }
        let above = path.count
        while let entry = readdir(stream) {
            let name = UnsafeRawPointer(entry).advanced(by: Self.nameOffset).assumingMemoryBound(to: CChar.self)
            if name[0] == 0x2e, name[1] == 0 || (name[1] == 0x2e && name[2] == 0) { continue }
            var status = stat()
            path.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name)))
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw DirectoryListing.failure("inspect", path) }
            let hash = Self.hash(&path, status)
            low &+= hash.low
            high &+= hash.high
            if status.st_mode & S_IFMT == S_IFDIR {
                let below = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                guard below >= 0 else { throw DirectoryListing.failure("list", path) }
                path.append(UInt8(ascii: "/"))
                try count(below, &path)
            }
            path.removeSubrange(above...)
        }
    }

    private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0

    /// Uses the path's own buffer and restores it afterwards.
    private static func hash(_ path: inout [UInt8], _ status: stat) -> (low: UInt64, high: UInt64) {
        let length = path.count
        defer { path.removeSubrange(length...) }
        let kind = status.st_mode & S_IFMT
        path.append(0)
        append(UInt64(status.st_mode), to: &path)
        // A directory's times change with its entries, which are counted themselves.
        if kind != S_IFDIR {
            append(UInt64(bitPattern: Int64(status.st_size)), to: &path)
            append(UInt64(status.st_ino), to: &path)
            for time in [status.st_mtim, status.st_ctim] {
                append(UInt64(bitPattern: Int64(time.tv_sec)), to: &path)
                append(UInt64(bitPattern: Int64(time.tv_nsec)), to: &path)
            }
        }
        var id = git_oid()
        _ = path.withUnsafeBytes { git_odb_hash(&id, $0.baseAddress, $0.count, GIT_OBJECT_BLOB) }
        return withUnsafeBytes(of: id) {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
    }

    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number) { bytes.append(contentsOf: $0) }
    }
}
