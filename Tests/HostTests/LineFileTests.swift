import Foundation
import Model
import SystemPackage
import Testing

@testable import FileSystem
@testable import Host

@Suite("A log that grows")
struct LineFileTests {
    private func inFolder(_ work: (FilePath) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try work(FilePath(folder.path))
    }

    private func lines(_ path: FilePath) throws -> [String] { try Files.readText(path).split(separator: "\n").map(String.init) }

    @Test("one that goes on for long holds the last lines, in two files of at most that size; one within its limit holds all")
    func limit() throws {
        try inFolder { folder in
            let (bounded, whole) = (folder.appending("a.log"), folder.appending("b.log"))
            let logs = (try LineFile(bounded, limit: .turns(bytes: 1000)), try LineFile(whole, limit: .run))
            for number in 0..<1000 {
                logs.0.append(Array("line \(number)".utf8))
                logs.1.append(Array("line \(number)".utf8))
            }
            #expect(logs.1.finish() == nil)
            #expect(Files.names(in: folder).sorted() == ["a.log", "a.log.1", "b.log"])
            let all = try lines(whole)
            #expect(all.count == 1000)
            let (old, new) = (try Files.readText(FilePath("\(bounded).1")), try Files.readText(bounded))
            #expect(old.utf8.count <= 1000 && new.utf8.count <= 1000)
            let kept = (old + new).split(separator: "\n").map(String.init)
            #expect(kept.count > 90)
            #expect(kept.elementsEqual(all.suffix(kept.count)))
        }
    }

    @Test("who follows it gets each line once, over the file that is set aside")
    func followed() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            let log = try LineFile(path, limit: .turns(bytes: 1000))
            var tail = try FileTail(path)
            var seen = ""
            for number in 0..<1000 {
                log.append(Array("line \(number)".utf8))
                // Often enough that no file goes unread: between two reads, at most one file is rotated.
                guard number % 50 == 49 else { continue }
                while let piece = try tail.next() { seen += String(decoding: piece, as: UTF8.self) }
            }
            #expect(seen.split(separator: "\n") == (0..<1000).map { "line \($0)" })
        }
    }

    @Test(
        "of one that is too long the beginning and the end are kept within the limit, with a note between them of how much was left out",
        arguments: [100, 600, 1000, 5000, 50_000])
    func headAndTail(_ count: Int) throws {
        try inFolder { folder in
            let (path, limit) = (folder.appending("a.log"), 8000)
            let log = try LineFile(path, limit: .ends(bytes: limit))
            let all = (0..<count).map { "line \($0) of \(count)" }
            for (number, line) in all.enumerated() {
                log.append(Array(line.utf8))
                // Checking takes longer than writing, so a long log is checked only from time to time, and never at the same position in a
                // line.
                guard count <= 1000 || number.isMultiple(of: 37) else { continue }
                #expect(Files.names(in: folder).compactMap { Files.bytes(of: folder.appending($0)) }.reduce(0, +) <= limit)
            }
            #expect(log.finish() == nil)
            #expect(Files.names(in: folder) == ["a.log"])
            #expect(try #require(Files.bytes(of: path)) <= limit)
            let kept = try lines(path)
            guard let note = kept.firstIndex(where: { $0.hasPrefix("[ninepin: ") }) else {
                #expect(kept == all, "nothing was left out, or it is not said")
                return
            }
            let (head, tail) = (kept[..<note], kept[(note + 1)...])
            #expect(all.starts(with: head) && all.suffix(tail.count).elementsEqual(tail))
            #expect(head.count > 300 && tail.count > 20)
            let left = all[head.count..<(all.count - tail.count)]
            let bytes = left.reduce(0) { $0 + $1.utf8.count + 1 }
            #expect(
                kept[note] == "[ninepin: \(left.count) lines with \(bytes) bytes omitted here: the log exceeds \(limit) bytes]")
        }
    }

    @Test("a line that is longer than the room for the end is left out, and counted")
    func longLine() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            let log = try LineFile(path, limit: .ends(bytes: 8000))
            for line in [String(repeating: "a", count: 6000), String(repeating: "b", count: 2000), "last"] { log.append(Array(line.utf8)) }
            log.finish()
            #expect(
                try lines(path).dropFirst() == [
                    "[ninepin: 1 lines with 2001 bytes omitted here: the log exceeds 8000 bytes]", "last",
                ])
        }
    }

    @Test("a disk that is full is a fault of a run's log, with its name and why; the first fault stays, and nothing ends")
    func full() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: "/dev/full")
            let log = try LineFile(path, limit: .run)
            #expect(log.fault == nil)
            for line in ["one", "two"] { log.append(Array(line.utf8)) }
            let fault = try #require(log.fault)
            #expect(fault.isDiskFull && fault.description.contains("a.log"))
            #expect(log.finish()?.description == fault.description)
        }
    }

    @Test("an end that cannot be put behind the beginning is a fault too")
    func noEnd() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            let log = try LineFile(path, limit: .ends(bytes: 8000))
            for number in 0..<2000 { log.append(Array("line \(number)".utf8)) }
            try Files.remove(FilePath("\(path).tail"))
            #expect(log.fault == nil)
            #expect(log.finish() != nil)
        }
    }

    @Test("the log of a node that is kept goes on when there is room again")
    func kept() throws {
        try inFolder { folder in
            let path = folder.appending("a.log")
            try FileManager.default.createSymbolicLink(atPath: path.string, withDestinationPath: "/dev/full")
            let log = try LineFile(path, limit: .turns(bytes: 100))
            for _ in 0..<10 { log.append([UInt8](repeating: 0x61, count: 20)) }
            #expect(log.fault == nil)
            #expect(try lines(path).count > 1)
        }
    }
}
