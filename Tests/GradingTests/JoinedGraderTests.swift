import Foundation
import Model
import Testing

@testable import Grading

/// Feeds the events of a joined boot to a grader; the node itself is healthy.
private struct JoinedBoot {
    static let word = "ninepin-word"
    var grader: BootGrader
    private var serves = true

    init(_ level: Level = .pod, isKept: Bool = false, layout: Layout = .root9p) throws {
        let node = NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60, joinTimeout: 100)
        grader = BootGrader(node: node, in: .sandbox(layout), level: level, word: Self.word, isKept: isKept)
        for fact in ["gvisor [0.0] Starting gVisor...", "mount / \(layout.rootType)", "version Kubernetes v1.20.2", "stage kubelet"] {
            grader.take(.fact(try #require(NodeFact("@ninepin \(fact)"))), at: 1)
        }
        for (line, arrival) in zip(WrittenLog.beginning, WrittenLog.arrivals) { log(line, at: arrival) }
    }

    mutating func log(_ line: String, at now: Double) { grader.take(.log(Array(line.utf8)), at: now) }
    mutating func cluster(_ fact: ClusterFact, at now: Double) { grader.take(.cluster(fact), at: now) }

    /// Every second, the node's own probes succeed, and the API server reports something.
    mutating func live(_ seconds: ClosedRange<Int>, _ facts: (Int) throws -> [ClusterFact] = { _ in [] }) throws {
        for second in seconds {
            let now = Double(second)
            for probe in ["healthz ok", "summary \(WrittenSummary.text())"] {
                grader.take(.fact(.asked(name: String(probe.prefix { $0 != " " }))), at: now)
                grader.take(.fact(try #require(NodeFact("@ninepin probe \(probe)"))), at: now)
            }
            for fact in try facts(second) { cluster(fact, at: now) }
            grader.take(.tick, at: now)
        }
    }

    static let served = ClusterFact.apiServer(isReady: true, "ok")

    static func node(ready: String = "True", pressure: String? = nil, memory: String = "24684092Ki", storage: String = "264212084Ki")
        throws -> ClusterFact
    {
        var conditions: [(type: String, status: String)] = [("Ready", ready)]
        for type in ["MemoryPressure", "DiskPressure", "PIDPressure"] { conditions.append((type, type == pressure ? "True" : "False")) }
        let written = conditions.map { #"{"type":"\#($0.type)","status":"\#($0.status)","message":"as told"}"# }.joined(separator: ",")
        let text = """
            {"status":{"conditions":[\(written)],"capacity":{"cpu":"2","memory":"\(memory)","ephemeral-storage":"\(storage)","pods":"110"}}}
            """
        return .node(try JSONDecoder().decode(NodeStatus.self, from: Data(text.utf8)))
    }

    static func pod(_ name: TrialPod, _ phase: String) throws -> ClusterFact {
        .pod(name, try JSONDecoder().decode(PodStatus.self, from: Data(#"{"status":{"phase":"\#(phase)"}}"#.utf8)))
    }

    static func usage(cpu: Int = 5, memory: Int = 7) -> ClusterFact {
        .summary(
            #"{"node":{},"pods":[{"podRef":{"name":"ninepin-limited"},"containers":[{"cpu":{"usageCoreNanoSeconds":\#(cpu)},"memory":{"workingSetBytes":\#(memory)}}]}]}"#
        )
    }

    /// Everything that the level `pod` requires.
    static func all() throws -> [ClusterFact] {
        [
            served, try node(), try pod(.task, "Succeeded"), .podLog(.task, "\(word)\n"), try pod(.limited, "Running"), usage(),
            .podGone(.limited),
        ]
    }
}

@Suite("Grading a node that joins")
struct JoinedGraderTests {
    @Test("a pod that was measured while it worked stays measured: while it is being killed kubelet tells zeroes of it")
    func measuredOnce() throws {
        var boot = try JoinedBoot()
        try boot.live(8...37) { second in
            let killed = [try JoinedBoot.pod(.limited, "Failed"), JoinedBoot.usage(cpu: 0, memory: 0)]
            return second < 20 ? try JoinedBoot.all() : [JoinedBoot.served, try JoinedBoot.node()] + killed
        }
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .clean, "\(verdict)")
        #expect(verdict.evidence.contains { $0.text == "CPU 5 ns, memory 7 bytes" }, "\(verdict.evidence)")
    }

    @Test("a node that is Ready and ran its pods is clean, with the pod's own words as the first evidence")
    func clean() throws {
        var boot = try JoinedBoot()
        try boot.live(8...37) { _ in try JoinedBoot.all() }
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .clean && verdict.level == .pod, "\(verdict)")
        #expect(verdict.evidence.first?.text == JoinedBoot.word)
    }

    @Test("at level ready no pod is asked for")
    func ready() throws {
        var boot = try JoinedBoot(.ready)
        try boot.live(8...37) { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        #expect(boot.grader.verdict?.grade == .clean)
    }

    @Test(
        "whatever of the level's demands is missing, the node is waited for, and then it is degraded and the summary says what",
        arguments: [
            (0, "not registered"), (1, "not Ready"), (2, "capacity of memory"), (3, "not a plausible size"),
            (4, "did not run to completion"),
            (5, "does not contain the pod's output"), (6, "not cleaned up"), (7, "no figures"),
        ])
    func missing(_ which: Int, _ words: String) throws {
        var facts = try JoinedBoot.all()
        switch which {
        case 0: facts = [JoinedBoot.served, .node(nil)]
        case 1: facts[1] = try JoinedBoot.node(ready: "False")
        case 2: facts[1] = try JoinedBoot.node(memory: "0")
        case 3: facts[1] = try JoinedBoot.node(storage: "9223372036854771712")
        case 4: facts = Array(facts[0..<2]) + [try JoinedBoot.pod(.task, "Pending")]
        case 5: facts[3] = .podLog(.task, "another word")
        case 6: facts.removeLast()
        default: facts[5] = JoinedBoot.usage(memory: 0)
        }
        var boot = try JoinedBoot()
        try boot.live(8...106) { _ in facts }
        #expect(boot.grader.verdict == nil)
        try boot.live(107...107) { _ in facts }
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .degraded, "\(verdict)")
        #expect(verdict.summary.contains(words), "\(verdict.summary)")
    }

    @Test("on an overlay without a size nobody waits for one: pods are judged, and one sentence says what such a node cannot do")
    func endlessRoot() throws {
        var facts = try JoinedBoot.all()
        facts[1] = try JoinedBoot.node(storage: "9007199254740988Ki")
        var boot = try JoinedBoot(layout: .rootOverlay)
        try boot.live(8...37) { _ in facts }
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .degraded && verdict.cause == .endlessStorage, "\(verdict)")
        #expect(verdict.summary.contains("9007199254740988Ki") && verdict.summary.contains("cannot limit, reserve or evict"), "\(verdict)")
        #expect(verdict.evidence.first?.text == JoinedBoot.word)
    }

    @Test("on such an overlay a pod that does not run is waited for, and is what the verdict says")
    func endlessRootWithoutPods() throws {
        let facts = [JoinedBoot.served, try JoinedBoot.node(storage: "9007199254740988Ki"), try JoinedBoot.pod(.task, "Pending")]
        var boot = try JoinedBoot(layout: .rootOverlay)
        try boot.live(8...106) { _ in facts }
        #expect(boot.grader.verdict == nil)
        try boot.live(107...107) { _ in facts }
        #expect(
            boot.grader.verdict?.summary.contains("did not run to completion (Pending)") == true,
            "\(String(describing: boot.grader.verdict))")
    }

    @Test("an overlay with a size that reads none is waited for as any other root is, and so is another figure that is none")
    func sizedRoot() throws {
        let sized = Layout.rootOverlay.with(cgroup: .v1, overlaySize: OverlaySize("20g"))
        for (layout, node) in [
            (sized, try JoinedBoot.node(storage: "9007199254740988Ki")), (.rootOverlay, try JoinedBoot.node(memory: "9223372036854771712")),
            (.rootOverlay, try JoinedBoot.node(storage: "0")),
        ] {
            var facts = try JoinedBoot.all()
            facts[1] = node
            var boot = try JoinedBoot(layout: layout)
            try boot.live(8...106) { _ in facts }
            #expect(boot.grader.verdict == nil)
        }
    }

    /// kubelet's messages about a pod that cannot be started, since 1.21 and before.
    private static let complaints = [
        #"E1126 10:00:20.000000      40 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \"CreatePodSandbox\" for \"ninepin-task_default(u)\" with CreatePodSandboxError: \"Failed to create sandbox: rpc error: code = Unknown desc = failed to create containerd task: BPF_PROG_ATTACH not supported\"" pod="default/ninepin-task" podUID="u""#,
        #"E1126 10:00:20.000000      40 pod_workers.go:191] Error syncing pod u ("ninepin-task_default(u)"), skipping: failed to "StartContainer" for "main" with RunContainerError: "failed to start container: opening file memory.oom.group: BPF_PROG_ATTACH not supported""#,
    ]

    @Test(
        "a pod that stays Pending is told with kubelet's own line, which comes first, and not with the phase alone", arguments: complaints)
    func pendingPod(_ line: String) throws {
        var boot = try JoinedBoot()
        let facts = [JoinedBoot.served, try JoinedBoot.node(), try JoinedBoot.pod(.task, "Pending")]
        try boot.live(8...11) { _ in facts }
        boot.log(line.replacing("BPF_PROG_ATTACH", with: "an older line"), at: 12)
        try boot.live(12...19) { _ in facts }
        boot.log(line, at: 20)
        // These do not count: errors while kubelet only waits, and errors of other pods.
        boot.log(line.replacing("BPF_PROG_ATTACH not supported", with: "back-off 10s restarting"), at: 20)
        boot.log(line.replacing("ninepin-task", with: "ninepin-task-2"), at: 20)
        boot.log(line.replacing("ninepin-task", with: "other"), at: 20)
        try boot.live(20...106) { _ in facts }
        try boot.live(107...107) { _ in facts }
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .degraded)
        #expect(verdict.summary.contains("(Pending): ") && verdict.summary.contains("BPF_PROG_ATTACH not supported"), "\(verdict.summary)")
        #expect(verdict.evidence.first?.text == line && verdict.evidence.first?.kind == .log)
    }

    @Test("a pod that fails is told with kubelet's own line too, and without one with the API server's words")
    func failedPod() throws {
        var boot = try JoinedBoot()
        boot.log(Self.complaints[1], at: 12)
        boot.cluster(try JoinedBoot.pod(.task, "Failed"), at: 13)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.cause == .pod && verdict.summary.contains("memory.oom.group"), "\(verdict)")
        let status =
            #"{"status":{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"reason":"StartError","message":"no such file"}}}]}}"#
        boot = try JoinedBoot()
        boot.cluster(.pod(.task, try JSONDecoder().decode(PodStatus.self, from: Data(status.utf8))), at: 13)
        #expect(boot.grader.verdict?.summary == "the pod failed (Failed): StartError: no such file")
    }

    @Test("what is quoted of a line is bounded")
    func longLine() throws {
        var boot = try JoinedBoot()
        boot.log(Self.complaints[1] + String(repeating: "x", count: 60_000), at: 12)
        boot.cluster(try JoinedBoot.pod(.task, "Failed"), at: 13)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.summary.utf8.count < 600 && verdict.evidence.allSatisfy { $0.text.utf8.count < 2100 })
    }

