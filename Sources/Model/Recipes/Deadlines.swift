/// Timeouts: how long to wait before giving up or blaming a component. All of Ninepin's timeouts are here, except those that a user sets;
/// docs/architecture.md lists them in a table.
package enum Deadline: String, CaseIterable, Sendable {
    // A node.
    case nodeStart, nodeJoin, warmUp, observation, nodeVersion, runscAnswer, containerdStart, preparation, probeAnswer, staleAnswer,
        crashTrace
    // Checks that boot no node.
    case componentProbe, approachQuestion, upstreamTests
    // A control plane.
    case serverStart, serverSilence, serverAnswer, podFigures
    // Disturbance of a boot by the rest of the machine.
    case probeSilence, probeSilenceBusy, lineDelay, lineDelayBusy, clockGap
    // Ninepin's own processes and what they leave behind.
    case keeperStart, keeperNumber, keeperEnd, cgroupEnd, gitPack, lockTurn, lockLook
    // Remote machines.
    case gitSilence, connection, transferSilence

    /// The timeout in seconds, on a machine like the one it was measured on.
    package var seconds: Double {
        switch self {
        case .nodeStart: 60
        case .nodeJoin, .serverStart: 120
        case .warmUp, .preparation, .probeAnswer, .lockTurn: 10
        case .observation: 30
        case .nodeVersion, .runscAnswer, .containerdStart, .componentProbe, .keeperEnd, .lockLook, .gitSilence, .transferSilence: 30
        case .staleAnswer, .serverSilence: 15
        case .approachQuestion, .connection: 20
        case .upstreamTests: 600
        case .serverAnswer, .keeperStart, .cgroupEnd, .clockGap: 5
        case .podFigures: 40
        case .probeSilence: 6
        case .probeSilenceBusy, .lineDelay: 3
        case .lineDelayBusy: 1.5
        case .keeperNumber: 1
        case .crashTrace: 2
        case .gitPack: 120
        }
    }

    /// Whether a slow machine extends it, because it covers work on this machine or watches such work.
    package var isStretched: Bool {
        switch self {
        case .gitSilence, .connection, .transferSilence, .keeperNumber, .lockTurn, .lockLook: false
        default: true
        }
    }

    /// What the timeout covers, and when it starts.
    package var about: String {
        switch self {
        case .nodeStart: "a node's start, from its sandbox's; a recipe's `startTimeout`"
        case .nodeJoin: "all that the levels `ready` and `pod` ask for, from the node's start; a recipe's `joinTimeout`"
        case .warmUp: "after the node's start: a forbidden line may still come, a probe may still fail; a recipe's `warmUp`"
        case .observation: "from the node's start to the verdict; a recipe's `observe`"
        case .nodeVersion: "the answer of the node's program to `--version`"
        case .runscAnswer: "what runsc says of itself: its release, and its flags"
        case .containerdStart: "containerd's socket"
        case .preparation: "the mount that an approach makes before the node starts"
        case .probeAnswer: "an answer of `/healthz`, `/stats/summary`, or of an API server that is asked from inside its sandbox"
        case .staleAnswer: "an answer at the end of the observation; older ones say nothing of now, and the verdict is inconclusive"
        case .crashTrace: "the rest of what Go's runtime tells of a node that crashed, after its end"
        case .componentProbe: "the end of a probe's program, from its sandbox's start"
        case .approachQuestion: "the answer to a question of `approaches/`"
        case .upstreamTests: "upstream's own tests of one package (`go test -timeout`)"
        case .serverStart: "the first answer of an API server that runs alone, from its sandbox's start"
        case .serverSilence: "an API server that has answered, and does not any more"
        case .serverAnswer: "one answer of the API server"
        case .podFigures: "the figures of the pod with limits, before it is killed without them"
        case .probeSilence: "two reports of the probes: more, and the boot is not believed"
        case .probeSilenceBusy: "the same on a busy machine"
        case .lineDelay: "a log line on its way: more, and the boot is not believed"
        case .lineDelayBusy: "the same on a busy machine"
        case .clockGap: "what the log's clock and the boot's may come apart: more, and the verdict is inconclusive"
        case .keeperStart: "a keeper's lock, after `up` has started it"
        case .keeperNumber: "a keeper's process number, after it has its lock"
        case .keeperEnd: "a keeper's end, after `down` has asked for it"
        case .cgroupEnd: "the kernel, until the cgroup of a killed container can be removed"
        case .gitPack: "a word of git while it packs a tree of this machine's"
        case .lockTurn: "a lock at which others only look"
        case .lockLook: "a lock that nobody has for more than a moment"
        case .gitSilence: "a word of a git server"
        case .connection: "a connection to a server"
        case .transferSilence: "a transfer of less than 100 bytes a second"
        }
    }

    /// Why it has this length, and why it is or is not extended.
    package var reason: String {
        switch self {
        case .nodeStart: "a node starts in about 7 s"
        case .nodeJoin: "the node registers and goes Ready; one pod runs to its end, another is measured, killed and removed"
        case .warmUp: "a healthy kubelet writes the error before cAdvisor has looked for the first time, and that is work"
        case .observation:
            "kubelet repeats what lasts every 10 s, and then has work to do: as much of it must be seen on a slow machine"
        case .nodeVersion: "the program prints one line"
        case .runscAnswer: "it prints some lines"
        case .containerdStart: "containerd opens it once its plug-ins are loaded"
        case .preparation: "a FUSE program mounts as soon as it runs"
        case .probeAnswer: "who takes longer does not answer"
        case .staleAnswer: "longer than one answer may take"
        case .crashTrace: "what the node wrote before its end is in the pipe"
        case .componentProbe: "a probe answers in a fifth of a second"
        case .approachQuestion: "a question is one short command"
        case .upstreamTests: "Go's own limit, which ends all tests of a package (go help testflag)"
        case .serverStart: "etcd and the API server start one after the other"
        case .serverSilence: "three answers that did not come"
        case .serverAnswer: "it is asked again a second later"
        case .podFigures: "kubelet's figures may be 20 s old"
        case .probeSilence: "the longest of 90 boots was 1.5 s"
        case .lineDelay: "the longest of 90 boots was 0.12 s"
        case .probeSilenceBusy, .lineDelayBusy: "where tasks wait for a processor nearly all the time, less is believed"
        case .clockGap: "more than a line is ever late on a machine that is believed"
        case .keeperStart: "the lock is the first thing that a keeper takes"
        case .keeperNumber: "it is written just after the lock is taken: without it within a second something else is wrong"
        case .keeperEnd: "the node and its control plane are killed, and their files removed"
        case .cgroupEnd: "its processes are being killed"
        case .gitPack: "git tells its progress while it packs"
        case .lockTurn, .lockLook: "thousands of times what a look takes: without it something else is wrong"
        case .gitSilence: "this machine does nothing meanwhile; a mirror may be asked instead"
        case .connection: "this machine does nothing meanwhile; it is tried again"
        case .transferSilence: "this machine does nothing meanwhile; it goes on from where it was"
        }
    }
}

