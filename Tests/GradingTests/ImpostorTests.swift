import Model
import Testing

@testable import Grading

/// A node that pretends: its actions reach the grader in the same way as from the sandbox's two streams.
private struct Pretender {
    var grader = BootGrader(node: NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(.root9p))
    private var channel = NodeChannel()

    init() {
        for line in ["stage prepare", "gvisor Starting gVisor...", "mount / 9p", "stage node", "told version Kubernetes v1.20.2"] {
            tell(line, at: 0.5)
        }
        tell("told stage kubelet", at: 1)
    }

    /// A line on the first program's own channel.
    mutating func tell(_ line: String, at now: Double) {
        guard case .fact(let fact) = channel.read(Array("@ninepin \(line)".utf8)) else { return }
        grader.take(.fact(fact), at: now)
    }

    mutating func log(_ line: String, at now: Double) { grader.take(.log(Array(line.utf8)), at: now) }

    mutating func start() {
        for (line, arrival) in zip(WrittenLog.beginning, WrittenLog.arrivals) { log(line, at: arrival) }
    }

    mutating func answer(_ name: String, _ text: String, at now: Double) {
        tell("ask \(name)", at: now)
        grader.take(.fact(.probe(name: name, answer: text)), at: now)
    }

    /// Good answers every second, and additional events.
    mutating func live(_ seconds: ClosedRange<Int>, _ also: (inout Pretender, Int) -> Void = { _, _ in }) {
        for second in seconds {
            answer("healthz", "ok", at: Double(second))
            answer("summary", WrittenSummary.text(), at: Double(second))
            also(&self, second)
            grader.take(.tick, at: Double(second))
        }
    }
}

@Suite("Nodes that pretend to be clean")
struct ImpostorTests {
    @Test("the control: one that does all that a clean node does is clean, so that the others are not refused for something else")
    func control() {
        var node = Pretender()
        node.start()
        node.live(8...37)
        #expect(node.grader.verdict?.grade == .clean)
    }

    @Test("a start that is stamped an hour ahead puts nothing into warm-up", arguments: [3600.0, 86_400, 6])
    func future(_ ahead: Double) {
        var node = Pretender()
        node.log(WrittenLog.beginning[0], at: 1)
        node.log(WrittenLog.line("I", 6 + ahead, "server.go:1176] Started kubelet"), at: 7)
        node.live(8...52) { node, second in
            if second.isMultiple(of: 10) { node.log(WrittenLog.lasting(Double(second) - 1), at: Double(second)) }
        }
        #expect(node.grader.verdict?.grade == .inconclusive)
        #expect(node.grader.verdict?.cause == .clocks)
    }

    @Test("a log whose clock stands still, or goes at half the pace, puts nothing into warm-up", arguments: [0, 0.5])
    func slowClock(_ pace: Double) {
        var node = Pretender()
        node.start()
        node.live(8...52) { node, second in
            if second.isMultiple(of: 10) { node.log(WrittenLog.lasting(6 + Double(second - 7) * pace), at: Double(second)) }
        }
        #expect(node.grader.verdict?.grade == .inconclusive)
    }

    @Test("a clock that is a little off says nothing against a node")
    func steady() {
        var node = Pretender()
        node.start()
        node.live(8...37) { node, second in
            node.log(WrittenLog.line("I", Double(second) - 1 + Double(second % 4), "kubelet.go:1] x"), at: Double(second))
        }
        #expect(node.grader.verdict?.grade == .clean)
    }

    @Test("starting again and again moves no warm-up, and a node that started twice is not clean", arguments: [true, false])
    func restarts(_ hasError: Bool) {
        var node = Pretender()
        node.start()
        node.live(8...52) { node, second in
            guard second.isMultiple(of: 8) else { return }
            node.log(WrittenLog.line("I", Double(second) - 1, "server.go:1176] Started kubelet"), at: Double(second))
            if hasError { node.log(WrittenLog.lasting(Double(second) - 0.5), at: Double(second)) }
        }
        #expect(node.grader.verdict?.title == (hasError ? "degraded, memory cache" : "degraded, restarted"))
    }

