/// An ELF file as a linker would write it: a header, program headers, a dynamic section, strings.
public struct WrittenElf {
    private let isWide: Bool
    private let isBigEndian: Bool
    private let machine: UInt16
    private let interpreter: String?
    private let needed: [String]
    private let runPath: String?
    private let oldPath: String?
    private let base: UInt64

    /// Describes a file; by default, a 64-bit one for x86-64 without dependencies.
    ///
    /// - Parameters:
    ///   - machine: the architecture's number, `e_machine` (elf(5)).
    ///   - base: the memory address of the only loaded segment.
    public init(
        isWide: Bool = true, isBigEndian: Bool = false, machine: UInt16 = 62, interpreter: String? = nil, needed: [String] = [],
        runPath: String? = nil, oldPath: String? = nil, base: UInt64 = 0x40_0000
    ) {
        self.isWide = isWide
        self.isBigEndian = isBigEndian
        self.machine = machine
        self.interpreter = interpreter
        self.needed = needed
        self.runPath = runPath
        self.oldPath = oldPath
        self.base = base
    }

    /// The file's content.
    public var bytes: [UInt8] {
        let (headerBytes, segmentBytes, width) = isWide ? (64, 56, 8) : (52, 32, 4)
        var texts: [UInt8] = [0]
        func place(_ text: String) -> UInt64 {
            defer { texts += Array(text.utf8) + [0] }
            return UInt64(texts.count)
        }
        var entries: [(UInt64, UInt64)] = needed.map { (1, place($0)) }
        if let runPath { entries.append((29, place(runPath))) }
        if let oldPath { entries.append((15, place(oldPath))) }
        let name = interpreter.map { Array($0.utf8) + [0] }
        let segments = 2 + (name == nil ? 0 : 1)
        let nameStart = headerBytes + segments * segmentBytes
        let dynamicStart = nameStart + (name?.count ?? 0)
        let dynamicBytes = (entries.count + 3) * 2 * width
        let textStart = dynamicStart + dynamicBytes
        entries += [(5, base + UInt64(textStart)), (10, UInt64(texts.count)), (0, 0)]
        let total = textStart + texts.count

        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, isWide ? 2 : 1, isBigEndian ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
        file += number(3, 2) + number(UInt64(machine), 2) + number(1, 4)
        file += number(0, width) + number(UInt64(headerBytes), width) + number(0, width) + number(0, 4)
        file += number(UInt64(headerBytes), 2) + number(UInt64(segmentBytes), 2) + number(UInt64(segments), 2) + number(0, 6)
        if let name { file += segment(3, nameStart, name.count) }
        file += segment(1, 0, total) + segment(2, dynamicStart, dynamicBytes)
        file += name ?? []
        for (tag, value) in entries { file += number(tag, width) + number(value, width) }
        return file + texts
    }

    private func segment(_ type: UInt64, _ offset: Int, _ count: Int) -> [UInt8] {
        let (start, size, address) = (UInt64(offset), UInt64(count), base + UInt64(offset))
        return isWide
            ? number(type, 4) + number(5, 4) + number(start, 8) + number(address, 8) + number(address, 8) + number(size, 8)
                + number(size, 8)
                + number(4096, 8)
            : number(type, 4) + number(start, 4) + number(address, 4) + number(address, 4) + number(size, 4) + number(size, 4)
                + number(5, 4)
                + number(4096, 4)
    }

    private func number(_ value: UInt64, _ count: Int) -> [UInt8] {
        let bytes = (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) : 0 }
        return isBigEndian ? bytes.reversed() : bytes
    }
}
