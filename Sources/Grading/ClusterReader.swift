import Model

/// Evaluates the facts about a node from its cluster: a pure function of the facts. It knows what the level requires and what is still
/// missing.
struct ClusterReader: Sendable {
    /// A failure that ends all waiting.
    struct Failure: Sendable {
        let grade: Grade
        let cause: Cause
        let summary: String
        let evidence: [Evidence]
    }

    /// The known state of a pod.
    private struct Trial {
        var last: Evidence?
        var phase = "not made"
        var reason = ""
        var log: Evidence?
        var logText: String?
        var isGone: Evidence?
        var usage: PodUsage?
    }

    private let level: Level
    private let word: String
    private let deadlines: Deadlines
    /// Whether `/` is an overlay without a size limit. kubelet then reads an impossible size, and always will.
    private let isRootEndless: Bool
    /// The failure that the last fact caused. If a node is kept, an earlier failure may have passed.
    private(set) var failure: Failure?
    private(set) var hasServed = false
    /// The last failed answer; nil while the API server answers.
    private(set) var silence: Evidence?
    private var node: NodeStatus?
    private var nodeSeen: Evidence?
    /// The time of the last answer about the node, including the answer that it does not exist.
    private var nodeAsked: Double?
    private var lastRefusal: String?
    private var task = Trial()
    private var limited = Trial()
    /// What kubelet itself logs about the pods.
    private var lines = PodLines()

    /// - Parameters:
    ///   - word: what the first pod must print.
    ///   - isRootEndless: whether `/` is an overlay without a size limit.
    init(level: Level, word: String, isRootEndless: Bool = false, deadlines: Deadlines = Deadlines()) {
        self.deadlines = deadlines
        self.isRootEndless = isRootEndless
        self.level = level
        self.word = word
    }

    mutating func take(_ fact: ClusterFact, at now: Double) {
        failure = nil
        switch fact {
        case .apiServer(let isReady, let answer): noteServing(isReady, answer, at: now)
        case .ended(let process, let how, let lines): noteEnd(process, how, lines, at: now)
        case .unlogged(let process, let reason):
            let said = Evidence(kind: .harness, text: reason, source: process, seconds: now)
            fail(.inconclusive, .logNotWritten, "the log of \(process), which the harness runs, is incomplete: \(reason)", [said])
        case .node(let status): noteNode(status, at: now)
        case .pod(let name, let status):
            note(name) { trial in
                trial.phase = status.phase
                let reason = status.reason
                trial.reason = reason
                trial.last = Self.seen("phase \(status.phase)\(reason.isEmpty ? "" : ": \(reason)")", "pod \(name.rawValue)", now)
            }
        case .podLog(let name, let text):
            note(name) { trial in
                trial.logText = text
                trial.log = Self.seen(String(text.prefix(300)).trimmingLineEnd, "log of pod \(name.rawValue)", now)
            }
        case .podGone(let name):
            note(name) { trial in
                trial.isGone = Self.seen("killed, and gone", "pod \(name.rawValue)", now)
            }
        case .summary(let text):
            // kubelet reports zeros for a pod that is being killed. What it measured while the pod ran is still valid.
            guard limited.usage?.isPositive != true, let usage = PodUsage(of: .limited, in: text) else { return }
            limited.usage = usage
        case .acceptsPods: acceptsPods = true
        case .refused(let reason): lastRefusal = reason
        }
    }

    /// Processes a line of the node's own log.
    ///
    /// - Parameter number: its line number, counted from 1.
    mutating func take(line: [UInt8], number: Int, at now: Double) {
        if level == .pod { lines.take(line, number: number, at: now) }
    }

