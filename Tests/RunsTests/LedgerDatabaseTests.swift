import ExitCodes
import FileSystem
import FoundationEssentials
import GRDB
import Host
import Model
import Store
import Synchronization
import SystemPackage
import Testing

@testable import Runs

@Suite("The ledger's database")
struct LedgerDatabaseTests {
    private let folder: TestWorkspace
    private var runs: FilePath { folder.runs }
    private var file: FilePath { folder.workspace.ledger }
    private var ledger: Ledger { get throws { try Ledger(folder.workspace) } }

    init() throws { folder = try TestWorkspace() }

    private static func run(_ day: Int, _ grade: Grade = .clean) throws -> Run { try TestWorkspace.run(id(day), grade) }
    private static func id(_ day: Int) -> String { "202601\(day < 10 ? "0" : "")\(day)T000000-1" }

    /// Reads the database file without the ledger.
    private func rows<T: DatabaseValueConvertible>(_ sql: String, as type: T.Type = T.self) throws -> [T] {
        try DatabaseQueue(path: file.string).read { try T.fetchAll($0, sql: sql) }
    }

    private func execute(_ sql: String) throws { try DatabaseQueue(path: file.string).write { try $0.execute(sql: sql) } }

    @Test("reading creates nothing in a workspace that has recorded nothing")
    func untouched() throws {
        #expect(try ledger.runs().isEmpty && ledger.unreadable().isEmpty && ledger.latestNights(limit: 5).isEmpty)
        #expect(Files.names(in: folder.path).isEmpty)
        try Files.remove(folder.path)
        #expect(try ledger.runs().isEmpty)
        #expect(!Files.exists(folder.path))
    }

