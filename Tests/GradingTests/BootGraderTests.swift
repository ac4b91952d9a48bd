import Model
import Testing

@testable import Grading

/// Feeds the events of a boot to a grader.
private struct Boot {
    var grader: BootGrader

    init(_ layout: Layout = .root9p) {
        grader = BootGrader(node: NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(layout))
    }

    mutating func fact(_ text: String, at now: Double) throws {
        grader.take(.fact(try #require(NodeFact("@ninepin \(text)"))), at: now)
    }

    mutating func log(_ line: String, at now: Double) { grader.take(.log(Array(line.utf8)), at: now) }

    /// A correct sandbox up to kubelet's start.
    mutating func sandbox(root: String = "9p", volume: String? = nil, version: String = "Kubernetes v1.20.2") throws {
        try fact("stage prepare", at: 0.1)
        try fact("gvisor [    0.000000] Starting gVisor...", at: 0.1)
        try fact("mount / \(root)", at: 0.1)
        if let volume { try fact("mount /var/lib/kubelet \(volume)", at: 0.1) }
        try fact("version \(version)", at: 0.5)
        try fact("stage kubelet", at: 1)
    }

    mutating func started() {
        for (line, arrival) in zip(WrittenLog.beginning, WrittenLog.arrivals) { log(line, at: arrival) }
    }

    /// Good probe answers, once a second.
    mutating func live(from: Int, through: Int, health: String = "ok", summary: String = Boot.summary) throws {
        for second in from...through {
            for (name, answer) in [("healthz", health), ("summary", summary)] {
                try fact("ask \(name)", at: Double(second))
                try fact("probe \(name) \(answer)", at: Double(second))
            }
            grader.take(.tick, at: Double(second))
        }
    }

    static let summary = WrittenSummary.text()
}

@Suite("Grading a boot")
struct BootGraderTests {
    @Test("a node that lives, answers, and writes nothing forbidden is clean at the end of the observation and not before")
    func clean() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        boot.log(WrittenLog.startUpError, at: 7.1)
        try boot.live(from: 8, through: 36)
        #expect(boot.grader.verdict == nil)
        try boot.live(from: 37, through: 37)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .clean)
        #expect(verdict.level == .boot)
        #expect(verdict.evidence.map(\.source) == ["/healthz", "/stats/summary", "sandbox"])
        #expect(verdict.notes.count == 1 && verdict.notes.allSatisfy { $0.contains("memory cache") }, "\(verdict.notes)")
    }

