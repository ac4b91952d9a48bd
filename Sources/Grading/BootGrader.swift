import Model

/// Grades a running boot: a pure function of the observed events. docs/architecture.md describes the rules.
package struct BootGrader: Grader {
    /// The verdict; nil until it is certain.
    package private(set) var verdict: Verdict?
    /// For a node that is kept: the verdict so far. Once degraded, it stays degraded; it becomes final only when the node ends.
    package private(set) var standing: Verdict?
    private let isKept: Bool
    /// The time of the deciding event, in seconds after the boot began.
    package private(set) var decided: Double?
    private let node: NodeSpec
    private let stale: Double
    private let clockLimit: Double
    private let patience: Double
    private let environment: BootEnvironment
    private let level: Level
    private var cluster: ClusterReader
    private var log: BootLog
    private var started: Double?
    private var signs = SandboxSigns()
    private var version: String?
    private var stage = "sandbox"
    private var health = Probe()
    private var stats = Probe()
    private var summary: StatsSummary?
    private var areSignsWhole = false
    /// The time at which the level's join requirements were met; nil if they are not met now.
    private var satisfied: Double?
    /// How and when the node's program ended, while the grader waits for the rest of its stack trace.
    private var ended: (status: Int, at: Double)?
    private let traceTime: Double
    private var harnessLines: [String] = []

    /// Creates a grader for one boot.
    ///
    /// - Parameters:
    ///   - level: what the node must achieve.
    ///   - word: what the pod must print at level `pod`.
    ///   - isKept: whether to watch the node until it ends instead of only until the verdict is certain.
    ///   - runtime: the runtime that the node boots in.
    ///   - place: the signs of the host environment before the boot, for layout `here`.
    ///   - deadlines: answer timeouts; the node's own timeouts are in its description.
    package init(
        node: NodeSpec, in environment: BootEnvironment, level: Level = .boot, word: String = "", isKept: Bool = false,
        deadlines: Deadlines = Deadlines()
    ) {
        stale = deadlines[.staleAnswer]
        clockLimit = deadlines[.clockGap]
        traceTime = deadlines[.crashTrace]
        patience = deadlines.patience
        self.node = node
        self.isKept = isKept
        self.environment = environment
        self.level = level
        cluster = ClusterReader(level: level, word: word, isRootEndless: environment.isRootEndless, deadlines: deadlines)
        log = BootLog(source: "kubelet", warmUp: node.warmUp, hasPods: level.isJoined)
    }

    package var finding: Verdict? { verdict }

    /// Whether the API server reports the node as Ready.
    package var isReady: Bool { cluster.isReady }

    /// Whether the API server reports the node as Ready and accepts pods.
    package var isUsable: Bool { cluster.isReady && cluster.acceptsPods }

    /// Whether the node has logged that it started, or has answered a probe.
    package var isStarted: Bool { started != nil }

    /// Whether the node's last answer about its statistics contains a file system's capacity.
    package var isMeasuring: Bool { stats.isGood }

    /// Whether the node's log says why it ends.
    package var hasReason: Bool { log.fatal != nil }

    /// The version that the node's program reports.
    package var nodeVersion: String? { version }

    /// Processes an event; ignored once there is a verdict.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(_ event: BootEvent, at now: Double) {
        guard verdict == nil else { return }
        switch event {
        // When the sandbox shuts down, the other programs in it end after the node. Their reports then say nothing about the node.
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
        case .tick, .silent: break
        }
        guard verdict == nil else { return }
        if let ended { settle(ended, at: now) } else { lookAtClock(now) }
    }

    /// Handles the end of the sandbox when there is no verdict yet.
    package mutating func finish(_ how: String, at now: Double) {
        guard verdict == nil else { return }
        if let ended { return decide(exitVerdict(ended.status, at: ended.at), at: ended.at) }
        let reason = stage == "kubelet" ? "the sandbox ended while the node was being observed" : "the sandbox did not start the node"
        let cause = stage == "kubelet" ? Cause.sandboxGone : nil
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
            if let wrong = signs.fault(in: environment) { decide(inconclusive(wrong), at: now) }
        // After this stage the node itself can change the sandbox.
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

    /// Handles the end of the node's program. Go's crash trace may still be in transit, because it uses a different stream.
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
            // The observation ends with the answers to the probes sent at its end. A node that hangs by then does not answer them.
            guard isAnswered(at: now) || now >= max(started + node.observe, satisfied ?? 0) + stale else { return }
            let verdict = livingVerdict(at: now)
            // Joining may take longer, but a bad result is already final.
            let mayWait = standing == nil && now - started < node.joinTimeout && isJoining
            if isKept { return mayWait ? () : stand(verdict) }
            if !mayWait || verdict.grade == .degraded && verdict.cause != .notJoined { decide(verdict, at: now) }
        } else if now >= node.startTimeout {
            decide(inconclusive("the node did not start within \(Self.text(node.startTimeout)) s; last stage: \(stage)"), at: now)
        }
    }

    /// The second, counted from the sandbox's start, at which observation ends if nothing else happens; nil before the node's start, for a
    /// kept node, and while a node has yet to join.
    package var expectedEnd: Double? {
        guard let started, !isKept, level == .boot || satisfied != nil else { return nil }
        return max(started + node.observe, satisfied ?? 0)
    }

    /// Whether both probes were sent after the end of the observation, and recently, and have answered.
    private func isAnswered(at now: Double) -> Bool {
        let end = max((started ?? now) + node.observe, isKept ? 0 : satisfied ?? 0)
        let since = max(end, now - stale)
        return [health, stats].allSatisfy { ($0.answered ?? -.infinity) >= since }
    }

    /// Updates the verdict so far of a node that is kept and alive.
    private mutating func stand(_ verdict: Verdict) {
        if standing?.grade != .degraded { standing = seen(verdict) }
    }

    private mutating func decide(_ verdict: Verdict, at now: Double) {
        let verdict = seen(verdict)
        if isKept, verdict.grade == .degraded { return stand(verdict) }
        self.verdict = verdict
        decided = now
    }

    /// Returns the verdict only if the sandbox was inspected before the node began. Otherwise it is unknown where the node runs, and its
    /// log lines prove nothing.
    private func seen(_ verdict: Verdict) -> Verdict {
        guard !areSignsWhole, verdict.grade != .inconclusive else { return verdict }
        return inconclusive("the sandbox never reported the node's start, so the sandbox was not examined", verdict.evidence)
    }

    /// The verdict on a node that is alive at the end of the observation.
    private func livingVerdict(at now: Double) -> Verdict {
        guard log.kubelet != nil, let lastHealth = health.last, let lastStats = stats.last else {
            return inconclusive("the node's program runs, but it was never probed, or it never wrote a kubelet log line")
        }
        let alive = Evidence(
            kind: .harness, text: "alive \(Self.text(now - (started ?? now))) s after its start", source: "sandbox", seconds: now)
        if let clocks = log.clocks, clocks.width > clockLimit, standing.map({ $0.cause == .clocks }) ?? true {
            return clockVerdict(clocks)
        }
        let failure = [(health, "/healthz"), (stats, "/stats/summary")].lazy.compactMap { probe, name in
            (probe.isGood ? probe.failed : probe.last).map { (bad: $0, name: name) }
        }.first
        // An old answer says nothing about the node's current state: the probe itself hangs.
        guard failure != nil || isAnswered(at: now) else {
            return inconclusive(
                "the probes were not sent or not answered in the last \(Self.text(stale)) s", [lastHealth, lastStats])
        }
        if let late = log.forbidden.late { return log.lateVerdict(late, level: level, notes: notes) }
        if let failure { return degraded("the node runs, but \(failure.name) failed: \(failure.bad.text)", [failure.bad, alive]) }
        if let fatal = log.said {
            return degraded("the node logged a fatal error but is still running", [fatal.evidence, alive], cause: log.fatalFault?.cause)
        }
        if let restart = log.restart {
            let first = log.started.map { [$0] } ?? []
            return degraded(
                "the node reported its start \(restart.count + 1) times", first + [restart.first.evidence, alive], cause: .restarted)
        }
        if let verdict = joinedVerdict(alive, at: now) { return verdict }
        return goodVerdict([lastHealth, lastStats, alive])
    }

    /// The verdict when nothing is bad. A node that was observed too briefly is not clean.
    private func goodVerdict(_ seen: [Evidence]) -> Verdict {
        if let short = level.shortfall(warmUp: node.warmUp / patience, observe: node.observe / patience) {
            return Verdict(
                grade: .short, level: level, summary: "no fault was seen, but \(short)", evidence: cluster.evidence + seen, notes: notes)
        }
        return Verdict(
            grade: .clean, level: level, summary: Self.cleanSummary(level), evidence: cluster.evidence + seen, notes: notes)
    }

    private func degraded(_ summary: String, _ evidence: [Evidence], cause: Cause? = nil) -> Verdict {
        Verdict(grade: .degraded, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes)
    }

    /// The verdict when the clocks disagree, so that it is unknown which lines came after warm-up.
    private func clockVerdict(_ clocks: BootLog.Disagreement) -> Verdict {
        let reason =
            "the node's log and the boot's clock disagree by \(Self.text(clocks.width)) s: from the log's first line to this one, "
            + "\(Self.text(clocks.told)) s passed by the log, and \(Self.text(clocks.seen)) s by the boot's clock"
        return inconclusive(reason, [clocks.evidence], cause: .clocks)
    }

    /// The verdict if a join requirement is not met or the node has a permanent shortcoming; otherwise nil.
    private func joinedVerdict(_ alive: Evidence, at now: Double) -> Verdict? {
        guard let missing = cluster.missing(at: now) else {
            return cluster.shortcoming.map {
                degraded("the node runs and joined, but its \($0.what)", cluster.evidence + [alive], cause: .endlessStorage)
            }
        }
        guard cluster.hasServed, cluster.isFresh(at: now) else {
            let seen = cluster.silence.map { [$0] } ?? []
            return inconclusive("the API server, which the harness runs, does not answer", seen)
        }
        return Verdict(
            grade: .degraded, level: level, cause: .notJoined, summary: "the node runs, but \(missing.what)",
            evidence: missing.seen + [alive], notes: notes)
    }

    /// What the user must know about the node, whatever the grade.
    private var notes: [String] { log.notes + (summary?.notes ?? []) + (node.profile.isK3s ? [Self.k3sEviction] : []) }

    /// k3s, pkg/daemons/agent: sets `eviction-hard` to `imagefs.available` and `nodefs.available` only, which replaces kubelet's own
    /// limits.
    private static let k3sEviction =
        "k3s gives its kubelet eviction limits for disks only: pods are never evicted because of the node's memory"

    private static func cleanSummary(_ level: Level) -> String {
        switch level {
        case .ready: "the node joined, is Ready, answers, and wrote no forbidden line after warm-up"
        case .pod:
            "the node joined, is Ready, ran a pod to completion, killed and cleaned up another, and wrote no forbidden line after warm-up"
        default: "the node runs, answers, and wrote no forbidden line after warm-up"
        }
    }

    /// The verdict on a node that announced its end and ended. If the line only says that the sandbox was not prepared for this kubelet,
    /// the harness is at fault.
    private func graveVerdict(_ fatal: Sighting, _ exit: Evidence) -> Verdict {
        if log.fatalFault == nil, let fault = Self.harnessFaults.first(where: { fatal.evidence.text.contains($0) }) {
            return inconclusive("the sandbox is not prepared for this kubelet (\(fault))", [fatal.evidence, exit])
        }
        return log.fatalVerdict(fatal, level: level, notes: log.notes, exit: exit)
    }

    private func exitVerdict(_ status: Int, at now: Double) -> Verdict {
        let exit = Evidence(kind: .exit, text: "exit status \(status)", source: "kubelet", seconds: now)
        if let fatal = log.fatal, isKubelet { return graveVerdict(fatal, exit) }
        // The shell adds 128 to a signal number. Nothing in the sandbox sends these two signals.
        if [137, 143].contains(status) {
            return inconclusive("the node's program was killed from outside", [exit], cause: .nodeKilled)
        }
        guard log.kubelet != nil else {
            return inconclusive("the node's program exited with status \(status) without writing a kubelet log line", [exit])
        }
        let notes = log.notes
        return Verdict(
            grade: .fatal, level: level, cause: log.forbidden.late?.first.signal.cause,
            summary: "the node exited with status \(status)",
            evidence: [exit, log.forbidden.late?.first.evidence ?? log.forbidden.early?.evidence, log.cause].compactMap(\.self),
            notes: notes)
    }

    private func inconclusive(_ reason: String, _ evidence: [Evidence] = [], cause: Cause? = nil) -> Verdict {
        let said = harnessLines.map { Evidence(kind: .harness, text: $0, source: "sandbox") }
        let all = evidence + [Evidence(kind: .harness, text: reason, source: "ninepin")] + said
        return Verdict(grade: .inconclusive, level: level, cause: cause, summary: reason, evidence: all, notes: log.notes)
    }

    /// What kubelet logs when the sandbox lacks something that Ninepin must prepare.
    private static let harnessFaults = [
        "/dev/kmsg", "/proc/sys/", "containerd.sock", "unknown flag", "config file", "invalid kubeconfig", "address already in use",
        "unrecognized feature gate", "cannot set feature gate",
    ]

    private static func text(_ seconds: Double) -> String { String(Int(seconds.rounded())) }
}