    @Test("a recorded run is in every table, with the digests of its logs")
    func tables() throws {
        let lock = Lock(kind: .debian, name: "kubernetes", version: "1.20.2-1")
        let run = try TestWorkspace.run(
            Self.id(1), version: "1.20.2", series: ["libcontainer/percpu", "cadvisor/a"], .degraded, cause: .memoryCache, lock: lock,
            steps: [try TestWorkspace.step("build"), try TestWorkspace.step("verify", "2")], milestones: ["kubelet": 2.5])
        _ = try ledger.record(run, logs: try folder.logs())
        #expect(
            try rows("SELECT series || ' ' || layout || ' ' || level || ' ' || version FROM runs", as: String.self)
                == ["libcontainer/percpu,cadvisor/a root-9p boot 1.20.2"])
        #expect(try rows("SELECT patch FROM series_patches ORDER BY position", as: String.self) == ["libcontainer/percpu", "cadvisor/a"])
        #expect(try rows("SELECT title FROM locks JOIN runs ON runs.lock = locks.id", as: String.self) == ["kubernetes 1.20.2-1"])
        #expect(try rows("SELECT grade || ', ' || cause FROM verdicts", as: String.self) == ["degraded, memory cache"])
        #expect(try rows("SELECT text FROM evidence ORDER BY position", as: String.self) == run.verdict.evidence.map(\.text))
        #expect(try rows("SELECT text FROM notes", as: String.self) == ["n"])
        #expect(try rows("SELECT name || key FROM steps ORDER BY position", as: String.self) == run.steps.map { $0.name + $0.key.hex })
        #expect(try rows("SELECT seconds FROM timings WHERE kind = 'milestone' AND name = 'kubelet'", as: Double.self) == [2.5])
        let place = runs.appending(run.id)
        #expect(
            try rows("SELECT name || ' ' || digest || ' ' || bytes FROM logs ORDER BY name", as: String.self)
                == ["kubelet.log", "more/etcd.log"].map { name in
                    "\(name) \(try Files.digest(of: place.appending(name)).hex) \(try #require(Files.bytes(of: place.appending(name))))"
                })
        #expect(try rows("PRAGMA journal_mode", as: String.self) == ["wal"])
        #expect(try rows("PRAGMA foreign_key_check", as: String.self).isEmpty && rows("PRAGMA integrity_check", as: String.self) == ["ok"])
    }

    @Test("folders of an older workspace are imported once, also records that do not have the newer fields")
    func imported() throws {
        for day in 1...3 { try folder.place(try Self.run(day)) }
        let record = runs.appending(Self.id(3)).appending("run.json")
        let text = try Files.readText(record)
        #expect(!text.contains("\"version\""), "a field that is nil is not written")
        try Files.write(text.replacing("\"tree\" : null,\n", with: ""), to: record)
        try folder.setTime(ofRuns: 1_700_000_000)
        #expect(try ledger.runs().map(\.id) == (1...3).map(Self.id))
        #expect(try rows("SELECT count(*) FROM logs WHERE digest IS NOT NULL", as: Int.self) == [3])
        // A folder whose time did not change is not listed again.
        try folder.place(try Self.run(4))
        try folder.setTime(ofRuns: 1_700_000_000)
        #expect(try ledger.runs().map(\.id) == (1...3).map(Self.id))
        try folder.setTime(ofRuns: 1_700_000_001)
        #expect(try ledger.runs().map(\.id) == (1...4).map(Self.id))
    }

    @Test("a run that comes within the same tick of the file system's clock is not missed")
    func sameTick() throws {
        try folder.place(try Self.run(1))
        let now = Int(Date.now.timeIntervalSince1970)
        try folder.setTime(ofRuns: now)
        #expect(try ledger.runs().count == 1)
        try folder.place(try Self.run(2))
        try folder.setTime(ofRuns: now)
        #expect(try ledger.runs().count == 2)
        // A time in the future says nothing either.
        try folder.setTime(ofRuns: now + 1_000_000)
        #expect(try ledger.runs().count == 2)
        try folder.place(try Self.run(3))
        try folder.setTime(ofRuns: now + 1_000_000)
        #expect(try ledger.runs().count == 3)
    }

    @Test("a run whose folder is gone is forgotten, but not because the whole folder of runs is gone")
    func removed() throws {
        for day in 1...2 { _ = try ledger.record(try Self.run(day), logs: try folder.logs()) }
        try Files.remove(runs.appending(Self.id(1)))
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 9).map(\.run) == [Self.id(2)])
        #expect(try rows("SELECT count(*) FROM evidence", as: Int.self) == [2])
        try Files.rename(runs, to: folder.path.appending("elsewhere"))
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 9).map(\.run) == [Self.id(2)])
    }

    @Test("a run that the database cannot take is recorded in its folder, the error says so, and the next command enters it")
    func full() throws {
        _ = try ledger.record(try Self.run(1), logs: try folder.logs())
        let pages = try #require(try rows("PRAGMA page_count", as: Int.self).first)
        let small = try Ledger(folder.workspace, maximumPages: pages)
        var failure: LedgerError?
        var last = 1
        while failure == nil, last < 1000 {
            last += 1
            do { _ = try small.record(try TestWorkspace.run("20260102T000000-\(last)"), logs: try folder.logs()) } catch {
                failure = error as? LedgerError
            }
        }
        #expect(failure?.problem == .full && failure?.exitStatus == .output)
        #expect(failure?.description.contains("is recorded in \(runs)/20260102T000000-\(last), and the next command enters it") == true)
        #expect(try ledger.runs().count == last)
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 2000).count == last)
    }

    @Test("a database that another process keeps locked loses no run")
    func locked() throws {
        _ = try ledger.record(try Self.run(1), logs: try folder.logs())
        let impatient = try Ledger(folder.workspace, maximumPages: nil, patience: 0.05)
        let other = try DatabaseQueue(path: file.string)
        try other.writeWithoutTransaction { db in
            try db.execute(sql: "BEGIN IMMEDIATE")
            let error = #expect(throws: LedgerError.self) { try impatient.record(try Self.run(2), logs: try folder.logs()) }
            #expect(error?.problem == .locked)
            try db.execute(sql: "ROLLBACK")
        }
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 9).count == 2)
    }

    @Test(
        "a file that is no database is moved aside, and the runs come back", arguments: ["garbage, and no database", "SQLite format 3\0"])
    func garbage(_ text: String) throws {
        for day in 1...2 { try folder.place(try Self.run(day)) }
        try Files.write(String(repeating: text, count: 500), to: file)
        let notes = Mutex<[String]>([])
        let ledger = try Ledger(folder.workspace) { note in notes.withLock { $0.append(note) } }
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 9).count == 2)
        let aside = Files.names(in: folder.path).filter { $0.hasPrefix("ledger.damaged-") }
        #expect(aside.count == 1)
        #expect(notes.withLock { $0.count == 1 && $0[0].contains(aside[0]) && $0[0].contains("damaged") })
        #expect(try Files.readText(folder.path.appending(aside[0])).hasPrefix(text))
    }

    @Test("damage that only a query finds is reported, and repaired by the next command")
    func damagedInside() throws {
        for day in 1...9 { try folder.place(try Self.run(day)) }
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 99).count == 9)
        try DatabaseQueue(path: file.string).writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        let root = try #require(try rows("SELECT rootpage FROM sqlite_schema WHERE name = 'runs_by_cell'", as: Int.self).first)
        var bytes = try Files.read(file)
        for index in (root - 1) * 4096..<root * 4096 { bytes[index] = 0xA5 }
        try Files.write(bytes, to: file)
        let error = #expect(throws: LedgerError.self) { try ledger.points(of: try Self.run(1).cell, limit: 99) }
        #expect(error?.problem == .damaged && error?.exitStatus == .data)
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 99).count == 9)
    }

    @Test("a database of a newer version is left alone")
    func newer() throws {
        _ = try ledger.record(try Self.run(1), logs: try folder.logs())
        try execute("INSERT INTO grdb_migrations (identifier) VALUES ('future')")
        let error = #expect(throws: LedgerError.self) { try ledger }
        #expect(error?.problem == .newer)
        #expect(Files.names(in: folder.path).allSatisfy { !$0.contains("damaged") })
    }

    @Test("where the database cannot be opened, reading goes on without it, and recording says so")
    func refused() throws {
        try folder.place(try Self.run(1))
        try Files.makeDirectory(file)
        #expect(try ledger.runs(of: try TestWorkspace.digest("1")).map(\.id) == [Self.id(1)])
        let error = #expect(throws: LedgerError.self) { try ledger.record(try Self.run(2), logs: try folder.logs()) }
        #expect(error?.problem == .refused)
        #expect(try ledger.points(of: try Self.run(1).cell, limit: 9).count == 2)
    }

    @Test("a run that is set aside no longer counts, also if the process ends before the database knows")
    func setAside() throws {
        let key = try TestWorkspace.digest("2")
        for (day, grade) in [(1, Grade.clean), (2, .fatal), (3, .inconclusive)] {
            let run = try TestWorkspace.run(Self.id(day), grade, steps: [try TestWorkspace.step("verify", "2")])
            _ = try ledger.record(run, logs: try folder.logs())
        }
        #expect(try ledger.knownVerdict(of: key)?.grade == .fatal)
        let aside = try ledger.setAside(try ledger.run(Self.id(2)), because: "doubt")
        #expect(try ledger.run(Self.id(2)) == aside && aside.setAside == "doubt")
        #expect(try ledger.knownVerdict(of: key)?.grade == .clean)
        #expect(try ledger.points(of: aside.cell, limit: 9).map(\.run) == [Self.id(1), Self.id(3)])
        // The process ends after the folder was changed.
        var first = try ledger.run(Self.id(1))
        first.setAside = "doubt"
        try execute("UPDATE runs SET stale = 1 WHERE id = '\(first.id)'")
        try Files.write(try JSONDocument.bytes(of: first), to: runs.appending(first.id).appending("run.json"))
        try folder.setTime(ofRuns: 1_700_000_000)
        #expect(try ledger.points(of: aside.cell, limit: 9).map(\.run) == [Self.id(3)])
        #expect(try ledger.knownVerdict(of: key) == nil)
    }

    @Test("only the last step named verify is a boot's key, and other steps are none")
    func keys() throws {
        let steps = [
            try TestWorkspace.step("build", "2"), try TestWorkspace.step("verify", "3"), try TestWorkspace.step("verify", "4"),
        ]
        _ = try ledger.record(try TestWorkspace.run(Self.id(1), steps: steps), logs: try folder.logs())
        #expect(try "234".map { try ledger.knownVerdict(of: try TestWorkspace.digest($0)) == nil } == [true, true, false])
    }

    @Test("two writers at once lose nothing")
    func writers() async throws {
        let workspace = folder.workspace
        let count = 40
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let ledger = try Ledger(workspace)
                    for number in 0..<count / 4 {
                        let logs = workspace.path.appending("logs-\(writer)-\(number)")
                        _ = try ledger.record(try TestWorkspace.run("20260101T000000-\(writer)x\(number)"), logs: logs)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try rows("SELECT count(*) FROM runs", as: Int.self) == [count])
        #expect(try ledger.runs().count == count)
    }
}