    /// What the level requires and the node has not shown yet, with the latest related evidence; nil if nothing is missing.
    ///
    /// - Parameter now: the current time; observations much older than this do not count.
    func missing(at now: Double) -> (what: String, seen: [Evidence])? {
        guard level.isJoined else { return nil }
        guard isFresh(at: now) else {
            return ("the API server has not reported it recently", [silence, nodeSeen].compactMap(\.self) + refusals)
        }
        guard let node, let nodeSeen else { return ("the node has not registered", refusals) }
        guard node.isReady else { return ("the node is not Ready: \(nodeSeen.text)", [nodeSeen]) }
        if let wrong = wrongCapacity(of: node) { return (wrong, [nodeSeen]) }
        guard level == .pod else { return nil }
        guard task.phase == "Succeeded" else { return (stuck("the pod did not run to completion", .task), seen(of: .task)) }
        guard let said = task.logText else { return ("the pod's log cannot be read", seen(of: .task) + refusals) }
        guard said.contains(word) else { return ("the pod's log does not contain the pod's output", seen(of: .task)) }
        guard limited.isGone != nil else {
            return limited.phase == "Running"
                ? ("the pod with limits was not cleaned up", seen(of: .limited) + refusals)
                : (stuck("the pod with limits does not run", .limited), seen(of: .limited) + refusals)
        }
        guard let usage = limited.usage, usage.isPositive else {
            return ("/stats/summary has no figures for a working pod: \(Self.words(limited.usage))", seen(of: .limited))
        }
        return nil
    }

    /// A permanent property that rules out a clean verdict; nil if there is none. Waiting cannot change it.
    var shortcoming: (what: String, seen: [Evidence])? {
        guard level.isJoined, isRootEndless, let node, let nodeSeen, let text = Self.endless(node) else { return nil }
        let what =
            "ephemeral storage reads \(text), because '/' is an overlay without a size: such a node cannot limit, reserve or evict by it "
            + "(a newer runsc can set one: --overlay-size)"
        return (what, [nodeSeen])
    }

    /// The node's ephemeral storage, if its size is impossible; otherwise nil.
    private static func endless(_ node: NodeStatus) -> String? {
        node.capacity[storage].flatMap { text in Quantity(text).flatMap { $0.value > Quantity.largestSane ? text : nil } }
    }

    private static let pressures: [(condition: String, cause: Cause)] = [
        ("MemoryPressure", .outOfMemory), ("DiskPressure", .outOfDisk), ("PIDPressure", .outOfProcesses),
    ]

    private static let storage = "ephemeral-storage"

    /// Whether the API server's information is current. If the API server never reported the node, nothing can be out of date.
    func isFresh(at now: Double) -> Bool {
        guard silence == nil else { return false }
        return nodeAsked.map { now - $0 <= deadlines[.serverSilence] } ?? true
    }

    /// Whether the API server reports the node as Ready.
    var isReady: Bool { node?.isReady ?? false }

    /// Whether the API server accepts pods.
    private(set) var acceptsPods = false

    /// The failure of an API server that answered earlier and has been silent for long: its process may hang.
    func lostServer(at now: Double) -> Failure? {
        guard hasServed, let silence, let since = silence.seconds, now - since > deadlines[.serverSilence] else { return nil }
        return Failure(
            grade: .inconclusive, cause: .serverGone, summary: "the API server, which the harness runs, no longer answers",
            evidence: [silence])
    }

    /// The evidence for a clean verdict at this level, in addition to that from the boot itself.
    var evidence: [Evidence] {
        let usage = limited.usage.map { Self.seen(Self.words($0), "/stats/summary of pod \(TrialPod.limited.rawValue)", nil) }
        let pods = level == .pod ? [task.log, task.last, limited.isGone, usage] : []
        return pods.compactMap(\.self) + [nodeSeen].compactMap(\.self)
    }

    private mutating func note(_ name: TrialPod, _ change: (inout Trial) -> Void) {
        switch name {
        case .task:
            change(&task)
            guard task.phase == "Failed" else { return }
            fail(.degraded, .pod, stuck("the pod failed", .task), seen(of: .task))
        case .limited: change(&limited)
        }
    }

    private mutating func noteServing(_ isReady: Bool, _ answer: String, at now: Double) {
        hasServed = hasServed || isReady
        silence = isReady ? nil : silence ?? Self.seen(answer, "API server", now)
    }

