import CLibarchive
import SystemPackage

/// Writes a tar archive that gzip compresses, entry by entry, with libarchive. The same entries give the same bytes.
package enum ArchiveWriter {
    /// A file of the archive.
    package struct Entry: Sendable {
        /// Its path in the archive.
        package let path: String
        package let bytes: [UInt8]
        package let isExecutable: Bool

        package init(path: String, bytes: [UInt8], isExecutable: Bool = false) {
            self.path = path
            self.bytes = bytes
            self.isExecutable = isExecutable
        }
    }

    /// Writes an archive. Owners are 0, and so are the times.
    ///
    /// - Parameters:
    ///   - count: the number of entries.
    ///   - entry: returns an entry by its place; each is asked for once, in order, so that only one is in memory.
    /// - Throws: `ArchiveError`, and what `entry` throws.
    package static func write(_ count: Int, to path: FilePath, entry: (Int) throws -> Entry) throws {
        guard let handle = archive_write_new() else {
            throw ArchiveError.file(operation: "write", path: path, reason: "libarchive is out of memory")
        }
        defer { archive_write_free(handle) }
        archive_write_set_format_pax_restricted(handle)
        archive_write_add_filter_gzip(handle)
        try check(archive_write_set_options(handle, "gzip:!timestamp"), handle, path)
        try check(archive_write_open_filename(handle, path.string), handle, path)
        for index in 0..<count { try write(try entry(index), handle, path) }
        try check(archive_write_close(handle), handle, path)
    }

    private static func write(_ entry: Entry, _ handle: OpaquePointer, _ path: FilePath) throws(ArchiveError) {
        guard let head = archive_entry_new() else { throw .file(operation: "write", path: path, reason: "libarchive is out of memory") }
        defer { archive_entry_free(head) }
        archive_entry_set_pathname_utf8(head, entry.path)
        archive_entry_set_size(head, Int64(entry.bytes.count))
        archive_entry_set_filetype(head, UInt32(S_IFREG))
        archive_entry_set_perm(head, entry.isExecutable ? 0o755 : 0o644)
        archive_entry_set_mtime(head, 0, 0)
        try check(archive_write_header(handle, head), handle, path)
        let written = entry.bytes.withUnsafeBytes { archive_write_data(handle, $0.baseAddress, $0.count) }
        guard written == entry.bytes.count else { throw failure(handle, path) }
    }

    private static func check(_ status: Int32, _ handle: OpaquePointer, _ path: FilePath) throws(ArchiveError) {
        guard status == ARCHIVE_OK else { throw failure(handle, path) }
    }

    private static func failure(_ handle: OpaquePointer, _ path: FilePath) -> ArchiveError {
        .file(operation: "write", path: path, reason: archive_error_string(handle).map { String(cString: $0) } ?? "unknown error")
    }
}
