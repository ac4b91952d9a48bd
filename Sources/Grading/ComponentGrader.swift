import Model

/// Grades the answer of a probe: a pure function of what was seen, event by event. docs/architecture.md tells the rules.
package struct ComponentGrader: Sendable {
    /// Something that was seen.
    package enum Event: Sendable {
        /// A line that the probe wrote on its standard output.
        case answer(String)
        /// What the sandbox's first program told.
        case fact(NodeFact)
        /// A line that runsc wrote, or the probe on its standard error.
        case runtime(String)
        /// Time went by.
        case tick
    }

    /// The verdict, as soon as it is certain.
    package private(set) var verdict: Verdict?
    /// When the deciding event came, in seconds after the sandbox began.
    package private(set) var decided: Double?
    private let probe: String
    private let layout: Layout
    private let timeout: Double
    private var signs = SandboxSigns()
    private var isAsked = false
    private var answers: [Evidence] = []
    private var said: [String] = []
    private var exit: (status: Int, seconds: Double)?

    /// Makes a grader of one probe.
    ///
    /// - Parameters:
    ///   - probe: what evidence calls it.
    ///   - deadlines: how long it may take, the sandbox's start included.
    package init(probe: String, layout: Layout, deadlines: Deadlines = Deadlines()) {
        timeout = deadlines[.componentProbe]
        self.probe = probe
        self.layout = layout
    }

    /// Takes an event, until there is a verdict.
    ///
    /// - Parameter now: seconds after the sandbox began.
    package mutating func take(_ event: Event, at now: Double) {
        guard verdict == nil else { return }
        switch event {
        case .answer(let line):
            let short = line.count > 2000 ? "\(line.prefix(2000))…" : line
            if answers.count < 20, !line.isEmpty { answers.append(Evidence(kind: .probe, text: short, source: probe, seconds: now)) }
        case .runtime(let line): said = (said + [line]).suffix(8)
        case .fact(let fact): take(fact, at: now)
        case .tick: break
        }
        guard verdict == nil, now >= timeout else { return }
        decide(inconclusive("the probe did not end within \(Int(timeout)) s"), at: now)
    }

    /// The sandbox has ended. The answer and the exit status come on two streams: only now are both known to be whole.
    package mutating func finish(_ how: String, at now: Double) {
        guard verdict == nil else { return }
        guard isAsked else { return decide(inconclusive("the sandbox did not start the probe (\(how))"), at: now) }
        guard let exit else { return decide(inconclusive("the sandbox ended while the probe was running (\(how))"), at: now) }
        decide(verdict(of: exit.status, at: exit.seconds), at: now)
    }

    private mutating func take(_ fact: NodeFact, at now: Double) {
        switch fact {
        case .gvisor(let line): signs.gvisor = line
        case .mount(let point, let type): signs.mounts[point] = type
        case .stage("probe"):
            isAsked = true
            if let wrong = signs.fault(in: layout) ?? cgroupFault { decide(inconclusive(wrong), at: now) }
        case .failed(let reason): decide(inconclusive("the sandbox could not be prepared: \(reason)"), at: now)
        case .exit(let status): exit = (status, now)
        case .stage, .version, .asked, .probe, .containerdGone, .containerd: break
        }
    }

    /// A controller that the harness did not mount would look like a reader that finds no file.
    private var cgroupFault: String? {
        // That cgroup v2 is there is part of the layout's own signs.
        layout.cgroup == .v2 || signs.mounts["/sys/fs/cgroup/cpuacct"] == "cgroup"
            ? nil : "/sys/fs/cgroup/cpuacct is not a cgroup mount in the sandbox"
    }

    private func verdict(of status: Int, at seconds: Double) -> Verdict {
        let end = Evidence(kind: .exit, text: "exit status \(status)", source: probe, seconds: seconds)
        guard let answer = answers.first, answers.count == 1 else {
            let count = answers.isEmpty ? "nothing" : "\(answers.count) lines"
            return inconclusive("the probe wrote \(count) instead of one line", answers + [end])
        }
        switch status {
        case 0:
            return Verdict(grade: .clean, level: .component, summary: "\(probe) answers: \(answer.text)", evidence: [answer, end])
        case 1:
            let fault = (Signal.kubelet + Signal.probe).first { signal in
                [.forbidden, .cause].contains(signal.meaning) && LogLine.contains(Array(answer.text.utf8), signal.text)
            }
            return Verdict(
                grade: .fatal, level: .component, cause: fault?.name, summary: "\(probe) gives no answer: \(answer.text)",
                evidence: [answer, end])
        // The shell adds 128 to the number of a signal; Go's runtime ends a program that panics with 2.
        default: return inconclusive("the probe itself failed, with status \(status)", [answer, end])
        }
    }

    private mutating func decide(_ verdict: Verdict, at now: Double) {
        self.verdict = verdict
        decided = now
    }

    private func inconclusive(_ reason: String, _ evidence: [Evidence] = []) -> Verdict {
        let last = said.map { Evidence(kind: .harness, text: $0, source: "sandbox") }
        let all = [Evidence(kind: .harness, text: reason, source: "ninepin")] + evidence + last
        return Verdict(grade: .inconclusive, level: .component, summary: reason, evidence: all)
    }
}

extension Verdict {
    /// One verdict of several probes: the worst, with what every probe answered as evidence, the deciding one's first; nil of none.
    ///
    /// - Returns: the verdict, and which of the given ones decided it.
    package static func worst(of verdicts: [Verdict]) -> (verdict: Verdict, deciding: Int)? {
        // An error that a probe was given stays one, whatever the harness did to another.
        let badness: [Grade: Int] = [.clean: 0, .short: 1, .degraded: 1, .inconclusive: 2, .fatal: 3]
        guard let worst = verdicts.map({ badness[$0.grade] ?? 2 }).max(),
            let deciding = verdicts.firstIndex(where: { badness[$0.grade] == worst })
        else { return nil }
        let first = verdicts[deciding]
        let others = verdicts.indices.filter { $0 != deciding }.flatMap { verdicts[$0].evidence }
        let summary = verdicts.count > 1 && first.grade == .clean ? "all \(verdicts.count) probes answer" : first.summary
        return (
            Verdict(
                grade: first.grade, level: first.level, cause: first.cause, summary: summary, evidence: first.evidence + others,
                notes: verdicts.flatMap(\.notes)), deciding
        )
    }
}
