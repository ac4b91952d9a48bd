import Building
import FileSystem
import FoundationEssentials
import Model
import Proving
import Runs
import Store
import SystemPackage

/// Records what a night finds out, as soon as it is settled, and compares it with the nights before.
struct NightRecorder: Sendable {
    private let ledger: Ledger
    private let night: String
    private let plan: NightlyPlan
    private let locks: [CellKey: Lock]
    private let positions: [CellKey: Int]
    /// Receives each result once it is on the disk.
    private let report: @Sendable (String) -> Void
    /// The last results before this night that say something about the node.
    private let past: [CellKey: LastResult]

    /// - Throws: `LedgerError`; `FileError`.
    init(
        ledger: Ledger, night: String, plan: NightlyPlan, locks: [CellKey: Lock], report: @escaping @Sendable (String) -> Void
    ) throws {
        self.report = report
        self.ledger = ledger
        self.night = night
        self.plan = plan
        self.locks = locks
        positions = Dictionary(plan.entries.enumerated().map { ($0.element.cell.key, $0.offset) }) { one, _ in one }
        past = try ledger.lastResults(of: plan.entries.map(\.cell.key), except: night, isKnown: true)
    }

    /// Records the cells that are not measured tonight: those whose last result still counts, and those that the budget postpones. A cell
    /// that this night measured before it was interrupted stays.
    func recordOthers() throws {
        let measured = Set(try ledger.cells(of: night).filter(\.isMeasured).map(\.key))
        let cells = plan.entries.filter { !measured.contains($0.cell.key) }.compactMap { entry in
            switch entry.decision {
            case .run: nil as NightCell?
            case .keep: cell(entry, state: .unchanged)
            case .postpone: cell(entry, state: .postponed)
            }
        }
        try ledger.record(cells, in: night)
    }

    /// Records that cells were not measured because the budget was spent.
    func postpone(_ cells: [NightlyCell]) throws {
        try ledger.record(cells.compactMap { entry(of: $0.key) }.map { cell($0, state: .postponed) }, in: night)
    }

    /// Records that a recipe's source could not be resolved: for the cells that the last night had of it, or else for those of the row.
    func record(_ row: UnresolvedRow) throws {
        let last = try ledger.latestNights(limit: 2).first { $0.id != night }
        let known = try last.map { try ledger.cells(of: $0.id).filter { $0.key.recipe == row.recipe && positions[$0.key] == nil } } ?? []
        let cells = known.isEmpty ? row.cells : known.map { ($0.key, $0.expected) }
        try ledger.record(
            cells.enumerated().filter { positions[$0.element.key] == nil }.map { offset, cell in
                NightCell(
                    key: cell.key, position: plan.entries.count + offset, state: .harness, result: NightResult.harness,
                    summary: "the source could not be resolved: \(row.reason)", expected: cell.expected,
                    reason: "the source could not be resolved")
            }, in: night)
    }

    /// Records a result. Its log's error lines are entered first, so that none is lost if this is interrupted.
    func record(_ result: NightResult) throws {
        guard let entry = entry(of: result.cell.key) else { return }
        for run in result.runs { try enterErrorLines(of: run) }
        let first = result.runs.first
        try ledger.record(
            NightCell(
                key: result.cell.key, position: positions[result.cell.key] ?? 0, version: result.cell.version, state: result.state,
                result: result.result, grade: result.grade,
                cause: result.failedPatch.map { Cause(rawValue: "\($0)") } ?? first?.verdict.cause,
                summary: result.summary, expected: result.cell.expected, reason: entry.reason, run: first?.id, runs: result.runs.map(\.id),
                counts: result.counts, inputs: result.cell.inputs, lock: first?.lock ?? locks[result.cell.key]), in: night)
        report("\(result.cell.key): \(result.result) (\(result.state.rawValue))")
    }

    /// Whether this night has recorded a result of a cell.
    func has(_ key: CellKey) throws -> Bool { try ledger.cells(of: night).contains { $0.key == key && $0.isMeasured } }

    /// The results that are no surprise for a cell: the expected one, and the last one.
    func usual(_ cell: NightlyCell) -> [String] { [cell.expected, past[cell.key]?.cell.result].compactMap(\.self) }

    /// The run of a cell's last result before this night; nil if there is none.
    func lastRun(of cell: NightlyCell) -> String? { past[cell.key]?.cell.run }

    private func entry(of key: CellKey) -> NightlyPlan.Entry? { positions[key].map { plan.entries[$0] } }

    private func enterErrorLines(of run: Run) throws {
        let log = try ledger.place(of: run.id).appending("kubelet.log")
        guard Files.exists(log) else { return }
        _ = try ledger.newErrorLines(recipe: run.recipe, try ErrorLines(of: log).lines, run: run.id)
    }

