import FileSystem
import Foundation
import Grading
import Host
import Model
import SystemPackage
import Testing

@testable import Node

@Suite("The logs of a boot")
struct BootLogsTests {
    private let clean = Verdict(
        grade: .clean, level: .boot, summary: "s", evidence: [Evidence(kind: .probe, text: "ok", source: "/healthz")])

    private func inFolder(_ work: (FilePath) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try work(FilePath(folder.path))
    }

    @Test("where they are whole the verdict stays as it is")
    func whole() throws {
        try inFolder { folder in
            let log = try LineFile(folder.appending("kubelet.log"), limit: .ends(bytes: 8000))
            for number in 0..<5000 { log.append(Array("line \(number)".utf8)) }
            let logs = BootLogs([log])
            #expect(logs.fault == nil)
            #expect(logs.settled(clean) == clean)
            #expect(Files.names(in: folder) == ["kubelet.log"])
        }
    }

    @Test("where one cannot be written no verdict is clean, nor fatal: it is inconclusive, with the file, why, and what it was")
    func full() throws {
        try inFolder { folder in
            let path = folder.appending("kubelet.log")
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: "/dev/full")
            let (log, other) = (try LineFile(path, limit: .run), try LineFile(folder.appending("sandbox.log"), limit: .run))
            let logs = BootLogs([other, log])
            log.append(Array("a line".utf8))
            #expect(logs.fault != nil)
            for grade in [Grade.clean, .degraded, .fatal] {
                let settled = logs.settled(Verdict(grade: grade, level: .boot, cause: nil, summary: "s", evidence: clean.evidence))
                #expect(settled.grade == .inconclusive && settled.cause == .outOfDisk)
                #expect(
                    settled.summary.contains("kubelet.log") && settled.summary.contains("It was \(grade.rawValue)."), "\(settled.summary)")
                #expect(settled.evidence.first?.kind == .harness && settled.evidence.last == clean.evidence.last)
            }
        }
    }

    @Test("an end that cannot be kept is found when the boot is over, and counts the same")
    func noEnd() throws {
        try inFolder { folder in
            let log = try LineFile(folder.appending("kubelet.log"), limit: .ends(bytes: 8000))
            for number in 0..<5000 { log.append(Array("line \(number)".utf8)) }
            try Files.remove(folder.appending("kubelet.log.tail"))
            let settled = BootLogs([log]).settled(clean)
            #expect(settled.grade == .inconclusive && settled.cause == .logNotWritten)
        }
    }

    @Test("all of a text is graded, also what is left out of the file")
    func graded() throws {
        try inFolder { folder in
            let log = try LineFile(folder.appending("kubelet.log"), limit: .ends(bytes: 8000))
            var reader = LogReader(source: "kubelet", warmUp: 10)
            let fatal = "F1123 12:00:06.500000      42 kubelet.go:1350] Failed to start ContainerManager"
            for number in 0..<6000 {
                let line = Array((number == 3000 ? fatal : "I1123 12:00:00.000000      42 server.go:416] line \(number)").utf8)
                log.append(line)
                reader.take(line)
            }
            log.finish()
            #expect(!(try Files.readText(log.path).contains("Failed to start")))
            #expect(reader.verdict(isCut: false).grade == .fatal)
        }
    }
}
