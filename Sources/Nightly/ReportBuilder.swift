import FileSystem
import FoundationEssentials
import Model
import Patches
import Runs
import Store
import SystemPackage

/// Makes the value that every format of a report is made from, from the ledger and the logs.
package struct ReportBuilder: Sendable {
    private let ledger: Ledger
    /// Shortens the names of patches; nil shows full names.
    private let registry: Registry?

    /// The number of earlier results that a cell shows.
    static let points = 30
    /// The number of builds that are plotted.
    static let builds = 200
    /// The number of lines before and after the deciding one.
    private static let context = 12
    /// The largest part of a log that is read for an excerpt, in bytes.
    private static let mostBytes = 16 << 20
    /// The length of a line in an excerpt, in characters.
    private static let mostCharacters = 2000

    package init(_ ledger: Ledger, registry: Registry?) {
        self.ledger = ledger
        self.registry = registry
    }

    /// The report on a night.
    ///
    /// - Throws: `LedgerError`; `FileError`. A run whose record is gone is left out of its cell.
    package func document(of night: NightRecord, now: Date = .now) throws -> ReportDocument {
        let cells = try ledger.cells(of: night.id).map(cell)
        return ReportDocument(
            title: "Nightly", created: now.formatted(.iso8601), since: Self.earliest(cells),
            night: ReportDocument.Night(
                id: night.id, started: night.started, ended: night.ended, budget: night.budget, resumed: night.resumed),
            cells: cells, drift: try ledger.drift(of: night.id), builds: try ledger.performedBuilds(limit: Self.builds))
    }

    /// The report on runs, such as those of one command. Runs of the same cell are counted together.
    ///
    /// - Throws: as ``document(of:now:)``.
    package func document(of runs: [Run], title: String, now: Date = .now) throws -> ReportDocument {
        var keys: [CellKey] = []
        for run in runs where !keys.contains(run.cell) { keys.append(run.cell) }
        let cells = try keys.map { key in try cell(key, runs.filter { $0.cell == key }) }
        return ReportDocument(
            title: title, created: now.formatted(.iso8601), since: Self.earliest(cells), cells: cells,
            builds: try ledger.performedBuilds(limit: Self.builds))
    }

    /// The report on all runs since a time: the newest result of each cell, and how many runs came to each result.
    ///
    /// - Parameter time: in ISO 8601 format, UTC; the empty text is before all.
    /// - Throws: as ``document(of:now:)``.
    package func document(since time: String, now: Date = .now) throws -> ReportDocument {
        let cells = try ledger.newestRuns(since: time).map { one in
            let point = one.point
            return ReportDocument.Cell(
                key: one.key, label: label(one.key.series), version: one.version,
                state: point.grade == .inconclusive ? .harness : .measured,
                expected: nil, result: point.result, grade: point.grade, summary: one.summary, counts: one.counts,
                run: try detail(point.run, version: one.version), history: try ledger.points(of: one.key, limit: Self.points))
        }
        let title = time.isEmpty ? "All runs" : "Runs since \(time.prefix(10))"
        return ReportDocument(
            title: title, created: now.formatted(.iso8601), since: Self.earliest(cells), cells: cells,
            builds: try ledger.performedBuilds(limit: Self.builds))
    }

    private static func earliest(_ cells: [ReportDocument.Cell]) -> String? { cells.flatMap(\.history).map(\.started).min() }

    private func cell(_ cell: NightCell) throws -> ReportDocument.Cell {
        ReportDocument.Cell(
            key: cell.key, label: label(cell.key.series), version: cell.version, state: cell.state, expected: cell.expected,
            result: cell.result, grade: cell.grade, summary: cell.isMeasured ? cell.summary : cell.reason, counts: cell.counts,
            run: try cell.run.flatMap { try detail($0, version: cell.version) },
            history: try ledger.points(of: cell.key, limit: Self.points))
    }

    private func cell(_ key: CellKey, _ runs: [Run]) throws -> ReportDocument.Cell {
        let counted = runs.filter { $0.setAside == nil }
        let counts = Dictionary(counted.map { ($0.verdict.title, 1) }, uniquingKeysWith: +)
        let isOne = counts.count == 1
        let last = counted.last ?? runs[runs.count - 1]
        return ReportDocument.Cell(
            key: key, label: label(key.series), version: last.version,
            state: isOne ? last.verdict.grade == .inconclusive ? .harness : .measured : .flaky, expected: nil,
            result: isOne ? last.verdict.title : "flaky", grade: isOne ? last.verdict.grade : nil, summary: last.verdict.summary,
            counts: counts, run: try detail(last), history: try ledger.points(of: key, limit: Self.points))
    }

    private func label(_ series: [PatchName]) -> String {
        series.isEmpty ? "none" : series.map { registry?.shortName(of: $0) ?? $0.description }.joined(separator: ",")
    }

    private func detail(_ id: String, version: String?) throws -> ReportDocument.RunDetail? {
        guard Files.exists(try ledger.place(of: id).appending("run.json")) else { return nil }
        return try detail(try ledger.run(id), version: version)
    }

    private func detail(_ run: Run, version: String? = nil) throws -> ReportDocument.RunDetail {
        ReportDocument.RunDetail(
            id: run.id, started: run.started, verdict: run.verdict, source: run.lock?.title, artifact: run.artifact.digest,
            tools: run.tools,
            timeline: Self.timeline(run), excerpt: try excerpt(run), commands: Self.commands(run, version: version))
    }

    /// What happened in the boot, and the deciding line.
    private static func timeline(_ run: Run) -> [ReportDocument.Milestone] {
        var milestones = (run.milestones ?? [:]).map { ReportDocument.Milestone(name: $0.key, seconds: $0.value) }
        if let deciding = run.verdict.evidence.first, let seconds = deciding.seconds {
            milestones.append(ReportDocument.Milestone(name: deciding.kind == .log ? "deciding line" : "decision", seconds: seconds))
        }
        return milestones.sorted { ($0.seconds, $0.name) < ($1.seconds, $1.name) }
    }

    /// The lines around the first line of the evidence.
    private func excerpt(_ run: Run) throws -> ReportDocument.LogExcerpt? {
        guard let deciding = run.verdict.evidence.first(where: { $0.kind == .log && $0.line != nil }), let line = deciding.line else {
            return nil
        }
        let name = "\(deciding.source).log"
        guard let file = FilePath.Component(name), file.kind == .regular else { return nil }
        let log = try ledger.place(of: run.id).appending(file)
        guard Files.exists(log) else { return nil }
        let bytes = try Files.read(log, from: 0, count: Self.mostBytes)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard line <= lines.count else { return nil }
        let first = max(1, line - Self.context)
        let shown = lines[(first - 1)..<min(lines.count, line + Self.context)].map { line in
            String(String(decoding: line.prefix(4 * Self.mostCharacters), as: UTF8.self).prefix(Self.mostCharacters))
        }
        return ReportDocument.LogExcerpt(log: name, first: first, lines: shown, deciding: line)
    }

    /// Commands that repeat a run.
    private static func commands(_ run: Run, version: String?) -> [String] {
        guard !run.recipe.isEmpty, case .sandbox(let layout) = run.layout else { return [] }
        let recipe = run.recipe + (version ?? run.version).map { "@\($0)" }.joined()
        var words = ["ninepin run \(recipe)", "--series \(run.cell.seriesText)", "--layout \(layout.files.rawValue)"]
        if layout.cgroup != .v1 { words.append("--cgroup \(layout.cgroup.rawValue)") }
        if let size = layout.overlaySize { words.append("--overlay-size \(size)") }
        words.append("--level \(run.verdict.level.rawValue)")
        if let probe = run.cell.probe { words.append("--probe \(probe)") }
        return [words.joined(separator: " "), "ninepin runs show \(run.id)"]
    }
}

extension Optional where Wrapped == String {
    /// The text, or nothing.
    fileprivate func joined() -> String { self ?? "" }
}
