import FoundationEssentials
import Model

/// What a night found out about a cell.
package struct NightResult: Hashable, Sendable {
    /// Why no boot decided a result.
    package enum Failure: Hashable, Sendable {
        /// A patch of the series does not apply to the source.
        case doesNotApply(PatchName)
        /// The source already contains the change of a patch of the series.
        case isUpstream(PatchName)
        /// The patched source does not compile.
        case doesNotBuild
        /// Something other than the source failed: the network, the disk, the sandbox.
        case harness
    }

    package let cell: NightlyCell
    /// Nil if boots decided.
    package let failure: Failure?
    /// The boots that count, in order.
    package let runs: [Run]
    /// The reason for the result, in one sentence.
    package let summary: String

    /// The result of boots; they may disagree. There must be at least one.
    package init(_ cell: NightlyCell, runs: [Run]) {
        self.cell = cell
        self.runs = runs
        failure = nil
        let titles = runs.map(\.verdict.title)
        let isOne = Set(titles).count == 1
        summary = isOne ? runs.first?.verdict.summary ?? "" : "boots of the same node disagree: \(Self.words(titles))"
    }

    /// A result without a boot.
    package init(_ cell: NightlyCell, failure: Failure, summary: String) {
        self.cell = cell
        self.failure = failure
        self.summary = summary
        runs = []
    }

    /// How many boots came to each result.
    package var counts: [String: Int] { Dictionary(runs.map { ($0.verdict.title, 1) }, uniquingKeysWith: +) }

    /// Whether boots of the same node disagree.
    package var isFlaky: Bool { counts.count > 1 }

    /// The grade that all boots agree on; nil if there is none.
    package var grade: Grade? { isFlaky ? nil : runs.first?.verdict.grade }

    /// Whether nothing is known about the node.
    package var isHarness: Bool { failure == .harness || grade == .inconclusive }

    /// The result: a verdict's title, or what failed.
    package var result: String {
        switch failure {
        case .doesNotApply: Self.doesNotApply
        case .isUpstream: Self.isUpstream
        case .doesNotBuild: Self.doesNotBuild
        case .harness: Self.harness
        case nil: isFlaky ? "flaky: \(Self.words(runs.map(\.verdict.title)))" : runs.first?.verdict.title ?? "not measured"
        }
    }

    /// The results without a boot.
    static let (doesNotApply, isUpstream) = ("patch does not apply", "patch is upstream")
    static let (doesNotBuild, harness) = ("does not build", "harness failed")

    /// The patch that does not apply or is upstream; nil if no patch failed.
    var failedPatch: PatchName? {
        switch failure {
        case .doesNotApply(let name), .isUpstream(let name): name
        default: nil
        }
    }

    /// How the result compares with what was expected. A cell that does not repeat is never as expected.
    package var state: ReportDocument.State {
        if isHarness { return .harness }
        if isFlaky { return .flaky }
        guard let expected = cell.expected else { return .measured }
        return ExpectedResult.isMet(expected, by: result) ? .asExpected : .broken
    }

    /// `3 × clean, 2 × fatal, memory cache`.
    private static func words(_ titles: [String]) -> String {
        Dictionary(grouping: titles, by: \.self).sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
            .map { "\($0.value.count) × \($0.key)" }.joined(separator: ", ")
    }
}

/// Whether a cell needs another boot before its result is settled.
package enum Repetition {
    /// The largest number of boots of a cell in a night.
    package static let most = 5

    /// Whether to boot again: a surprise is confirmed by a second boot, and boots that disagree are counted, up to ``most``.
    ///
    /// - Parameters:
    ///   - titles: the results so far.
    ///   - usual: the results that are no surprise; empty if none is known, and then nothing is.
    package static func isNeeded(_ titles: [String], usual: [String]) -> Bool {
        guard let first = titles.first, titles.count < most else { return false }
        if Set(titles).count > 1 { return true }
        return titles.count == 1 && !usual.isEmpty && !usual.contains { ExpectedResult.isMet($0, by: first) }
    }
}
