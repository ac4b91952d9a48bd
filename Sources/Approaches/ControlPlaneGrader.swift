import FoundationEssentials
import Grading
import Model

/// Grades a control plane without a worker: it answers for as long as it is watched, and has no node. What is no node gets no node's grade.
package struct ControlPlaneGrader: Sendable {
    /// What was found.
    package struct Finding: Sendable {
        /// The outcome.
        package let outcome: ApproachOutcome
        /// A sentence that says why.
        package let summary: String
        /// What it rests on, the deciding line first.
        package let evidence: [Evidence]
    }

    private let layout: Layout
    private let watch: Double
    private let deadlines: Deadlines
    private var signs = SandboxSigns()
    private var stage = "sandbox"
    private var since: Double?
    private var health: Evidence?
    private var nodes: (count: Int, evidence: Evidence)?
    /// When each probe was asked last, and when it was asked what it last answered.
    private var asked: [String: Double] = [:]
    private var answered: [String: Double] = [:]
    private var failed: Evidence?
    private var said: [String] = []

    /// The finding, as soon as it is certain.
    package private(set) var finding: Finding?

    /// Makes a grader of one boot.
    ///
    /// - Parameters:
    ///   - layout: what the sandbox is to look like.
    ///   - watch: seconds after its first answer for which it must go on answering.
    ///   - deadlines: how long it may take to answer.
    package init(layout: Layout, watch: Double, deadlines: Deadlines = Deadlines()) {
        (self.layout, self.watch, self.deadlines) = (layout, watch, deadlines)
    }

    /// Takes what the sandbox's first program told.
    ///
    /// - Parameter now: seconds after the sandbox began.
    package mutating func take(_ fact: NodeFact, at now: Double) {
        guard finding == nil else { return }
        switch fact {
        case .stage(let name):
            stage = name
            if name != "prepare", let wrong = signs.fault(in: layout) { find(.inconclusive, wrong, []) }
        case .gvisor(let line): signs.gvisor = line
        case .mount(let point, let type): signs.mounts[point] = type
        case .failed(let reason): find(.inconclusive, "the sandbox could not be prepared: \(reason)", [])
        case .asked(let name): asked[name] = now
        case .probe(let name, let answer):
            answered[name] = asked[name]
            if name == "healthz" { note(answer, at: now) }
            if name == "nodes" { noteNodes(answer, at: now) }
        case .exit(let status):
            let exit = Evidence(kind: .exit, text: "exit status \(status)", source: "kube-apiserver", seconds: now)
            // The shell adds 128 to the number of a signal; nothing in the sandbox sends these two.
            let outcome: ApproachOutcome = [137, 143].contains(status) ? .inconclusive : .fatal
            find(outcome, "the API server exited with status \(status)", [exit])
        default: break
        }
        lookAtClock(now)
    }

    /// A line of one of the processes; the last ones are told when the sandbox ends.
    package mutating func take(_ line: String) { said = Array((said + [line]).suffix(5)) }

    /// Time went by.
    ///
    /// - Parameter now: seconds after the sandbox began.
    package mutating func lookAtClock(_ now: Double) {
        guard finding == nil else { return }
        guard let since else {
            let longest = deadlines[.serverStart]
            if now >= longest { find(.inconclusive, "the API server did not answer within \(Int(longest)) s; last stage: \(stage)", []) }
            return
        }
        guard now - since >= watch else { return }
        // The watch ends with the answers to what was asked at its end.
        let stale = deadlines[.staleAnswer]
        let isAnswered = ["healthz", "nodes"].allSatisfy { (answered[$0] ?? -.infinity) >= since + watch }
        guard isAnswered || now - since >= watch + stale else { return }
        guard isAnswered, let health, let nodes else {
            find(.inconclusive, "the API server was not queried or did not answer in the last \(Int(stale)) s", [])
            return
        }
        let seen = [nodes.evidence, health]
        if let failed {
            find(.degraded, "the API server stopped answering: \(failed.text)", [failed] + seen)
        } else if nodes.count > 0 {
            find(.inconclusive, "the API server has \(nodes.count) nodes, but nothing here created one", seen)
        } else {
            find(.noNode, "the API server answers but has no node: nothing can run on it", seen)
        }
    }

    /// The sandbox ended without a finding so far.
    package mutating func finish(_ how: String) {
        if finding == nil { find(.inconclusive, "the sandbox ended (\(how)); last stage: \(stage)", []) }
    }

    private mutating func note(_ answer: String, at now: Double) {
        let isGood = answer.split(whereSeparator: \.isWhitespace) == ["ok"]
        let evidence = Evidence(kind: .probe, text: String(answer.prefix(300)), source: "/healthz", seconds: now)
        if isGood {
            health = evidence
            since = since ?? now
        } else if since != nil {
            failed = failed ?? evidence
        }
    }

    private mutating func noteNodes(_ answer: String, at now: Double) {
        struct List: Decodable {
            struct Item: Decodable {}
            let kind: String
            let items: [Item]
        }
        guard let list = try? JSONDecoder().decode(List.self, from: Data(answer.utf8)), list.kind == "NodeList" else { return }
        let text = "\(list.kind) with \(list.items.count) items"
        nodes = (list.items.count, Evidence(kind: .probe, text: text, source: "/api/v1/nodes", seconds: now))
    }

    private mutating func find(_ outcome: ApproachOutcome, _ summary: String, _ evidence: [Evidence]) {
        let last = outcome == .noNode ? [] : said.map { Evidence(kind: .log, text: $0, source: "kube-apiserver") }
        let reason = evidence.isEmpty ? [Evidence(kind: .harness, text: summary, source: "ninepin")] : []
        finding = Finding(outcome: outcome, summary: summary, evidence: evidence + reason + last)
    }
}
