import FoundationEssentials
import Model
import Testing

@testable import Comparing

private let ones = String(repeating: "1", count: 64)
private let twos = String(repeating: "2", count: 64)

@Suite("Two runs side by side")
struct RunDifferenceTests {
    /// A difference as `group name: before > after`.
    private func told(_ before: Run, _ after: Run) -> [String] {
        RunDifference(before, after).changes.map { "\($0.group.rawValue) \($0.name): \($0.before ?? "-") > \($0.after ?? "-")" }
    }

    @Test("two runs that are the same differ in nothing, whatever their IDs")
    func same() {
        let found = RunDifference(WrittenRun.run(), WrittenRun.run("20260102T000000-2"))
        #expect(found.isSame && !found.isDecisive && found.changes.isEmpty && found.title == "both clean")
        #expect(found.same.first { $0.group == .tools }?.count == 2)
    }

    @Test("the first line has both verdicts")
    func title() {
        let fatal = WrittenRun.run(verdict: WrittenRun.verdict(.fatal, .memoryCache))
        #expect(RunDifference(WrittenRun.run(), fatal).title == "clean → fatal, memory cache")
        #expect(RunDifference(fatal, fatal).title == "both fatal, memory cache")
    }

    @Test(
        "what can decide a verdict is told by its group, and is decisive",
        arguments: [
            (WrittenRun.run(recipe: "k3s"), "request recipe: kubelet > k3s"),
            (WrittenRun.run(layout: .rootOverlay), "request layout: root-9p > root-overlay"),
            (WrittenRun.run(lock: WrittenRun.lock("1.20.3")), "lock version: 1.20.2 > 1.20.3"),
            (WrittenRun.run(lock: WrittenRun.lock(file: "2")), "lock file a.tar.gz: \(ones) > \(twos)"),
            (WrittenRun.run(series: "a/one"), "series removed: a/two > -"),
            (WrittenRun.run(series: "a/one a/two b/three"), "series added: - > b/three"),
            (WrittenRun.run(series: "a/two a/one"), "series order: a/one,a/two > a/two,a/one"),
            (WrittenRun.run(tree: "def"), "series patched source: abc > def"),
            (WrittenRun.run(tools: ["go": "go1.20", "runsc": "20240729.0"]), "tools go: go1.19.8 > go1.20"),
            (WrittenRun.run(tools: ["go": "go1.19.8"]), "tools runsc: 20240729.0 > -"),
            (WrittenRun.run(upstreams: Version("0.39.0").map { ["cadvisor": $0] } ?? [:]), "upstreams cadvisor: - > 0.39.0"),
            (WrittenRun.run(steps: [WrittenRun.step("build", "2")]), "steps build: \(ones) > \(twos)"),
            (
                WrittenRun.run(artifact: "2"),
                "artifact digest: \(ones) > \(twos)"
            ),
        ])
    func decisive(_ after: Run, _ expected: String) {
        #expect(told(WrittenRun.run(), after) == [expected])
        #expect(RunDifference(WrittenRun.run(), after).isDecisive)
    }

    @Test(
        "what cannot decide a verdict is told, and is not decisive",
        arguments: [
            (WrittenRun.run(steps: [WrittenRun.step("build", seconds: 3)]), "durations step build: 1 s > 3 s"),
            (WrittenRun.run(overhead: ["starting": 2.8]), "durations boot starting: 1.4 s > 2.8 s"),
            (WrittenRun.run(verdict: WrittenRun.verdict(notes: ["n"])), "notes note: - > n"),
            (
                WrittenRun.run(conditions: BootConditions(cpuPressure: 0.9, company: 1)), "conditions CPU pressure: 50% > 90%"
            ),
            (WrittenRun.run(conditions: BootConditions(cpuPressure: 0.5, company: 7)), "conditions other boots at once: 1 > 7"),
            (WrittenRun.run(steps: [WrittenRun.step("build", cached: true)]), "conditions step build: performed > cached"),
            (WrittenRun.run(setAside: "slow"), "conditions set aside: - > slow"),
        ])
    func indecisive(_ after: Run, _ expected: String) {
        let found = told(WrittenRun.run(), after)
        #expect(found.contains(expected), "\(found)")
        #expect(!RunDifference(WrittenRun.run(), after).isDecisive && !RunDifference(WrittenRun.run(), after).isSame)
    }

    @Test("a duration has a ratio; one that differs by little is the same; the time of a cached step is none")
    func durations() {
        let found = RunDifference(WrittenRun.run(), WrittenRun.run(overhead: ["starting": 2.8]))
        #expect(found.changes.map(\.ratio) == [2])
        #expect(RunDifference(WrittenRun.run(), WrittenRun.run(overhead: ["starting": 1.45])).isSame)
        let cached = [0.001, 0.9].map { WrittenRun.run(steps: [WrittenRun.step("build", cached: true, seconds: $0)]) }
        #expect(RunDifference(cached[0], cached[1]).isSame)
    }

    @Test("evidence with another time, process or number is the same; another exit status is not")
    func evidence() {
        func run(_ line: String, _ exit: String) -> Run {
            let log = Evidence(kind: .log, text: line, source: "kubelet", line: 3, seconds: 1)
            return WrittenRun.run(
                verdict: WrittenRun.verdict(evidence: [log, Evidence(kind: .exit, text: exit, source: "kubelet")]))
        }
        let later = WrittenRun.fatal.replacing("09:33:54.502414      36", with: "10:00:00.000001     77")
        #expect(later != WrittenRun.fatal)
        #expect(RunDifference(run(WrittenRun.fatal, "exit status 255"), run(later, "exit status 255")).isSame)
        let found = RunDifference(run(WrittenRun.fatal, "exit status 255"), run(later, "exit status 1"))
        #expect(found.isDecisive && found.changes.map(\.group) == [.verdict, .verdict])
        let other = RunDifference(run(WrittenRun.fatal, "exit status 255"), run("F1127 10:00:00.000001 7 a.go:1] Boom", "exit status 255"))
        #expect(other.isDecisive)
    }

    @Test("numbers that are no durations, and steps of one name, are no trap")
    func odd() throws {
        let steps = [WrittenRun.step("verify"), WrittenRun.step("verify", "2")]
        let odd = WrittenRun.run(steps: steps, overhead: ["starting": -1, "clearing": 1e300])
        #expect(RunDifference(odd, odd).isSame)
        let found = RunDifference(odd, WrittenRun.run(steps: [WrittenRun.step("verify")], overhead: ["starting": 0, "clearing": 2]))
        #expect(found.changes.contains { $0.name == "verify 2" && $0.after == nil })
        _ = try JSONEncoder().encode(found)
    }
}
