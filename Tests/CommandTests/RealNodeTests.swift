import Foundation
import Testing

/// The real thing: Debian's Kubernetes source over the network, a real Go build, real nodes in real gVisor sandboxes. One workspace for all,
/// made anew, so that each run of the tests proves the whole way from nothing.
@Suite("The real thing, from nothing to a verdict", .serialized)
struct RealNodeTests {
    /// What was measured by hand, series by layout.
    private static let expected: [(series: String, layout: String, title: String)] = [
        ("none", "root-9p", "fatal, memory cache"), ("none", "volume-9p", "fatal, could not find device"),
        ("none", "root-overlay", "fatal, memory cache"),
        ("9p-line", "root-9p", "fatal, memory cache"), ("9p-line", "volume-9p", "fatal, could not find device"),
        ("9p-line", "root-overlay", "fatal, memory cache"), ("percpu", "root-9p", "clean"),
        ("percpu", "volume-9p", "fatal, could not find device"),
        ("percpu", "root-overlay", "clean"), ("9p-source", "root-9p", "fatal, memory cache"),
        ("9p-source", "volume-9p", "fatal, memory cache"),
        ("9p-source", "root-overlay", "fatal, memory cache"), ("percpu,9p-source", "root-9p", "clean"),
        ("percpu,9p-source", "volume-9p", "clean"),
        ("percpu,9p-source", "root-overlay", "clean"), ("percpu,memory-usage,9p-source", "root-9p", "clean"),
        ("percpu,memory-usage,9p-source", "volume-9p", "clean"),
        ("percpu,memory-usage,9p-source", "root-overlay", "clean"),
    ]

    @Test(
        "kill -9 in fetch, patch, build and boot leaves nothing running or mounted, and the next run ends with the same tree and artifact")
    func everything() async throws {
        let place = try Place()
        // runsc was put into the project's own workspace by ./setup.
        try FileManager.default.createDirectory(atPath: place.tool.workspace, withIntermediateDirectories: true)
        let tools = Tool.project.appending(path: "Workspace/tools").path
        if FileManager.default.fileExists(atPath: tools) {
            try FileManager.default.createSymbolicLink(atPath: "\(place.tool.workspace)/tools", withDestinationPath: tools)
        }
        let tree = try fetchAndPatch(place)
        let digest = try build(place, tree: tree)
        try boots(place, digest: digest)
        try matrix(place)
        try notANode(place)
    }

    private func fetchAndPatch(_ place: Place) throws -> String {
        try killed(place, ["fetch"]) { errors, _ in errors.contains("fetch") }
        try killed(place, ["fetch"]) { _, place in
            // Somewhere in the unpacking: dpkg-source has begun to write.
            ((try? FileManager.default.subpathsOfDirectory(atPath: "\(place.path)/workspace/tmp")) ?? []).contains {
                $0.contains("unpacked")
            }
        }
        let first = try place.tool.run(["fetch"])
        #expect(first.status == 0, "\(first.errors)")
        try killed(place, ["patch"], afterSeconds: 0.05) { _, _ in true }
        let patched = try place.tool.run(["patch", "--json"])
        #expect(patched.status == 0, "\(patched.errors)")
        let checks = try place.tool.run(["patches", "check"])
        #expect(checks.status == 0, "\(checks.output)\(checks.errors)")
        return try #require(try patched.json()["tree"] as? String)
    }

    private func build(_ place: Place, tree: String) throws -> String {
        try killed(place, ["build"]) { errors, _ in errors.contains("compiling") }
        let built = try place.tool.run(["build", "--json"])
        #expect(built.status == 0, "\(built.errors)")
        let document = try built.json()
        #expect(document["tree"] as? String == tree)
        let artifact = try #require(document["artifact"] as? [String: Any])
        let digest = try #require(artifact["digest"] as? String)
        // The file is what the record says, by another program's word.
        let path = try #require(artifact["path"] as? String)
        #expect(try sha256sum(path) == digest)
        return digest
    }

