/// How good a node was found to be. `design: docs/architecture.md, Verdict`.
package enum Grade: String, Codable, Sendable, CaseIterable {
    /// The node lives at the end of the observation, every positive probe held, and no forbidden signal came after warm-up.
    case clean
    /// It lives, but a forbidden signal came after warm-up, or a positive probe failed.
    case degraded
    /// The node ended by itself; of a log that nobody watched: it says so.
    case fatal
    /// Nothing bad was seen, but the node was watched more briefly than its level asks: nobody knows whether it is clean.
    case short
    /// The harness failed: nothing can be said of the node.
    case inconclusive
}

/// How much of a worker node was asked to prove itself.
package enum Level: String, Codable, Sendable, CaseIterable {
    /// Only a log was read: it can say fatal or degraded, never clean.
    case log
    /// A short program asked the patched package itself, in the sandbox.
    case component
    /// A kubelet was booted, standalone: `/healthz` answers, `/stats/summary` shows a node file system.
    case boot
    /// The node joined a control plane: registered, Ready, all conditions well, its capacity sane.
    case ready
    /// It ran pods: one to its end, whose log came back, and one with limits, which was measured, killed and cleaned up.
    case pod

    /// Whether the node joins a control plane.
    package var isJoined: Bool { self == .ready || self == .pod }

    /// The shortest warm-up and observation, in seconds from the node's start, that a clean node was given. A healthy kubelet writes the error in
    /// its first seconds too, and a sick one about every ten.
    package static let minimum = (warmUp: 10.0, observe: 20.0)

    /// What of a recipe's times is too short for a clean node at this level; nil when nothing is.
    package func shortfall(warmUp: Double, observe: Double) -> String? {
        guard self != .log, self != .component else { return nil }
        // Times that were stretched and shrunk again are not quite what they were.
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

/// One thing that a verdict rests on.
package struct Evidence: Hashable, Sendable {
    /// What kind of thing was seen.
    package enum Kind: String, Codable, Sendable {
        /// A line of a log.
        case log
        /// A question asked from inside the sandbox, and its answer.
        case probe
        /// How a process ended.
        case exit
        /// What the harness itself did or could not do.
        case harness
    }

    /// What kind of thing was seen.
    package let kind: Kind
    /// The line, the answer, or the event, as it was seen.
    package let text: String
    /// Where it was seen: `kubelet`, `healthz`, `sandbox`, a file's name.
    package let source: String
    /// The line's number in its log, counted from 1; nil when it is no line.
    package let line: Int?
    /// Seconds after the boot began; nil when nothing tells the time.
    package let seconds: Double?

    /// Makes a piece of evidence.
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

    /// Encodes all five fields, null where there is nothing to say: a reader of the JSON can count on each key.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Keys.self)
        try values.encode(kind, forKey: .kind)
        try values.encode(text, forKey: .text)
        try values.encode(source, forKey: .source)
        try values.encode(line, forKey: .line)
        try values.encode(seconds, forKey: .seconds)
    }
}

/// What was found out about a node, and what that rests on.
package struct Verdict: Hashable, Codable, Sendable {
    /// How good the node is.
    package let grade: Grade
    /// How much of it was asked.
    package let level: Level
    /// The name of the known fault that decided it, such as `memory cache`; nil when it was none of those.
    package let cause: String?
    /// One sentence: why this grade.
    package let summary: String
    /// What decided it, the deciding piece first.
    package let evidence: [Evidence]
    /// What does not make the grade worse but a user must know.
    package let notes: [String]

    /// Makes a verdict.
    package init(grade: Grade, level: Level, cause: String? = nil, summary: String, evidence: [Evidence], notes: [String] = []) {
        self.grade = grade
        self.level = level
        self.cause = cause
        self.summary = summary
        self.evidence = evidence
        self.notes = notes
    }

    /// The same verdict with one note more; as it is when there is none.
    package func noting(_ note: String?) -> Verdict {
        guard let note else { return self }
        return Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + [note])
    }
}

extension Verdict {
    /// The cause of a verdict on a node whose log tells another time than the boot's own clock.
    package static let clocks = "clocks"

    /// The verdict with more that a user must know.
    package func noting(_ more: [String]) -> Verdict {
        Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + more)
    }

    /// The grade and, where a known fault decided it, the fault: `fatal, memory cache`.
    package var title: String { cause.map { "\(grade.rawValue), \($0)" } ?? grade.rawValue }
}
