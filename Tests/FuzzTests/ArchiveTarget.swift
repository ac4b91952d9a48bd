import Archive
import Foundation
import Fuzzing
import Glibc
import SystemPackage

extension FuzzTarget {
    /// Archives: tar, plain and with four compressions, and zip.
    static let archive = FuzzTarget(
        "archive", limit: 1 << 14,
        words: [
            "ustar\0", "ustar  \0", "././@LongLink", "../", "/etc/passwd", "path=../../x\n", "linkpath=/etc\n", "size=99999999999\n",
            "30 mtime=1\n",
            "GNU.sparse.map=0,1\n", "PK\u{3}\u{4}", "PK\u{1}\u{2}", "PK\u{5}\u{6}", "\u{1F}", "BZh9", "0000755\0", "0120777\0", "1", "2",
            "3", "5", "6", "7", "L",
            "K", "x", "g", "S",
        ],
        seeds: {
            try WrittenTar.seeds() + ownFiles(below: "Tests/Fixtures/fuzz/seeds") { $0.hasPrefix("archive/") }
        }
    ) {
        let folder = try FuzzFolder()
        try folder.write("kept".utf8, to: "yard/kept")
        let before = try folder.names(without: ["a"])
        let limits = Limits(bytes: 1 << 20, entries: 200, fileBytes: 1 << 19, ratio: 200, spareBytes: 0)
        return { input in
            // A tar header has a checksum that random bytes do not satisfy.
            var chance = chance(of: input)
            let bytes = Bool.random(using: &chance) ? input : WrittenTar.summed(input)
            try folder.write(bytes, to: "a")
            let strip: Strip = [.none, .leading(1), .commonTop].randomElement(using: &chance) ?? .none
            let read = try reading("archive", throwing: { $0 is ArchiveError }) {
                try Archive.unpack(FilePath(folder.place("a")), into: FilePath(folder.place("yard/out")), limits: limits, strip: strip)
            }
            defer { try? folder.remove("yard/out") }
            let out = folder.place("yard/out")
            guard let unpacked = read.value else {
                try hold(!FileManager.default.fileExists(atPath: out), "an archive that was refused left its folder")
                try hold(try folder.names(without: ["a"]) == before, "an archive that was refused left something")
                // libarchive has many different messages.
                return String(read.words.prefix(120))
            }
            let around = try folder.names(without: ["a"]).filter { !$0.hasPrefix("yard/out") }
            try hold(around == before, "around the folder there is now \(around)")
            try check(out, unpacked, limits)
            return "unpacked: \(min(unpacked.files, 9)) files"
        }
    }

    private static func check(_ out: String, _ unpacked: Unpacked, _ limits: Limits) throws {
        var found = Found()
        guard let top = real(Array(out.utf8)) else { throw Broken("the folder is not there") }
        try look(at: Array(out.utf8), top, &found)
        // A hard link is another name for a file, but its bytes count again here.
        try hold(
            found.files <= limits.entries && found.bytes <= 2 * limits.bytes,
            "\(found.files) files with \(found.bytes) bytes are more than was allowed")
        try hold(unpacked.files == found.files, "\(unpacked.files) files are said to be unpacked, and there are \(found.files)")
    }

    private struct Found {
        var files = 0
        var bytes: Int64 = 0
    }

    /// Names are bytes, because an archive's names need not be UTF-8.
    private static func look(at folder: [UInt8], _ top: [UInt8], _ found: inout Found) throws {
        guard let stream = folder.withCString({ opendir($0) }) else { throw Broken("a folder cannot be listed") }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name == Array(".".utf8) || name == Array("..".utf8) { continue }
            let path = folder + [UInt8(ascii: "/")] + name
            let shown = String(decoding: name, as: UTF8.self)
            var status = stat()
            try hold(path.withCString { lstat($0, &status) } == 0, "\(shown) cannot be looked at")
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try look(at: path, top, &found)
            case S_IFREG:
                (found.files, found.bytes) = (found.files + 1, found.bytes + Int64(status.st_size))
                try hold(status.st_mode & 0o7022 == 0, "\(shown) has the mode \(String(status.st_mode, radix: 8))")
            case S_IFLNK:
                found.files += 1
                guard let place = real(path) else { continue }
                try hold(
                    place == top || place.starts(with: top + [UInt8(ascii: "/")]),
                    "the link \(shown) leads to \(String(decoding: place, as: UTF8.self))")
            default: throw Broken("\(shown) is neither file nor folder nor link")
            }
        }
    }

    /// The path with all links resolved; nil if it leads nowhere.
    private static func real(_ path: [UInt8]) -> [UInt8]? {
        guard let real = path.withCString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return Array(UnsafeRawBufferPointer(start: real, count: strlen(real)))
    }
}

extension [UInt8] {
    /// Passes the bytes as a C string.
    fileprivate func withCString<Value>(_ body: (UnsafePointer<CChar>) -> Value) -> Value {
        (self + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map(body) ?? "".withCString(body) }
        }
    }
}

/// Tar archives written for tests (tar(5)).
enum WrittenTar {
    static func seeds() throws -> [[UInt8]] {
        let plain = entry("top/", "5") + entry("top/file", "0", "hello\n") + entry("top/run", "0", "#!/bin/sh\n", mode: "0000755")
        let links =
            entry("top/a", "0", "x") + entry("top/link", "2", to: "a") + entry("top/hard", "1", to: "top/a")
            + entry("top/up", "2", to: "../top/a")
        let hostile =
            entry("top/l", "2", to: "/tmp") + entry("top/l/evil", "0", "x") + entry("../evil", "0", "x") + entry("dev", "3")
            + entry("fifo", "6")
        let long = entry("././@LongLink", "L", String(repeating: "d/", count: 80) + "f\0") + entry("short", "0", "x")
        let pax = entry("pax", "x", "22 path=top/from-pax\n19 linkpath=nowhere\n") + entry("short", "0", "x")
        return [plain, links, hostile, long, pax].map { $0 + [UInt8](repeating: 0, count: 1024) }
    }

    private static func entry(_ name: String, _ kind: String, _ content: String = "", to target: String = "", mode: String = "0000644")
        -> [UInt8]
    {
        let size = String(content.utf8.count, radix: 8)
        var header = field(name, 100) + field(mode, 8) + field("0000000", 8) + field("0000000", 8)
        header +=
            field(String(repeating: "0", count: 11 - size.count) + size, 12) + field("00000000000", 12) + field("        ", 8, fill: 0x20)
        header += Array(kind.utf8) + field(target, 100) + Array("ustar\u{0}00".utf8) + field("", 32) + field("", 32) + field("", 183)
        let body = Array(content.utf8)
        return summed(header + body + [UInt8](repeating: 0, count: (512 - body.count % 512) % 512))
    }

    private static func field(_ text: String, _ count: Int, fill: UInt8 = 0) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(count))
        return bytes + [UInt8](repeating: fill, count: count - bytes.count)
    }

    /// The input with the right checksum in each block that looks like a header.
    static func summed(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        for start in stride(from: 0, to: max(0, bytes.count - 511), by: 512)
        where bytes[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) {
            for place in (start + 148)..<(start + 156) { bytes[place] = 0x20 }
            let sum = bytes[start..<(start + 512)].reduce(0) { $0 + Int($1) }
            let digits = String(sum, radix: 8)
            let text = Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits).utf8) + [0, 0x20]
            bytes.replaceSubrange((start + 148)..<(start + 156), with: text.prefix(8))
        }
        return bytes
    }
}
