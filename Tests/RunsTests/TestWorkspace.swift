import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import Runs
import Store
import SystemPackage
import Testing

/// A test's own workspace, removed at the end.
final class TestWorkspace: Sendable {
    let path: FilePath
    let workspace: Workspace

    var runs: FilePath { workspace.runs }

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-ledger-\(UUID())").path)
        workspace = Workspace(Host(environment: [:], workspace: path, project: path, isRoot: false))
        try Files.makeDirectory(path)
    }

    deinit { try? Files.remove(path) }

    /// A folder of logs as a boot leaves it.
    func logs() throws -> FilePath {
        let logs = path.appending("logs-\(UUID())")
        try Files.makeDirectory(logs.appending("more"))
        try Files.write("a line\n", to: logs.appending("kubelet.log"))
        try Files.write("another\n", to: logs.appending("more/etcd.log"))
        return logs
    }

    /// Puts a run's folder in place without telling the database, as an older version did.
    func place(_ run: Run) throws {
        let folder = runs.appending(run.id)
        try Files.makeDirectory(folder)
        try Files.write(try JSONDocument.bytes(of: run), to: folder.appending("run.json"))
        try Files.write("a line\n", to: folder.appending("kubelet.log"))
    }

    /// Sets the time at which the folder of runs was changed.
    func setTime(ofRuns seconds: Int) throws {
        var times = [timespec(tv_sec: seconds, tv_nsec: 5), timespec(tv_sec: seconds, tv_nsec: 5)]
        #expect(utimensat(AT_FDCWD, runs.string, &times, 0) == 0)
    }

    static func digest(_ digit: Character) throws -> Digest { try #require(Digest(String(repeating: digit, count: 64))) }

    /// The only place that makes runs.
    static func run(
        _ id: String, recipe: String = "r", version: String? = nil, series: [String] = [], probes: [PatchName]? = nil,
        digit: Character = "1",
        _ grade: Grade = .clean, level: Level = .boot, cause: Cause? = nil, layout: Layout = .root9p, lock: Lock? = nil,
        steps: [StepRecord] = [], milestones: [String: Double]? = nil, setAside: String? = nil
    ) throws -> Run {
        let evidence = [
            Evidence(kind: .log, text: "E0101 \u{1B}[31m'; DROP TABLE runs; --", source: "kubelet", line: 3, seconds: 1.5),
            Evidence(kind: .exit, text: "exit 255", source: "sandbox"),
        ]
        return Run(
            id: id, started: "2026-01-01T00:00:00Z", recipe: recipe, version: version, series: series.compactMap(PatchName.init),
            probes: probes, layout: .sandbox(layout), lock: lock, tree: nil,
            artifact: Artifact(digest: try digest(digit), path: "/p/kubelet", bytes: 1), steps: steps, tools: ["ninepin": "0"],
            secondsToVerdict: 1, milestones: milestones,
            verdict: Verdict(grade: grade, level: level, cause: cause, summary: "s", evidence: evidence, notes: ["n"]), setAside: setAside)
    }

    static func step(_ name: String, _ digit: Character = "1", cached: Bool = false, seconds: Double = 1) throws -> StepRecord {
        StepRecord(name: name, key: try digest(digit), cached: cached, seconds: seconds)
    }
}
