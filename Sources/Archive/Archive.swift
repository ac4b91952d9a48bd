import CLibarchive
import FoundationEssentials
import Glibc
import Paths
import SystemPackage

/// How much an archive may hold. What is claimed counts before it is written, and what is written counts as it comes.
package struct Limits: Sendable, Hashable {
    /// Bytes of all files together.
    package var bytes: Int64
    /// Entries: files, links and directories.
    package var entries: Int
    /// Bytes of one file.
    package var fileBytes: Int64
    /// Unpacked bytes for each byte of the archive, looked at once 64 MiB were unpacked: text comes to about ten.
    package var ratio: Int64
    /// Bytes that must stay free on the disk.
    package var spareBytes: Int64

    /// Makes limits; those of a large source tree when nothing else is said.
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

/// Which leading parts of the names are left out.
package enum Strip: Sendable, Hashable {
    /// None.
    case none
    /// So many, as `tar --strip-components` does; a file that has no name left is refused.
    case leading(Int)
    /// The one folder that all entries are in, where there is one: GitHub's archives have it.
    case commonTop
}

/// What was unpacked.
package struct Unpacked: Sendable, Hashable {
    /// Files and links; directories do not count.
    package internal(set) var files = 0
    /// Bytes of the files.
    package internal(set) var bytes: Int64 = 0
}

/// Unpacks archives that nobody vouches for.
///
/// An entry is written only below the folder, through directories that this very call made: no name leads upwards, no link is ever
/// followed, nothing is written over, and nothing but files, directories and links is made.
package enum Archive {
    /// Unpacks a tar archive, plain or compressed with gzip, bzip2, xz or zstd, or a zip archive (a wheel is one), in bounded memory.
    ///
    /// Of a mode only the owner's `x` is kept (0644 or 0755); owners, times and attributes are not. Symbolic links are kept when they stay in the folder,
    /// also by way of other links. What fails leaves no folder. A name ends at its first NUL: that much is checked, and that much is the file's name.
    ///
    /// Checksums of xz, bzip2, zstd (where it has one) and zip are looked at; that of gzip is not, since libarchive passes over it (`consume_trailer` in
    /// archive_read_support_filter_gzip.c). A wrong byte that still decompresses is found only by the digest of the archive: check it first.
    ///
    /// - Parameters:
    ///   - path: the archive; its content, not its name, says what it is.
    ///   - folder: where to; made, not to be there before, in a folder that is there.
    ///   - progress: called now and then with what was unpacked so far; what it throws ends the work.
    /// - Throws: `ArchiveError`, and what `progress` throws.
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

    /// libarchive turns names that are said to be UTF-8 into the locale of the thread; in the plain one they would be lost.
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
