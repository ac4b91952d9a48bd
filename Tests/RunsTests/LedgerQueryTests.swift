import FileSystem
import FoundationEssentials
import Glibc
import Model
import SystemPackage
import Testing

@testable import Runs

@Suite("Queries, histories and removal")
struct LedgerQueryTests {
    private let folder: TestWorkspace
    private let ledger: Ledger

    init() throws {
        folder = try TestWorkspace()
        ledger = try Ledger(folder.workspace)
    }

    private func record(_ runs: Run...) throws { for run in runs { _ = try ledger.record(run, logs: try folder.logs()) } }

    @Test("a query is answered with names, values and no more rows than asked for")
    func answer() async throws {
        try record(try TestWorkspace.run("20260101T000000-1"), try TestWorkspace.run("20260102T000000-1", .fatal))
        let answer = try await ledger.query(" SELECT id, 1.5 AS x, NULL AS y, x'0aff' AS z, bytes > 0 AS b FROM runs ORDER BY id")
        #expect(answer.columns == ["id", "x", "y", "z", "b"] && !answer.isCut)
        #expect(answer.rows[1] == [.text("20260102T000000-1"), .real(1.5), .null, .bytes("0aff"), .integer(1)])
        var limits = QueryLimits()
        limits.rows = 1
        let cut = try await ledger.query("SELECT id FROM runs", within: limits)
        #expect(cut.rows.count == 1 && cut.isCut)
    }

    @Test(
        "nothing but reading the ledger is possible",
        arguments: [
            "DELETE FROM runs", "WITH a AS (SELECT 1) DELETE FROM runs", "SELECT 1; DELETE FROM runs", "ATTACH 'other.sqlite' AS o",
            "PRAGMA query_only = 0", "PRAGMA writable_schema = 1", "VACUUM INTO 'copy.sqlite'", "CREATE TEMP TABLE t (a)",
            "SELECT load_extension('x')", "SELECT * FROM none", "SELECT", "", "BEGIN", "INSERT INTO runs DEFAULT VALUES RETURNING id",
            "WITH a AS (SELECT 1) INSERT INTO meta SELECT 'a', 'b' RETURNING name", "EXPLAIN", "-- SELECT\nDELETE FROM runs",
        ])
    func refused(_ sql: String) async throws {
        try record(try TestWorkspace.run("20260101T000000-1"))
        let before = Files.names(in: folder.path)
        let error = await #expect(throws: LedgerError.self) { try await ledger.query(sql) }
        #expect(error?.problem == .query)
        #expect(Files.names(in: folder.path) == before)
        #expect(try ledger.runs().count == 1)
    }

    @Test("a query ends when it takes too long, needs too much memory, or is canceled")
    func bounds() async throws {
        try record(try TestWorkspace.run("20260101T000000-1"))
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        var limits = QueryLimits()
        limits.seconds = 0.2
        let late = await #expect(throws: LedgerError.self) { try await ledger.query(endless, within: limits) }
        #expect(late?.description.contains("took longer") == true)
        let big = await #expect(throws: LedgerError.self) { try await ledger.query("SELECT zeroblob(900000000)") }
        #expect(big?.description.contains("too much memory") == true)
        let task = Task { try await ledger.query(endless) }
        try await Task.sleep(for: .milliseconds(50))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("without anything recorded, a query says so and creates nothing")
    func absent() async throws {
        let error = await #expect(throws: LedgerError.self) { try await ledger.query("SELECT 1") }
        #expect(error?.problem == .absent)
        #expect(Files.names(in: folder.path).isEmpty)
    }

    @Test("a history is filtered by recipe, layout and series, and has the newest last")
    func history() throws {
        try record(
            try TestWorkspace.run("20260101T000000-1"), try TestWorkspace.run("20260102T000000-1", series: ["cadvisor/a"]),
            try TestWorkspace.run("20260103T000000-1", recipe: "other"), try TestWorkspace.run("20260104T000000-1", layout: .volume9p),
            try TestWorkspace.run("20260105T000000-1", setAside: "doubt"))
        func days(_ recipe: String? = nil, _ layout: RunLayout? = nil, _ series: [String]? = nil, limit: Int = 9) throws -> [String] {
            try ledger.history(recipe: recipe, layout: layout, series: series, limit: limit).map {
                String($0.point.run.prefix(8).suffix(1))
            }
        }
        #expect(try days() == ["1", "2", "3", "4"])
        #expect(try days(limit: 2) == ["3", "4"])
        #expect(try days("r", .sandbox(.root9p)) == ["1", "2"])
        #expect(try days(nil, nil, ["a"]) == ["2"] && days(nil, nil, ["cadvisor/a"]) == ["2"])
        #expect(try days("r", nil, []) == ["1", "4"])
        #expect(try days("r", nil, ["b"]).isEmpty && days("' OR 1 = 1 --").isEmpty)
    }

    @Test("pruning keeps the newest runs, the newest clean one, and what a night refers to")
    func prune() throws {
        for (day, grade) in [(1, Grade.clean), (2, .clean), (3, .fatal), (4, .fatal), (5, .fatal)] {
            try record(try TestWorkspace.run("2026010\(day)T000000-1", grade))
        }
        try record(try TestWorkspace.run("20260106T000000-1", .fatal, setAside: "doubt"))
        let night = try ledger.beginNight(name: "n", manifest: try TestWorkspace.digest("1"), budget: nil)
        let key = try ledger.run("20260103T000000-1").cell
        try ledger.record(
            NightCell(key: key, position: 0, state: .measured, result: "fatal", summary: "", reason: "", run: "20260103T000000-1"),
            in: night.id)
        let pruned = try ledger.prunable(keeping: 1)
        #expect(pruned.map(\.id) == ["20260101T000000-1", "20260104T000000-1"])
        #expect(pruned.allSatisfy { $0.bytes > 0 })
    }

    @Test("removing a run follows no link, and only a run can be removed")
    func remove() throws {
        try record(try TestWorkspace.run("20260101T000000-1"), try TestWorkspace.run("20260102T000000-1"))
        let outside = folder.path.appending("outside")
        try Files.makeDirectory(outside)
        try Files.write("keep", to: outside.appending("file"))
        #expect(symlink(outside.string, folder.runs.appending("20260101T000000-1/link").string) == 0)
        try ledger.remove("20260101T000000-1")
        #expect(try Files.readText(outside.appending("file")) == "keep")
        #expect(try ledger.runs().map(\.id) == ["20260102T000000-1"])
        for id in ["20260101T000000-1", "../outside", "", "..", "/"] {
            #expect(throws: FileError.self, "\(id)") { try ledger.remove(id) }
        }
        #expect(Files.exists(outside))
    }
}
