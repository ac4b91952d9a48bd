import Model
import Testing

@testable import Grading

@Suite("The forbidden lines of one life of a node")
struct ForbiddenLinesTests {
    private static func sighting(_ text: String) throws -> Sighting {
        let signal = try #require(Signal.kubelet.first { $0.name == "memory cache" })
        return Sighting(signal: signal, evidence: Evidence(kind: .log, text: text, source: "kubelet", line: 1))
    }

    /// kubelet's message about a pod's container that has no statistics yet.
    private static func newborn(_ number: Int) throws -> Sighting {
        let digits = String(number, radix: 16)
        let pod = "pod" + String(repeating: "0", count: 32 - digits.count) + digits
        return try sighting("Partial failure: [\"/kubepods/\(pod)/c\": RecentStats: unable to find data in memory cache]")
    }

    @Test("a container that was just made is no fault; names of thousands at once are made up, and then the line counts")
    func madeUp() throws {
        var lines = ForbiddenLines(warmUp: 10, hasPods: true)
        for number in 0..<2000 { lines.take(try Self.newborn(number), age: 20, isWhole: true) }
        #expect(lines.late == nil)
        lines.take(try Self.newborn(2000), age: 20, isWhole: true)
        #expect(lines.late?.count == 1)
    }

    @Test("what seemed late, and came before a start, is noted as a line of warm-up")
    func forgiven() throws {
        var lines = ForbiddenLines(warmUp: 10, hasPods: false)
        for _ in 0..<3 { lines.take(try Self.sighting("unable to find data in memory cache"), age: 20, isWhole: true) }
        lines.forgiveLate()
        #expect(lines.late == nil && lines.earlyCount == 3)
        #expect(lines.early?.signal.name == "memory cache")
    }

    @Test("the reading that failed stands in the evidence of the error that it causes")
    func cause() throws {
        var boot = BootLog(source: "kubelet", warmUp: 10)
        for (line, arrival) in zip(WrittenLog.beginning, WrittenLog.arrivals) { boot.take(Array(line.utf8), arrival: arrival) }
        let reading = "W1123 12:00:08.000000      42 x.go:1] open /sys/fs/cgroup/cpuacct/cpuacct.usage_percpu: no such file or directory"
        boot.take(Array(reading.utf8), arrival: 8)
        boot.take(Array(WrittenLog.lasting(20).utf8), arrival: 30)
        let late = try #require(boot.forbidden.late)
        let verdict = boot.lateVerdict(late, level: .boot, notes: [])
        #expect(verdict.evidence.contains { $0.text == reading }, "\(verdict.evidence)")
    }
}
