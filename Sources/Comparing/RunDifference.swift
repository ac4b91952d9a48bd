import Model

/// How two recorded runs differ: their inputs, their verdicts and their logs. A pure function of both records and of their logs' messages.
package struct RunDifference: Hashable, Encodable, Sendable {
    /// One of the two runs.
    package struct Side: Hashable, Encodable, Sendable {
        /// The run's ID.
        package let id: String
        /// The start time in ISO 8601 format, UTC.
        package let started: String
        package let grade: Grade
        /// The known fault that decided the verdict; nil if there was none.
        package let cause: Cause?
        package let level: Level
        /// The reason for the grade, in one sentence.
        package let summary: String

        init(_ run: Run) {
            (id, started, summary) = (run.id, run.started, run.verdict.summary)
            (grade, cause, level) = (run.verdict.grade, run.verdict.cause, run.verdict.level)
        }

        /// The grade and the cause: `fatal, memory cache`.
        package var title: String { grade.title(cause) }
    }

    /// What values are about.
    package enum Group: String, Encodable, Sendable, CaseIterable {
        /// What was asked for: recipe, version, layout, level, probes, the times of the observation.
        case request
        case lock
        /// The patches and the patched source.
        case series
        case tools, upstreams, steps, artifact
        /// The grade, what decided it, and the evidence without times, numbers and addresses.
        case verdict
        case durations, notes
        /// How the machine disturbed the boot, whether the run repeats another, whether it counts, and which steps were cached.
        case conditions

        /// Whether a difference in it can make another verdict, or is another verdict.
        package var decides: Bool {
            switch self {
            case .durations, .notes, .conditions: false
            default: true
            }
        }
    }

    /// A value that differs. A missing side is nil.
    package struct Change: Hashable, Encodable, Sendable {
        package let group: Group
        /// What the value is: a tool, a file, a step.
        package let name: String
        package let before: String?
        package let after: String?
        /// For a duration: the second divided by the first.
        package let ratio: Double?

        init(_ group: Group, _ name: String, _ before: String?, _ after: String?, ratio: Double? = nil) {
            (self.group, self.name, self.before, self.after, self.ratio) = (group, name, before, after, ratio)
        }
    }

    /// How many values of a group are the same.
    package struct Same: Hashable, Encodable, Sendable {
        package let group: Group
        package let count: Int
    }

    package let before: Side
    package let after: Side
    /// The values that differ, by group.
    package let changes: [Change]
    /// The groups with values that are the same.
    package let same: [Same]
    /// The compared logs; empty if none was.
    package let logs: [LogDifference]
    /// Whether anything differs that can decide a verdict. Durations, notes, conditions and the rest of the logs cannot.
    package let isDecisive: Bool

    /// Compares two runs.
    ///
    /// - Parameter logs: their logs as already compared.
    package init(_ before: Run, _ after: Run, logs: [LogDifference] = []) {
        var comparison = Comparison()
        comparison.compare(before, after)
        self.before = Side(before)
        self.after = Side(after)
        changes = comparison.changes
        same = Group.allCases.compactMap { group in comparison.same[group].map { Same(group: group, count: $0) } }
        self.logs = logs
        isDecisive = changes.contains { $0.group.decides }
    }

    /// Whether nothing at all differs.
    package var isSame: Bool { changes.isEmpty && logs.allSatisfy(\.isSame) }

    /// Both verdicts in one sentence: `clean → fatal, memory cache`, or `both clean`.
    package var title: String { before.title == after.title ? "both \(before.title)" : "\(before.title) → \(after.title)" }
}
