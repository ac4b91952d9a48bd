import ELF
import Foundation
import Testing
import TestInputs

@Suite("ELF files")
struct ElfFileTests {
    @Test("what a file asks of the loader is read as it stands there, with 64 and with 32 bits", arguments: [true, false])
    func reads(isWide: Bool) throws {
        let written = WrittenElf(
            isWide: isWide, machine: isWide ? 62 : 3, interpreter: "/lib64/ld.so", needed: ["libc.so.6", "../../evil"],
            runPath: "$ORIGIN/../lib:/opt/lib", oldPath: "/old")
        let read = try ElfFile(written.bytes)
        #expect(read.isWide == isWide)
        #expect(read.machine == (isWide ? 62 : 3))
        #expect(read.interpreter == "/lib64/ld.so")
        #expect(read.needed == ["libc.so.6", "../../evil"])
        #expect(read.runPath == "$ORIGIN/../lib:/opt/lib")
        #expect(read.oldPath == "/old")
    }

    @Test("a static program asks for nothing, and a program of this machine for the C library and its loader")
    func machines() throws {
        let plain = try ElfFile(WrittenElf().bytes)
        #expect(plain.interpreter == nil && plain.needed.isEmpty && plain.runPath == nil && plain.oldPath == nil)
        let shell = try ElfFile(Array(try Data(contentsOf: URL(filePath: "/bin/bash"))))
        #expect(shell.needed.contains { $0.hasPrefix("libc.so") })
        #expect(shell.interpreter?.contains("ld") == true)
    }

    @Test("what is none, is for another order of bytes, or is cut off is refused by name")
    func refuses() throws {
        #expect(throws: ElfFault.notELF) { try ElfFile([]) }
        #expect(throws: ElfFault.notELF) { try ElfFile(Array("#!/bin/sh\necho\n".utf8)) }
        for isWide in [true, false] {
            #expect(throws: ElfFault.bigEndian) { try ElfFile(WrittenElf(isWide: isWide, isBigEndian: true, needed: ["x"]).bytes) }
        }
        let whole = WrittenElf(interpreter: "/lib/ld.so", needed: ["libc.so.6"]).bytes
        for count in 4..<whole.count {
            #expect(throws: ElfFault.self, "\(count) bytes") { try ElfFile(Array(whole.prefix(count))) }
        }
    }

    @Test("a claim of any size reads no more than its limit")
    func limits() throws {
        for place in 0..<WrittenElf(interpreter: "/l", needed: ["a"]).bytes.count {
            for value: UInt8 in [0xFF, 0x7F, 0x80] {
                var bytes = WrittenElf(interpreter: "/l", needed: ["a"]).bytes
                for index in place..<min(place + 8, bytes.count) { bytes[index] = value }
                expectBounded(bytes, "\(value) at \(place)")
            }
        }
    }

    @Test("whatever the bytes, a file is read within its limits, or refused")
    func generated() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix(seed)
        let end = ContinuousClock.now + .seconds(2)
        while ContinuousClock.now < end {
            await Task.yield()
            let written = WrittenElf(
                isWide: .random(using: &random), interpreter: .random(using: &random) ? "/lib/ld.so" : nil,
                needed: Array(repeating: "libc.so.6", count: .random(in: 0...3, using: &random)), runPath: "$ORIGIN",
                base: .random(using: &random) ? 0 : .random(in: 0 ... .max / 2, using: &random))
            var bytes = written.bytes
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 4..<bytes.count, using: &random)] =
                    [0, 1, 2, 0x7F, 0x80, 0xFF, .random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            if Int.random(in: 0..<8, using: &random) == 0 { bytes.removeLast(.random(in: 1..<bytes.count, using: &random)) }
            expectBounded(bytes, "seed \(seed)")
        }
    }

    /// Expects that reading ends with a value or one of the reader's own errors, and reads only a bounded amount.
    private func expectBounded(_ bytes: [UInt8], _ comment: String) {
        var asked = 0
        do {
            _ = try ElfFile { offset, count in
                asked += count
                return offset < bytes.count ? Array(bytes[offset..<(offset + min(count, bytes.count - offset))]) : []
            }
        } catch { #expect(error is ElfFault, "\(comment): \(error)") }
        #expect(asked < 8 << 20, "\(comment): \(asked) bytes")
    }
}
