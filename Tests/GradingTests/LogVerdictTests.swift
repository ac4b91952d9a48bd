import Model
import Testing

@testable import Grading

@Suite("What a log alone can say")
struct LogVerdictTests {
    @Test("a fatal line is fatal, and the verdict names the line, its number, its time and the known fault")
    func fatal() throws {
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.fatal(6.5), "goroutine 1 [running]:"])
        #expect(verdict.grade == .fatal)
        #expect(verdict.level == .log)
        #expect(verdict.cause == .memoryCache)
        let evidence = try #require(verdict.evidence.first)
        #expect(evidence.line == 4)
        #expect(evidence.seconds == 6.5)
        #expect(evidence.text.contains("Failed to start ContainerManager"))
        #expect(evidence.source == "test.log")
    }

    @Test(
        "whatever the reader of / stopped at stands among the evidence of a fatal verdict",
        arguments: [
            "open /sys/fs/cgroup/cpuacct/cpuacct.usage_percpu: no such file or directory",
            "failed to parse memory.max_usage_in_bytes - open /sys/fs/cgroup/memory/memory.max_usage_in_bytes: no such file or directory",
        ])
    func reader(_ reason: String) {
        let told = WrittenLog.line(
            "W", 6.1, "container.go:549] Failed to update stats for container \"/\": \(reason), continuing to push stats")
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [told, WrittenLog.fatal(6.7)])
        #expect(verdict.evidence.contains { $0.text.contains(reason) })
        #expect(verdict.cause == .memoryCache)
    }

    @Test("the fault that a fatal line names is the verdict's cause")
    func device() {
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.startUpError, WrittenLog.fatal(6.5, WrittenLog.device)])
        #expect(verdict.cause == .noDevice)
    }

    @Test("the reading that failed is among the evidence of a fatal verdict")
    func cause() {
        let warning = WrittenLog.line(
            "W", 6.2,
            "container.go:549] Failed to update stats for container \"/\": open /sys/fs/cgroup/cpuacct/cpuacct.usage_percpu: no such file or directory"
        )
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [warning, WrittenLog.fatal(6.5)])
        #expect(verdict.evidence.contains { $0.line == 4 && $0.text.contains("usage_percpu") })
    }

    @Test("figures of the pods' groups that stand still degrade a node, though nothing else comes; a pod that goes does not")
    func podGroups() {
        func failed(_ seconds: Double, _ group: String) -> String {
            let reason = "open /sys/fs/cgroup/cpuacct\(group)/cpuacct.stat: no such file or directory, continuing to push stats"
            return WrittenLog.line("W", seconds, "container.go:549] Failed to update stats for container \"\(group)\": \(reason)")
        }
        for group in ["/kubepods", "/kubepods/burstable", "/kubepods/besteffort", "/kubepods.slice/kubepods-burstable.slice"] {
            let verdict = WrittenLog.verdict(WrittenLog.beginning + [failed(7, group), failed(25, group)])
            #expect(verdict.grade == .degraded && verdict.cause == .podStats, "\(group)")
            #expect(verdict.evidence.map(\.line) == [5])
        }
        let harmless = WrittenLog.verdict(
            WrittenLog.beginning + [failed(7, "/kubepods"), failed(25, "/kubepods/burstable/pod1"), failed(25, "/")])
        #expect(harmless.grade == .inconclusive && harmless.notes.isEmpty, "\(harmless)")
        for lines in [[failed(25, "/kubepods"), WrittenLog.lasting(26)], [WrittenLog.lasting(26), failed(27, "/kubepods")]] {
            let verdict = WrittenLog.verdict(WrittenLog.beginning + lines)
            #expect(verdict.cause == .memoryCache && verdict.summary.hasSuffix("once"), "\(verdict.summary)")
        }
    }

    @Test("a container that has no figures yet spoils nothing; one that has none later on, or a group above the pods, does")
    func newborns() {
        let pod = "/kubepods/besteffort/poda8e8d113-59ce-4f27-a3a9-a1fc6a26522b"
        func unmeasured(_ seconds: Double, _ groups: String..., quote: String = "\"") -> String {
            let list = groups.map { "[\(quote)\($0)\(quote): RecentStats: \(WrittenLog.memoryCache)]" }.joined(separator: ", ")
            return WrittenLog.line(
                "E", seconds, "cadvisor_stats_provider.go:401] Partial failure issuing cadvisor: partial failures: \(list)")
        }
        func verdict(_ lines: String...) -> Verdict { WrittenLog.verdict(WrittenLog.beginning + lines) }
        let slice = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda8e8d113_59ce_4f27_a3a9_a1fc6a26522b.slice/cri-1"
        for lines in [
            [unmeasured(30, "\(pod)/1"), unmeasured(39, "\(pod)/1"), unmeasured(60, "\(pod)/2")],
            [unmeasured(30, "\(pod)/1", pod)], [unmeasured(30, slice)], [unmeasured(30, "\(pod)/1", quote: "\\\"")],
        ] {
            #expect(WrittenLog.verdict(WrittenLog.beginning + lines).grade == .inconclusive, "\(lines)")
        }
        #expect(verdict(unmeasured(30, "\(pod)/1"), unmeasured(41, "\(pod)/1")).grade == .degraded)
        #expect(verdict(unmeasured(30, "/kubepods/burstable")).grade == .degraded)
        #expect(verdict(unmeasured(30, "\(pod)/1", "/")).grade == .degraded)
        #expect(verdict(unmeasured(30, "/podinfo/1")).grade == .degraded)
        #expect(verdict(unmeasured(30, "\(pod)/1") + ": \(WrittenLog.memoryCache)").grade == .degraded)
    }

    @Test("a healthy node's start-up line with the error in it spoils nothing, and is told in a note")
    func startUp() {
        let verdict = WrittenLog.verdict(
            WrittenLog.beginning + [WrittenLog.startUpError, WrittenLog.line("I", 40, "kubelet.go:1] all is well")])
        #expect(verdict.grade == .inconclusive)
        #expect(verdict.summary.contains("a log alone cannot show that the node is healthy"))
        #expect(verdict.notes.contains { $0.contains("memory cache") && $0.contains("line 4") })
    }

    @Test("the same line coming on and on after warm-up is degraded, and the first and the last are named")
    func lasting() {
        let lines = WrittenLog.beginning + [WrittenLog.startUpError] + stride(from: 17.0, to: 60, by: 10).map(WrittenLog.lasting)
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.grade == .degraded)
        #expect(verdict.cause == .memoryCache)
        #expect(verdict.evidence.compactMap(\.line) == [5, 9])
        #expect(verdict.summary.contains("5 times"))
    }

    @Test("warm-up counts from the node's start, not from the log's first line")
    func warmUpFromStart() {
        #expect(WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.lasting(15.9)]).grade == .inconclusive)
        #expect(WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.lasting(16.1)]).grade == .degraded)
    }

    @Test("lines that are a little out of order change nothing")
    func outOfOrder() {
        let lines = [
            WrittenLog.beginning[0], WrittenLog.beginning[2], WrittenLog.line("E", 5.9, "kubelet.go:1] \(WrittenLog.memoryCache)"),
        ]
        #expect(WrittenLog.verdict(lines).grade == .inconclusive)
    }

    @Test("midnight between start and error is no jump back")
    func midnight() {
        let lines = [
            "I1231 23:59:55.000000 1 kubelet.go:1] begins", "I1231 23:59:58.000000 1 server.go:1] Started kubelet",
            "E0101 00:00:20.000000 1 eviction_manager.go:1] \(WrittenLog.memoryCache)",
        ]
        #expect(WrittenLog.verdict(lines).grade == .degraded)
    }

    @Test("a log cut off in the middle of a line is inconclusive, with that reason")
    func cut() {
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.startUpError, "E1123 12:00:06.2 42 kub"], isCut: true)
        #expect(verdict.grade == .inconclusive)
        #expect(verdict.summary.contains("truncated"))
    }

    @Test("a log that was cut off after the fatal line is still fatal")
    func cutAfterFatal() {
        #expect(WrittenLog.verdict(WrittenLog.beginning + [WrittenLog.fatal(6.5), "gorouti"], isCut: true).grade == .fatal)
    }

    @Test(
        "no line of a kubelet, no verdict on a node",
        arguments: [
            [], ["hello", "world"], ["F1123 12:00:00.000000 1 apiserver.go:1] something else died"],
            ["time=\"2026-11-23T12:00:00Z\" level=info msg=\"unable to find data in memory cache\""],
        ])
    func notAKubelet(_ lines: [String]) {
        let verdict = WrittenLog.verdict(lines)
        #expect(verdict.grade == .inconclusive)
        #expect(!verdict.evidence.isEmpty)
    }

    @Test("the words of a fatal line in a warning or a note end nothing", arguments: ["I", "W"])
    func quoted(_ severity: String) {
        let line = WrittenLog.line(severity, 8, "kubelet.go:9] will retry: Failed to start ContainerManager: busy")
        #expect(WrittenLog.verdict(WrittenLog.beginning + [line]).grade == .inconclusive)
    }

    @Test("newer kubelets end with an error line and a non-zero exit: that is fatal too")
    func newer() {
        let line = WrittenLog.line(
            "E", 7, "kubelet.go:1511] \"Failed to start ContainerManager\" err=\"failed to get rootfs info: \(WrittenLog.memoryCache)\"")
        let verdict = WrittenLog.verdict(WrittenLog.beginning + [line])
        #expect(verdict.grade == .fatal)
        #expect(verdict.cause == .memoryCache)
    }

    @Test("a Go panic in a kubelet's log is fatal")
    func panic() {
        let verdict = WrittenLog.verdict(WrittenLog.beginning + ["panic: runtime error: invalid memory address", "goroutine 1 [running]:"])
        #expect(verdict.grade == .fatal)
        #expect(verdict.cause == nil)
    }

    @Test(
        "what journald and docker write before a line does not hide it",
        arguments: [
            "Nov 23 12:00:07 node kubelet[42]: ", "2026-11-23T12:00:07.123456789Z stderr F ", "{\"log\":\"",
        ])
    func prefixed(_ prefix: String) {
        let lines = (WrittenLog.beginning + [WrittenLog.fatal(6.5)]).map { prefix + $0 }
        #expect(WrittenLog.verdict(lines).grade == .fatal)
        let lasting = (WrittenLog.beginning + [WrittenLog.lasting(30)]).map { prefix + $0 }
        #expect(WrittenLog.verdict(lasting).grade == .degraded)
    }

    @Test("forbidden lines that do not tell the time decide nothing, and that is said")
    func undated() {
        let verdict = WrittenLog.verdict(["kubelet.go says", "[x] kubelet.go:12] Started kubelet", WrittenLog.memoryCache])
        #expect(verdict.grade == .inconclusive)
        #expect(verdict.summary.contains("no line has a timestamp"))
    }

    @Test("a log that begins in the middle of a node's life is measured from its first line")
    func tail() {
        let lines =
            stride(from: 100.0, to: 160, by: 10).map(WrittenLog.lasting) + [WrittenLog.line("I", 161, "kubelet_node_status.go:1] x")]
        #expect(WrittenLog.verdict(lines).grade == .degraded)
    }

    @Test("whatever a log says, it never says clean")
    func neverClean() {
        var random = SystemRandomNumberGenerator()
        let pool =
            WrittenLog.beginning + [
                WrittenLog.startUpError, WrittenLog.lasting(30), WrittenLog.fatal(9), "noise",
                WrittenLog.line("I", 50, "kubelet.go:1] healthz ok"),
            ]
        for _ in 0..<500 {
            let lines = (0..<Int.random(in: 0...8, using: &random)).map { _ in pool[Int.random(in: 0..<pool.count, using: &random)] }
            #expect(WrittenLog.verdict(lines, isCut: .random()).grade != .clean)
        }
    }
}
