import FileSystem
import FoundationEssentials
@testable import LogLines
import Model
import SystemPackage
import Testing

@testable import Comparing

@Suite("Two logs side by side")
struct LogDifferenceTests {
    @Test(
        "a line with another time, process, number, address or ID is the same line",
        arguments: [
            (
                "E1127 06:24:25.684326      34 kubelet.go:1350] Failed to get pod 4f1c2a9b-33aa on 10.0.0.1:6443: timeout after 30s",
                "E1203 16:00:01.000001     935 kubelet.go:1351] Failed to get pod 77aa12cc-0000 on 10.0.0.9:6443: timeout after 1m2.5s"
            ),
            (
                #"time="2026-11-27T06:24:25.123456789Z" level=info msg="loading plugin" id=4f1c2 type=a"#,
                #"time="2026-12-01T00:00:00.000000001Z" level=info msg="loading plugin" id=99 type=a"#
            ),
            (
                #"time="2026-11-27T06:24:25Z" level=error msg="Failed to connect to proxy" error="dial tcp 10.0.0.1:6443: refused""#,
                #"time="2026-11-27T09:59:59Z" level=error msg="Failed to connect to proxy" error="dial tcp 10.0.0.77:1: refused""#
            ),
            ("[2026-11-27T06:24:25Z] listening on [::1]:8080", "[2026-11-28T01:00:00Z] listening on [::1]:9090"),
        ])
    func normalized(_ before: String, _ after: String) {
        let found = WrittenRun.difference(before, after)
        #expect(found.isSame && found.same == 1, "\(found.lines)")
    }

    @Test("a line of another severity, or with other words, is another line")
    func different() {
        let line = "I1127 06:24:25.684326      34 kubelet.go:1350] Started"
        #expect(!WrittenRun.difference(line, "E" + line.dropFirst()).isSame)
        #expect(!WrittenRun.difference(line, line + " late").isSame)
    }

    @Test("lines that one log has come in the order of both, with their numbers in the file and their counts")
    func aligned() {
        let before = "alpha\nbeta\nbeta\ngamma\ndelta\n"
        let after = "alpha\nnew\ngamma\nlast\ndelta\nlast\n"
        let found = WrittenRun.difference(before, after)
        let told = found.lines.map { "\($0.side == .before ? "-" : "+")\($0.line)x\($0.count) \($0.text)" }
        #expect(told == ["-2x2 beta", "+2x1 new", "+4x2 last"])
        #expect((found.same, found.onlyBefore, found.onlyAfter) == (3, 1, 2))
    }

    @Test("how often a line comes, and in which order, is no difference unless it is asked for")
    func counted() {
        #expect(WrittenRun.difference("alpha\nbeta\nbeta\n", "beta\nalpha\n").isSame)
        let found = WrittenRun.difference("alpha\nbeta\nbeta\nc\n", "beta\nalpha\nc\nc\nc\n", isCounted: true)
        #expect(found.counts?.map { "\($0.text) \($0.before) \($0.after)" } == ["c 1 3", "beta 2 1"])
    }

    @Test("within the limit, evidence comes first, then errors; evidence is shown beyond it; the rest is counted")
    func limited() {
        let lines = (0..<30).map { "word\(String(UnicodeScalar(UInt8(ascii: "a") + UInt8($0 % 26))))\($0 < 26 ? "" : "z")\n" }.joined()
        let after = lines + "E1127 06:24:25.684326      34 a.go:1] an error\n" + WrittenRun.fatal + "\n"
        let found = WrittenRun.difference("", after, limit: 2, evidence: [32])
        #expect(found.lines.map(\.line) == [31, 32] && found.lines.map(\.isEvidence) == [false, true])
        #expect(found.omitted == 30)
        let evidence = WrittenRun.difference("", after, limit: 1, evidence: [3, 32])
        #expect(evidence.lines.map(\.line) == [3, 32])
    }

    @Test("a line that is evidence stands for its message, even if it is not the first")
    func evidence() {
        let found = WrittenRun.difference("", "failed after 1 s\nfailed after 2 s\nfailed after 3 s\n", limit: 1, evidence: [2])
        #expect(found.lines.map(\.line) == [2] && found.lines[0].text == "failed after 2 s" && found.lines[0].count == 3)
    }

    @Test("hostile logs: escape codes, NUL, bytes that are not UTF-8, a line of 1 MiB, no line at all")
    func hostile() throws {
        let bytes: [UInt8] = Array("\u{1B}[2Jmoved\n".utf8) + [0, 0xFF, 0xFE, 0x0A] + [UInt8](repeating: 0x61, count: 1 << 20) + [0x0A]
        let (log, empty) = (WrittenRun.log(bytes), WrittenRun.log([]))
        #expect(log.lines == 3)
        let found = LogDifference(name: "a", before: empty, after: log, limit: nil)
        #expect(found.lines.map(\.line) == [1, 2, 3])
        #expect(found.lines.allSatisfy { $0.text.utf8.count < 1000 })
        #expect(LogDifference(name: "a", before: log, after: log, limit: nil).isSame)
        #expect(LogDifference(name: "a", before: empty, after: empty, limit: nil).isSame)
    }

