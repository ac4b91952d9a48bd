import Model
import Testing

@testable import Grading

/// Feeds the events of a probe's sandbox to a grader.
private struct Asked {
    var grader: ComponentGrader

    init(_ layout: Layout = .root9p) { grader = ComponentGrader(probe: "up/p", layout: layout) }

    mutating func fact(_ text: String, at now: Double = 0.1) throws {
        grader.take(.fact(try #require(NodeFact("@ninepin \(text)"))), at: now)
    }

    /// A correct sandbox up to the probe's start.
    mutating func sandbox(
        gvisor: Bool = true, root: String = "9p", volume: String? = nil, cgroup: String? = "cgroup"
    ) throws {
        try fact("stage prepare")
        if gvisor { try fact("gvisor [    0.000000] Starting gVisor...") }
        try fact("mount / \(root)")
        if let volume { try fact("mount /var/lib/kubelet \(volume)") }
        if let cgroup { try fact("mount /sys/fs/cgroup/cpuacct \(cgroup)") }
        try fact("stage probe")
    }

    /// The probe's output and exit.
    mutating func answer(_ lines: [String], exit: Int?) throws {
        for line in lines { grader.take(.log(Array(line.utf8)), at: 0.2) }
        if let exit { try fact("exit \(exit)", at: 0.3) }
        grader.finish("exit status 0", at: 0.4)
    }
}

@Suite("Grading a probe's answer")
struct ComponentGraderTests {
    @Test("a probe that answers in one line and ends with 0 is clean, and the line is the evidence")
    func clean() throws {
        var asked = Asked()
        try asked.sandbox()
        try asked.answer(["usage: 120000"], exit: 0)
        let verdict = try #require(asked.grader.verdict)
        #expect(verdict.grade == .clean)
        #expect(verdict.level == .component)
        #expect(verdict.evidence.first == Evidence(kind: .probe, text: "usage: 120000", source: "up/p", seconds: 0.2))
    }

    @Test(
        "a probe that says the error is fatal, and a known error is named",
        arguments: [
            ("open /sys/fs/cgroup/cpuacct/cpuacct.usage_percpu: no such file or directory", Cause.percpu),
            ("memory usage of / reads 0", .memoryUsage),
            ("could not find device with major: 0, minor: 24 in cached partitions map", .noDevice), ("something else", nil),
        ])
    func fatal(_ line: String, _ cause: Cause?) throws {
        var asked = Asked()
        try asked.sandbox()
        try asked.answer([line], exit: 1)
        #expect(asked.grader.verdict?.grade == .fatal)
        #expect(asked.grader.verdict?.cause == cause)
        #expect(asked.grader.verdict?.evidence.first?.text == line)
    }

    @Test("the answer may come after the exit status: they come on two streams")
    func twoStreams() throws {
        var asked = Asked()
        try asked.sandbox()
        try asked.fact("exit 0")
        #expect(asked.grader.verdict == nil)
        try asked.answer(["yes"], exit: nil)
        #expect(asked.grader.verdict?.grade == .clean)
    }

    @Test(
        "no answer, more than one, a crash or a kill is inconclusive, whatever was written",
        arguments: [
            ([], 0), ([], 1), (["one", "two"], 0), (["one", "two"], 1), (["one"], 2), (["one"], 126), (["one"], 137), (["one"], nil),
        ] as [([String], Int?)])
    func inconclusive(_ lines: [String], _ exit: Int?) throws {
        var asked = Asked()
        try asked.sandbox()
        asked.grader.take(.runtime("panic: boom"), at: 0.2)
        try asked.answer(lines, exit: exit)
        #expect(asked.grader.verdict?.grade == .inconclusive)
        #expect(asked.grader.verdict?.evidence.contains { $0.text == "panic: boom" } == true)
    }

    @Test("a probe that does not end in time is inconclusive")
    func timeout() throws {
        var asked = Asked()
        try asked.sandbox()
        asked.grader.take(.log(Array("yes".utf8)), at: 1)
        asked.grader.take(.tick, at: 29.9)
        #expect(asked.grader.verdict == nil)
        asked.grader.take(.tick, at: 30)
        #expect(asked.grader.verdict?.grade == .inconclusive)
    }

    @Test("a sandbox that does not start is inconclusive, with what runsc said")
    func noSandbox() {
        var asked = Asked()
        asked.grader.take(.runtime("cannot create sandbox"), at: 0.1)
        asked.grader.finish("exit status 128", at: 0.2)
        #expect(asked.grader.verdict?.grade == .inconclusive)
        #expect(asked.grader.verdict?.evidence.contains { $0.text == "cannot create sandbox" } == true)
    }

    @Test(
        "a sandbox that is no gVisor, has other file systems than the layout asks for, or no cgroups, proves nothing",
        arguments: [
            (Layout.root9p, false, "9p", nil, "cgroup"), (.root9p, true, "overlay", nil, "cgroup"),
            (.rootOverlay, true, "9p", nil, "cgroup"),
            (.volume9p, true, "9p", nil, "cgroup"), (.root9p, true, "9p", "9p", "cgroup"), (.root9p, true, "9p", nil, nil),
            (.root9p, true, "9p", nil, "tmpfs"),
        ] as [(Layout, Bool, String, String?, String?)])
    func wrongSandbox(_ layout: Layout, _ gvisor: Bool, _ root: String, _ volume: String?, _ cgroup: String?) throws {
        var asked = Asked(layout)
        try asked.sandbox(gvisor: gvisor, root: root, volume: volume, cgroup: cgroup)
        try asked.answer(["yes"], exit: 0)
        #expect(asked.grader.verdict?.grade == .inconclusive)
    }

    @Test("of several probes the worst decides, an error before a harness that failed, and every answer is evidence")
    func worst() throws {
        func verdict(_ grade: Grade, _ text: String) -> Verdict {
            Verdict(
                grade: grade, level: .component, summary: text, evidence: [Evidence(kind: .probe, text: text, source: text)], notes: [text])
        }
        let found = try #require(
            Verdict.worst(of: [verdict(.clean, "a"), verdict(.inconclusive, "b"), verdict(.fatal, "c"), verdict(.fatal, "d")]))
        #expect(found.deciding == 2)
        #expect(found.verdict.grade == .fatal)
        #expect(found.verdict.summary == "c")
        #expect(found.verdict.evidence.map(\.text) == ["c", "a", "b", "d"])
        #expect(found.verdict.notes == ["a", "b", "c", "d"])
        #expect(Verdict.worst(of: [verdict(.clean, "a"), verdict(.inconclusive, "b")])?.verdict.grade == .inconclusive)
        #expect(Verdict.worst(of: [verdict(.clean, "a"), verdict(.clean, "b")])?.verdict.grade == .clean)
        #expect(Verdict.worst(of: []) == nil)
    }
}
