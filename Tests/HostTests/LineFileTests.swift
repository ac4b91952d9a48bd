import Foundation
import SystemPackage
import Testing

@testable import Host

@Suite("A log that grows")
struct LineFileTests {
    private func inFolder(_ work: (FilePath) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try work(FilePath(folder.path))
    }

    @Test("with a limit it holds the last lines, in two files of at most that size; without one it holds all")
    func limit() throws {
        try inFolder { folder in
            let (bounded, whole) = (folder.appending("a.log"), folder.appending("b.log"))
            let logs = (try LineFile(bounded, limit: 1000), try LineFile(whole))
            for number in 0..<1000 {
                logs.0.append(Array("line \(number)".utf8))
                logs.1.append(Array("line \(number)".utf8))
            }
            #expect(Files.names(in: folder).sorted() == ["a.log", "a.log.1", "b.log"])
            let all = try Files.readText(whole).split(separator: "\n")
            #expect(all.count == 1000)
            let (old, new) = (try Files.readText(FilePath("\(bounded).1")), try Files.readText(bounded))
            #expect(old.utf8.count <= 1000 && new.utf8.count <= 1000)
            let kept = (old + new).split(separator: "\n")
            #expect(kept.count > 90)
            #expect(kept.elementsEqual(all.suffix(kept.count)))
        }
    }

    @Test("who follows it gets each line once, over the file that is set aside")
    func followed() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            let log = try LineFile(path, limit: 1000)
            var tail = try FileTail(path)
            var seen = ""
            for number in 0..<1000 {
                log.append(Array("line \(number)".utf8))
                // Often enough that no file goes unread: between two looks at most one is set aside.
                guard number % 50 == 49 else { continue }
                while let piece = try tail.next() { seen += String(decoding: piece, as: UTF8.self) }
            }
            #expect(seen.split(separator: "\n") == (0..<1000).map { "line \($0)" })
        }
    }
}
