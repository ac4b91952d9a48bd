import Model

/// The outcome of an approach. Four outcomes are grades. The other two have no grade: nothing could be booted, or what was booted is not a
/// node.
package enum ApproachOutcome: String, Codable, Sendable, CaseIterable {
    /// The node is alive at the end of the observation without any fault.
    case clean
    /// The node is alive at the end of the observation, with a fault.
    case degraded
    /// The node exited by itself.
    case fatal
    /// The harness failed, or repeated boots disagree.
    case inconclusive
    /// The sandbox refused what the approach needs, and the same preparation succeeded in the control.
    case cannot
    /// The API server answers but has no node, so there is no worker to grade.
    case noNode = "no node"

    /// The outcome that corresponds to a grade.
    package init(_ grade: Grade) {
        switch grade {
        case .clean: self = .clean
        case .degraded: self = .degraded
        case .fatal: self = .fatal
        // It is unknown whether the node is clean.
        case .short, .inconclusive: self = .inconclusive
        }
    }
}

/// The cost of a boot, measured from outside the sandbox.
package struct Measures: Hashable, Codable, Sendable {
    /// Seconds from the start of the sandbox until kubelet logged its start; nil if it never did.
    package var secondsToStart: Double?
    /// Seconds until `/healthz` returned `ok`; nil if it never did.
    package var secondsToHealth: Double?
    /// Seconds of processor time in the first minute, of all the sandbox's processes.
    package var cpuSeconds: Double
    /// The measured part of the first minute in seconds: less than 60 if the boot ended earlier.
    package var cpuWindow: Double
    /// The maximum memory use of the sandbox's processes in bytes: the sum of their proportional shares (proc(5), `Pss`).
    package var memoryBytes: UInt64

    /// Creates measures. All times are in seconds.
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
    package let outcome: ApproachOutcome
    /// The name of the known fault that decided the outcome; nil if none did.
    package let cause: Cause?
    /// The reason for the outcome, in one sentence.
    package let summary: String
    /// The evidence for the outcome, the deciding piece first.
    package let evidence: [Evidence]
    /// Notes for users that do not affect the grade.
    package let notes: [String]
    /// The questions that were asked in the sandbox before the node started, with their answers.
    package let answers: [String]
    /// The cost of the boot.
    package let measures: Measures

    /// Creates an attempt from a verdict.
    ///
    /// - Parameter refusal: the sandbox's error message, and the control's evidence that the preparation succeeds elsewhere; nil if nothing
    ///   was refused.
    package init(_ verdict: Verdict, refusal: [Evidence]?, answers: [String], measures: Measures) {
        outcome = refusal == nil ? ApproachOutcome(verdict.grade) : .cannot
        cause = verdict.cause
        summary = refusal?.first.map { "the sandbox refused: \($0.text)" } ?? verdict.summary
        evidence = refusal ?? verdict.evidence
        notes = verdict.notes
        self.answers = answers
        self.measures = measures
    }

    /// Creates an attempt for something that is not a node.
    package init(outcome: ApproachOutcome, summary: String, evidence: [Evidence], measures: Measures) {
        (self.outcome, self.summary, self.evidence, self.measures) = (outcome, summary, evidence, measures)
        (cause, notes, answers) = (nil, [], [])
    }
}

/// A comparison of all approaches to a node in a sandbox.
package struct ApproachTable: Hashable, Codable, Sendable {
    /// One approach.
    package struct Row: Hashable, Codable, Sendable {
        package let name: String
        /// A short title for display.
        package let title: String
        /// The change, in one sentence.
        package let changes: String
        /// What the project's initial research claimed about it.
        package let claim: String
        /// What was found, shown with the claim; nil if the outcome differs from the one that the text was written for.
        package let finding: String?
        /// What it is good for.
        package let goodFor: String
        /// The patches in the node, in the form that the command line takes; `none` for the stock node.
        package let series: String
        /// The runtime that it was booted in.
        package let runtime: ContainerRuntime
        /// The outcome of all attempts; `inconclusive` if they disagree.
        package let outcome: ApproachOutcome
        /// The outcome as a grade; nil if it has none.
        package let grade: Grade?
        /// The name of the known fault that decided the outcome.
        package let cause: Cause?
        /// The reason for the outcome, in one sentence.
        package let summary: String
        /// The median of each figure over all attempts.
        package let measures: Measures
        /// Every boot, in order.
        package let attempts: [ApproachAttempt]
    }

    package let recipe: String
    package let version: String
    /// The file system layout of the nodes in runsc.
    package let layout: Layout
    /// The row that boot times are compared with: the first one whose node has the recipe's own patches.
    package let reference: String?
    /// The versions of the tools that it ran on.
    package let tools: [String: String]
    /// The approaches, in the requested order.
    package let rows: [Row]

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
    /// Creates a row from its boots; nil if there are none. If boots disagree, the row is `inconclusive`, even if some of them are clean.
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
        // The same grade may have different causes, for example if programs race.
        let causes = Set(attempts.map(\.cause))
        outcome = agree ? first.outcome : .inconclusive
        finding = approach.finding.flatMap { [outcome] in $0.outcome == outcome ? $0.text : nil }
        grade = Grade(rawValue: outcome.rawValue)
        cause = agree && causes.count == 1 ? first.cause : nil
        summary = agree ? first.summary : "the repeated boots disagree: \(attempts.map(\.outcome.rawValue).joined(separator: ", "))"
        measures = Measures(middleOf: attempts.map(\.measures))
        self.attempts = attempts
    }

    /// The outcome, with the known fault that decided it, if any.
    package var word: String { cause.map { "\(outcome.rawValue), \($0)" } ?? outcome.rawValue }

    /// Seconds until the node answered on `/healthz`; nil if it never did, or if it exited afterwards.
    package var bootSeconds: Double? { outcome == .fatal ? nil : measures.secondsToHealth }
}

extension Measures {
    /// The median of each figure.
    init(middleOf all: [Measures]) {
        func middle(_ values: [Double]) -> Double? { values.isEmpty ? nil : values.sorted()[values.count / 2] }
        self.init(
            secondsToStart: middle(all.compactMap(\.secondsToStart)), secondsToHealth: middle(all.compactMap(\.secondsToHealth)),
            cpuSeconds: middle(all.map(\.cpuSeconds)) ?? 0, cpuWindow: middle(all.map(\.cpuWindow)) ?? 0,
            memoryBytes: UInt64(middle(all.map { Double($0.memoryBytes) }) ?? 0))
    }
}
