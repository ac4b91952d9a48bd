import CLibarchive
import Glibc
import SystemPackage

/// What an entry of an archive says of itself.
struct EntryHead {
    enum Kind {
        case file(isExecutable: Bool)
        case directory
        case symbolicLink([UInt8])
        case hardLink([UInt8])
        /// What no source has; in words.
        case other(String)
    }

    let name: [UInt8]
    let kind: Kind
    /// Bytes that it says it has; nil when it does not say.
    let size: Int64?
}

/// An archive, read with libarchive from its first entry to its last.
final class ArchiveReader {
    private let handle: OpaquePointer
    private let path: FilePath
    private var entry: OpaquePointer?

    /// Opens an archive. Only the formats that sources come in are known to it: each other one would be another door.
    ///
    /// - Throws: `ArchiveError`.
    init(_ path: FilePath) throws(ArchiveError) {
        guard let handle = archive_read_new() else {
            throw .file(operation: "read", path: path, reason: "libarchive is out of memory")
        }
        self.handle = handle
        self.path = path
        archive_read_support_format_tar(handle)
        // By its central directory, which holds the modes; one that is cut off has none.
        archive_read_support_format_zip_seekable(handle)
        archive_read_support_filter_gzip(handle)
        archive_read_support_filter_bzip2(handle)
        archive_read_support_filter_xz(handle)
        archive_read_support_filter_zstd(handle)
        guard access(path.string, R_OK) == 0 else {
            throw .file(operation: "read", path: path, reason: Errno(rawValue: errno).description)
        }
        guard archive_read_open_filename(handle, path.string, 1 << 18) == ARCHIVE_OK else {
            throw .damaged(archive: path, reason: "it is neither a tar nor a zip archive: \(words)")
        }
        // A compressed archive that is compressed again is nobody's source, but many a bomb.
        guard archive_filter_count(handle) <= 2 else { throw .damaged(archive: path, reason: "it is compressed more than once") }
    }

    deinit { archive_read_free(handle) }

    /// Bytes of the archive that were read so far.
    var bytesRead: Int64 { archive_filter_bytes(handle, -1) }

    /// The next entry's head; nil after the last.
    ///
    /// - Throws: `ArchiveError.damaged`.
    func next() throws(ArchiveError) -> EntryHead? {
        let code = archive_read_next_header(handle, &entry)
        if code == ARCHIVE_EOF {
            guard hasEndMark else { throw .damaged(archive: path, reason: "it is truncated: the end marker is missing") }
            return nil
        }
        guard code == ARCHIVE_OK || (code == ARCHIVE_WARN && isOnlyAboutLetters), let entry else {
            throw .damaged(archive: path, reason: words)
        }
        guard let name = Self.bytes(archive_entry_pathname(entry)) else {
            throw .damaged(archive: path, reason: "the name of an entry cannot be read: \(words)")
        }
        let size = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : nil
        return EntryHead(name: name, kind: kind(of: entry), size: size)
    }

    /// Hands on the content of the current entry, piece by piece, each with its place in the file; between them are holes.
    ///
    /// - Throws: `ArchiveError.damaged`, and what the body throws.
    func eachPiece(_ body: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let code = archive_read_data_block(handle, &start, &count, &offset)
            // A hole at the end is told with the end: there is nothing, and it is further on.
            if code == ARCHIVE_EOF { return try body(UnsafeRawBufferPointer(start: nil, count: 0), offset) }
            guard code == ARCHIVE_OK else { throw ArchiveError.damaged(archive: path, reason: words) }
            try body(UnsafeRawBufferPointer(start: start, count: count), offset)
        }
    }

    private func kind(of entry: OpaquePointer) -> EntryHead.Kind {
        if let target = Self.bytes(archive_entry_hardlink(entry)) { return .hardLink(target) }
        switch UInt32(archive_entry_filetype(entry)) {
        case S_IFREG: return .file(isExecutable: UInt32(archive_entry_perm(entry)) & S_IXUSR != 0)
        case S_IFDIR: return .directory
        case S_IFLNK: return .symbolicLink(Self.bytes(archive_entry_symlink(entry)) ?? [])
        case S_IFCHR, S_IFBLK: return .other("is a device")
        case S_IFIFO: return .other("is a pipe")
        case S_IFSOCK: return .other("is a socket")
        default: return .other("is neither a file nor a link nor a directory")
        }
    }

    /// A name that is said to be UTF-8 and is not comes as the bytes that it is, with a warning; in a tar archive that is no harm.
    private var isOnlyAboutLetters: Bool { isTar && words.contains("can't be converted from") }

    private var isTar: Bool { archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR }

    /// A tar archive ends with a block of zeros. libarchive takes the end of the file for it too, and so a file that was cut off between two entries.
    private var hasEndMark: Bool {
        !isTar || archive_filter_bytes(handle, 0) > archive_read_header_position(handle)
    }

    private var words: String {
        archive_error_string(handle).map { String(cString: $0) } ?? "libarchive gave no reason"
    }

    private static func bytes(_ text: UnsafePointer<CChar>?) -> [UInt8]? {
        text.map { Array(UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
}
