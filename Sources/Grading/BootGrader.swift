import Model

/// Grades a boot while it goes on: a pure function of what was seen, event by event. docs/architecture.md tells the rules.
package struct BootGrader: Sendable {
    /// Something that was seen.
    package enum Event: Sendable {
        /// A line of kubelet's own log.
        case log([UInt8])
        /// A further piece of a line that is too long for one, and how many bytes of it the piece before had too.
        case more([UInt8], overlap: Int)
        /// What the sandbox's first program told.
        case fact(NodeFact)
        /// A line that runsc wrote.
        case runtime(String)
        /// What the control plane tells of the node.
        case cluster(ClusterFact)
        /// Time went by.
        case tick
    }

    /// The verdict, as soon as it is certain.
    package private(set) var verdict: Verdict?
    /// Of a node that is kept: the verdict so far. What is degraded stays so; only the node's end makes it final.
    package private(set) var standing: Verdict?
    private let isKept: Bool
    /// When the deciding event came, in seconds after the boot began.
    package private(set) var decided: Double?
    private let node: NodeSpec
    private let stale: Double
    private let clockLimit: Double
    private let patience: Double
    private let layout: Layout
    private let place: HostSigns?
    private let level: Level
    private var cluster: ClusterReader
    private let runtime: ContainerRuntime
    private var log: BootLog
    private var started: Double?
    private var signs = SandboxSigns()
    private var version: String?
    private var stage = "sandbox"
    private var health = Probe()
    private var stats = Probe()
    private var summary: StatsSummary?
    private var areSignsWhole = false
    /// Since when the level's demands on joining are met.
    private var satisfied: Double?
    /// How the node's program ended, and when, while the rest of its trace is waited for.
    private var ended: (status: Int, at: Double)?
    private let traceTime: Double
    private var harnessLines: [String] = []

    /// Makes a grader of one boot.
    ///
    /// - Parameters:
    ///   - level: how much is asked of the node.
    ///   - word: what the pod is to say at the level `pod`.
    ///   - isKept: whether the node is watched until it ends, and not only until the verdict is certain.
    ///   - runtime: what it is booted in.
    ///   - place: what the place showed before, where the layout is `here`.
    ///   - deadlines: how long answers may take; the node's own times are in its description.
    package init(
        node: NodeSpec, layout: Layout, level: Level = .boot, word: String = "", isKept: Bool = false,
        runtime: ContainerRuntime = .runsc, place: HostSigns? = nil, deadlines: Deadlines = Deadlines()
    ) {
        stale = deadlines[.staleAnswer]
        clockLimit = deadlines[.clockGap]
        traceTime = deadlines[.crashTrace]
        patience = deadlines.patience
        self.node = node
        self.place = place
        self.isKept = isKept
        self.layout = layout
        self.level = level
        self.runtime = runtime
        let isOverlay = layout.isRootOverlaid || place.map { $0.isGvisor && $0.rootType == "overlay" } ?? false
        cluster = ClusterReader(
            level: level, word: word, isRootEndless: isOverlay && layout.overlaySize == nil, deadlines: deadlines)
        log = BootLog(source: "kubelet", warmUp: node.warmUp, hasPods: level.isJoined)
    }

    /// Whether the API server says that the node is Ready.
    package var isReady: Bool { cluster.isReady }

    /// Whether the node has said that it started, or has answered.
    package var isStarted: Bool { started != nil }

    /// Whether the node's log has said why it ends.
    package var hasReason: Bool { log.fatal != nil }

    /// The version that the node's program says it is.
    package var nodeVersion: String? { version }

    /// Takes an event, until there is a verdict.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(_ event: Event, at now: Double) {
        guard verdict == nil else { return }
        switch event {
        // What ends after the node, when its sandbox does, says nothing of it.
        case .fact, .cluster: guard ended == nil else { return }
        default: break
        }
        switch event {
        case .log(let line):
            log.take(line, arrival: now)
            cluster.take(line: line, number: log.lines, at: now)
            if let evidence = log.started, started == nil { started = evidence.seconds }
        case .more(let piece, let overlap): log.take(more: piece, overlap: overlap, arrival: now)
        case .runtime(let line): harnessLines = Array((harnessLines + [line]).suffix(8))
        case .fact(let fact): take(fact, at: now)
        case .cluster(let fact): take(fact, at: now)
        case .tick: break
        }
        guard verdict == nil else { return }
        if let ended { settle(ended, at: now) } else { lookAtClock(now) }
    }

    /// The sandbox has ended without a verdict so far.
    package mutating func finish(_ how: String, at now: Double) {
        guard verdict == nil else { return }
        if let ended { return decide(exitVerdict(ended.status, at: ended.at), at: ended.at) }
        let reason = stage == "kubelet" ? "the sandbox ended while the node was being observed" : "the sandbox did not start the node"
        let cause = stage == "kubelet" ? "sandbox gone" : nil
        decide(inconclusive("\(reason) (\(how)); last stage: \(stage)", cause: cause), at: now)
    }

    private var isKubelet: Bool { log.kubelet != nil || version?.hasPrefix(node.profile.versionPrefix) == true }

    private mutating func take(_ fact: ClusterFact, at now: Double) {
        cluster.take(fact, at: now)
        guard let failure = cluster.failure ?? cluster.lostServer(at: now) else { return }
        decide(
            Verdict(
                grade: failure.grade, level: level, cause: failure.cause, summary: failure.summary, evidence: failure.evidence,
                notes: notes), at: now)
    }

    private mutating func take(_ fact: NodeFact, at now: Double) {
        switch fact {
        case .stage(let name):
            stage = name
            guard [NodeFact.nodeStage, "kubelet"].contains(name), !areSignsWhole else { return }
            areSignsWhole = true
            if let wrong = signs.fault(in: layout, runtime: runtime, place: place) { decide(inconclusive(wrong), at: now) }
        // From then on the sandbox is the node's to change.
        case .gvisor(let line): if !areSignsWhole { signs.gvisor = line }
        case .mount(let point, let type): if !areSignsWhole { signs.mounts[point] = type }
        case .version(let text):
            version = text
            guard !text.hasPrefix(node.profile.versionPrefix) else { return }
            let answer = Evidence(kind: .probe, text: text, source: "--version", seconds: now)
            decide(
                inconclusive("the binary is not \(node.profile == .kubelet ? "a kubelet" : "k3s"): '--version' prints '\(text)'", [answer]),
                at: now)
        case .asked(let name): ask(name, at: now)
        case .probe(let name, let answer): note(name, answer, at: now)
        case .failed(let reason): decide(inconclusive("the sandbox could not be prepared: \(reason)"), at: now)
        case .containerdGone:
            decide(inconclusive("containerd, which the harness starts, ended before the node"), at: now)
        case .containerd(let line): harnessLines = Array((harnessLines + [line]).suffix(8))
        case .exit(let status):
            ended = ended ?? (status, now)
            settle((status, now), at: now)
        }
    }

    /// The node's program has ended. What Go's runtime wrote of a crash may still be on its way, on another stream.
    private mutating func settle(_ ended: (status: Int, at: Double), at now: Double) {
        guard verdict == nil, !log.isInCrash || now - ended.at >= traceTime else { return }
        decide(exitVerdict(ended.status, at: ended.at), at: ended.at)
    }

    private mutating func ask(_ name: String, at now: Double) {
        switch name {
        case "healthz": health.asked = now
        case "summary": stats.asked = now
        default: break
        }
    }

    private mutating func note(_ name: String, _ answer: String, at now: Double) {
        let beginning = answer.unicodeScalars.prefix(301)
        let short = beginning.count > 300 ? "\(String(String.UnicodeScalarView(beginning.prefix(300))))…" : answer
        switch name {
        case "healthz":
            let isGood = answer.split(whereSeparator: \.isWhitespace) == ["ok"]
            if isGood, started == nil {
                started = now
                log.assumeStarted(at: now)
            }
            health.note(isGood, Evidence(kind: .probe, text: short, source: "/healthz", seconds: now), isLate: isWarm(now))
        case "summary":
            let read = StatsSummary(answer)
            if let read { summary = read }
            let capacity = read?.capacity
            let text = capacity.map { "node.fs.capacityBytes = \($0)" } ?? (short.isEmpty ? "no answer" : short)
            stats.note(capacity != nil, Evidence(kind: .probe, text: text, source: "/stats/summary", seconds: now), isLate: isWarm(now))
        default: break
        }
    }

    private func isWarm(_ now: Double) -> Bool { started.map { now - $0 > node.warmUp } ?? false }

    private mutating func lookAtClock(_ now: Double) {
        let isJoining = cluster.missing(at: now) != nil
        satisfied = isJoining ? nil : satisfied ?? now
        if let started {
            if isKept, let late = log.forbidden.late { stand(log.lateVerdict(late, level: level, notes: notes)) }
            guard now - started >= node.observe else { return }
            // The observation ends with the answers to questions that were asked at its end: a node that hangs by then does not answer them.
            guard isAnswered(at: now) || now >= max(started + node.observe, satisfied ?? 0) + stale else { return }
            let verdict = livingVerdict(at: now)
            // What joining asks for may take longer; what is bad already stays bad.
            let mayWait = standing == nil && now - started < node.joinTimeout && isJoining
            if isKept { return mayWait ? () : stand(verdict) }
            if !mayWait || verdict.grade == .degraded && verdict.cause != Self.notJoined { decide(verdict, at: now) }
        } else if now >= node.startTimeout {
            decide(inconclusive("the node did not start within \(Self.text(node.startTimeout)) s; last stage: \(stage)"), at: now)
        }
    }

    /// Whether both probes were asked when the observation was over, and lately, and have answered.
    private func isAnswered(at now: Double) -> Bool {
        let end = max((started ?? now) + node.observe, isKept ? 0 : satisfied ?? 0)
        let since = max(end, now - stale)
        return [health, stats].allSatisfy { ($0.answered ?? -.infinity) >= since }
    }

    /// Of a node that is kept and lives.
    private mutating func stand(_ verdict: Verdict) {
        if standing?.grade != .degraded { standing = seen(verdict) }
    }

    private mutating func decide(_ verdict: Verdict, at now: Double) {
        let verdict = seen(verdict)
        if isKept, verdict.grade == .degraded { return stand(verdict) }
        self.verdict = verdict
        decided = now
    }

    /// A verdict, if the sandbox was looked at before the node began: without that nobody knows where the node runs, and its lines prove nothing.
    private func seen(_ verdict: Verdict) -> Verdict {
        guard !areSignsWhole, verdict.grade != .inconclusive else { return verdict }
        return inconclusive("the sandbox never reported the node's start, so the sandbox was not examined", verdict.evidence)
    }

    /// The node lives at the end of the observation.
    private func livingVerdict(at now: Double) -> Verdict {
        guard log.kubelet != nil, let lastHealth = health.last, let lastStats = stats.last else {
            return inconclusive("the node's program runs, but it was never probed, or it never wrote a kubelet log line")
        }
        let alive = Evidence(
            kind: .harness, text: "alive \(Self.text(now - (started ?? now))) s after its start", source: "sandbox", seconds: now)
        if let clocks = log.clocks, clocks.width > clockLimit, standing.map({ $0.cause == Verdict.clocks }) ?? true {
            return clockVerdict(clocks)
        }
        let failure = [(health, "/healthz"), (stats, "/stats/summary")].lazy.compactMap { probe, name in
            (probe.isGood ? probe.failed : probe.last).map { (bad: $0, name: name) }
        }.first
        // An answer that is old says nothing of the node as it is now: the asking itself hangs.
        guard failure != nil || isAnswered(at: now) else {
            return inconclusive(
                "the probes were not sent or not answered in the last \(Self.text(stale)) s", [lastHealth, lastStats])
        }
        if let late = log.forbidden.late { return log.lateVerdict(late, level: level, notes: notes) }
        if let failure { return degraded("the node runs, but \(failure.name) failed: \(failure.bad.text)", [failure.bad, alive]) }
        if let fatal = log.said {
            return degraded("the node logged a fatal error but is still running", [fatal.evidence, alive], cause: log.fatalFault?.name)
        }
        if let restart = log.restart {
            let first = log.started.map { [$0] } ?? []
            return degraded(
                "the node reported its start \(restart.count + 1) times", first + [restart.first.evidence, alive], cause: "restarted")
        }
        if let verdict = joinedVerdict(alive, at: now) { return verdict }
        return goodVerdict([lastHealth, lastStats, alive])
    }

    /// Nothing is bad. What was watched too briefly is not called clean for it.
    private func goodVerdict(_ seen: [Evidence]) -> Verdict {
        if let short = level.shortfall(warmUp: node.warmUp / patience, observe: node.observe / patience) {
            return Verdict(
                grade: .short, level: level, summary: "no fault was seen, but \(short)", evidence: cluster.evidence + seen, notes: notes)
        }
        return Verdict(
            grade: .clean, level: level, summary: Self.cleanSummary(level), evidence: cluster.evidence + seen, notes: notes)
    }

    private func degraded(_ summary: String, _ evidence: [Evidence], cause: String? = nil) -> Verdict {
        Verdict(grade: .degraded, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes)
    }

    /// What came after warm-up, and what before, cannot be said.
    private func clockVerdict(_ clocks: BootLog.Disagreement) -> Verdict {
        let reason =
            "the node's log and the boot's clock disagree by \(Self.text(clocks.width)) s: from the log's first line to this one, "
            + "\(Self.text(clocks.told)) s passed by the log, and \(Self.text(clocks.seen)) s by the boot's clock"
        return inconclusive(reason, [clocks.evidence], cause: Verdict.clocks)
    }

    /// What joining asks for and was not seen; nil when all of it was.
    private func joinedVerdict(_ alive: Evidence, at now: Double) -> Verdict? {
        guard let missing = cluster.missing(at: now) else {
            return cluster.shortcoming.map {
                degraded("the node runs and joined, but its \($0.what)", cluster.evidence + [alive], cause: Self.endless)
            }
        }
        guard cluster.hasServed, cluster.isFresh(at: now) else {
            let seen = cluster.silence.map { [$0] } ?? []
            return inconclusive("the API server, which the harness runs, does not answer", seen)
        }
        return Verdict(
            grade: .degraded, level: level, cause: Self.notJoined, summary: "the node runs, but \(missing.what)",
            evidence: missing.seen + [alive], notes: notes)
    }

    /// What a user must know of the node, whatever the grade.
    private var notes: [String] { log.notes + (summary?.notes ?? []) + (node.profile.isK3s ? [Self.k3sEviction] : []) }

    /// k3s, pkg/daemons/agent: `eviction-hard` names `imagefs.available` and `nodefs.available`, and with that kubelet's own limits are gone.
    private static let k3sEviction =
        "k3s gives its kubelet eviction limits for disks only: pods are never evicted because of the node's memory"

    /// The cause of a verdict on a node that does all that a worker does, but for what no size of its disk allows.
    private static let endless = "ephemeral storage"

    /// The cause of a verdict on a node that lives and is no worker.
    private static let notJoined = "not a worker"

    private static func cleanSummary(_ level: Level) -> String {
        switch level {
        case .ready: "the node joined, is Ready, answers, and wrote no forbidden line after warm-up"
        case .pod:
            "the node joined, is Ready, ran a pod to completion, killed and cleaned up another, and wrote no forbidden line after warm-up"
        default: "the node runs, answers, and wrote no forbidden line after warm-up"
        }
    }

    /// The node said that it ends, and has ended; a line that only says that the sandbox was not prepared for this kubelet is the harness's fault.
    private func graveVerdict(_ fatal: Sighting, _ exit: Evidence) -> Verdict {
        if log.fatalFault == nil, let fault = Self.harnessFaults.first(where: { fatal.evidence.text.contains($0) }) {
            return inconclusive("the sandbox is not prepared for this kubelet (\(fault))", [fatal.evidence, exit])
        }
        return log.fatalVerdict(fatal, level: level, notes: log.notes, exit: exit)
    }

    private func exitVerdict(_ status: Int, at now: Double) -> Verdict {
        let exit = Evidence(kind: .exit, text: "exit status \(status)", source: "kubelet", seconds: now)
        if let fatal = log.fatal, isKubelet { return graveVerdict(fatal, exit) }
        // The shell adds 128 to the number of a signal; nothing in the sandbox sends these two.
        if [137, 143].contains(status) {
            return inconclusive("the node's program was killed from outside", [exit], cause: "node killed")
        }
        guard log.kubelet != nil else {
            return inconclusive("the node's program exited with status \(status) without writing a kubelet log line", [exit])
        }
        let notes = log.notes
        return Verdict(
            grade: .fatal, level: level, cause: log.forbidden.late?.first.signal.name,
            summary: "the node exited with status \(status)",
            evidence: [exit, log.forbidden.late?.first.evidence ?? log.forbidden.early?.evidence, log.cause].compactMap(\.self),
            notes: notes)
    }

    private func inconclusive(_ reason: String, _ evidence: [Evidence] = [], cause: String? = nil) -> Verdict {
        let said = harnessLines.map { Evidence(kind: .harness, text: $0, source: "sandbox") }
        let all = evidence + [Evidence(kind: .harness, text: reason, source: "ninepin")] + said
        return Verdict(grade: .inconclusive, level: level, cause: cause, summary: reason, evidence: all, notes: log.notes)
    }

    /// What kubelet says when the sandbox lacks something that Ninepin has to prepare.
    private static let harnessFaults = [
        "/dev/kmsg", "/proc/sys/", "containerd.sock", "unknown flag", "config file", "invalid kubeconfig", "address already in use",
        "unrecognized feature gate", "cannot set feature gate",
    ]

    private static func text(_ seconds: Double) -> String { String(Int(seconds.rounded())) }
}
