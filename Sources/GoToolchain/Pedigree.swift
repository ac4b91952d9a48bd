import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

extension Pedigree {
    private static let mark = "ninepin-1/"

    /// The build ID that contains the pedigree: a single word, as `-ldflags` requires.
    ///
    /// - Throws: `EncodingError`, which cannot happen with these fields.
    package func buildID() throws -> String {
        // Use the URL-safe alphabet (RFC 4648, 5), because slashes separate the parts of a build ID.
        let text = Data(try JSONDocument.line(of: self)).base64EncodedString().map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        return Self.mark + String(text.filter { $0 != "=" })
    }

    /// Parses a build ID; nil if Ninepin did not write it.
    package init?(buildID: String) {
        guard buildID.hasPrefix(Self.mark) else { return nil }
        var text = String(buildID.dropFirst(Self.mark.count).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        text += String(repeating: "=", count: (4 - text.count % 4) % 4)
        guard let data = Data(base64Encoded: text), let read = try? JSONDecoder().decode(Pedigree.self, from: data) else { return nil }
        self = read
    }

    /// The flags of `go build` with the build ID added to the linker's flags.
    func adding(to flags: [String]) throws -> [String] {
        let linker = "-ldflags="
        let own = "-buildid=\(try buildID())"
        guard let index = flags.lastIndex(where: { $0.hasPrefix(linker) }) else { return flags + [linker + own] }
        var flags = flags
        flags[index] += flags[index] == linker ? own : " \(own)"
        return flags
    }
}

/// Reads a Go binary's build ID from its ELF file (cmd/internal/buildid, note.go: name `Go`, type 4).
package enum GoBuildID {
    /// The build ID; nil if the file is not a 64-bit little-endian ELF file with one.
    ///
    /// - Throws: `FileError` if the file cannot be read.
    package static func read(_ path: FilePath) throws(FileError) -> String? {
        let header = try Files.read(path, from: 0, count: 64)
        guard header.count == 64, header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        let (start, size, count) = (header.number(32, 8), header.number(54, 2), header.number(56, 2))
        guard size == 56, count <= 1024 else { return nil }
        let table = try Files.read(path, from: start, count: size * count)
        for index in 0..<count where (index + 1) * size <= table.count && table.number(index * size, 4) == noteSegment {
            let place = index * size
            let notes = try Files.read(path, from: table.number(place + 8, 8), count: min(table.number(place + 32, 8), 1 << 20))
            if let id = buildID(in: notes) { return id }
        }
        return nil
    }

    /// PT_NOTE (elf(5)).
    private static let noteSegment = 4

    private static func buildID(in notes: [UInt8]) -> String? {
        var place = 0
        while place + 12 <= notes.count {
            let (nameSize, size, type) = (notes.number(place, 4), notes.number(place + 4, 4), notes.number(place + 8, 4))
            let name = place + 12
            let content = name + (nameSize + 3) / 4 * 4
            guard content >= name, content + size <= notes.count else { return nil }
            if type == 4, notes[name..<(name + nameSize)].elementsEqual("Go\0\0".utf8) {
                return String(decoding: notes[content..<(content + size)], as: UTF8.self)
            }
            place = content + (size + 3) / 4 * 4
        }
        return nil
    }
}

extension [UInt8] {
    /// A little-endian number; one too large for a file offset is read as zero.
    fileprivate func number(_ start: Int, _ length: Int) -> Int {
        guard start + length <= count else { return 0 }
        return Int(exactly: self[start..<(start + length)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) ?? 0
    }
}
