import FileSystem
import FoundationEssentials
import Host
import Model
import Runs
import Store
import SystemPackage
import Testing

@Suite("The recorded runs")
struct LedgerTests {
    private let folder: TestWorkspace
    private var runs: FilePath { folder.runs }
    private var ledger: Ledger { get throws { try Ledger(folder.workspace) } }

    init() throws { folder = try TestWorkspace() }

    private static func digest(_ digit: Character) throws -> Digest { try TestWorkspace.digest(digit) }

    private static func run(
        _ id: String, recipe: String = "r", series: [String] = [], digit: Character = "1", _ grade: Grade = .clean, lock: Lock? = nil
    ) throws -> Run { try TestWorkspace.run(id, recipe: recipe, series: series, digit: digit, grade, lock: lock) }

    private func logs() throws -> FilePath { try folder.logs() }

    @discardableResult
    private func record(_ run: Run) throws -> FilePath { try ledger.record(run, logs: try logs()) }

    @Test("a run's whole folder is moved under its name: the logs, the run, its lock and its verdict")
    func record() throws {
        let logs = try logs()
        let lock = Lock(kind: .debian, name: "kubernetes", version: "1.20.2-1")
        let run = try Self.run("20260101T000000-1", lock: lock)
        let place = try ledger.record(run, logs: logs)
        #expect(place == runs.appending("20260101T000000-1"))
        #expect(!Files.exists(logs), "it was moved, and not copied")
        #expect(Files.names(in: place) == ["kubelet.log", "lock.json", "more", "run.json", "verdict.json"])
        #expect(try Files.readText(place.appending("more/etcd.log")) == "another\n")
        #expect(try ledger.run(run.id) == run)
        #expect(try JSONDecoder().decode(Lock.self, from: Data(Files.read(place.appending("lock.json")))) == lock)
        #expect(try JSONDecoder().decode(Verdict.self, from: Data(Files.read(place.appending("verdict.json")))) == run.verdict)
    }

    @Test("a run without logs and without a lock is recorded all the same")
    func bare() throws {
        let place = try ledger.record(try Self.run("20260101T000000-1"), logs: folder.path.appending("none"))
        #expect(Files.names(in: place) == ["run.json", "verdict.json"])
    }

    @Test("a run never takes the place of another one")
    func twice() throws {
        let first = try Self.run("20260101T000000-1", recipe: "first")
        try record(first)
        let logs = try logs()
        #expect(throws: FileError.self) { try ledger.record(try Self.run("20260101T000000-1", recipe: "second"), logs: logs) }
        #expect(try ledger.run(first.id) == first)
        #expect(Files.exists(logs.appending("kubelet.log")), "what could not be recorded is still there")
    }

    @Test("a run's name is no path: nothing is written or read beside the runs", arguments: ["../a", "a/b", "/a", "..", ".", "", "a b"])
    func names(_ name: String) throws {
        let logs = try logs()
        #expect(throws: FileError.self) { try ledger.record(try Self.run(name), logs: logs) }
        #expect(Files.exists(logs.appending("kubelet.log")))
        #expect(Files.names(in: folder.path) == [logs.lastComponent?.string].compactMap(\.self))
        #expect(Files.names(in: runs).isEmpty)
        // A record at the place where such a name would lead is not read.
        for place in [folder.path.appending("a"), runs.pushing("a/b"), runs, folder.path] {
            try Files.makeDirectory(place)
            try Files.write(try JSONEncoder().encode(try Self.run("x")), to: place.appending("run.json"))
        }
        #expect(throws: FileError.self) { try ledger.run(name) }
    }

    @Test("names begin with their time in UTC, sort by it, and differ within a second")
    func newNames() throws {
        let time = Date(timeIntervalSince1970: 1_700_000_000)
        #expect(Ledger.newName(at: time).hasPrefix("20231114T221320-"))
        let times = [0, 1, 59, 60, 3600, 86_400, 86_400 * 31, 86_400 * 366].map { time + $0 }
        let names = times.map { Ledger.newName(at: $0) }
        #expect(names == names.sorted())
        #expect(Set((0..<1000).map { _ in Ledger.newName(at: time) }).count == 1000)
        for _ in 0..<1000 {
            let name = Ledger.newName(at: time)
            #expect(name.wholeMatch(of: /\d{8}T\d{6}-[0-9a-f]{1,8}/) != nil, "\(name)")
        }
    }