    @Test("an API server that never answers says nothing of the node")
    func neverServed() throws {
        var boot = try JoinedBoot()
        try boot.live(8...107) { _ in [.apiServer(isReady: false, "connection refused")] }
        #expect(boot.grader.verdict?.grade == .inconclusive)
    }

    @Test("a node of which nothing was heard lately is not clean, however well it was")
    func stale() throws {
        for late in [[ClusterFact.apiServer(isReady: false, "timed out")], [JoinedBoot.served, .refused("403")]] {
            var boot = try JoinedBoot()
            try boot.live(8...20) { _ in try JoinedBoot.all() }
            try boot.live(21...36) { _ in [JoinedBoot.served, .refused("403")] }
            try boot.live(37...37) { _ in late }
            #expect(boot.grader.verdict == nil)
            try boot.live(38...40) { _ in try JoinedBoot.all() }
            #expect(boot.grader.verdict?.grade == .clean)
        }
    }

    @Test("a process of the control plane that ends makes the verdict inconclusive at once, and names it")
    func planeEnds() throws {
        var boot = try JoinedBoot()
        boot.cluster(.ended(process: "kube-apiserver", how: "exit status 1", lastLines: ["a flag is wrong"]), at: 9)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .inconclusive)
        #expect(verdict.cause == .serverGone)
        #expect(verdict.evidence.contains { $0.text == "a flag is wrong" })
    }

    @Test("a log of the control plane that cannot be written makes the verdict inconclusive at once, with the process and why")
    func unlogged() throws {
        var boot = try JoinedBoot()
        boot.cluster(.unlogged(process: "etcd", reason: "cannot write etcd.log: No space left on device"), at: 9)
        let verdict = try #require(boot.grader.verdict)
        #expect(verdict.grade == .inconclusive && verdict.cause == .logNotWritten)
        #expect(verdict.summary.contains("etcd.log") && verdict.evidence.first?.source == "etcd")
    }

    @Test("a store that dies because the disk is full says so, at once")
    func storeOnFullDisk() throws {
        var boot = try JoinedBoot()
        boot.cluster(
            .ended(process: "etcd", how: "exit status 1", lastLines: ["write wal: no space left on device", "later words"]), at: 9)
        #expect(boot.grader.verdict?.cause == .outOfDisk)
        #expect(boot.grader.verdict?.evidence.first?.text.contains("no space left") == true)
    }

    @Test("an API server that falls silent is gone after a quarter of a minute, and not before")
    func silence() throws {
        var boot = try JoinedBoot(.ready, isKept: true)
        try boot.live(8...20) { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        try boot.live(21...35) { _ in [.apiServer(isReady: false, "timed out")] }
        #expect(boot.grader.verdict == nil)
        try boot.live(36...37) { _ in [.apiServer(isReady: false, "timed out")] }
        #expect(boot.grader.verdict?.cause == .serverGone)
    }

    @Test(
        "a node that says it is short of something is degraded at once, by its own words",
        arguments: [("MemoryPressure", Cause.outOfMemory), ("DiskPressure", .outOfDisk), ("PIDPressure", .outOfProcesses)])
    func pressure(_ condition: String, _ cause: Cause) throws {
        var boot = try JoinedBoot()
        boot.cluster(try JoinedBoot.node(pressure: condition), at: 9)
        #expect(boot.grader.verdict?.grade == .degraded)
        #expect(boot.grader.verdict?.cause == cause)
    }

    @Test("a pod that fails makes the node degraded at once")
    func podFails() throws {
        var boot = try JoinedBoot()
        boot.cluster(try JoinedBoot.pod(.task, "Failed"), at: 9)
        #expect(boot.grader.verdict?.grade == .degraded)
    }

    @Test("what joining asks for does not hide a forbidden line: it decides when the observation ends")
    func forbidden() throws {
        var boot = try JoinedBoot()
        boot.log(WrittenLog.lasting(20), at: 21)
        try boot.live(8...37) { _ in [JoinedBoot.served] }
        #expect(boot.grader.verdict?.cause == .memoryCache)
    }
}

