import LogLines
import Model

/// Derives from a boot's events how the rest of the machine disturbed the boot. It decides nothing about the node.
package struct ConditionsReader: Sendable {
    private var conditions = BootConditions()
    private var gap = ClockGap()
    private var lastAnswer: Double?
    private var asked: Double?
    private var pressure: (first: PressureSample, last: PressureSample)?

    private let question: Double

    /// Creates a reader for one boot.
    ///
    /// - Parameter deadlines: the probe timeout is taken from these.
    package init(deadlines: Deadlines = Deadlines()) { question = deadlines[.probeAnswer] }

    /// Processes a line of the node's own log.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(line: [UInt8], at now: Double) {
        // Only a header at the very beginning belongs to the writer itself. A line may quote an older header.
        guard let letter = line.first, "IWEF".utf8.contains(letter), let stamp = LogLine(line).stamp, stamp.clock == .klog else { return }
        _ = gap.take(stamp, at: now)
    }

    /// Processes a report from the sandbox's first program.
    ///
    /// - Parameter now: seconds after the boot began.
    package mutating func take(_ fact: NodeFact, at now: Double) {
        switch fact {
        case .stage("kubelet"): lastAnswer = now
        case .asked:
            noteSilence(until: now)
            asked = now
        case .probe(_, let answer):
            // A node that does not answer uses up the whole probe timeout. That part of the silence is due to the node, not to the machine.
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

    /// Processes a sample of the machine's CPU pressure.
    package mutating func take(_ sample: PressureSample) {
        pressure = (pressure?.first ?? sample, sample)
    }

    /// The conditions of the boot so far. Call this when the boot ends.
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

/// How long tasks on this machine have waited for a CPU so far.
package struct PressureSample: Hashable, Sendable {
    /// Seconds since the machine started in which at least one task waited.
    package let waited: Double
    /// When the sample was taken, in seconds after the boot began.
    package let seconds: Double

    package init(waited: Double, seconds: Double) {
        self.waited = waited
        self.seconds = seconds
    }
}
