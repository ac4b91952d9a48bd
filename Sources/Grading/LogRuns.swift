import Model

/// What a log alone says of one life of the node's process.
package struct RunVerdict: Hashable, Sendable, Encodable {
    /// Its number among the node's lives in the log, counted from 1.
    package let run: Int
    /// Its first line in the log, counted from 1.
    package let firstLine: Int
    /// Its last line: lines of others may stand between the two.
    package let lastLine: Int
    /// What the log alone can say of it.
    package let verdict: Verdict
}

/// What a log alone says of the lives of a node's process.
package struct LogRuns: Sendable {
    /// How many there are in the log.
    package let count: Int
    /// How many there are of each grade.
    package let grades: [Grade: Int]
    /// The newest of them, at most ``most``, the last one last.
    package let newest: [RunVerdict]
    /// The one that was asked for when reading began; nil when there is no such one.
    package let wanted: RunVerdict?

    /// How many of the newest are kept.
    package static let most = 100
}

/// Lives that are over for good: how many there were, and what became of the newest.
struct PastRuns: Sendable {
    /// The number of one that is kept, however many come after it.
    var wanted: Int?
    private(set) var kept: RunVerdict?
    private(set) var count = 0
    private(set) var newest: [RunVerdict] = []
    /// How many there were of each grade, and the last one that the node ended itself.
    private(set) var grades: [Grade: Int] = [:]
    private(set) var lastFatal: RunVerdict?

    private static let longest = 4096

    /// Takes a life that is over, unless it is of another program than a node.
    mutating func add(_ run: LogRun, isCut: Bool = false) {
        guard run.isNode else { return }
        var run = run
        run.settle()
        count += 1
        let verdict = RunVerdict(run: count, firstLine: run.firstLine, lastLine: run.lastLine, verdict: run.verdict(isCut: isCut))
        if count == wanted { kept = verdict }
        grades[verdict.verdict.grade, default: 0] += 1
        let short = Self.shortened(verdict)
        if verdict.verdict.grade == .fatal { lastFatal = short }
        newest.append(short)
        if newest.count > LogRuns.most { newest.removeFirst() }
    }

    /// A log of a million lives must not take the memory of a million long lines.
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
            run: run.run, firstLine: run.firstLine, lastLine: run.lastLine,
            verdict: Verdict(
                grade: verdict.grade, level: verdict.level, cause: verdict.cause, summary: verdict.summary, evidence: evidence,
                notes: verdict.notes))
    }
}
