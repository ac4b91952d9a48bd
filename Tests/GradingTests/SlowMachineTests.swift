import Grading
import Model
import Testing

/// A boot on a machine that is slower by some factor: computations take that much longer, but kubelet's timers do not.
private struct SlowBoot {
    private var grader: BootGrader
    private let slowness: Double

    init(_ slowness: Double, patience: Double) {
        let deadlines = Deadlines(patience: patience)
        grader = BootGrader(node: NodeSpec(profile: .kubelet).stretched(by: deadlines), in: .sandbox(.root9p), deadlines: deadlines)
        self.slowness = slowness
    }

    private mutating func fact(_ text: String, at now: Double) throws {
        grader.take(.fact(try #require(NodeFact("@ninepin \(text)"))), at: now)
    }

    private mutating func log(_ severity: String, _ text: String, at now: Double) {
        grader.take(.log(Array(WrittenLog.line(severity, now, text).utf8)), at: now)
    }

    /// - Parameters:
    ///   - dies: whether the node ends after one second of work.
    ///   - lasting: whether the error recurs every 10 s of wall-clock time.
    mutating func verdict(dies: Bool = false, lasting: Bool = false) throws -> Verdict {
        for text in ["gvisor Starting gVisor...", "mount / 9p", "version Kubernetes v1.20.2", "stage kubelet"] {
            try fact(text, at: slowness)
        }
        log("I", "server.go:416] Version: v1.20.2", at: 2 * slowness)
        if dies {
            log("F", "kubelet.go:1350] Failed to start ContainerManager: \(WrittenLog.memoryCache)", at: 7 * slowness)
            try fact("exit 255", at: 7.1 * slowness)
        }
        let start = 15 * slowness
        log("I", "server.go:1176] Started kubelet", at: start)
        // The first examination of the file systems is a computation; the error occurs until it is done.
        log("E", "cri_stats_provider.go:376] Failed to get the info of the filesystem: \(WrittenLog.memoryCache)", at: start + 4 * slowness)
        var now = start + slowness
        while grader.verdict == nil, now < 10_000 {
            // An answer is a computation too.
            let asked = now - 4 * slowness
            try fact("ask healthz", at: asked)
            try fact("probe healthz \(now < start + 3 * slowness ? "wget: can't connect" : "ok")", at: now)
            try fact("ask summary", at: asked)
            try fact("probe summary \(WrittenSummary.text())", at: now)
            if lasting, Int(now) % 10 < Int(4 * slowness) {
                log("E", "eviction_manager.go:260] failed: \(WrittenLog.memoryCache)", at: now)
            }
            grader.take(.tick, at: now)
            now += 4 * slowness
        }
        return try #require(grader.verdict)
    }
}

@Suite("A slow machine")
struct SlowMachineTests {
    @Test("with the patience that fits, a boot has the grade of a fast machine", arguments: [1.0, 5, 20])
    func same(_ slowness: Double) throws {
        func boot() -> SlowBoot { SlowBoot(slowness, patience: slowness) }
        var (clean, fatal, degraded) = (boot(), boot(), boot())
        #expect(try clean.verdict().title == "clean")
        #expect(try fatal.verdict(dies: true).title == "fatal, memory cache")
        #expect(try degraded.verdict(lasting: true).title == "degraded, memory cache")
    }

    @Test("without patience a slow machine makes no node clean, and none fatal that is not")
    func impatient() throws {
        var (boot, dying) = (SlowBoot(5, patience: 1), SlowBoot(5, patience: 1))
        #expect(try boot.verdict().grade == .inconclusive)
        #expect(try dying.verdict(dies: true).grade == .fatal)
    }

    @Test("more patience than the machine needs makes no bad node good", arguments: [2.0, 5, 100])
    func patient(_ patience: Double) throws {
        var (fatal, degraded) = (SlowBoot(1, patience: patience), SlowBoot(1, patience: patience))
        #expect(try fatal.verdict(dies: true).title == "fatal, memory cache")
        #expect(try degraded.verdict(lasting: true).title == "degraded, memory cache")
    }
}