    @Test("a log with endless different messages is compared in part, in bounded memory, and evidence at its end still counts")
    func bounded() {
        // Words without digits, because a number is no difference.
        func word(_ number: Int) -> String {
            String(String(number).map { Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0.wholeNumberValue ?? 0))) })
        }
        let count = 110
        let log = WrittenRun.log((0..<count).map { "\(word($0))\n" }.joined().utf8, evidence: [count], most: 100)
        #expect(log.isCut && log.messages.count == 101 && log.messages.last?.line == count)
        #expect(!WrittenRun.log("a\n".utf8).isCut)
    }

    @Test("a password in an address is not shown")
    func secret() {
        let found = WrittenRun.difference("", "fetching https://user:geheim@example.com/a\n")
        #expect(found.lines.count == 1 && !found.lines[0].text.contains("geheim"))
    }

    @Test("the longest increasing subsequence, also of numbers in every order", arguments: [0, 1, 7, 100])
    func increasing(_ count: Int) {
        var generator = SystemRandomNumberGenerator()
        let numbers = Array(0..<count).shuffled(using: &generator)
        let places = LogDifference.longestIncreasing(numbers)
        let found = places.map { numbers[$0] }
        #expect(places == places.sorted() && found == found.sorted())
        // The quadratic way.
        var best = [Int](repeating: 1, count: count)
        for place in numbers.indices {
            for other in 0..<place where numbers[other] < numbers[place] { best[place] = max(best[place], best[other] + 1) }
        }
        #expect(found.count == best.max() ?? 0)
    }
}

@Suite("The logs of recorded runs")
struct RecordedLogTests {
    private final class Folder: Sendable {
        let path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-comparing-\(UUID())").path)
        init() throws { try Files.makeDirectory(path.appending("more")) }
        deinit { try? Files.remove(path) }

        /// The logs of a run that recorded these files with their present digests.
        func logs(_ names: [String], verdict: Verdict = WrittenRun.verdict()) throws -> RecordedLogs {
            let digests = try names.map { ($0, Optional(try Files.digest(of: path.appending($0)))) }
            return RecordedLogs(of: WrittenRun.run(verdict: verdict), in: path, digests: Dictionary(uniqueKeysWithValues: digests))
        }
    }

    private func notes(_ before: RecordedLogs, _ after: RecordedLogs, names: [String]? = nil) throws -> [String] {
        try LogComparison(names: names, limit: nil).differences(before, after).flatMap(\.notes)
    }

    @Test("a log that was removed, changed, or that one run does not have, is told as that")
    func notes() throws {
        let (one, two) = (try Folder(), try Folder())
        for folder in [one, two] {
            for name in ["kubelet.log", "more/etcd.log", "sandbox.log"] { try Files.write("a line\n", to: folder.path.appending(name)) }
        }
        let before = try one.logs(["kubelet.log", "more/etcd.log", "sandbox.log"])
        let after = try two.logs(["kubelet.log", "more/etcd.log"])
        #expect(try notes(before, after) == ["the second run has no sandbox.log"])
        try Files.remove(two.path.appending("kubelet.log"))
        try Files.write("another\n", to: one.path.appending("more/etcd.log"))
        #expect(
            try notes(before, after) == [
                "kubelet.log of the second run was removed",
                "more/etcd.log of the first run is not what was recorded: it was changed", "the second run has no sandbox.log",
            ])
        #expect(try notes(before, after, names: ["kubelet"]).count == 1)
        #expect(LogComparison(names: ["kubelet", "none"], limit: nil).unknown(before, after) == ["none"])
    }

    @Test("nothing outside of the run's folder is read", arguments: ["../secret", "/etc/passwd", "link.log", "more/../../secret"])
    func outside(_ name: String) throws {
        let folder = try Folder()
        try Files.write("geheim\n", to: folder.path.removingLastComponent().appending("secret"))
        try FileManager.default.createSymbolicLink(atPath: folder.path.appending("link.log").string, withDestinationPath: "/etc/passwd")
        let logs = RecordedLogs(of: WrittenRun.run(), in: folder.path, digests: [name: nil])
        let found = try LogComparison(limit: nil).differences(logs, logs)
        #expect(found.count == 1 && found[0].lines.isEmpty && found[0].same == 0 && found[0].notes.count == 2)
    }

    @Test("evidence is found by its source and line")
    func evidence() throws {
        let (one, two) = (try Folder(), try Folder())
        try Files.write("a line\n", to: one.path.appending("kubelet.log"))
        try Files.write("a line\nb\n\(WrittenRun.fatal)\nc\n", to: two.path.appending("kubelet.log"))
        let verdict = WrittenRun.verdict(.fatal, evidence: [Evidence(kind: .log, text: WrittenRun.fatal, source: "kubelet", line: 3)])
        let found = try LogComparison(limit: 1).differences(one.logs(["kubelet.log"]), two.logs(["kubelet.log"], verdict: verdict))
        #expect(found.first?.lines.map(\.line) == [3] && found.first?.lines.first?.isEvidence == true && found.first?.omitted == 2)
    }
}

@Suite("What a message says in every boot")
struct MessagePatternTests {
    @Test("the fast way for ASCII and the way for everything else give the same")
    func same() {
        let letters: [UInt8] = Array("ab1 9-_.:/+=%\"#[]{}\t,'()&*\u{1B}\u{0}".utf8)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60)).map { _ in letters[Int.random(in: letters.indices)] }
            let length = Int.random(in: 1...40)
            #expect(MessagePattern.ascii(bytes, length) == MessagePattern.unicode(bytes, length), "\(bytes) \(length)")
        }
    }
}
