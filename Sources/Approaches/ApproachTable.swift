import Model

/// What came of an approach. Four are a grade's, and two are findings without one: nothing could be booted, or what was booted is no node.
package enum ApproachOutcome: String, Codable, Sendable, CaseIterable {
    /// The node lives at the end of the observation, and nothing is wrong with it.
    case clean
    /// It lives, and something is wrong with it.
    case degraded
    /// The node ended by itself.
    case fatal
    /// The harness failed, or repeated boots disagree: nothing can be said.
    case inconclusive
    /// The sandbox refused what the approach needs, and the same preparation went well in the control.
    case cannot
    /// The API server answers, and has no node: there is nothing of a worker to be graded.
    case noNode = "no node"

    /// What a grade means for an approach.
    package init(_ grade: Grade) {
        switch grade {
        case .clean: self = .clean
        case .degraded: self = .degraded
        case .fatal: self = .fatal
        // Whether it is clean nobody knows.
        case .short, .inconclusive: self = .inconclusive
        }
    }
}

/// What a boot cost, as the machine saw it.
package struct Measures: Hashable, Codable, Sendable {
    /// Seconds from the start of the sandbox until kubelet said that it has started; nil when it never did.
    package var secondsToStart: Double?
    /// Seconds until `/healthz` said `ok`; nil when it never did.
    package var secondsToHealth: Double?
    /// Seconds of processor time in the first minute, of all the sandbox's processes.
    package var cpuSeconds: Double
    /// How much of the first minute that was: less than 60 when the boot ended before.
    package var cpuWindow: Double
    /// The most memory that the sandbox's processes had at once, in bytes: the sum of their proportional shares (proc(5), `Pss`).
    package var memoryBytes: UInt64

    /// Makes measures; times are in seconds.
    package init(
        secondsToStart: Double? = nil, secondsToHealth: Double? = nil, cpuSeconds: Double = 0, cpuWindow: Double = 0,
        memoryBytes: UInt64 = 0
    ) {
        self.secondsToStart = secondsToStart
        self.secondsToHealth = secondsToHealth
        self.cpuSeconds = cpuSeconds
        self.cpuWindow = cpuWindow
        self.memoryBytes = memoryBytes
    }
}

/// One boot of an approach.
package struct ApproachAttempt: Hashable, Codable, Sendable {
    /// What came of it.
    package let outcome: ApproachOutcome
    /// The name of the known fault that decided it; nil when it was none of those.
    package let cause: Cause?
    /// One sentence: why.
    package let summary: String
    /// What decided it, the deciding piece first.
    package let evidence: [Evidence]
    /// What does not make the grade worse but a user must know.
    package let notes: [String]
    /// What was asked in the sandbox before the node started, and the answers.
    package let answers: [String]
    /// What it cost.
    package let measures: Measures

    /// Makes an attempt of a verdict.
    ///
    /// - Parameter refusal: the line by which the sandbox refused, and the control's word that it would have gone well; nil when nothing was.
    package init(_ verdict: Verdict, refusal: [Evidence]?, answers: [String], measures: Measures) {
        outcome = refusal == nil ? ApproachOutcome(verdict.grade) : .cannot
        cause = verdict.cause
        summary = refusal?.first.map { "the sandbox refused: \($0.text)" } ?? verdict.summary
        evidence = refusal ?? verdict.evidence
        notes = verdict.notes
        self.answers = answers
        self.measures = measures
    }

    /// Makes an attempt at something that is no node.
    package init(outcome: ApproachOutcome, summary: String, evidence: [Evidence], measures: Measures) {
        (self.outcome, self.summary, self.evidence, self.measures) = (outcome, summary, evidence, measures)
        (cause, notes, answers) = (nil, [], [])
    }
}

/// All approaches to a node in a sandbox, side by side.
package struct ApproachTable: Hashable, Codable, Sendable {
    /// One approach.
    package struct Row: Hashable, Codable, Sendable {
        /// The approach's name.
        package let name: String
        /// A few words for people.
        package let title: String
        /// What is changed.
        package let changes: String
        /// What the research that the project began with claimed.
        package let claim: String
        /// What was found, beside the claim; nil when it came to something else than when that was written.
        package let finding: String?
        /// What it is good for.
        package let goodFor: String
        /// The patches in the node, as the command line takes them; `none` for the stock one.
        package let series: String
        /// What it was booted in.
        package let runtime: ContainerRuntime
        /// What all attempts agree on; `inconclusive` when they do not.
        package let outcome: ApproachOutcome
        /// The same as a grade; nil where there is none, because nothing could be booted.
        package let grade: Grade?
        /// The name of the known fault that decided it.
        package let cause: Cause?
        /// One sentence: why.
        package let summary: String
        /// The middle one of the attempts' figures, each for itself.
        package let measures: Measures
        /// Every boot, in order.
        package let attempts: [ApproachAttempt]
    }

    /// The recipe's name.
    package let recipe: String
    /// The recipe's version.
    package let version: String
    /// How the nodes in runsc saw their file systems.
    package let layout: Layout
    /// The row that boot times are compared with: the first whose node has the recipe's own patches.
    package let reference: String?
    /// The versions of what it ran on.
    package let tools: [String: String]
    /// The approaches, in the order in which they were asked for.
    package let rows: [Row]

    /// Makes a table.
    package init(recipe: Recipe, layout: Layout, reference: String?, tools: [String: String], rows: [Row]) {
        self.recipe = recipe.name
        version = recipe.version.plain
        self.layout = layout
        self.reference = reference
        self.tools = tools
        self.rows = rows
    }
}

extension ApproachTable.Row {
    /// Makes a row of its boots; nil when there is none. Boots that disagree make it `inconclusive`, whatever the best of them says.
    package init?(_ approach: Approach, series: String, attempts: [ApproachAttempt]) {
        guard let first = attempts.first else { return nil }
        name = approach.name
        title = approach.title
        changes = approach.changes
        claim = approach.claim
        goodFor = approach.goodFor
        self.series = series
        runtime = approach.runtime
        let agree = Set(attempts.map(\.outcome)).count == 1
        // The same grade may show itself in one of several ways, as where programs race.
        let causes = Set(attempts.map(\.cause))
        outcome = agree ? first.outcome : .inconclusive
        finding = approach.finding.flatMap { [outcome] in $0.outcome == outcome ? $0.text : nil }
        grade = Grade(rawValue: outcome.rawValue)
        cause = agree && causes.count == 1 ? first.cause : nil
        summary = agree ? first.summary : "the repeated boots disagree: \(attempts.map(\.outcome.rawValue).joined(separator: ", "))"
        measures = Measures(middleOf: attempts.map(\.measures))
        self.attempts = attempts
    }

    /// The outcome and, where a known fault decided it, the fault.
    package var word: String { cause.map { "\(outcome.rawValue), \($0)" } ?? outcome.rawValue }

    /// Seconds until the node answered on `/healthz`; nil when it never did, or did so only to end by itself.
    package var bootSeconds: Double? { outcome == .fatal ? nil : measures.secondsToHealth }
}

extension Measures {
    /// The middle one of each figure.
    init(middleOf all: [Measures]) {
        func middle(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }
        self.init(
            secondsToStart: middle(all.compactMap(\.secondsToStart)), secondsToHealth: middle(all.compactMap(\.secondsToHealth)),
            cpuSeconds: middle(all.map(\.cpuSeconds)) ?? 0, cpuWindow: middle(all.map(\.cpuWindow)) ?? 0,
            memoryBytes: UInt64(middle(all.map { Double($0.memoryBytes) }) ?? 0))
    }
}
