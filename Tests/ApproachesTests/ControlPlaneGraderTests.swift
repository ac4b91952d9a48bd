import Approaches
import Model
import Testing

@testable import Grading

/// Feeds the events of a sandboxed control plane to a grader.
private struct Plane {
    var grader = ControlPlaneGrader(layout: .root9p, watch: 30, deadlines: Deadlines())

    init(root: String = "9p") throws {
        for text in ["stage prepare", "gvisor Starting gVisor...", "mount / \(root)", "stage etcd", "stage kube-apiserver"] {
            try fact(text, at: 1)
        }
    }

    mutating func fact(_ text: String, at now: Double) throws { grader.take(.fact(try #require(NodeFact("@ninepin \(text)"))), at: now) }

    mutating func live(from: Int, through: Int, health: String = "ok", nodes: String = #"{"kind":"NodeList","items":[]}"#) throws {
        for second in from...through {
            for (name, answer) in [("healthz", health), ("nodes", nodes)] {
                try fact("ask \(name)", at: Double(second))
                try fact("probe \(name) \(answer)", at: Double(second))
            }
        }
    }
}

@Suite("Grading a control plane without a worker")
struct ControlPlaneGraderTests {
    @Test("one that goes on answering and has no node is 'no node', at the end of the watch and not before; never clean")
    func answers() throws {
        var plane = try Plane()
        try plane.live(from: 2, through: 9, health: "", nodes: "")
        try plane.live(from: 10, through: 39)
        #expect(plane.grader.finding == nil)
        try plane.live(from: 40, through: 41)
        #expect(plane.grader.finding?.outcome == .noNode)
        #expect(plane.grader.finding?.evidence.first?.text == "NodeList with 0 items")
    }

    @Test("one with a node is not what was asked for")
    func node() throws {
        var plane = try Plane()
        try plane.live(from: 10, through: 41, nodes: #"{"kind":"NodeList","items":[{}]}"#)
        #expect(plane.grader.finding?.outcome == .inconclusive)
    }

    @Test("health without a list of nodes says nothing", arguments: ["", "Unauthorized", #"{"kind":"Status","items":[]}"#])
    func noList(_ nodes: String) throws {
        var plane = try Plane()
        try plane.live(from: 10, through: 41, nodes: nodes)
        #expect(plane.grader.finding?.outcome == .inconclusive)
    }

    @Test("one that stops answering is degraded, one that ends is fatal, one that is killed from outside is neither")
    func faults() throws {
        var silent = try Plane()
        try silent.live(from: 10, through: 20)
        try silent.live(from: 21, through: 21, health: "")
        try silent.live(from: 22, through: 41)
        #expect(silent.grader.finding?.outcome == .degraded)
        for (status, outcome) in [(1, ApproachOutcome.fatal), (137, .inconclusive)] {
            var ended = try Plane()
            ended.grader.take(.log(Array("F1123 the reason".utf8)), at: 41)
            try ended.fact("exit \(status)", at: 5)
            #expect(ended.grader.finding?.outcome == outcome)
            #expect(ended.grader.finding?.evidence.last?.text == "F1123 the reason")
        }
    }

    @Test("one in another sandbox, one that never answers, and a sandbox that ends are inconclusive")
    func harness() throws {
        #expect(try Plane(root: "ext4").grader.finding?.outcome == .inconclusive)
        var late = try Plane()
        late.grader.take(.tick, at: 119)
        #expect(late.grader.finding == nil)
        late.grader.take(.tick, at: 120)
        #expect(late.grader.finding?.outcome == .inconclusive)
        var gone = try Plane()
        gone.grader.finish("exit status 128", at: 3)
        #expect(gone.grader.finding?.outcome == .inconclusive)
    }
}
