import Cluster
import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage
import Testing

@testable import Supervisor

/// A test's own workspace with processes that act as keepers; everything is removed at the end.
final class SupervisorFixture {
    let path: FilePath
    private var started: [Int32] = []

    init() throws {
        path = FilePath(FileManager.default.temporaryDirectory.appending(path: "ninepin-keeping-\(UUID())").path)
        try Files.makeDirectory(path)
    }

    deinit {
        for process in started {
            for member in ProcessTree(below: process).members { Glibc.kill(member.pid, SIGKILL) }
            waitpid(process, nil, 0)
        }
        try? Files.remove(path)
    }

    var host: Host { Host(environment: ["PATH": "/usr/bin:/bin"], workspace: path, project: path, isRoot: false) }

    func folder(_ name: String = "a") throws -> NodeFolder { try NodeFolder(name, in: path) }

    /// A folder with a plan.
    func node(_ name: String = "a") throws -> NodeFolder {
        let folder = try folder(name)
        try folder.create(try Self.plan(name))
        return folder
    }

    static func plan(
        _ name: String = "a", warmUp: Double = 10, controlPlane: ControlPlaneKind = .k3s("/p/k3s")
    ) throws -> NodePlan {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        let patch = try #require(PatchName("libcontainer/percpu"))
        return NodePlan(
            name: name, recipe: "kubelet-1.20", series: [patch], layout: .sandbox(.root9p),
            node: NodeSpec(profile: .node, warmUp: warmUp), artifact: Artifact(digest: digest, path: "/p/kubelet", bytes: 1),
            controlPlane: controlPlane, since: "2026-01-01T00:00:00Z")
    }

    static func verdict(_ grade: Grade, _ summary: String = "s") -> Verdict {
        Verdict(grade: grade, level: .ready, summary: summary, evidence: [])
    }

    /// Starts a process that holds the node's lock, using flock(1), and returns its process ID after the process has recorded it.
    ///
    /// - Parameter script: shell code to run first. Processes that it leaves running must close descriptor 3, which holds the lock.
    func keeper(of folder: NodeFolder, _ script: String = "") throws -> Int32 {
        let process = try hold(folder, "\(script)\necho $$ > '\(folder.path)/keeper.pid'\nexec sleep 600")
        try soon { ((try? Files.readText(folder.path.appending("keeper.pid"))) ?? "") == "\(process)\n" }
        return process
    }

    /// Starts a process that holds the node's lock.
    func hold(_ folder: NodeFolder, _ script: String) throws -> Int32 {
        let process = try Detached.start(
            "/usr/bin/flock", ["--no-fork", "\(folder.path)/.alive", "/bin/sh", "-c", script], environment: host.environment,
            log: path.appending("keeper-\(started.count)"))
        started.append(process)
        return process
    }

    /// Kills a process as the kernel does when it is out of memory.
    func kill(_ process: Int32) {
        for member in ProcessTree(below: process).members { Glibc.kill(member.pid, SIGKILL) }
        waitpid(process, nil, 0)
        started.removeAll { $0 == process }
    }
}

struct TooLate: Error {}

/// Waits for a condition that should hold soon.
///
/// - Throws: `TooLate` after a minute, which is far longer than any of these checks takes.
func soon(_ holds: () throws -> Bool) throws {
    for _ in 0..<12_000 {
        if try holds() { return }
        usleep(5_000)
    }
    throw TooLate()
}
