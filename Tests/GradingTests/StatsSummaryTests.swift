import Model
import Testing

@testable import Grading

@Suite("The figures of a node")
struct StatsSummaryTests {
    private static let unlimited = "9223372036854771712"
    private static let negative = "18446744073709551615"

    @Test("a good node has no notes")
    func good() throws {
        let summary = try #require(StatsSummary(WrittenSummary.text()))
        #expect(summary.notes == [])
        #expect(summary.capacity == 5000)
    }

    @Test(
        "a figure that is zero, missing or absurd is named, and no other",
        arguments: [
            ("usageCoreNanoSeconds", "0", "node CPU reads 0: the node looks idle whatever it runs"),
            ("usageCoreNanoSeconds", "", "node CPU reads 0: the node looks idle whatever it runs"),
            ("usageCoreNanoSeconds", negative, "node CPU reads \(negative) nanoseconds, which is not plausible"),
            ("workingSetBytes", "0", "node memory reads 0: pods are never evicted because of memory"),
            ("workingSetBytes", "", "node memory reads 0: pods are never evicted because of memory"),
            ("workingSetBytes", unlimited, "node memory reads \(unlimited) bytes, which no machine has"),
            ("memory.availableBytes", "", "node memory has no available figure: pods are never evicted because of memory"),
            ("memory.availableBytes", negative, "node memory available reads \(negative) bytes, which no machine has"),
            ("capacityBytes", "0", "node file system capacity reads 0: pods are never evicted because of its space"),
            ("capacityBytes", unlimited, "node file system capacity reads \(unlimited) bytes, which is not plausible"),
            ("availableBytes", "5001", "node file system has 5001 bytes available, more than its capacity of 5000"),
            ("availableBytes", "", "node file system has no available figure: pods are never evicted because of its space"),
            ("inodes", "0", "node file system has no inode figures: pods are never evicted because of inodes"),
            ("inodes", negative, "node file system has \(negative) inodes, which is not plausible"),
            ("inodesFree", "11", "node file system has 11 inodes free, more than its 10 inodes"),
            ("inodesFree", "", "node file system has no free inode figure: pods are never evicted because of inodes"),
            ("imageFs.capacityBytes", "", "image file system capacity reads 0: pods are never evicted because of its space"),
            ("imageFs.availableBytes", "6000", "image file system has 6000 bytes available, more than its capacity of 5000"),
            ("imageFs.inodes", "", "image file system has no inode figures: pods are never evicted because of inodes"),
        ])
    func named(_ key: String, _ value: String, _ note: String) throws {
        let summary = try #require(StatsSummary(WrittenSummary.text([key: value])))
        #expect(summary.notes == [note])
    }

    @Test("a busy, full machine has no notes: large figures that a machine can have are none")
    func large() throws {
        let terabyte = "1099511627776"
        let summary = WrittenSummary.text([
            "usageCoreNanoSeconds": "1152921504606846976", "workingSetBytes": terabyte, "memory.availableBytes": "0",
            "capacityBytes": "1125899906842624", "availableBytes": "0", "inodes": "4294967296", "inodesFree": "0",
        ])
        #expect(try #require(StatsSummary(summary)).notes == [])
    }

    @Test("a document without figures names each part of the node")
    func empty() throws {
        let notes = try #require(StatsSummary(#"{"node":{}}"#)).notes
        #expect(notes.count == 4)
        for (note, part) in zip(notes, ["node CPU", "node memory", "node file system", "image file system"]) {
            #expect(note.hasPrefix(part))
        }
    }

    @Test("what is no summary is not read as one", arguments: ["", "ok", "{}", #"{"node":{"memory":{"workingSetBytes":-1}}}"#])
    func noSummary(_ answer: String) { #expect(StatsSummary(answer) == nil) }
}
