import Model

/// Reads off a boot's events what the boot suffered from the rest of the machine. It decides nothing of the node.
package struct ConditionsReader: Sendable {
    private var conditions = BootConditions()
    private var gap = ClockGap()
    private var lastAnswer: Double?
    private var asked: Double?
    private var pressure: (first: PressureSample, last: PressureSample)?

    private let question: Double

    /// Makes a reader of one boot.
    ///
    /// - Parameter deadlines: how long a question may take.
    package init(deadlines: Deadlines = Deadlines()) { question = deadlines[.probeAnswer] }

    /// Takes a line of the node's own log.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(line: [UInt8], at now: Double) {
        // Only a header at the very beginning is the writer's own: a line may quote an older one.
        guard let letter = line.first, "IWEF".utf8.contains(letter), let stamp = LogLine(line).stamp, stamp.clock == .klog else { return }
        _ = gap.take(stamp, at: now)
    }

    /// Takes what the sandbox's first program told.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(_ fact: NodeFact, at now: Double) {
        switch fact {
        case .stage("kubelet"): lastAnswer = now
        case .asked:
            noteSilence(until: now)
            asked = now
        case .probe(_, let answer):
            // A node that does not answer takes the question's whole time: that much of the silence is its own, and not the machine's.
            if answer.allSatisfy(\.isWhitespace) || answer.hasPrefix(NodeFact.noAnswer) { excuse(until: now) }
            asked = nil
            noteSilence(until: now)
        default: break
        }
    }

    private mutating func excuse(until now: Double) {
        guard let asked, let last = lastAnswer else { return }
        lastAnswer = max(last, min(now, asked + question))
    }

    /// Takes a reading of the machine's processor pressure.
    package mutating func take(_ sample: PressureSample) {
        pressure = (pressure?.first ?? sample, sample)
    }

    /// What the boot suffered until now; call it when the boot ends.
    ///
    /// - Parameter now: seconds after the boot began.
    package func conditions(at now: Double) -> BootConditions {
        var ended = self
        ended.excuse(until: now)
        ended.noteSilence(until: now)
        ended.conditions.longestDelay = gap.width
        if let pressure, pressure.last.seconds > pressure.first.seconds {
            let share = (pressure.last.waited - pressure.first.waited) / (pressure.last.seconds - pressure.first.seconds)
            ended.conditions.cpuPressure = min(1, max(0, share))
        }
        return ended.conditions
    }

    private mutating func noteSilence(until now: Double) {
        guard let last = lastAnswer else { return }
        conditions.longestSilence = max(conditions.longestSilence, now - last)
        lastAnswer = now
    }
}

/// How long tasks of the machine have waited for a processor so far.
package struct PressureSample: Hashable, Sendable {
    /// Seconds in which some task waited, since the machine started.
    package let waited: Double
    /// Seconds after the boot began when this was read.
    package let seconds: Double

    /// Makes a reading.
    package init(waited: Double, seconds: Double) {
        self.waited = waited
        self.seconds = seconds
    }
}
