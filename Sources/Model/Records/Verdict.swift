/// A node's grade. See docs/architecture.md, Verdict.
package enum Grade: String, Codable, Sendable, CaseIterable {
    /// The node is alive at the end of the observation, every required probe succeeded, and no forbidden signal came after warm-up.
    case clean
    /// The node is alive, but a forbidden signal came after warm-up, or a required probe failed.
    case degraded
    /// The node ended by itself; in a recorded log, it says so.
    case fatal
    /// Nothing bad was seen, but the node was observed for less time than its level requires, so it is unknown whether it is clean.
    case short
    /// The harness failed, so nothing is known about the node.
    case inconclusive
}

/// How much a node was tested.
package enum Level: String, Codable, Sendable, CaseIterable {
    /// Only a log was read. The grade can be fatal or degraded, never clean.
    case log
    /// A short program called the patched package in the sandbox.
    case component
    /// A standalone kubelet was booted: `/healthz` answers, `/stats/summary` contains a node file system.
    case boot
    /// The node joined a control plane: it is registered and Ready, all conditions are good, and its capacity is plausible.
    case ready
    /// The node ran two pods: one ran to completion and its log was read; one with limits was measured, killed and cleaned up.
    case pod

    /// Whether the node joins a control plane.
    package var isJoined: Bool { self == .ready || self == .pod }

    /// The minimum warm-up and observation for a clean verdict, in seconds from the node's start. A healthy kubelet also logs the error in
    /// its first seconds; a faulty one logs it about every ten.
    package static let minimum = (warmUp: 10.0, observe: 20.0)

    /// Which of a recipe's times is too short for a clean verdict at this level; nil if none.
    package func shortfall(warmUp: Double, observe: Double) -> String? {
        guard self != .log, self != .component else { return nil }
        // Times that were multiplied and divided again are not exact.
        let (warmUp, observe) = ((warmUp * 1e6).rounded() / 1e6, (observe * 1e6).rounded() / 1e6)
        let watched = Self.minimum.observe - Self.minimum.warmUp
        if observe < Self.minimum.observe {
            return "it was observed for \(Self.text(observe)) s; the level \(rawValue) requires \(Self.text(Self.minimum.observe)) s"
        }
        if warmUp < Self.minimum.warmUp {
            return "its warm-up was \(Self.text(warmUp)) s; the level \(rawValue) requires \(Self.text(Self.minimum.warmUp)) s"
        }
        guard observe - warmUp < watched else { return nil }
        return
            "it was observed for \(Self.text(observe - warmUp)) s after warm-up; the level \(rawValue) requires \(Self.text(watched)) s"
    }

    private static func text(_ seconds: Double) -> String { seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds) }
}

/// A piece of evidence for a verdict.
package struct Evidence: Hashable, Sendable {
    /// The kind of evidence.
    package enum Kind: String, Codable, Sendable {
        /// A log line.
        case log
        /// A probe from inside the sandbox, and its answer.
        case probe
        /// The exit of a process.
        case exit
        /// Something that the harness did or failed to do.
        case harness
    }

    package let kind: Kind
    /// The line, the answer or the event, as observed.
    package let text: String
    /// The source: `kubelet`, `healthz`, `sandbox`, a file name.
    package let source: String
    /// The line number in its log, counted from 1; nil if it is not a line.
    package let line: Int?
    /// Seconds after the boot began; nil if the time is unknown.
    package let seconds: Double?

    package init(kind: Kind, text: String, source: String, line: Int? = nil, seconds: Double? = nil) {
        self.kind = kind
        self.text = text
        self.source = source
        self.line = line
        self.seconds = seconds
    }
}

extension Evidence: Codable {
    private enum Keys: String, CodingKey { case kind, text, source, line, seconds }

    /// Decodes evidence; `line` and `seconds` may be null or missing.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Keys.self)
        kind = try values.decode(Kind.self, forKey: .kind)
        text = try values.decode(String.self, forKey: .text)
        source = try values.decode(String.self, forKey: .source)
        line = try values.decodeIfPresent(Int.self, forKey: .line)
        seconds = try values.decodeIfPresent(Double.self, forKey: .seconds)
    }

    /// Encodes all five fields, with null for nil values, so that JSON readers can rely on each key.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(kind, forKey: .kind)
        try values.encode(text, forKey: .text)
        try values.encode(source, forKey: .source)
        try values.encode(line, forKey: .line)
        try values.encode(seconds, forKey: .seconds)
    }
}

/// The result for a node and its evidence.
package struct Verdict: Hashable, Codable, Sendable {
    package let grade: Grade
    /// How much the node was tested.
    package let level: Level
    /// The known fault that decided it, such as `memory cache`; nil if there was none.
    package let cause: Cause?
    /// A one-sentence reason for the grade.
    package let summary: String
    /// The evidence, starting with the deciding piece.
    package let evidence: [Evidence]
    /// Information for the user that does not lower the grade.
    package let notes: [String]

    package init(grade: Grade, level: Level, cause: Cause? = nil, summary: String, evidence: [Evidence], notes: [String] = []) {
        self.grade = grade
        self.level = level
        self.cause = cause
        self.summary = summary
        self.evidence = evidence
        self.notes = notes
    }

    /// Returns the verdict with an additional note; unchanged for nil.
    package func noting(_ note: String?) -> Verdict {
        guard let note else { return self }
        return Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + [note])
    }
}

extension Verdict {
    /// Returns the verdict with additional notes.
    package func noting(_ more: [String]) -> Verdict {
        Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + more)
    }

    /// The grade, followed by the known fault if one decided it: `fatal, memory cache`.
    package var title: String { grade.title(cause) }
}

extension Grade {
    /// The grade, followed by a known fault if one decided it: `fatal, memory cache`.
    package func title(_ cause: Cause?) -> String { cause.map { "\(rawValue), \($0)" } ?? rawValue }
}
