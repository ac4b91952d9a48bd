import Foundation
import Grading
import Model
import Testing

@testable import Node

@Suite("How a log's text is encoded")
struct LogEncodingTests {
    private static let lines = [
        "I1123 12:00:00.000000      42 server.go:416] Version: v1.20.2",
        "I1123 12:00:06.000000      42 server.go:1176] Started kubelet",
        "I1123 12:00:06.200000      42 kubelet.go:1] ü € 😀",
        "F1123 12:00:06.500000      42 kubelet.go:1350] Failed to start ContainerManager: unable to find data in memory cache",
    ]

    private func graded(_ bytes: Data) throws -> LogReader {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "a.log")
        try bytes.write(to: file)
        return try LogReader.reading(file: file.path, warmUp: 10).reader
    }

    @Test(
        "UTF-16 is read, with a byte order mark and without, and said in a note; UTF-8's mark is passed over",
        arguments: [
            (String.Encoding.utf16LittleEndian, [0xFF, 0xFE], "UTF-16, little-endian"), (.utf16LittleEndian, [], "UTF-16, little-endian"),
            (.utf16BigEndian, [0xFE, 0xFF], "UTF-16, big-endian"), (.utf16BigEndian, [], "UTF-16, big-endian"),
            (.utf8, [0xEF, 0xBB, 0xBF], nil),
            (.utf8, [], nil),
        ] as [(String.Encoding, [UInt8], String?)])
    func encodings(_ encoding: String.Encoding, _ mark: [UInt8], _ name: String?) throws {
        for count in [1, 300] {
            let text = String(repeating: Self.lines[0] + "\r\n", count: count) + Self.lines.dropFirst().joined(separator: "\r\n") + "\r\n"
            let reader = try graded(Data(mark) + text.data(using: encoding)!)
            let verdict = reader.verdict(isCut: false)
            #expect(verdict.title == "fatal, memory cache" && reader.lines == count + 3)
            #expect(verdict.notes.contains { $0.contains("UTF-16") } == (name != nil))
            #expect(reader.encoding == name)
            #expect(verdict.evidence.first?.text == Self.lines[3])
        }
    }

    @Test("what comes in pieces of any size is read as it is in one, surrogates and half a character at the end too")
    func pieces() throws {
        let text = Self.lines.joined(separator: "\n")
        var bytes = Array(try #require(text.data(using: .utf16LittleEndian)))
        bytes.append(0x41)
        for size in [1, 3, 7, 1000, bytes.count] {
            var (encoding, read) = (LogEncoding(), [UInt8]())
            for start in stride(from: 0, to: bytes.count, by: size) {
                bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { encoding.take($0) { read += $0 } }
            }
            encoding.finish { read += $0 }
            #expect(String(decoding: read, as: UTF8.self) == text + "\u{FFFD}", "\(size)")
        }
        for broken in [[0x3D, 0xD8], [0x00, 0xDC], [0x3D, 0xD8, 0x41, 0x00]] as [[UInt8]] {
            var (encoding, read) = (LogEncoding(), [UInt8]())
            (Array(text.data(using: .utf16LittleEndian)!) + broken).withUnsafeBytes { encoding.take($0) { read += $0 } }
            encoding.finish { read += $0 }
            #expect(String(decoding: read, as: UTF8.self).hasPrefix(text + "\u{FFFD}"))
        }
    }

    @Test(
        "bytes that only begin as UTF-16 does are left as they are",
        arguments: [[0xFF, 0xFE, 0, 10], [0, 0, 0, 0], [], [0x41], [0xFE, 0xFF]])
    func others(_ beginning: [UInt8]) {
        let bytes = beginning + Array(repeating: 0x41, count: 2000)
        var (encoding, read) = (LogEncoding(), [UInt8]())
        bytes.withUnsafeBytes { encoding.take($0) { read += $0 } }
        encoding.finish { read += $0 }
        #expect(read == bytes)
    }
}