    /// Handles the end of a control plane process. The control plane belongs to the harness, so this says nothing about the node.
    private mutating func noteEnd(_ process: String, _ how: String, _ lines: [String], at now: Double) {
        let said = lines.suffix(4).map { Evidence(kind: .harness, text: $0, source: process) }
        let end = Evidence(kind: .exit, text: how, source: process, seconds: now)
        // The data store is on the same disk as the node. If the disk is full, the store fails before kubelet has checked.
        let full = lines.last { $0.contains("no space left on device") }.map {
            Evidence(kind: .log, text: $0, source: process, seconds: now)
        }
        let gone = process == "kube-apiserver" ? Cause.serverGone : .controlPlaneGone
        let why = full == nil ? "" : ": no space is left on the disk shared by the node and the control plane"
        fail(
            .inconclusive, full == nil ? gone : .outOfDisk, "\(process), which the harness runs, ended (\(how))\(why)",
            [full, end].compactMap(\.self) + said)
    }

    private mutating func noteNode(_ status: NodeStatus?, at now: Double) {
        node = status
        nodeAsked = now
        guard let status else { return }
        let words = status.conditions.map { condition in
            let why = condition.status == "Unknown" || condition.type == "Ready" && condition.status != "True" ? condition.message : nil
            return "\(condition.type)=\(condition.status)\(why.map { " (\($0))" } ?? "")"
        }
        let capacity = ["cpu", "memory", "ephemeral-storage", "pods"].compactMap { name in status.capacity[name].map { "\(name)=\($0)" } }
        nodeSeen = Self.seen((words + capacity).joined(separator: " "), "node", now)
        for (type, cause) in Self.pressures {
            guard let condition = status.condition(type), condition.status == "True", let nodeSeen else { continue }
            fail(.degraded, cause, "the node reports \(type): \(condition.message ?? condition.reason ?? "")", [nodeSeen])
        }
    }

    private mutating func fail(_ grade: Grade, _ cause: Cause, _ summary: String, _ evidence: [Evidence]) {
        failure = failure ?? Failure(grade: grade, cause: cause, summary: summary, evidence: evidence)
    }

    private func wrongCapacity(of node: NodeStatus) -> String? {
        for name in ["cpu", "memory", Self.storage, "pods"] {
            guard let text = node.capacity[name], let quantity = Quantity(text), quantity.value > 0 else {
                return "the node's capacity of \(name) reads \(node.capacity[name] ?? "nothing")"
            }
            if quantity.value > Quantity.largestSane, name != Self.storage || !isRootEndless {
                return "the node's capacity of \(name) reads \(text), which is not a plausible size"
            }
        }
        return nil
    }

    private func trial(_ name: TrialPod) -> Trial { name == .task ? task : limited }

    /// The evidence about a pod that does not behave as required. kubelet's log lines come first, because the phase gives no reason.
    private func seen(of name: TrialPod) -> [Evidence] {
        let trial = trial(name)
        return [isStuck(trial) ? lines.evidence(of: name) : nil, trial.last, trial.log, trial.isGone].compactMap(\.self)
    }

    private func isStuck(_ trial: Trial) -> Bool { trial.phase != "Succeeded" && trial.phase != "Running" }

    /// Says that a pod does not run and why, in the words of kubelet or the runtime, or else of the API server.
    private func stuck(_ what: String, _ name: TrialPod) -> String {
        let trial = trial(name)
        let said = lines.evidence(of: name).map(PodLines.quotation) ?? PodLines.beginning(of: trial.reason)
        return "\(what) (\(trial.phase))" + (said.isEmpty ? "" : ": \(said)")
    }

    private var refusals: [Evidence] { lastRefusal.map { [Evidence(kind: .probe, text: $0, source: "API server")] } ?? [] }

    private static func seen(_ text: String, _ source: String, _ now: Double?) -> Evidence {
        Evidence(kind: .probe, text: text, source: source, seconds: now)
    }

    private static func words(_ usage: PodUsage?) -> String {
        usage.map { "CPU \($0.cpuNanoseconds) ns, memory \($0.memoryBytes) bytes" } ?? "none"
    }
}

extension String {
    fileprivate var trimmingLineEnd: String {
        var text = self[...]
        while let last = text.last, last.isNewline { text.removeLast() }
        return String(text)
    }
}
