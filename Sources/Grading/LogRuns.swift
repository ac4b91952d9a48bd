import Model

/// The verdict on one run of the node's process from a log alone.
package struct RunVerdict: Hashable, Sendable, Encodable {
    /// The run's number among the node's runs in the log, counted from 1.
    package let run: Int
    /// The number of its first line in the log, counted from 1.
    package let firstLine: Int
    /// The number of its last line. Lines of other programs may come in between.
    package let lastLine: Int
    /// Whether the log shows the run's start and everything after it, and no fault after warm-up.
    package let isWithoutFault: Bool
    package let verdict: Verdict
}

/// The verdicts on the runs of a node's process from a log alone.
package struct LogRuns: Sendable {
    /// The number of runs in the log.
    package let count: Int
    /// The number of runs per grade.
    package let grades: [Grade: Int]
    /// The newest runs, at most ``most``, in log order.
    package let newest: [RunVerdict]
    /// The run that was requested before reading; nil if there is no such run.
    package let wanted: RunVerdict?

    /// The maximum number of newest runs to keep.
    package static let most = 100
}

/// The closed runs: their number and the verdicts on the newest.
struct PastRuns: Sendable {
    /// The number of a run that is always kept, however many follow.
    var wanted: Int?
    private(set) var kept: RunVerdict?
    private(set) var count = 0
    private(set) var newest: [RunVerdict] = []
    /// The number of runs per grade.
    private(set) var grades: [Grade: Int] = [:]
    private(set) var lastFatal: RunVerdict?

    private static let longest = 4096

    /// Adds a closed run, unless it belongs to a program other than a node.
    mutating func add(_ run: LogRun, isCut: Bool = false) {
        guard run.isNode else { return }
        var run = run
        run.settle()
        count += 1
        let verdict = RunVerdict(
            run: count, firstLine: run.firstLine, lastLine: run.lastLine, isWithoutFault: run.isWithoutFault(isCut: isCut),
            verdict: run.verdict(isCut: isCut))
        if count == wanted { kept = verdict }
        grades[verdict.verdict.grade, default: 0] += 1
        let short = Self.shortened(verdict)
        if verdict.verdict.grade == .fatal { lastFatal = short }
        newest.append(short)
        if newest.count > LogRuns.most { newest.removeFirst() }
    }

    /// Shortens a verdict, so that a log with a million runs does not use the memory of a million long lines.
    private static func shortened(_ run: RunVerdict) -> RunVerdict {
        let verdict = run.verdict
        let evidence = verdict.evidence.map { evidence in
            guard evidence.text.utf8.count > longest else { return evidence }
            return Evidence(
                kind: evidence.kind, text: String(decoding: evidence.text.utf8.prefix(longest), as: UTF8.self) + "…",
                source: evidence.source,
                line: evidence.line, seconds: evidence.seconds)
        }
        return RunVerdict(
            run: run.run, firstLine: run.firstLine, lastLine: run.lastLine, isWithoutFault: run.isWithoutFault,
            verdict: Verdict(
                grade: verdict.grade, level: verdict.level, cause: verdict.cause, summary: verdict.summary, evidence: evidence,
                notes: verdict.notes))
    }
}
