import CLibarchive
import FoundationEssentials
import Glibc
import Paths
import SystemPackage

/// The limits for unpacking an archive. Claimed sizes are checked before anything is written, actual sizes while it is written.
package struct Limits: Sendable, Hashable {
    /// Bytes of all files together.
    package var bytes: Int64
    /// Entries: files, links and directories.
    package var entries: Int
    /// Bytes of one file.
    package var fileBytes: Int64
    /// Unpacked bytes per byte of the archive, checked after 64 MiB are unpacked: text has a ratio of about ten.
    package var ratio: Int64
    /// Bytes that must stay free on the disk.
    package var spareBytes: Int64

    /// Makes limits; the defaults suit a large source tree.
    package init(
        bytes: Int64 = 16 << 30, entries: Int = 1_000_000, fileBytes: Int64 = 4 << 30, ratio: Int64 = 200, spareBytes: Int64 = 256 << 20
    ) {
        self.bytes = bytes
        self.entries = entries
        self.fileBytes = fileBytes
        self.ratio = ratio
        self.spareBytes = spareBytes
    }
}

/// Which leading components of the names are removed.
package enum Strip: Sendable, Hashable {
    case none
    /// The given number, as with `tar --strip-components`; a file without any remaining component is refused.
    case leading(Int)
    /// The one folder that contains all entries, if there is one: GitHub's archives have it.
    case commonTop
}

/// The result of unpacking.
package struct Unpacked: Sendable, Hashable {
    /// The number of files and links, without directories.
    package internal(set) var files = 0
    /// The total size of the files, in bytes.
    package internal(set) var bytes: Int64 = 0
}

/// Unpacks untrusted archives.
///
/// Entries are written only below the target folder, in directories that this call created. Names cannot lead upwards, links are never
/// followed, nothing is overwritten, and only files, directories and links are created.
package enum Archive {
    /// Unpacks a tar archive, plain or compressed with gzip, bzip2, xz or zstd, or a zip archive (a wheel is one), in bounded memory.
    ///
    /// Of the mode, only the owner's executable bit is kept (0644 or 0755); owners, times and attributes are not. Symbolic links are kept
    /// if they stay inside the folder, also when followed through other links. If unpacking fails, the folder is removed. A name ends at
    /// its first NUL: only that part is checked and used.
    ///
    /// Checksums of xz, bzip2, zstd (if present) and zip are verified. That of gzip is not, because libarchive skips it (`consume_trailer`
    /// in archive_read_support_filter_gzip.c). Only the archive's digest reveals a wrong byte that still decompresses, so check the digest
    /// first.
    ///
    /// - Parameters:
    ///   - path: the archive; its format is detected from its content, not its name.
    ///   - folder: the target, which must not exist yet; its parent must exist.
    ///   - progress: called from time to time with what was unpacked so far; an error that it throws stops the work.
    /// - Throws: `ArchiveError`, and errors from `progress`.
    @discardableResult
    package static func unpack(
        _ path: FilePath, into folder: FilePath, limits: Limits = Limits(), strip: Strip = .none,
        progress: (Unpacked) throws -> Void = { _ in }
    ) throws -> Unpacked {
        try ZipDirectory.check(path, entries: limits.entries)
        let reader = try ArchiveReader(path)
        guard mkdir(folder.string, 0o755) == 0 else {
            throw ArchiveError.file(operation: "make", path: folder, reason: Errno(rawValue: errno).description)
        }
        do {
            return try inUTF8Locale {
                try withoutActuallyEscaping(progress) { progress in
                    let root: FolderWriter
                    do throws(FolderFault) { root = try FolderWriter(Array(folder.string.utf8)) } catch {
                        throw ArchiveError.file(operation: "open", path: folder, reason: error.reason)
                    }
                    var unpacking = Unpacking(
                        archive: path, folder: folder, limits: limits, strip: strip, reader: reader, writer: root, progress: progress)
                    return try unpacking.run()
                }
            }
        } catch {
            try? FileManager.default.removeItem(atPath: folder.string)
            throw error
        }
    }

    /// libarchive converts UTF-8 names to the thread's locale; in the C locale they would be lost.
    private static func inUTF8Locale<Value>(_ body: () throws -> Value) rethrows -> Value {
        let locale = ninepin_utf8_locale()
        let before = locale.flatMap { uselocale($0) }
        defer {
            if let locale {
                uselocale(before)
                freelocale(locale)
            }
        }
        return try body()
    }
}