    /// A cell that is not measured tonight. It shows its last result.
    private func cell(_ entry: NightlyPlan.Entry, state: ReportDocument.State) -> NightCell {
        let key = entry.cell.key
        let last = past[key]?.cell
        return NightCell(
            key: key, position: positions[key] ?? 0, version: entry.cell.version, state: state, result: last?.result ?? "not measured",
            grade: last?.grade, cause: last?.cause, summary: last?.summary ?? "it was never measured", expected: entry.cell.expected,
            reason: entry.reason, run: last?.run, inputs: entry.cell.inputs, lock: last?.lock ?? locks[key])
    }
}

// MARK: - Comparing

extension NightRecorder {
    /// What changed since the nights before. It is read from the ledger, so that an interrupted night finds the same.
    func drift(own: [String: [PatchName]], rebuilt: [Rebuilt]) throws -> [Drift] {
        let cells = try ledger.cells(of: night).filter(\.isMeasured)
        let results = try cells.compactMap(result)
        let known = try pasts(results)
        let runs = results.flatMap { result in result.runs.map { (result.cell.key, $0) } }
        return DriftReader(results, past: known, own: own).drift(
            lines: try newLines(runs.map { ($0, $1.id) }, known), rebuilt: rebuilt + (try differing(runs)))
    }

    /// A recorded result with its runs.
    private func result(_ cell: NightCell) throws -> NightResult? {
        guard let entry = entry(of: cell.key) else { return nil }
        if let failure = cell.failure { return NightResult(entry.cell, failure: failure, summary: cell.summary) }
        let runs = try cell.runs.map { try ledger.run($0) }
        return runs.isEmpty ? nil : NightResult(entry.cell, runs: runs)
    }

    private func pasts(_ results: [NightResult]) throws -> [CellKey: CellPast] {
        var known: [CellKey: CellPast] = [:]
        for result in results {
            guard let last = past[result.cell.key] else { continue }
            let own = Set(result.runs.map(\.id))
            let points = try ledger.points(of: result.cell.key, limit: 10 + Repetition.most).filter { !own.contains($0.run) }
            known[result.cell.key] = CellPast(
                result: last.cell.result, grade: last.cell.grade, isApplied: last.cell.failure == nil || last.cell.failure == .doesNotBuild,
                source: last.cell.lock?.title ?? "", measured: last.measured, run: last.cell.run,
                bootSeconds: points.reversed().prefix(10).compactMap(\.bootSeconds), boots: points.count)
        }
        return known
    }

    /// The largest number of new error lines that a night tells one by one.
    private static let mostLines = 20
    /// The number of earlier boots of a cell without which a line says little: what a node logs before it ends differs from boot to boot.
    private static let baseline = 3

    /// The error lines that tonight's runs were the first to log, in cells with enough earlier boots.
    private func newLines(_ runs: [(key: CellKey, run: String)], _ known: [CellKey: CellPast]) throws -> [NewErrorLine] {
        let keys = Dictionary(runs.filter { known[$0.key].map { $0.boots >= Self.baseline } ?? false }.map { ($0.run, $0.key) }) { one, _ in
            one
        }
        let lines = try ledger.firstErrorLines(of: runs.map(\.run).filter { keys[$0] != nil })
        return lines.prefix(Self.mostLines).compactMap { line in
            keys[line.run].map { NewErrorLine(cell: $0, run: line.run, text: line.text) }
        }
    }

    /// Binaries that differ from an earlier one with the same build key.
    private func differing(_ runs: [(key: CellKey, run: Run)]) throws -> [Rebuilt] {
        var rebuilt: [Rebuilt] = []
        var seen = Set<Digest>()
        for (key, run) in runs {
            guard let build = run.steps.first(where: { $0.name == "build" }), seen.insert(build.key).inserted,
                let other = try ledger.otherArtifact(ofBuild: build.key, than: run.id)
            else { continue }
            rebuilt.append(
                Rebuilt(
                    recipe: key.recipe, label: entry(of: key)?.cell.label ?? key.seriesText, source: run.lock?.title ?? "",
                    before: other.digest, after: run.artifact.digest, since: other.started))
        }
        return rebuilt
    }
}

extension NightCell {
    /// Whether the night found out something about the cell itself.
    package var isMeasured: Bool { state != .unchanged && state != .postponed }

    /// Why no boot decided; nil if boots did.
    var failure: NightResult.Failure? {
        guard runs.isEmpty, isMeasured || run == nil else { return nil }
        switch result {
        case NightResult.doesNotApply: return cause.flatMap { PatchName($0.rawValue) }.map(NightResult.Failure.doesNotApply)
        case NightResult.isUpstream: return cause.flatMap { PatchName($0.rawValue) }.map(NightResult.Failure.isUpstream)
        case NightResult.doesNotBuild: return .doesNotBuild
        case NightResult.harness: return .harness
        default: return nil
        }
    }
}

extension EarlierResult {
    init(_ last: LastResult) {
        let isSettled = last.cell.state != .flaky && last.cell.state != .harness
        let measured: Date
        // A time that cannot be read counts as long ago: the cell is measured again.
        do { measured = try Date(last.measured, strategy: .iso8601) } catch { measured = .distantPast }
        self.init(result: last.cell.result, isSettled: isSettled, run: last.cell.run, measured: measured, inputs: last.cell.inputs)
    }
}
