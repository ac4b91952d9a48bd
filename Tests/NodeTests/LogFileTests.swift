import Foundation
import Grading
import Model
import Testing

@testable import Node

@Suite("A kubelet's log in a file")
struct LogFileTests {
    @Test("bytes that are no UTF-8, and a line of a megabyte, are read like any other")
    func bytes() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let lines = [
            "I1123 12:00:00.000000      42 server.go:416] Version: v1.20.2",
            "I1123 12:00:00.500000      42 kubelet.go:394] Attempting to sync node with API server",
            "I1123 12:00:06.000000      42 server.go:1176] Started kubelet",
            "F1123 12:00:06.500000      42 kubelet.go:1350] Failed to start ContainerManager: unable to find data in memory cache",
        ]
        var bytes = Data([0xFF, 0xFE, 0x00, 0x0A]) + Data(repeating: 0x41, count: 1 << 20) + Data("\n".utf8)
        bytes += Data(lines.joined(separator: "\r\n").utf8) + Data("\r\n".utf8)
        let file = folder.appending(path: "a.log")
        try bytes.write(to: file)
        let (verdict, count) = try LogReader.verdict(onFile: file.path, warmUp: 10)
        #expect(verdict.grade == .fatal)
        #expect(count == 6)
        #expect(verdict.evidence.first?.text.hasSuffix("memory cache") == true)
    }
}