/// The timeouts for a given machine.
package struct Deadlines: Hashable, Sendable {
    /// How many times slower this machine is than the one the timeouts were measured on, as set by the user; at least 1.
    package let patience: Double

    /// The allowed range of ``patience``. A machine beyond it has a problem other than being slow.
    package static let allowed = 1.0...100.0

    /// Multiplies all machine-dependent timeouts.
    package init(patience: Double = 1) {
        // NaN counts as 1.
        self.patience = Self.allowed.contains(patience) ? patience : patience > Self.allowed.upperBound ? Self.allowed.upperBound : 1
    }

    /// A timeout in seconds.
    package subscript(_ deadline: Deadline) -> Double {
        deadline.isStretched ? deadline.seconds * patience : deadline.seconds
    }

    package func duration(_ deadline: Deadline) -> Duration { .milliseconds(Int((self[deadline] * 1000).rounded())) }
}

extension NodeSpec {
    /// The node's times for a given machine: the recipe's times, extended like the timeouts that no recipe sets.
    ///
    /// The observation after warm-up is extended like the warm-up, so that it covers as much of the node's work as on a fast machine, and a
    /// persistent fault appears as often.
    package func stretched(by deadlines: Deadlines) -> NodeSpec {
        let patience = deadlines.patience
        var stretched = self
        stretched.warmUp *= patience
        stretched.observe *= patience
        stretched.startTimeout *= patience
        stretched.joinTimeout *= patience
        return stretched
    }
}

extension NodeSpec {
    /// How long a node is observed on a given machine.
    package func watched(by deadlines: Deadlines) -> WatchTimes {
        let node = stretched(by: deadlines)
        return WatchTimes(warmUp: node.warmUp, observe: node.observe)
    }
}

extension Deadline {
    /// The row in docs/architecture.md.
    package var row: String {
        let text = seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"
        return "| `\(rawValue)` | \(text) s | \(isStretched ? "yes" : "no") | \(about) | \(reason) |"
    }
}
