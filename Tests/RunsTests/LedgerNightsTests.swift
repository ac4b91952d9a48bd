import FoundationEssentials
import Model
import Testing

@testable import Runs

@Suite("Nights and questions across runs")
struct LedgerNightsTests {
    private let folder: TestWorkspace
    private let ledger: Ledger

    init() throws {
        folder = try TestWorkspace()
        ledger = try Ledger(folder.workspace)
    }

    private func key(_ recipe: String = "r", line: String? = nil, _ series: [String] = [], level: Level = .boot) -> CellKey {
        CellKey(recipe: recipe, line: line, series: series.compactMap(PatchName.init), layout: .sandbox(.root9p), level: level)
    }

    private func night(_ seconds: Double, name: String = "nightly") throws -> NightRecord {
        try ledger.beginNight(
            name: name, manifest: try TestWorkspace.digest("1"), budget: 60, at: Date(timeIntervalSince1970: 1_700_000_000 + seconds))
    }

    private func record(_ run: Run) throws { _ = try ledger.record(run, logs: try folder.logs()) }

    @Test("a night is unfinished until it ends, counts its interruptions, and keeps its drift in order")
    func life() throws {
        let first = try night(0)
        #expect(try ledger.unfinishedNight(named: "nightly") == first)
        #expect(try ledger.unfinishedNight(named: "other") == nil)
        #expect(try ledger.resumeNight(first.id).resumed == 1)
        let drift = [
            Drift(.verdictChanged, recipe: "r", cells: [key()], what: "it changed", advice: "look"),
            Drift(.slowerBoot, recipe: "r", what: "it is slow", advice: "wait", runs: ["a"]),
        ]
        let ended = try ledger.endNight(first.id, drift: drift)
        #expect(ended.ended != nil && ended.resumed == 1)
        #expect(try ledger.drift(of: first.id) == drift)
        #expect(try ledger.unfinishedNight(named: "nightly") == nil)
        let (second, other) = (try night(100), try night(200, name: "other"))
        #expect(try ledger.latestNights(limit: 5).map(\.id) == [other.id, second.id, first.id])
        #expect(try ledger.latestNights(named: "nightly", limit: 1) == [second])
        for use in [{ _ = try ledger.resumeNight("none") }, { _ = try ledger.endNight("none", drift: []) }] {
            #expect(throws: LedgerError.self, performing: use)
        }
    }

    @Test("a cell is recorded whole, and again in its own place")
    func cells() throws {
        let (night, run) = (try night(0), try TestWorkspace.run("20260101T000000-1"))
        try record(run)
        let lock = Lock(kind: .git, name: "https://m/r", version: "v1", files: [])
        let cell = NightCell(
            key: key(line: "1.36", ["cadvisor/a", "cadvisor/b"]), position: 1, version: "1.36.2", state: .broken,
            result: "fatal, memory cache",
            grade: .fatal, cause: .memoryCache, summary: "s", expected: "clean", reason: "new version", run: run.id, runs: [run.id],
            counts: ["fatal": 2], inputs: ["tree": "abc"], lock: lock)
        let other = NightCell(key: key(), position: 0, state: .postponed, result: "not measured", summary: "", reason: "no time")
        try ledger.record(cell, in: night.id)
        try ledger.record(other, in: night.id)
        #expect(try ledger.cells(of: night.id) == [other, cell])
        let again = NightCell(key: cell.key, position: 2, state: .harness, result: "not measured", summary: "t", reason: "again")
        try ledger.record(again, in: night.id)
        #expect(try ledger.cells(of: night.id) == [other, again])
        #expect(throws: LedgerError.self) { try ledger.record(cell, in: "none") }
        let unknown = NightCell(key: key("x"), position: 0, state: .measured, result: "clean", summary: "", reason: "", run: "none")
        #expect(throws: LedgerError.self) { try ledger.record(unknown, in: night.id) }
        #expect(try ledger.cells(of: night.id).count == 2, "a cell whose run is unknown is not recorded in part")
    }

