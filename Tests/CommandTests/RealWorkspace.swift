import Foundation
import Testing

/// The one workspace that is filled from scratch. All real tests link it, so that source, Go's cache and binaries are created only once.
enum RealWorkspace {
    /// The result of filling the workspace.
    struct Filled: Sendable {
        let path: String
        /// The patched tree, and the digest of the kubelet built from it.
        let tree: String
        let digest: String
    }

    private static let once = Once<Filled>()

    /// Next to the package's other products: a link into it must not lead to another file system.
    private static let folder = Tool.project.appending(path: ".build/real").path

    /// Fills a new workspace from scratch, with kills in between; a second call waits for the first one's result.
    static func fill() async throws -> Filled {
        try await once.value {
            let path = "\(folder)/workspace-\(UUID())"
            let filled = try await Computing.inTurn { try fill(path) }
            // Results of earlier test runs are no longer needed.
            try? FileManager.default.removeItem(atPath: kept)
            try FileManager.default.createSymbolicLink(atPath: kept, withDestinationPath: path)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder)
            where name.hasPrefix("workspace-") && !path.hasSuffix(name) {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
            return filled
        }
    }

    private static let kept = "\(folder)/workspace"

    /// The workspace's path. `NINEPIN_TEST_WORKSPACE` can name another one; if this run has not filled one, that of an earlier run is used.
    static func path() async throws -> String {
        if let given = ProcessInfo.processInfo.environment["NINEPIN_TEST_WORKSPACE"] { return given }
        return try await fill().path
    }

    /// A test folder whose workspace links the expensive parts of the shared one; runs, nodes and incomplete work are its own.
    ///
    /// - Parameter names: what is linked.
    static func linked(_ names: [String] = ["store", "cache", "mirrors", "tools"]) async throws -> ProjectFixture {
        let shared = try await path()
        let place = try ProjectFixture(in: folder)
        for name in names {
            let link = URL(filePath: "\(place.tool.workspace)/\(name)")
            try FileManager.default.createDirectory(atPath: "\(shared)/\(name)", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "\(shared)/\(name)")
        }
        return place
    }

    private static let controlPlane = Once<Void>()

    /// A linked workspace that contains the binaries of a node that joins a control plane.
    static func withControlPlane() async throws -> ProjectFixture {
        let place = try await linked()
        let tool = place.tool
        try await controlPlane.value { _ = try await build(tool, "kubelet-1.20", ["--level", "pod"], minutes: 1) }
        return place
    }

    /// Builds when it is this task's turn.
    ///
    /// - Returns: the binary's path.
    static func build(_ tool: Tool, _ recipe: String, _ arguments: [String] = [], minutes: Int = 0) async throws -> String {
        let built = try await Computing.inTurn(minutes: minutes) { try tool.run(["build", recipe, "--json"] + arguments) }
        #expect(built.status == 0, "\(built.errors)")
        try expectDocument(built.output, is: "build")
        return try #require((try built.json()["artifact"] as? [String: Any])?["path"] as? String)
    }

    private static func fill(_ path: String) throws -> Filled {
        let place = try ProjectFixture(in: folder)
        let tool = Tool(workspace: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        // ./setup installed runsc in the project's own workspace.
        let tools = Tool.project.appending(path: "Workspace/tools").path
        if FileManager.default.fileExists(atPath: tools) {
            try FileManager.default.createSymbolicLink(atPath: "\(path)/tools", withDestinationPath: tools)
        }
        let tree = try fetchAndPatch(tool, place)
        return Filled(path: path, tree: tree, digest: try build(tool, place, tree: tree))
    }

    private static func fetchAndPatch(_ tool: Tool, _ place: ProjectFixture) throws -> String {
        try tool.killed(["fetch"], in: place) { $0.contains("fetch") }
        try tool.killed(["fetch"], in: place) { _ in
            // In the middle of unpacking: dpkg-source has started to write.
            ((try? FileManager.default.subpathsOfDirectory(atPath: "\(tool.workspace)/tmp")) ?? []).contains { $0.contains("unpacked") }
        }
        let first = try tool.run(["fetch"])
        #expect(first.status == 0, "\(first.errors)")
        try tool.killed(["patch"], in: place, afterSeconds: 0.05) { _ in true }
        let patched = try tool.run(["patch", "--json"])
        #expect(patched.status == 0, "\(patched.errors)")
        try expectDocument(patched.output, is: "patch")
        let checks = try tool.run(["patches", "check", "--json"])
        #expect(checks.status == 0, "\(checks.output)\(checks.errors)")
        try expectDocument(checks.output, is: "patches-check")
        return try #require(try patched.json()["tree"] as? String)
    }

    private static func build(_ tool: Tool, _ place: ProjectFixture, tree: String) throws -> String {
        try tool.killed(["build"], in: place) { $0.contains("compiling") }
        let built = try tool.run(["build", "--json"])
        #expect(built.status == 0, "\(built.errors)")
        try expectDocument(built.output, is: "build")
        let document = try built.json()
        #expect(document["tree"] as? String == tree)
        let artifact = try #require(document["artifact"] as? [String: Any])
        let digest = try #require(artifact["digest"] as? String)
        // Another program confirms that the file matches the record.
        #expect(try sha256sum(try #require(artifact["path"] as? String)) == digest)
        return digest
    }
}

/// The SHA-256 of a file, computed by another program.
func sha256sum(_ path: String) throws -> String { String(try outcome(of: "/usr/bin/sha256sum", [path]).output.prefix(64)) }

extension Tool {
    /// Starts a command and kills it, as the kernel would, when a condition holds. Nothing of it may remain running or mounted.
    func killed(
        _ arguments: [String], in place: ProjectFixture, afterSeconds: Double = 0, by signal: Int32 = SIGKILL,
        when condition: (_ errors: String) -> Bool
    ) throws {
        let (process, _, errors) = try start(arguments, in: URL(filePath: place.path))
        try wait { !process.isRunning || condition((try? String(contentsOf: errors, encoding: .utf8)) ?? "") }
        Thread.sleep(forTimeInterval: afterSeconds)
        #expect(process.isRunning, "it ended before it could be killed: \((try? String(contentsOf: errors, encoding: .utf8)) ?? "")")
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        if signal == SIGINT { #expect(process.terminationStatus == 130) }
        expectNothingRuns()
    }

    /// Expects that no process names the workspace and nothing is mounted there.
    func expectNothingRuns() {
        // The kernel ends a namespace's processes promptly, but not instantly.
        for _ in 0..<100 where !processes(naming: workspace).isEmpty { Thread.sleep(forTimeInterval: 0.1) }
        let running = processes(naming: workspace)
        #expect(running.isEmpty, "\(running)")
        let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        #expect(!mounts.contains(workspace), "\(mounts)")
    }

    /// Expects that no incomplete work is left.
    func expectNothingHalfDone() throws {
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(workspace)/tmp").filter { !$0.hasPrefix(".") }
        #expect(left.isEmpty, "\(left)")
    }
}

/// Waits for at most two minutes.
func wait(for condition: () throws -> Bool) throws {
    for _ in 0..<1200 {
        if try condition() { return }
        Thread.sleep(forTimeInterval: 0.1)
    }
    Issue.record("what was waited for did not happen in two minutes")
}