    @Test("the runs of a binary are those of its digest, the oldest first")
    func ofDigest() throws {
        #expect(try ledger.runs().isEmpty)
        for (id, digit) in [("20260103T000000-1", "1"), ("20260101T000000-f", "1"), ("20260102T000000-1", "2")] as [(String, Character)] {
            try record(try Self.run(id, digit: digit))
        }
        #expect(try ledger.runs(of: try Self.digest("1")).map(\.id) == ["20260101T000000-f", "20260103T000000-1"])
        #expect(try ledger.runs(of: try Self.digest("3")).isEmpty)
        #expect(try ledger.runs().map(\.id) == ["20260101T000000-f", "20260102T000000-1", "20260103T000000-1"])
    }

    @Test("records that cannot be read are passed over, and are errors where they are asked for")
    func spoilt() throws {
        try record(try Self.run("20260101T000000-1"))
        for (id, text) in [("20260102T000000-1", "{"), ("20260103T000000-1", "{}"), ("20260104T000000-1", "")] {
            try Files.makeDirectory(runs.appending(id))
            try Files.write(text, to: runs.appending(id).appending("run.json"))
            #expect(throws: (any Error).self) { try ledger.run(id) }
        }
        try Files.makeDirectory(runs.appending("20260105T000000-1"))
        try Files.makeDirectory(runs.appending("20260106T000000-1/run.json"))
        try Files.write("no folder", to: runs.appending("20260107T000000-1"))
        #expect(try ledger.runs().map(\.id) == ["20260101T000000-1"])
        #expect(try ledger.cleanStockRun(of: "r")?.id == "20260101T000000-1")
        let unreadable = try ledger.unreadable()
        #expect(unreadable.map(\.id) == (2...7).map { "2026010\($0)T000000-1" })
        #expect(unreadable.map(\.reason).allSatisfy { !$0.isEmpty })
        #expect(unreadable[1].reason.contains("run.json is not a record of this version"))
    }

    @Test("a folder of runs that cannot be read is an error, and not a workspace without runs")
    func unreadable() throws {
        try Files.write("no folder", to: runs)
        #expect(throws: FileError.self) { try ledger.runs() }
        #expect(throws: FileError.self) { try ledger.knownVerdict(of: try Self.digest("1")) }
        #expect(throws: FileError.self) { try ledger.cleanStockRun(of: "r") }
    }

    @Test("a record that says that it is another run is passed over")
    func otherId() throws {
        let place = try record(try Self.run("20260101T000000-1"))
        try Files.rename(place, to: runs.appending("20260109T000000-1"))
        #expect(throws: (any Error).self) { try ledger.run("20260109T000000-1") }
        #expect(try ledger.runs().isEmpty && ledger.cleanStockRun(of: "r") == nil)
    }

    @Test("what the newest stock run of the recipe that says something says counts")
    func cleanStock() throws {
        #expect(try ledger.cleanStockRun(of: "r") == nil)
        var day = 10
        func add(_ grade: Grade, _ recipe: String = "r", _ series: [String] = []) throws -> String {
            day += 1
            let id = "202601\(day)T000000-1"
            try record(try Self.run(id, recipe: recipe, series: series, grade))
            return id
        }
        let clean = try add(.clean)
        #expect(try ledger.cleanStockRun(of: "r")?.id == clean)
        // None of these is a result for the recipe's stock node.
        _ = try add(.fatal, "other")
        _ = try add(.fatal, "r", ["libcontainer/percpu"])
        _ = try add(.inconclusive)
        #expect(try ledger.cleanStockRun(of: "r")?.id == clean)
        #expect(try ledger.cleanStockRun(of: "other") == nil)
        for grade in [Grade.degraded, .fatal] {
            _ = try add(grade)
            #expect(try ledger.cleanStockRun(of: "r") == nil, "\(grade)")
            let again = try add(.clean)
            #expect(try ledger.cleanStockRun(of: "r")?.id == again)
        }
        _ = try add(.clean, "r", ["libcontainer/percpu"])
        _ = try add(.fatal)
        #expect(try ledger.cleanStockRun(of: "r") == nil, "a patched node that is clean says nothing of the stock one")
    }
}