    private func boots(_ place: Place, digest: String) throws {
        try killed(place, ["run"]) { _, place in
            !processes(naming: "\(place.path)/workspace/tmp").isEmpty && processes(naming: "kubelet.yaml").isEmpty
        }
        try killed(place, ["run"], afterSeconds: 6) { _, place in !processes(naming: "\(place.path)/workspace/tmp").isEmpty }
        let run = try place.tool.run(["run", "--json"])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        try validate(run.output, schema: "run")
        let document = try run.json()
        let artifact = try #require(document["artifact"] as? [String: Any])
        #expect(artifact["digest"] as? String == digest)
        let verdict = try #require(document["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "clean")
        #expect(verdict["level"] as? String == "boot")
        // The record is whole: the logs are there, and the run in it is the one that was printed.
        let folder = "\(place.path)/workspace/runs/\(try #require(document["id"] as? String))"
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == [
                "kubelet.log", "sandbox.log", "run.json", "lock.json", "verdict.json",
            ])
        #expect(try String(contentsOfFile: "\(folder)/kubelet.log", encoding: .utf8).contains("Started kubelet"))
        #expect(try String(contentsOfFile: "\(folder)/run.json", encoding: .utf8).trimmed == run.output.trimmed)
        let graded = try place.tool.run(["grade", "\(folder)/kubelet.log", "--json"])
        #expect(graded.status == 1, "a log alone is never clean")
        try interrupted(place)
    }

    private func matrix(_ place: Place) throws {
        let found = try place.tool.run(["matrix", "kubelet-1.20", "--json"])
        #expect(found.status == 0, "\(found.errors)")
        try validate(found.output, schema: "matrix")
        let cells = try #require(try found.json()["cells"] as? [[String: Any]])
        #expect(cells.count == Self.expected.count)
        for (series, layout, title) in Self.expected {
            let cell = try #require(
                cells.first { $0["label"] as? String == series && $0["layout"] as? String == layout }, "\(series) on \(layout)")
            let grade = try #require(cell["grade"] as? String)
            #expect(
                [grade, cell["cause"] as? String].compactMap(\.self).joined(separator: ", ") == title, "\(series) on \(layout): \(cell)")
            let evidence = try #require((cell["evidence"] as? [[String: Any]])?.first)
            #expect(!(evidence["text"] as? String ?? "").isEmpty)
            guard grade == "clean" else { continue }
            let notes = cell["notes"] as? [String] ?? []
            #expect(notes.contains { $0.hasPrefix("node memory reads 0") } == !series.contains("memory-usage"), "\(notes)")
            #expect(notes.contains { $0.contains("which is no real size") } == (layout == "root-overlay"), "\(notes)")
        }
        expectNothingLeft(place)
    }

    /// A program that is no kubelet, a file that is no program, and a sandbox that cannot start.
    private func notANode(_ place: Place) throws {
        let text = try place.write("text", "not a program\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: text)
        let sleeper = try place.write("sleeper", "#!/bin/sh\necho Kubernetes v1.20.2\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sleeper)
        for (binary, words) in [("/bin/ls", "no kubelet"), (text, "no kubelet"), (sleeper, "never wrote a line of a kubelet")] {
            let found = try place.tool.run(["verify", "--binary", binary, "--json"])
            #expect(found.status == 1)
            let verdict = try #require(try found.json()["verdict"] as? [String: Any])
            #expect(verdict["grade"] as? String == "inconclusive")
            #expect((verdict["summary"] as? String)?.contains(words) == true, "\(found.output)")
            try validate(found.output, schema: "run")
        }
        let missing = try place.tool.run(["verify", "--binary", "\(place.path)/none"])
        #expect(missing.status == 69)
        expectNothingLeft(place)
    }

    /// Ctrl-C in a boot: the code is 130, and nothing is left.
    private func interrupted(_ place: Place) throws {
        let (process, _, _) = try place.tool.start(["run", "--series", "none"], in: URL(filePath: place.path))
        try wait { !processes(naming: "\(place.path)/workspace/tmp").isEmpty }
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        expectNothingLeft(place)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(place.path)/workspace/tmp").filter { !$0.hasPrefix(".") }
        #expect(left.isEmpty, "\(left)")
    }

    /// Starts a command and kills it, as the kernel would, once a condition holds. Nothing of it may be left running or mounted.
    private func killed(
        _ place: Place, _ arguments: [String], afterSeconds: Double = 0, when condition: (_ errors: String, _ place: Place) -> Bool
    ) throws {
        let (process, _, errors) = try place.tool.start(arguments, in: URL(filePath: place.path))
        try wait { !process.isRunning || condition((try? String(contentsOf: errors, encoding: .utf8)) ?? "", place) }
        Thread.sleep(forTimeInterval: afterSeconds)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        expectNothingLeft(place)
    }

    private func expectNothingLeft(_ place: Place) {
        // The kernel ends a namespace's processes at once, but not in no time.
        for _ in 0..<50 where !processes(naming: place.path).isEmpty { Thread.sleep(forTimeInterval: 0.1) }
        let running = processes(naming: place.path)
        #expect(running.isEmpty, "\(running)")
        let mounts = (try? String(contentsOfFile: "/proc/mounts", encoding: .utf8)) ?? ""
        #expect(!mounts.contains(place.path), "\(mounts)")
    }

    private func wait(for condition: () -> Bool) throws {
        for _ in 0..<3000 {
            if condition() { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
        Issue.record("what was waited for did not happen in a minute")
    }

    private func sha256sum(_ path: String) throws -> String { String(try outcome(of: "/usr/bin/sha256sum", [path]).output.prefix(64)) }
}