    @Test(
        "nothing is said of a node in a sandbox that nobody looked at: its first program never told that the node begins",
        arguments: [nil, "degraded", "fatal"])
    func unseenSandbox(_ end: String?) throws {
        var boot = Boot()
        boot.started()
        try boot.live(from: 8, through: 20)
        if end == "degraded" { boot.log(WrittenLog.lasting(20), at: 21) }
        if end == "fatal" { try boot.fact("exit 255", at: 21) }
        try boot.live(from: 21, through: 37)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .inconclusive, "\(verdict)")
        #expect(verdict.summary.contains("never reported the node's start"), "\(verdict)")
    }

    @Test("the error that goes on after warm-up makes a living node degraded")
    func degraded() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.live(from: 8, through: 20)
        boot.log(WrittenLog.lasting(20), at: 21)
        try boot.live(from: 21, through: 37)
        #expect(boot.grader.verdict?.grade == .degraded)
        #expect(boot.grader.verdict?.cause == .memoryCache)
    }

    @Test("a fatal line says why, and the end of the process decides")
    func fatal() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        boot.log(WrittenLog.fatal(6.7), at: 7.3)
        #expect(boot.grader.verdict == nil)
        try boot.fact("exit 255", at: 7.4)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.title == "fatal, memory cache")
        #expect(boot.grader.decided == 7.4)
        #expect(verdict.evidence.first?.seconds == 7.3)
        #expect(verdict.evidence.last?.kind == .exit)
    }

    @Test("a kubelet that ends by itself is fatal, with its status as evidence")
    func ended() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.fact("exit 2", at: 9)
        #expect(boot.grader.verdict?.grade == .fatal)
        #expect(boot.grader.verdict?.evidence.first?.kind == .exit)
    }

    @Test(
        "a probe that fails at the end, or in between after warm-up, makes a living node degraded",
        arguments: [
            ("wget: server returned error: HTTP/1.1 500", Boot.summary), ("ok", "wget: error getting response"),
            ("ok", #"{"node":{"fs":{"capacityBytes":0}}}"#),
            ("okay", Boot.summary),
        ])
    func probes(_ health: String, _ summary: String) throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.live(from: 8, through: 25)
        try boot.live(from: 26, through: 26, health: health, summary: summary)
        try boot.live(from: 27, through: 37)
        #expect(boot.grader.verdict?.grade == .degraded)
    }

    @Test("a probe that fails in warm-up is forgiven")
    func earlyProbe() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.live(from: 8, through: 10, health: "wget: can't connect", summary: "")
        try boot.live(from: 11, through: 37)
        #expect(boot.grader.verdict?.grade == .clean)
    }

    @Test("of a k3s it is said that nothing is evicted for memory there; of a kubelet it is not")
    func k3sEviction() throws {
        for (profile, version) in [(NodeSpec.Profile.k3sServer, "k3s version v1.20.8+k3s1 (4ba5a2a8)"), (.kubelet, "Kubernetes v1.20.8")] {
            var boot = Boot()
            boot.grader = BootGrader(node: NodeSpec(profile: profile, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(.root9p))
            try boot.sandbox(version: version)
            boot.started()
            try boot.live(from: 8, through: 37)
            #expect(boot.grader.verdict?.grade == .clean)
            #expect(boot.grader.verdict?.notes.contains { $0.contains("evicted because of the node's memory") } == profile.isK3s)
        }
    }

    @Test("a kubelet that never starts is inconclusive, with the reason")
    func neverStarts() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.log(WrittenLog.beginning[0], at: 2)
        boot.grader.take(.tick, at: 59.9)
        #expect(boot.grader.verdict == nil)
        boot.grader.take(.tick, at: 60)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.summary == "the node did not start within 60 s; last stage: kubelet")
    }

    @Test("a sandbox that cannot start is inconclusive, with what runsc said")
    func noSandbox() {
        var boot = Boot()
        boot.grader.take(.runtime("running container: creating container: cannot create sandbox"), at: 0.1)
        boot.grader.finish("exit status 128", at: 0.2)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.evidence.contains { $0.text.contains("cannot create sandbox") } == true)
    }

    @Test(
        "a binary that is no kubelet is inconclusive",
        arguments: ["hello", "", "Client Version: v1.20.2", "sh: kubelet: Exec format error"])
    func notAKubelet(_ version: String) throws {
        var boot = Boot()
        try boot.sandbox(version: version)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.summary.contains("is not a kubelet") == true)
    }

    @Test("a log cut off in the middle, because the sandbox died, is inconclusive")
    func cutOff() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.live(from: 8, through: 20)
        boot.grader.finish("signal 9", at: 20.5)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.summary.contains("signal 9") == true)
    }

    @Test("a node that something from outside killed is inconclusive, not fatal", arguments: [137, 143])
    func killed(_ status: Int) throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.fact("exit \(status)", at: 9)
        #expect(boot.grader.verdict?.grade == .inconclusive)
    }

    @Test(
        "a sandbox with other file systems than the layout asks for proves nothing",
        arguments: [
            (Layout.root9p, "overlay", nil), (.rootOverlay, "9p", nil), (.volume9p, "9p", nil), (.root9p, "9p", "9p"),
            (.volume9p, "9p", "overlay"),
            (.volume9p, "overlay", "9p"),
        ])
    func wrongLayout(_ layout: Layout, _ root: String, _ volume: String?) throws {
        var boot = Boot(layout)
        try boot.sandbox(root: root, volume: volume)
        #expect(boot.grader.verdict?.grade == .inconclusive)
    }

    @Test("a sandbox that is no gVisor proves nothing")
    func notGVisor() throws {
        var boot = Boot()
        try boot.fact("mount / 9p", at: 0.1)
        try boot.fact("version Kubernetes v1.20.2", at: 0.5)
        try boot.fact("stage kubelet", at: 1)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.summary.contains("gVisor") == true)
    }

    @Test(
        "a fault of the harness in a fatal line is inconclusive",
        arguments: [
            "failed to run Kubelet: failed to create kubelet: open /dev/kmsg: no such file or directory",
            "Failed to start ContainerManager [write /proc/sys/vm/overcommit_memory: input/output error]",
        ])
    func harnessFault(_ text: String) throws {
        var boot = Boot()
        try boot.sandbox()
        boot.log(WrittenLog.line("F", 1, "server.go:269] \(text)"), at: 2)
        try boot.fact("exit 255", at: 2.1)
        #expect(boot.grader.verdict?.grade == .inconclusive)
    }

    @Test("containerd's end is the harness's fault, not the node's")
    func containerd() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.fact("containerd-gone", at: 12)
        #expect(boot.grader.verdict?.grade == .inconclusive)
    }

    @Test("a node whose probes were never asked, or not lately, is not clean")
    func silentProbes() throws {
        var never = Boot()
        try never.sandbox()
        never.started()
        never.grader.take(.tick, at: 51.9)
        #expect(never.grader.verdict == nil)
        never.grader.take(.tick, at: 52)
        #expect(never.grader.verdict?.grade == .inconclusive)
        var old = Boot()
        try old.sandbox()
        old.started()
        try old.live(from: 8, through: 12)
        old.grader.take(.tick, at: 52)
        #expect(old.grader.verdict?.grade == .inconclusive)
    }

    @Test("figures that are no good stand beside the grade as notes")
    func notes() throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        let summary = WrittenSummary.text(["workingSetBytes": "0", "capacityBytes": "9223372036854771712", "inodes": "0"])
        try boot.live(from: 8, through: 37, summary: summary)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .clean)
        for word in ["memory reads 0", "9223372036854771712", "inodes"] { #expect(verdict.notes.contains { $0.contains(word) }) }
    }

    @Test(
        "a note is of the node as it is at the end: of the last answer, and not of one from before the first housekeeping",
        arguments: [("0", "1000", false), ("1000", "0", true)])
    func lastNotes(_ first: String, _ last: String, _ isNoted: Bool) throws {
        var boot = Boot()
        try boot.sandbox()
        boot.started()
        try boot.live(from: 8, through: 25, summary: WrittenSummary.text(["workingSetBytes": first]))
        try boot.live(from: 26, through: 37, summary: WrittenSummary.text(["workingSetBytes": last]))
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .clean)
        #expect(verdict.notes.contains { $0.contains("memory reads 0") } == isNoted, "\(verdict.notes)")
    }

    @Test("whatever comes, clean needs both probes and the end of the observation")
    func neverCleanWithoutSigns() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var boot = Boot()
            if Bool.random(using: &random) { try boot.sandbox() }
            if Bool.random(using: &random) { boot.started() }
            let asksHealth = Bool.random(using: &random)
            for second in 8..<Int.random(in: 9...36, using: &random) {
                try boot.fact(asksHealth ? "probe healthz ok" : "probe summary \(Boot.summary)", at: Double(second))
            }
            boot.grader.finish("exit status 0", at: 40)
            #expect(boot.grader.verdict?.grade != .clean)
        }
    }

    @Test("the script's words are read back as they were meant, and runsc's are not taken for them")
    func facts() {
        #expect(NodeFact("@ninepin mount / 9p") == .mount(point: "/", type: "9p"))
        #expect(NodeFact("@ninepin probe healthz ") == .probe(name: "healthz", answer: ""))
        #expect(NodeFact("@ninepin exit 255") == .exit(255))
        #expect(NodeFact("@ninepin exit x") == nil)
        #expect(NodeFact("@ninepin dance") == nil)
        #expect(NodeFact("W1123 runsc says exit 0") == nil)
    }
}