    @Test(
        "what only quotes the start is none",
        arguments: [
            WrittenLog.line("I", 30, "prober.go:1] the pod says: Started kubelet"), "Started kubelet, says a pod",
            "  server.go:1] Started kubelet",
            "I1123 12:00:30.000000       7 server.go:1] Started kubelet",
        ])
    func quotedStart(_ line: String) {
        var node = Pretender()
        node.start()
        node.live(8...52) { node, second in
            if second == 31 { node.log(line, at: 31) }
            if second == 32 { node.log(WrittenLog.lasting(31), at: 32) }
        }
        #expect(node.grader.verdict?.title == "degraded, memory cache")
    }

    @Test("a node that stops answering before the end, however shortly, is not clean", arguments: [27, 30, 35, 36])
    func hangs(_ from: Int) {
        var node = Pretender()
        node.start()
        node.live(8...from)
        // The question is asked, and its timeout expires.
        node.tell("ask healthz", at: Double(from) + 1)
        for second in (from + 1)...(from + 10) { node.grader.take(.tick, at: Double(second)) }
        #expect(node.grader.verdict == nil)
        node.grader.take(.fact(.probe(name: "healthz", answer: "")), at: Double(from) + 11)
        for second in (from + 12)...70 { node.grader.take(.tick, at: Double(second)) }
        #expect(node.grader.verdict?.grade == .degraded)
    }

    @Test("where the error lasts and the summary fails too, the error is the cause")
    func both() {
        var node = Pretender()
        node.start()
        node.live(8...37) { node, second in
            node.log(WrittenLog.lasting(Double(second) - 1), at: Double(second))
            node.answer("summary", "wget: server returned error: HTTP/1.1 500", at: Double(second))
        }
        #expect(node.grader.verdict?.title == "degraded, memory cache")
    }

    @Test("answers that were asked for before the end of the observation do not end it")
    func lateAnswer() {
        var node = Pretender()
        node.start()
        node.live(8...36)
        node.tell("ask healthz", at: 36.5)
        node.grader.take(.fact(.probe(name: "healthz", answer: "ok")), at: 37.5)
        node.grader.take(.tick, at: 38)
        #expect(node.grader.verdict == nil)
        node.live(39...39)
        #expect(node.grader.verdict?.grade == .clean)
    }

    @Test(
        "an error that is split by what no terminal shows is seen",
        arguments: [
            "\0", "\u{1B}[0m", "\r", "\u{1B}", "\u{8}", "\u{1B}]0;x\u{7}", "\u{200B}", "\u{FEFF}", "\u{AD}", "\u{1B}(B", "\u{7F}",
            "\u{2060}",
        ])
    func split(_ character: String) {
        for place in stride(from: 1, to: WrittenLog.memoryCache.count, by: 5) {
            var text = WrittenLog.memoryCache
            text.insert(contentsOf: character, at: text.index(text.startIndex, offsetBy: place))
            var node = Pretender()
            node.start()
            node.live(8...37) { node, second in
                if second == 30 { node.log(WrittenLog.line("E", 29, "eviction_manager.go:260] \(text)"), at: 30) }
            }
            #expect(node.grader.verdict?.title == "degraded, memory cache", "\(place)")
        }
    }

    @Test("an error beyond the first piece of a long line is seen, and such lines are counted")
    func long() {
        var node = Pretender()
        node.start()
        node.live(8...37) { node, second in
            guard second == 30 else { return }
            node.log(WrittenLog.line("E", 29, String(repeating: "x", count: 65_000)), at: 30)
            node.grader.take(.more(Array(String(repeating: "x", count: 65_536).utf8), overlap: 512), at: 30)
            node.grader.take(.more(Array("\(String(repeating: "x", count: 600)) \(WrittenLog.memoryCache)".utf8), overlap: 512), at: 30)
        }
        #expect(node.grader.verdict?.title == "degraded, memory cache")
        #expect(node.grader.verdict?.summary.hasSuffix("once") == true)
        #expect(node.grader.verdict?.notes.contains { $0.contains("one line is longer than 65536 bytes") } == true)
    }

    @Test(
        "what the node's own side tells of probes, of the sandbox and of the end is not believed",
        arguments: [
            "told probe healthz ok", "told answered healthz", "told part healthz ok", "told ask healthz", "told gvisor x",
            "told mount / 9p",
        ])
    func forged(_ line: String) {
        var node = Pretender()
        node.start()
        for second in 8...60 {
            node.tell(line, at: Double(second))
            node.tell("told probe summary \(WrittenSummary.text())", at: Double(second))
            node.grader.take(.tick, at: Double(second))
        }
        #expect(node.grader.verdict?.grade == .inconclusive)
    }