    @Test("what was measured last is the newest night's cell that was measured, for each cell, the present night and failures left out")
    func lastResults() throws {
        let nights = try [0, 100, 200].map { try night($0) }
        for day in 1...2 { try record(try TestWorkspace.run("2026010\(day)T000000-1")) }
        func cell(_ key: CellKey, run: String?, state: ReportDocument.State = .measured) -> NightCell {
            NightCell(
                key: key, position: 0, state: state, result: "clean", summary: "", reason: "", run: run, runs: run.map { [$0] } ?? [])
        }
        try ledger.record(cell(key(), run: "20260101T000000-1"), in: nights[0].id)
        try ledger.record(cell(key(), run: "20260102T000000-1"), in: nights[1].id)
        try ledger.record(cell(key(), run: nil, state: .unchanged), in: nights[2].id)
        try ledger.record(cell(key(line: "1.36"), run: "20260101T000000-1"), in: nights[0].id)
        let keys = [key(), key(line: "1.36"), key("x"), key()]
        let measured = try ledger.lastResults(of: keys, except: nil, isKnown: true)
        #expect(measured.count == 2)
        #expect(measured[key()]?.measured == nights[1].started && measured[key()]?.cell.run == "20260102T000000-1")
        #expect(measured[key(line: "1.36")]?.cell.runs == ["20260101T000000-1"])
        #expect(try ledger.lastResults(of: keys, except: nights[1].id, isKnown: true)[key()]?.measured == nights[0].started)
        try ledger.record(cell(key(), run: nil, state: .harness), in: nights[2].id)
        #expect(try ledger.lastResults(of: keys, except: nil, isKnown: true)[key()]?.measured == nights[1].started)
        #expect(try ledger.lastResults(of: keys, except: nil, isKnown: false)[key()]?.measured == nights[2].started)
    }

    @Test("a cell's history has the newest runs, oldest first, and only those of its line of releases")
    func points() throws {
        for (day, version) in ["1.36.0", "1.360.1", "1.36", "1.35.9", nil, "1.36-rc1"].enumerated() {
            try record(
                try TestWorkspace.run(
                    "2026010\(day + 1)T000000-1", version: version, .fatal, cause: .memoryCache, milestones: ["kubelet": Double(day)]))
        }
        try record(try TestWorkspace.run("20260108T000000-1", version: "1.36.0", series: ["cadvisor/a"]))
        try record(try TestWorkspace.run("20260109T000000-1", version: "1.36.0", setAside: "doubt"))
        #expect(try ledger.points(of: key(), limit: 3).map { $0.run.prefix(8).last } == ["4", "5", "6"])
        let points = try ledger.points(of: key(line: "1.36"), limit: 9)
        #expect(points.map { $0.run.prefix(8).last } == ["1", "3", "6"])
        #expect(points[1].result == "fatal, memory cache" && points[1].bootSeconds == 2)
    }

    @Test("a probe's runs are a cell of their own")
    func probes() throws {
        let probe = try #require(PatchName("cadvisor/a"))
        try record(try TestWorkspace.run("20260101T000000-1", probes: [probe], level: .component))
        try record(try TestWorkspace.run("20260102T000000-1", probes: [probe, try #require(PatchName("cadvisor/b"))], level: .component))
        let cell = CellKey(recipe: "r", series: [], layout: .sandbox(.root9p), level: .component, probe: probe)
        #expect(try ledger.points(of: cell, limit: 9).map(\.run) == ["20260101T000000-1"])
        #expect(try ledger.cleanStockRun(of: "r") == nil, "a probe is no node")
    }

    @Test("an expected duration is the median of the last ten, and says nothing without any")
    func expected() throws {
        #expect(try ledger.expectedSeconds(of: [key()]).isEmpty)
        #expect(try ledger.expectedSeconds(ofStep: "build", recipe: "r") == nil)
        for number in 1...12 {
            let steps = [
                try TestWorkspace.step("build", cached: number % 2 == 0, seconds: Double(number)),
                try TestWorkspace.step("verify", seconds: number < 3 ? 1000 : Double(number)),
            ]
            try record(try TestWorkspace.run("202601\(number + 10)T000000-1", version: "1.\(number)", steps: steps))
        }
        #expect(try ledger.expectedSeconds(of: [key(line: "1.36")]) == [key(line: "1.36"): 7.5])
        #expect(try ledger.expectedSeconds(ofStep: "build", recipe: "r") == 6, "1, 3, 5, 7, 9, 11: what came from the store does not count")
        #expect(try ledger.expectedSeconds(ofStep: "build", recipe: "x") == nil)
        #expect(Ledger.median([3, 1, 2]) == 2 && Ledger.median([]) == nil)
    }

    @Test("an error line is new once for each recipe")
    func errorLines() throws {
        for day in 1...2 { try record(try TestWorkspace.run("2026010\(day)T000000-1")) }
        let lines = ["a", "b", "a"].map { ErrorLine(signature: $0, text: "E \($0)") }
        #expect(try ledger.newErrorLines(recipe: "r", lines, run: "20260101T000000-1").map(\.signature) == ["a", "b"])
        let more = lines + [ErrorLine(signature: "c", text: "E c")]
        #expect(try ledger.newErrorLines(recipe: "r", more, run: "20260102T000000-1").map(\.signature) == ["c"])
        #expect(try ledger.newErrorLines(recipe: "other", lines, run: "20260102T000000-1").count == 2)
        #expect(throws: LedgerError.self) { try ledger.newErrorLines(recipe: "r", [ErrorLine(signature: "d", text: "")], run: "none") }
    }
}
