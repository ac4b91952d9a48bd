/// Why an ELF file cannot be read.
package enum ElfFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// It is not an ELF file: a script, a text, anything else.
    case notELF
    /// It is big-endian. Ninepin does not run on such a machine.
    case bigEndian
    /// It contains an impossible value; the text says which.
    case malformed(String)

    /// The error message.
    package var description: String {
        switch self {
        case .notELF: "it is not an ELF file"
        case .bigEndian: "it is a big-endian ELF file"
        case .malformed(let what): "it is an ELF file with \(what)"
        }
    }
}

/// The loader and libraries that an ELF file requires (elf(5), ld.so(8)). Like the kernel and the loader, this reads only the program
/// headers, and it neither loads nor runs anything. The amount of data read is limited, whatever the file claims.
package struct ElfFile: Hashable, Sendable {
    /// Whether it is a 64-bit file rather than a 32-bit file.
    package let isWide: Bool
    /// The machine number (`e_machine`): 62 is x86-64.
    package let machine: UInt16
    /// The loader (PT_INTERP); nil for a static program and for most libraries.
    package let interpreter: String?
    /// The required libraries (DT_NEEDED), in order.
    package let needed: [String]
    /// The search path for its own libraries (DT_RUNPATH), unmodified; nil if there is none.
    package let runPath: String?
    /// The search path for its libraries and their dependencies (DT_RPATH), unmodified; nil if there is none.
    package let oldPath: String?

    /// Parses a file.
    ///
    /// - Parameter read: returns up to `count` bytes at an offset, or fewer at the end of the file.
    /// - Throws: `ElfFault`, and errors thrown by `read`.
    package init(_ read: (_ offset: Int, _ count: Int) throws -> [UInt8]) throws {
        var reading = ElfReading(try read(0, 64))
        try reading.header()
        let segments = try reading.segments(read)
        let dynamic = try reading.dynamic(segments, read)
        isWide = reading.isWide
        machine = reading.machine
        interpreter = try segments.first { $0.type == ElfReading.interpreter }.map { try reading.interpreter($0, read) }
        needed = try dynamic.needed.map { try reading.text(at: $0, dynamic, segments, read) }
        runPath = try dynamic.runPath.map { try reading.text(at: $0, dynamic, segments, read) }
        oldPath = try dynamic.oldPath.map { try reading.text(at: $0, dynamic, segments, read) }
    }

    /// Parses a file in memory.
    ///
    /// - Throws: `ElfFault`.
    package init(_ bytes: [UInt8]) throws {
        try self.init { offset, count in offset < bytes.count ? Array(bytes[offset..<(offset + min(count, bytes.count - offset))]) : [] }
    }
}

/// A segment of the file and its address in memory.
private struct Segment {
    let type: UInt64
    let offset: UInt64
    let address: UInt64
    let fileBytes: UInt64
}

/// The entries of the dynamic section; texts are offsets in the string table.
private struct Dynamic {
    var table: UInt64?
    var tableBytes: UInt64 = 0
    var needed: [UInt64] = []
    var runPath: UInt64?
    var oldPath: UInt64?
}

/// Parses an ELF file.
private struct ElfReading {
    /// PT_INTERP.
    static let interpreter: UInt64 = 3

    private let head: [UInt8]
    private(set) var isWide = true
    private(set) var machine: UInt16 = 0

    init(_ head: [UInt8]) { self.head = head }

