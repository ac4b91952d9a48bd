import SystemPackage

/// The central directory of a zip archive. libarchive reads all of it into memory before the first entry, so its length is checked first:
/// both the claimed one and the one that the file has room for.
enum ZipDirectory {
    /// - Throws: `ArchiveError.tooMuch`. Files that are unreadable or not zip archives are left to the reader to report.
    static func check(_ archive: FilePath, entries limit: Int) throws(ArchiveError) {
        guard let file = try? FileDescriptor.open(archive, .readOnly, options: .closeOnExec) else { return }
        defer { try? file.close() }
        guard bytes(of: file, at: 0, count: 2) == Array("PK".utf8), let end = try? file.seek(offset: 0, from: .end) else { return }
        // The end record, followed by a comment of up to 64 KiB (APPNOTE.TXT, 4.3.16).
        let start = max(0, end - (1 << 16) - 22)
        let tail = bytes(of: file, at: start, count: Int(end - start))
        for place in 0..<max(0, tail.count - 21) where tail[place...].starts(with: [0x50, 0x4B, 5, 6]) {
            var list = (count: number(tail, place + 10, 2), start: number(tail, place + 16, 4))
            if let long = zip64(file, tail, locator: place - 20) { list = long }
            let room = (start + Int64(place) - min(start + Int64(place), list.start)) / 46
            guard max(list.count, room) <= Int64(limit) else {
                throw .tooMuch(
                    archive: archive, entry: nil,
                    reason: "lists up to \(max(list.count, room)) entries; the limit is \(limit)")
            }
        }
    }

    /// The values in the Zip64 record (4.3.14, 4.3.15); nil if there is none.
    private static func zip64(_ file: FileDescriptor, _ tail: [UInt8], locator: Int) -> (count: Int64, start: Int64)? {
        guard locator >= 0, tail[locator...].starts(with: [0x50, 0x4B, 6, 7]) else { return nil }
        let record = bytes(of: file, at: number(tail, locator + 8, 8), count: 56)
        guard record.count == 56, record.starts(with: [0x50, 0x4B, 6, 6]) else { return nil }
        return (number(record, 32, 8), number(record, 48, 8))
    }

    /// A little-endian number; `Int64.max` if it does not fit into 63 bits.
    private static func number(_ bytes: [UInt8], _ place: Int, _ width: Int) -> Int64 {
        let read = bytes[place..<place + width].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int64(clamping: read)
    }

    private static func bytes(of file: FileDescriptor, at offset: Int64, count: Int) -> [UInt8] {
        guard offset >= 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[filled...])
                guard let read = try? file.read(fromAbsoluteOffset: offset + Int64(filled), into: rest), read > 0 else { return }
                filled += read
            }
        }
    }
}