    @Test("what a sandbox shows once the node runs is not believed")
    func lateSigns() {
        var grader = BootGrader(node: NodeSpec(profile: .kubelet, warmUp: 10, observe: 30, startTimeout: 60), in: .sandbox(.root9p))
        grader.take(.fact(.stage("node")), at: 1)
        #expect(grader.verdict?.grade == .inconclusive)
    }

    @Test(
        "words of a pod end no node",
        arguments: [
            "panic: my app had a bad day", "fatal error: all goroutines are asleep", "level=fatal from a pod",
            "time=\"2026-11-26T00:00:00Z\" level=info msg=\"level=fatal from a pod\"", "F1123 12:00:20.000000       1 app.go:1] boom",
            WrittenLog.line("E", 29, "prober.go:1] the pod says: Failed to start ContainerManager"),
            WrittenLog.line("I", 29, "prober.go:1] failed to run Kubelet, says a pod"),
        ])
    func words(_ line: String) {
        var node = Pretender()
        node.start()
        node.live(8...37) { node, second in
            if second == 30 { node.log(line, at: 30) }
            node.log(WrittenLog.line("I", Double(second) - 1, "kubelet.go:1] x"), at: Double(second))
        }
        #expect(node.grader.verdict?.grade == .clean, "\(String(describing: node.grader.verdict))")
        let log = WrittenLog.beginning + [line] + (30...40).map { WrittenLog.line("I", Double($0), "kubelet.go:1] x") }
        if !line.hasPrefix("F") { #expect(WrittenLog.verdict(log).grade == .inconclusive) }
    }

    @Test("a node that writes that it ends, and lives, is not clean")
    func livingDead() {
        var node = Pretender()
        node.start()
        node.live(8...37) { node, second in if second == 30 { node.log(WrittenLog.fatal(29, "something"), at: 30) } }
        #expect(node.grader.verdict?.grade == .degraded)
    }

    @Test("a node whose program has ended is fatal, whatever still answers for it", arguments: [0, 1, 255])
    func leftBehind(_ status: Int) {
        var node = Pretender()
        node.start()
        node.live(8...20)
        node.tell("exit \(status)", at: 20)
        node.live(21...37)
        #expect(node.grader.verdict?.grade == .fatal)
    }

    @Test("a summary of ten megabytes is read whole")
    func bigSummary() throws {
        let pods = (0..<30_000).map { #"{"podRef":{"name":"pod-\#($0)"},"containers":[\#(String(repeating: " ", count: 300))]}"# }
        let text = #"{"node":{"fs":{"capacityBytes":1000}},"pods":[\#(pods.joined(separator: ","))]}"#
        var channel = NodeChannel()
        var rest = Array(text.utf8)[...]
        #expect(text.utf8.count > 10_000_000)
        while !rest.isEmpty {
            #expect(channel.read(Array("@ninepin part summary ".utf8) + rest.prefix(3000)) == .piece)
            rest = rest.dropFirst(3000)
        }
        guard case .fact(.probe("summary", let answer)) = channel.read(Array("@ninepin answered summary".utf8)) else {
            Issue.record("no answer")
            return
        }
        #expect(answer == text)
        #expect(StatsSummary(answer)?.capacity == 1000)
    }

    @Test(
        "a node that was watched too briefly is short, and not clean",
        arguments: [(10.0, 19.0), (9, 30), (0, 0), (25, 30), (100, 30)])
    func short(_ warmUp: Double, _ observe: Double) {
        #expect(Level.boot.shortfall(warmUp: warmUp, observe: observe) != nil)
        #expect(Level.pod.shortfall(warmUp: 10, observe: 20) == nil)
        var node = Pretender()
        node.grader = BootGrader(
            node: NodeSpec(profile: .kubelet, warmUp: warmUp, observe: observe, startTimeout: 60), in: .sandbox(.root9p))
        for line in ["gvisor Starting gVisor...", "mount / 9p", "stage node", "told version Kubernetes v1.20.2", "told stage kubelet"] {
            node.tell(line, at: 1)
        }
        node.start()
        node.live(8...40)
        #expect(node.grader.verdict?.grade == .short)
        #expect(node.grader.verdict?.summary.contains("the level boot requires") == true)
    }
}
