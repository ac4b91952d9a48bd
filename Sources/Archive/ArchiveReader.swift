import CLibarchive
import Glibc
import SystemPackage

/// The metadata of an archive's entry.
struct EntryHead {
    enum Kind {
        case file(isExecutable: Bool)
        case directory
        case symbolicLink([UInt8])
        case hardLink([UInt8])
        /// A type that does not occur in source archives, in words.
        case other(String)
    }

    let name: [UInt8]
    let kind: Kind
    /// The size in bytes according to the archive; nil if it does not say.
    let size: Int64?
}

/// An archive, read sequentially with libarchive.
final class ArchiveReader {
    private let handle: OpaquePointer
    private let path: FilePath
    private var entry: OpaquePointer?

    /// Opens an archive. Only the formats used for source archives are enabled, because each other one would add attack surface.
    ///
    /// - Throws: `ArchiveError`.
    init(_ path: FilePath) throws(ArchiveError) {
        guard let handle = archive_read_new() else {
            throw .file(operation: "read", path: path, reason: "libarchive is out of memory")
        }
        self.handle = handle
        self.path = path
        archive_read_support_format_tar(handle)
        // Use the central directory, which holds the modes; a truncated zip archive has none.
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
        // No source archive is compressed twice, but many zip bombs are.
        guard archive_filter_count(handle) <= 2 else { throw .damaged(archive: path, reason: "it is compressed more than once") }
    }

    deinit { archive_read_free(handle) }

    /// The number of the archive's bytes read so far.
    var bytesRead: Int64 { archive_filter_bytes(handle, -1) }

    /// The next entry's metadata; nil after the last entry.
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

    /// Passes the content of the current entry in pieces, each with its offset in the file; there may be holes between them.
    ///
    /// - Throws: `ArchiveError.damaged`, and errors from `body`.
    func eachPiece(_ body: (UnsafeRawBufferPointer, Int64) throws -> Void) throws {
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let code = archive_read_data_block(handle, &start, &count, &offset)
            // A hole at the end is reported together with the end: an empty piece at a later offset.
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

    /// Whether the warning is only about a name that claims to be UTF-8 and is not. Its bytes are kept, which is harmless in a tar archive.
    private var isOnlyAboutLetters: Bool { isTar && words.contains("can't be converted from") }

    private var isTar: Bool { archive_format(handle) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_TAR }

    /// A tar archive ends with a block of zeros. libarchive also accepts the end of the file, and therefore an archive truncated between
    /// two entries.
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