    mutating func header() throws(ElfFault) {
        guard head.count >= 4, head.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw .notELF }
        guard head.count >= 52 else { throw .malformed("a truncated header") }
        guard head[5] != 2 else { throw .bigEndian }
        guard head[4] == 1 || head[4] == 2, head[5] == 1, head[6] == 1 else {
            throw .malformed("the class \(head[4]), the order \(head[5]) and the version \(head[6])")
        }
        isWide = head[4] == 2
        guard !isWide || head.count == 64 else { throw .malformed("a truncated header") }
        machine = UInt16(number(head, 18, 2))
    }

    /// The program headers. Their number is limited; the loader's own programs have about a dozen.
    func segments(_ read: (Int, Int) throws -> [UInt8]) throws -> [Segment] {
        let start = isWide ? number(head, 32, 8) : number(head, 28, 4)
        let (size, count) = isWide ? (number(head, 54, 2), number(head, 56, 2)) : (number(head, 42, 2), number(head, 44, 2))
        if count == 0 { return [] }
        guard size == (isWide ? 56 : 32), count <= 1024 else { throw ElfFault.malformed("\(count) program headers of \(size) bytes") }
        let table = try bytes(at: start, count: size * count, "program headers", read)
        return stride(from: 0, to: table.count, by: Int(size)).map { place in
            isWide
                ? Segment(
                    type: number(table, place, 4), offset: number(table, place + 8, 8), address: number(table, place + 16, 8),
                    fileBytes: number(table, place + 32, 8))
                : Segment(
                    type: number(table, place, 4), offset: number(table, place + 4, 4), address: number(table, place + 8, 4),
                    fileBytes: number(table, place + 16, 4))
        }
    }

    func interpreter(_ segment: Segment, _ read: (Int, Int) throws -> [UInt8]) throws -> String {
        // The kernel rejects a longer one too (fs/binfmt_elf.c, PATH_MAX).
        guard (2...4096).contains(segment.fileBytes) else { throw ElfFault.malformed("a loader name of \(segment.fileBytes) bytes") }
        let name = try bytes(at: segment.offset, count: segment.fileBytes, "loader's name", read)
        guard name.last == 0 else { throw ElfFault.malformed("an unterminated loader name") }
        return try text(name.prefix { $0 != 0 }, "loader's name")
    }

    func dynamic(_ segments: [Segment], _ read: (Int, Int) throws -> [UInt8]) throws -> Dynamic {
        var dynamic = Dynamic()
        guard let segment = segments.first(where: { $0.type == 2 }) else { return dynamic }
        let width = isWide ? 8 : 4
        // A linker writes about forty entries; each required library has one.
        let table = try bytes(at: segment.offset, count: min(segment.fileBytes, 65_536), "dynamic section", read)
        for place in stride(from: 0, through: table.count - 2 * width, by: 2 * width) {
            let value = number(table, place + width, width)
            switch number(table, place, width) {
            case 0: return dynamic
            case 1: dynamic.needed.append(value)
            case 5: dynamic.table = value
            case 10: dynamic.tableBytes = value
            case 15: dynamic.oldPath = value
            case 29: dynamic.runPath = value
            default: continue
            }
            guard dynamic.needed.count <= 1024 else { throw ElfFault.malformed("more than 1024 libraries") }
        }
        return dynamic
    }

    /// A text in the string table, whose address in memory is in the dynamic section.
    func text(at place: UInt64, _ dynamic: Dynamic, _ segments: [Segment], _ read: (Int, Int) throws -> [UInt8]) throws -> String {
        guard let table = dynamic.table, place < dynamic.tableBytes else {
            throw ElfFault.malformed("a name outside its string table")
        }
        let (address, isOver) = table.addingReportingOverflow(place)
        let loaded = segments.first { $0.type == 1 && address >= $0.address && address - $0.address < $0.fileBytes }
        guard !isOver, let loaded else { throw ElfFault.malformed("a string table that is not loaded") }
        let inside = address - loaded.address
        let (offset, isFar) = loaded.offset.addingReportingOverflow(inside)
        guard !isFar else { throw ElfFault.malformed("a string table beyond the end of the file") }
        let room = min(dynamic.tableBytes - place, loaded.fileBytes - inside, 4096)
        let name = try bytes(at: offset, count: room, "name", read)
        guard let end = name.firstIndex(of: 0) else { throw ElfFault.malformed("a name that is unterminated or longer than 4095 bytes") }
        return try text(name[..<end], "name")
    }

    private func text(_ bytes: some Collection<UInt8>, _ what: String) throws(ElfFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("a \(what) that is not valid UTF-8") }
        return text
    }

    private func bytes(at offset: UInt64, count: UInt64, _ what: String, _ read: (Int, Int) throws -> [UInt8]) throws -> [UInt8] {
        guard let place = Int(exactly: offset), let count = Int(exactly: count), place <= Int.max - count else {
            throw ElfFault.malformed("its \(what) at \(offset)")
        }
        let bytes = try read(place, count)
        guard bytes.count == count else { throw ElfFault.malformed("its \(what) beyond the end of the file") }
        return bytes
    }

    /// A little-endian number. Callers stay within the bytes read.
    private func number(_ bytes: [UInt8], _ start: Int, _ length: Int) -> UInt64 {
        bytes[start..<(start + length)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
