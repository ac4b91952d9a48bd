import FoundationEssentials
import Grading
import Model

/// Grades a control plane without a worker: it must answer for as long as it is watched, and must have no node. Since it is not a node, it
/// does not get a node's grade.
package struct ControlPlaneGrader: Grader {
    package struct Finding: Sendable {
        package let outcome: ApproachOutcome
        /// The reason for the outcome, in one sentence.
        package let summary: String
        /// The evidence for the outcome, the deciding piece first.
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
    /// The time of each probe's latest request, and the time of the latest request that was answered.
    private var asked: [String: Double] = [:]
    private var answered: [String: Double] = [:]
    private var failed: Evidence?
    private var said: [String] = []

    /// The finding; nil until it is certain.
    package private(set) var finding: Finding?
    package private(set) var decided: Double?

    /// Creates a grader for one boot.
    ///
    /// - Parameters:
    ///   - layout: the expected layout of the sandbox.
    ///   - watch: seconds after its first answer for which the API server must continue to answer.
    ///   - deadlines: how long it may take to answer.
    package init(layout: Layout, watch: Double, deadlines: Deadlines = Deadlines()) {
        (self.layout, self.watch, self.deadlines) = (layout, watch, deadlines)
    }

    package mutating func take(_ event: BootEvent, at now: Double) {
        switch event {
        // The last lines are shown when the sandbox ends.
        case .log(let line): said = Array((said + [String(decoding: line, as: UTF8.self)]).suffix(5))
        case .runtime(let line): said = Array((said + [line]).suffix(5))
        case .fact(let fact): take(fact, at: now)
        case .tick: lookAtClock(now)
        case .more, .cluster, .silent: break
        }
        if finding != nil, decided == nil { decided = now }
    }

    private mutating func take(_ fact: NodeFact, at now: Double) {
        guard finding == nil else { return }
        switch fact {
        case .stage(let name):
            stage = name
            if name != "prepare", let wrong = signs.fault(in: .sandbox(layout)) { find(.inconclusive, wrong, []) }
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

    private mutating func lookAtClock(_ now: Double) {
        guard finding == nil else { return }
        guard let since else {
            let longest = deadlines[.serverStart]
            if now >= longest { find(.inconclusive, "the API server did not answer within \(Int(longest)) s; last stage: \(stage)", []) }
            return
        }
        guard now - since >= watch else { return }
        // The watch ends with the answers to the requests that were made at its end.
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

    package mutating func finish(_ how: String, at now: Double) {
        if finding == nil { find(.inconclusive, "the sandbox ended (\(how)); last stage: \(stage)", []) }
        decided = decided ?? now
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
