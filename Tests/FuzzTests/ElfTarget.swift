import ELF
import FileSystem
import Foundation
import Fuzzing
import GoToolchain
import Host
import Model
import SystemPackage
import TestInputs

extension FuzzTarget {
    /// Binaries: what they require from the loader, and the embedded pedigree.
    static let elf = FuzzTarget(
        "elf", limit: 1 << 13, words: ["$ORIGIN", "libc.so.6", "../", "Go\0\0", "ninepin-1/", "{\"recipe\":\"", "\0\0\0\0"],
        seeds: {
            let wide = [true, false].map { wide in
                WrittenElf(
                    isWide: wide, interpreter: "/lib/ld.so", needed: ["libc.so.6", "libm.so.6"], runPath: "$ORIGIN", oldPath: "/old"
                ).bytes
            }
            return try wide + [WrittenElf().bytes, noted("ninepin-1/\(pedigree())"), noted("abc/def"), Array("#!/bin/sh\n".utf8)]
        }
    ) {
        let folder = try FuzzFolder()
        return { input in
            var asked = 0
            let read = try reading("ELF file", throwing: { $0 is ElfFault }) {
                try ElfFile { offset, count in
                    try hold(offset >= 0 && count >= 0, "\(count) bytes at \(offset) are asked for")
                    asked += count
                    return offset < input.count ? Array(input[offset..<(offset + min(count, input.count - offset))]) : []
                }
            }
            try hold(asked <= 8 << 20, "\(asked) bytes were asked for")
            if let file = read.value {
                let texts = file.needed + [file.interpreter, file.runPath, file.oldPath].compactMap(\.self)
                try hold(texts.allSatisfy { $0.utf8.count <= 1 << 16 }, "a text has \(texts.map(\.utf8.count).max() ?? 0) bytes")
            }
            try folder.write(input, to: "binary")
            let id = try reading("build ID", throwing: { $0 is FileError }) { try GoBuildID.read(FilePath(folder.place("binary"))) }
            guard let text = id.value ?? nil else { return "\(read.words); \(id.words)" }
            try hold(text.utf8.count <= 1 << 20, "a build ID has \(text.utf8.count) bytes")
            guard let pedigree = Pedigree(buildID: text) else { return "\(read.words); no pedigree" }
            try hold(Pedigree(buildID: try pedigree.buildID()) == pedigree, "a pedigree is another after a round trip")
            return "\(read.words); a pedigree of \(pedigree.series.count) patches, \(pedigree.mode)"
        }
    }

    private static func pedigree() throws -> String {
        let made = Pedigree(
            recipe: "kubelet", version: "1.20.2", tree: String(repeating: "a", count: 40),
            series: ["cadvisor/a"].compactMap(PatchName.init).map { .init(name: $0, variant: "v") }, toolchain: "go1.24 linux/amd64",
            mode: .vendor, flags: ["-x"])
        return String(try made.buildID().dropFirst("ninepin-1/".count))
    }

    /// A 64-bit file that contains nothing but a Go note.
    private static func noted(_ text: String) -> [UInt8] {
        func number(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 255) } }
        let note =
            number(4, 4) + number(text.utf8.count, 4) + number(4, 4) + Array("Go\0\0".utf8) + Array(text.utf8)
            + [UInt8](repeating: 0, count: (4 - text.utf8.count % 4) % 4)
        var file: [UInt8] =
            [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9) + number(2, 2) + number(62, 2) + number(1, 4)
        file += number(0, 8) + number(64, 8) + number(0, 8) + number(0, 4) + number(64, 2) + number(56, 2) + number(1, 2) + number(0, 6)
        file += number(4, 4) + number(4, 4) + number(120, 8) + number(0, 16) + number(note.count, 8) + number(note.count, 8) + number(4, 8)
        return file + note
    }
}
