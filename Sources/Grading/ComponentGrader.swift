import LogLines
import Model

/// Grades a component probe's answer: a pure function of the observed events. docs/architecture.md describes the rules.
package struct ComponentGrader: Grader {
    /// The verdict; nil until it is certain.
    package private(set) var verdict: Verdict?
    /// The time of the deciding event, in seconds after the sandbox began.
    package private(set) var decided: Double?
    package var finding: Verdict? { verdict }
    private let probe: String
    private let layout: Layout
    private let timeout: Double
    private var signs = SandboxSigns()
    private var isAsked = false
    private var answers: [Evidence] = []
    private var said: [String] = []
    private var exit: (status: Int, seconds: Double)?

    /// Creates a grader for one probe.
    ///
    /// - Parameters:
    ///   - probe: its name in evidence.
    ///   - deadlines: the timeouts, including the sandbox's start.
    package init(probe: String, layout: Layout, deadlines: Deadlines = Deadlines()) {
        timeout = deadlines[.componentProbe]
        self.probe = probe
        self.layout = layout
    }

    /// Processes an event; ignored once there is a verdict.
    ///
    /// - Parameter now: seconds after the sandbox began.
    package mutating func take(_ event: BootEvent, at now: Double) {
        guard verdict == nil else { return }
        switch event {
        case .log(let bytes):
            let line = String(decoding: bytes, as: UTF8.self)
            let short = line.count > 2000 ? "\(line.prefix(2000))…" : line
            if answers.count < 20, !line.isEmpty { answers.append(Evidence(kind: .probe, text: short, source: probe, seconds: now)) }
        case .runtime(let line): said = (said + [line]).suffix(8)
        case .fact(let fact): take(fact, at: now)
        // An answer is one short line.
        case .more, .cluster, .tick, .silent: break
        }
        guard verdict == nil, now >= timeout else { return }
        decide(inconclusive("the probe did not end within \(Int(timeout)) s"), at: now)
    }

    /// Handles the end of the sandbox. The answer and the exit status come on two streams, and only now are both complete.
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
            if let wrong = signs.fault(in: .sandbox(layout)) ?? cgroupFault { decide(inconclusive(wrong), at: now) }
        case .failed(let reason): decide(inconclusive("the sandbox could not be prepared: \(reason)"), at: now)
        case .exit(let status): exit = (status, now)
        case .stage, .version, .asked, .probe, .containerdGone, .containerd: break
        }
    }

    /// The fault in the cgroup mounts; nil if none. A controller that the harness did not mount would look like a reader that finds no
    /// file.
    private var cgroupFault: String? {
        // The layout's own signs include the presence of cgroup v2.
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
                grade: .fatal, level: .component, cause: fault?.cause, summary: "\(probe) gives no answer: \(answer.text)",
                evidence: [answer, end])
        // The shell adds 128 to a signal number. Go's runtime ends a panicking program with status 2.
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
    /// Combines the verdicts of several probes into one: the worst, with every probe's answer as evidence, the deciding probe's first.
    /// Returns nil if there are no verdicts.
    ///
    /// - Returns: the verdict, and the index of the given verdict that decided it.
    package static func worst(of verdicts: [Verdict]) -> (verdict: Verdict, deciding: Int)? {
        // An error from one probe stays an error, even if the harness failed on another.
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
