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
        case .nodeStart: "a node to start, counted from its sandbox's start; a recipe's `startTimeout`"
        case .nodeJoin: "everything that the levels `ready` and `pod` require, counted from the node's start; a recipe's `joinTimeout`"
        case .warmUp: "the time after the node's start in which forbidden lines and failed probes are tolerated; a recipe's `warmUp`"
        case .observation: "the time from the node's start to the verdict; a recipe's `observe`"
        case .nodeVersion: "the node program's answer to `--version`"
        case .runscAnswer: "runsc's answer about its release and its flags"
        case .containerdStart: "containerd's socket to appear"
        case .preparation: "an approach's mount, made before the node starts"
        case .probeAnswer: "an answer from `/healthz`, from `/stats/summary`, or from an API server queried inside its sandbox"
        case .staleAnswer: "the maximum age of the last answer when observation ends; if it is older, the verdict is inconclusive"
        case .crashTrace: "the rest of the Go runtime's crash trace after a node's end"
        case .componentProbe: "a probe's program to end, counted from its sandbox's start"
        case .approachQuestion: "the answer to a question of `approaches/`"
        case .upstreamTests: "the upstream tests of one package (`go test -timeout`)"
        case .serverStart: "the first answer from a standalone API server, counted from its sandbox's start"
        case .serverSilence: "an API server that has stopped answering"
        case .serverAnswer: "one answer from the API server"
        case .podFigures: "the figures of the pod with limits; after this, it is killed without them"
        case .probeSilence: "the maximum time between two probe reports; if longer, the boot is inconclusive"
        case .probeSilenceBusy: "the same on a busy machine"
        case .lineDelay: "the maximum delay of a log line; if longer, the boot is inconclusive"
        case .lineDelayBusy: "the same on a busy machine"
        case .clockGap: "the maximum difference between the log's clock and the boot's; if larger, the verdict is inconclusive"
        case .keeperStart: "a keeper to take its lock after `up` has started it"
        case .keeperNumber: "a keeper's process ID to be written after it takes its lock"
        case .keeperEnd: "a keeper to end after `down` has asked it to"
        case .cgroupEnd: "the kernel to allow removal of a killed container's cgroup"
        case .gitPack: "output from git while it packs a local tree"
        case .lockTurn: "a lock that others hold only to look"
        case .lockLook: "a lock that is only held for a moment"
        case .gitSilence: "data from a git server"
        case .connection: "a connection to a server"
        case .transferSilence: "a transfer below 100 bytes per second"
        }
    }

    /// Why it has this length, and why it is or is not extended.
    package var reason: String {
        switch self {
        case .nodeStart: "a node starts in about 7 s"
        case .nodeJoin: "the node registers and goes Ready; one pod runs to completion, another is measured, killed, and removed"
        case .warmUp: "a healthy kubelet logs the error until cAdvisor's first pass, and that takes CPU time"
        case .observation:
            "kubelet repeats a lasting error every 10 s, at the cost of CPU time; a slow machine must show as many repeats"
        case .nodeVersion: "the program prints one line"
        case .runscAnswer: "runsc prints a few lines"
        case .containerdStart: "containerd opens it after loading its plug-ins"
        case .preparation: "a FUSE program mounts as soon as it runs"
        case .probeAnswer: "anything slower counts as no answer"
        case .staleAnswer: "it is longer than one answer may take"
        case .crashTrace: "everything the node wrote is already in the pipe"
        case .componentProbe: "a probe answers in 0.2 s"
        case .approachQuestion: "a question is one short command"
        case .upstreamTests: "Go's own limit for all tests of a package (go help testflag)"
        case .serverStart: "etcd and the API server start one after the other"
        case .serverSilence: "it is the time of three missing answers"
        case .serverAnswer: "the query is repeated a second later"
        case .podFigures: "kubelet's figures can be 20 s old"
        case .probeSilence: "the longest of 90 boots was 1.5 s"
        case .lineDelay: "the longest of 90 boots was 0.12 s"
        case .probeSilenceBusy, .lineDelayBusy: "when tasks almost always wait for a processor, less delay is tolerated"
        case .clockGap: "it exceeds any line delay that is tolerated"
        case .keeperStart: "taking the lock is the first thing a keeper does"
        case .keeperNumber: "it is written right after the lock is taken; if it is missing after a second, something else is wrong"
        case .keeperEnd: "the keeper kills the node and its control plane and removes their files"
        case .cgroupEnd: "the kernel is still killing its processes"
        case .gitPack: "git reports progress while it packs"
        case .lockTurn, .lockLook: "this is thousands of times what a look takes; if the lock is still held, something else is wrong"
        case .gitSilence: "this machine is idle meanwhile; a mirror can be used instead"
        case .connection: "this machine is idle meanwhile; the connection is retried"
        case .transferSilence: "this machine is idle meanwhile; the transfer resumes where it stopped"
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