@Suite("Grading a node that is kept")
struct KeptGraderTests {
    @Test("a clean node stays watched; a forbidden line turns the verdict, and no good time after it turns it back")
    func turns() throws {
        var boot = try JoinedBoot(.ready, isKept: true)
        let well: (Int) throws -> [ClusterFact] = { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        try boot.live(8...36, well)
        #expect(boot.grader.standing == nil)
        try boot.live(37...300, well)
        #expect(boot.grader.standing?.grade == .clean)
        boot.log(WrittenLog.lasting(294), at: 301)
        try boot.live(301...302, well)
        #expect(boot.grader.standing?.grade == .degraded)
        #expect(boot.grader.standing?.cause == .memoryCache)
        try boot.live(303...400, well)
        #expect(boot.grader.standing?.grade == .degraded)
        #expect(boot.grader.verdict == nil, "the node lives")
    }

    @Test("a node that is no longer Ready is degraded")
    func notReady() throws {
        var boot = try JoinedBoot(.ready, isKept: true)
        try boot.live(8...60) { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        try boot.live(61...62) { _ in [JoinedBoot.served, try JoinedBoot.node(ready: "Unknown")] }
        #expect(boot.grader.standing?.grade == .degraded)
    }

    @Test("a node that something killed is inconclusive for good, and the cause says so", arguments: [137, 143])
    func killed(_ status: Int) throws {
        var boot = try JoinedBoot(.ready, isKept: true)
        try boot.live(8...330) { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        boot.grader.take(.fact(.exit(status)), at: 331)
        #expect(boot.grader.verdict?.grade == .inconclusive)
        #expect(boot.grader.verdict?.cause == .nodeKilled)
    }

    @Test("a node that ends by itself is fatal, however long it lived")
    func fatal() throws {
        var boot = try JoinedBoot(.ready, isKept: true)
        try boot.live(8...330) { _ in [JoinedBoot.served, try JoinedBoot.node()] }
        boot.grader.take(.fact(.exit(255)), at: 331)
        #expect(boot.grader.verdict?.grade == .fatal)
    }
}

@Suite("Quantities of Kubernetes")
struct QuantityTests {
    @Test(
        "a quantity is read with its suffix",
        arguments: [
            ("2", 2.0), ("24684092Ki", 24_684_092.0 * 1024), ("100m", 0.1), ("1.5Gi", 1.5 * 1_073_741_824), ("3E", 3e18), ("2e3", 2000),
        ])
    func good(_ text: String, _ value: Double) { #expect(Quantity(text)?.value == value) }

    @Test("what is no quantity is none", arguments: ["", "Ki", "2 Ki", "2Xi", "many"])
    func bad(_ text: String) { #expect(Quantity(text) == nil) }
}
