import Foundation
import Model
import Testing

/// The whole process from an empty workspace; its result is the workspace of all other real tests.
@Suite("The real thing, from nothing to a binary", .real(minutes: 30))
struct RealBinaryTests {
    @Test("kill -9 in fetch, patch and build leaves nothing running or mounted, and the next run ends with the same tree and artifact")
    func fromNothing() async throws {
        let filled = try await RealWorkspace.fill()
        let place = try await RealWorkspace.linked()
        let built = try place.tool.run(["build", "--json"])
        #expect(built.status == 0, "\(built.errors)")
        let document = try built.json()
        #expect(document["tree"] as? String == filled.tree)
        #expect((document["artifact"] as? [String: Any])?["digest"] as? String == filled.digest)
        let steps = try #require(document["steps"] as? [[String: Any]])
        #expect(!steps.isEmpty && steps.allSatisfy { $0["cached"] as? Bool == true }, "\(steps)")
    }
}

/// Real nodes in real gVisor sandboxes.
@Suite("Real nodes, booted and graded", .real())
struct RealNodeTests {
    /// The manual measurements by series and layout.
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
        "kill -9 in a boot leaves nothing running or mounted, and the next boot is as if nothing had been",
        arguments: [0.0, 6])
    func killed(afterSeconds: Double) async throws {
        let place = try await RealWorkspace.linked()
        try place.tool.killed(["run"], in: place, afterSeconds: afterSeconds) { _ in
            !processes(naming: "\(place.tool.workspace)/tmp").isEmpty
        }
        let built = try await RealWorkspace.build(place.tool, "kubelet-1.20")
        let next = try place.tool.run(["run", "--json"])
        #expect(next.status == 0, "\(next.output)\(next.errors)")
        let document = try next.json()
        #expect((document["verdict"] as? [String: Any])?["grade"] as? String == "clean")
        #expect((document["artifact"] as? [String: Any])?["digest"] as? String == (try sha256sum(built)))
        try place.tool.expectNothingHalfDone()
        place.tool.expectNothingRuns()
    }

    @Test("a matrix of the stock node alone is settled, and so its exit code is 0")
    func stockMatrix() async throws {
        let place = try await RealWorkspace.linked()
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let found = try place.tool.run(["matrix", "--series", "none", "--layout", "root-9p", "--json"])
        #expect(found.status == 0, "\(found.output)\(found.errors)")
    }

    @Test("a node run in two layouts is a matrix of one series")
    func layouts() async throws {
        let place = try await RealWorkspace.linked()
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        let found = try place.tool.run(["run", "--series", "none", "--layout", "root-9p", "--layout", "volume-9p", "--json"])
        #expect(found.status == 1, "\(found.errors)")
        try expectDocument(found.output, is: "matrix.schema.json")
        let cells = try #require(try found.json()["cells"] as? [[String: Any]])
        #expect(cells.map { $0["cause"] as? String } == ["memory cache", "could not find device"])
    }

    @Test("a run is recorded whole: what was printed, the logs, and the artifact that was built")
    func recorded() async throws {
        let place = try await RealWorkspace.linked()
        let built = try await RealWorkspace.build(place.tool, "kubelet-1.20")
        let run = try place.tool.run(["run", "--json"])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        try expectDocument(run.output, is: "run.schema.json")
        let document = try run.json()
        let artifact = try #require(document["artifact"] as? [String: Any])
        #expect(artifact["digest"] as? String == (try sha256sum(built)))
        try expectDocument(try place.tool.run(["inspect", built, "--json"]).output, is: "inspect")
        try expectDocument(try place.tool.run(["history", "--json"]).output, is: "history")
        try expectDocument(try place.tool.run(["report", "--json"]).output, is: "report")
        let verdict = try #require(document["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "clean")
        #expect(verdict["level"] as? String == "boot")
        let conditions = try #require(document["conditions"] as? [String: Any])
        #expect((conditions["longestSilence"] as? Double ?? 0) > 0)
        // The verdict also lists the patches needed here and what created the sandbox.
        let needs = try #require(document["needs"] as? [[String: Any]])
        let answers = needs.filter { $0["answer"] as? String == "needed" }.compactMap { $0["patch"] as? String }
        #expect(Set(answers) == ["libcontainer/percpu", "libcontainer/memory-usage"], "\(needs)")
        let flags = (document["tools"] as? [String: String])?["runsc flags"] ?? ""
        #expect(flags.hasSuffix("--ignore-cgroups --overlay2=none"), "\(flags)")
        // The record is complete: the logs exist, and the recorded run is the one that was printed.
        let folder = "\(place.tool.workspace)/runs/\(try #require(document["id"] as? String))"
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder)) == [
                "kubelet.log", "sandbox.log", "run.json", "lock.json", "verdict.json",
            ])
        #expect(try String(contentsOfFile: "\(folder)/kubelet.log", encoding: .utf8).contains("Started kubelet"))
        #expect(try String(contentsOfFile: "\(folder)/run.json", encoding: .utf8).trimmed == run.output.trimmed)
        let id = try #require(document["id"] as? String)
        #expect(try place.tool.run(["runs", "show", id, "--json"]).output == run.output)
        try expectDocument(
            try place.tool.run(["export", id, "\(place.path)/run.tar.gz", "--json"]).output, is: "export")
        let graded = try place.tool.run(["grade", "\(folder)/kubelet.log", "--json"])
        #expect(try graded.status == 0 && graded.json()["isWithoutFault"] as? Bool == true, "the log shows the whole run without a fault")
        #expect(try place.tool.run(["grade", "\(folder)/kubelet.log", "--require-clean"]).status == 1, "a log alone is never clean")
    }

    @Test("a node has the containerd of another suite that its recipe asks for: kubelet itself says so, and the run has the package")
    func containerd() async throws {
        let place = try await RealWorkspace.linked()
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
        // With the same name, it is the same binary.
        let base = Tool.project.appending(path: "recipes/kubelet-1.20.yaml").path
        let recipe = try place.write(
            "other/kubelet-1.20.yaml",
            "extends: \(base)\ntitle: on Debian 13's containerd\nnode: {containerd: {suite: trixie, version: '>=1.7 <2'}}\n")
        let run = try place.tool.run(["run", recipe, "--series", "none", "--json"])
        try expectDocument(run.output, is: "run.schema.json")
        let document = try run.json()
        #expect((document["verdict"] as? [String: Any])?["cause"] as? String == "memory cache", "\(run.output)\(run.errors)")
        let steps = try #require(document["steps"] as? [[String: Any]])
        #expect(steps.filter { $0["name"] as? String == "build" }.allSatisfy { $0["cached"] as? Bool == true }, "\(steps)")
        let release = try #require((document["tools"] as? [String: String])?["containerd"])
        #expect(release.hasPrefix("1.7."))
        let package = try #require((document["lock"] as? [String: Any])?["containerd"] as? [String: Any])
        #expect(package["suite"] as? String == "trixie" && (package["version"] as? String)?.hasPrefix(release) == true, "\(package)")
        let log = try String(contentsOfFile: "\(place.tool.workspace)/runs/\(document["id"] ?? "")/kubelet.log", encoding: .utf8)
        #expect(log.contains("Container runtime containerd initialized, version: \(release)"))
        place.tool.expectNothingRuns()
    }

    @Test("Ctrl-C in a boot: the code is 130, and nothing is left")
    func interrupted() async throws {
        let place = try await RealWorkspace.linked()
        try place.tool.killed(["run", "--series", "none"], in: place, by: SIGINT) { _ in
            !processes(naming: "\(place.tool.workspace)/tmp").isEmpty
        }
        try place.tool.expectNothingHalfDone()
    }

    @Test("every series in every layout, booted side by side, is what was measured by hand", .real(minutes: 3))
    func matrix() async throws {
        let place = try await RealWorkspace.linked()
        // One variant is left to the matrix, which builds it while others boot.
        for series in Set(Self.expected.map(\.series)).sorted() where series != "9p-line" {
            _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", series])
        }
        let found = try place.tool.run(["matrix", "kubelet-1.20", "--json"])
        #expect(found.status == 0, "\(found.errors)")
        try expectDocument(found.output, is: "matrix.schema.json")
        let cells = try #require(try found.json()["cells"] as? [[String: Any]])
        #expect(cells.count == Self.expected.count)
        for (series, layout, title) in Self.expected {
            let cell = try #require(
                cells.first { $0["label"] as? String == series && $0["layout"] as? String == layout }, "\(series) on \(layout)")
            let grade = try #require(cell["grade"] as? String)
            #expect(
                [grade, cell["cause"] as? String].compactMap(\.self).joined(separator: ", ") == title, "\(series) on \(layout): \(cell)")
            #expect(cell["contradiction"] == nil, "the registry's rules say otherwise: \(cell["contradiction"] ?? "")")
            let evidence = try #require((cell["evidence"] as? [[String: Any]])?.first)
            #expect(!(evidence["text"] as? String ?? "").isEmpty)
            guard grade == "clean" else { continue }
            let notes = cell["notes"] as? [String] ?? []
            #expect(notes.contains { $0.hasPrefix("node memory reads 0") } == !series.contains("memory-usage"), "\(notes)")
            #expect(notes.contains { $0.contains("which is not plausible") } == (layout == "root-overlay"), "\(notes)")
        }
        place.tool.expectNothingRuns()
        try together(place)
    }

    /// The boots ran in parallel: each one records how many others there were.
    private func together(_ place: ProjectFixture) throws {
        let folder = "\(place.tool.workspace)/runs"
        let company = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { name in
            let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)/run.json"))
            let run = try JSONSerialization.jsonObject(with: data) as? [String: Any]
            return (run?["conditions"] as? [String: Any])?["company"] as? Int
        }
        #expect(company.max() ?? 0 >= 2, "\(company)")
    }

    @Test("with four boots under way Ctrl-C and kill -9 leave nothing running, mounted or half done", arguments: [SIGINT, SIGKILL])
    func four(_ signal: Int32) async throws {
        let place = try await RealWorkspace.linked()
        let boots = ["matrix", "--series", "percpu,memory-usage,9p-source", "--layout", "root-9p", "--repeat", "5"]
        try place.tool.killed(boots, in: place, by: signal) { _ in sandboxes(place) >= 4 }
        // The next run removes the incomplete work of a killed one.
        if signal == SIGKILL { #expect(try place.tool.run(["verify", "--binary", "/bin/ls"]).status == 1) }
        try place.tool.expectNothingHalfDone()
        place.tool.expectNothingRuns()
    }

    private func sandboxes(_ place: ProjectFixture) -> Int {
        processes(naming: "\(place.tool.workspace)/tmp").filter { $0.contains("runsc-sandbox") }.count
    }

    @Test("a boot whose processors are taken away is not believed; it is repeated, and right", .real(minutes: 2))
    func slowed() async throws {
        let place = try await RealWorkspace.linked()
        let (process, output, errors) = try place.tool.start(["run", "--json"], in: URL(filePath: place.path))
        let starving = try Starving()
        defer { starving.end() }
        var starved: [Int32] = []
        let log = { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }
        // After kubelet has started, everything in the sandbox gets almost no CPU time for as long as the boot is watched.
        try wait {
            if !process.isRunning { return true }
            return try kubeletHasStarted(place)
        }
        while process.isRunning, !log().contains("repeating the boot alone") {
            if starved.isEmpty { starved = try starving.take(processes(naming: "\(place.tool.workspace)/tmp").compactMap(pid)) }
            try await Task.sleep(for: .seconds(0.1))
        }
        starving.end()
        process.waitUntilExit()
        #expect(!starved.isEmpty, "\(log())")
        let text = try String(contentsOf: output, encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(text)\(log())")
        try expectDocument(text, is: "run.schema.json")
        let run = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect((run["verdict"] as? [String: Any])?["grade"] as? String == "clean")
        let first = try #require(run["repeats"] as? String)
        let record = try String(contentsOfFile: "\(place.tool.workspace)/runs/\(first)/run.json", encoding: .utf8)
        let slow = try #require(try JSONSerialization.jsonObject(with: Data(record.utf8)) as? [String: Any])
        // Without the repetition, the result would have been different.
        #expect((slow["verdict"] as? [String: Any])?["grade"] as? String != "clean", "\(record)")
        #expect((slow["setAside"] as? String)?.hasPrefix("the boot was slowed: ") == true, "\(record)")
    }

    @Test(
        "on a fifth of a processor, with as much patience, the stock node is fatal and the patched one clean", .real(minutes: 3),
        arguments: ["none", "percpu,memory-usage,9p-source"])
    func fifth(_ series: String) async throws {
        let place = try await RealWorkspace.linked()
        _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", series])
        let starving = try Starving(share: 0.2)
        defer { starving.end() }
        let (process, output, errors) = try place.tool.start(
            ["run", "--series", series, "--patience", "5", "--json"], in: URL(filePath: place.path))
        #expect(try starving.take([process.processIdentifier]).count == 1)
        process.waitUntilExit()
        let text = try String(contentsOf: output, encoding: .utf8)
        let log = try String(contentsOf: errors, encoding: .utf8)
        let run = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(log)")
        let verdict = try #require(run["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == (series == "none" ? "fatal" : "clean"), "\(text)")
        #expect(verdict["cause"] as? String == (series == "none" ? "memory cache" : nil))
        #expect(run["patience"] as? Double == 5)
        #expect((run["watched"] as? [String: Double])?["observe"] == 150)
        try expectDocument(text, is: "run.schema.json")
    }

    private func pid(_ line: String) -> Int32? { Int32(line.prefix { $0.isNumber }) }

    private func kubeletHasStarted(_ place: ProjectFixture) throws -> Bool {
        let folder = "\(place.tool.workspace)/tmp"
        for file in (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? [] where file.hasSuffix("-run/kubelet.log") {
            if ((try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)) ?? "").contains("Started kubelet") { return true }
        }
        return false
    }

    @Test(
        "a program that is no kubelet, a file that is no program, and one that only says that it is a kubelet are no nodes",
        arguments: ["/bin/ls", "text", "sleeper"])
    func notANode(_ binary: String) async throws {
        let place = try await RealWorkspace.linked()
        let scripts = ["text": "not a program\n", "sleeper": "#!/bin/sh\necho Kubernetes v1.20.2\n"]
        var path = binary
        if let script = scripts[binary] {
            path = try place.write(binary, script)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let found = try place.tool.run(["verify", "--binary", path, "--json"])
        #expect(found.status == 1)
        let verdict = try #require(try found.json()["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "inconclusive")
        let words = binary == "sleeper" ? "without writing a kubelet log line" : "is not a kubelet"
        #expect((verdict["summary"] as? String)?.contains(words) == true, "\(found.output)")
        try expectDocument(found.output, is: "run.schema.json")
        place.tool.expectNothingRuns()
    }

    @Test("a binary that is not there is something missing, and no verdict")
    func missing() async throws {
        let place = try await RealWorkspace.linked()
        #expect(try place.tool.run(["verify", "--binary", "\(place.path)/none"]).status == 69)
        place.tool.expectNothingRuns()
    }
}

/// A group of processes that share part of one CPU, enforced by the machine's cgroups (cgroups(7), cpu controller of either version).
private final class Starving {
    private let folder: String
    private let parent: String

    init(share: Double = 0.001) throws {
        let quota = Int(1_000_000 * share)
        let isUnified = FileManager.default.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")
        parent = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu"
        folder = "\(parent)/ninepin-test-\(UUID())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        if isUnified {
            try "\(quota) 1000000".write(toFile: "\(folder)/cpu.max", atomically: false, encoding: .utf8)
        } else {
            try "1000000".write(toFile: "\(folder)/cpu.cfs_period_us", atomically: false, encoding: .utf8)
            try "\(quota)".write(toFile: "\(folder)/cpu.cfs_quota_us", atomically: false, encoding: .utf8)
        }
    }

    /// - Returns: the processes that were moved; a process may end at any moment.
    func take(_ processes: [Int32]) throws -> [Int32] {
        processes.filter { (try? "\($0)".write(toFile: "\(folder)/cgroup.procs", atomically: false, encoding: .utf8)) != nil }
    }

    /// Moves all processes back, and removes the group.
    func end() {
        guard FileManager.default.fileExists(atPath: folder) else { return }
        for _ in 0..<100 {
            let inside = ((try? String(contentsOfFile: "\(folder)/cgroup.procs", encoding: .utf8)) ?? "").split(separator: "\n")
            for process in inside { try? "\(process)".write(toFile: "\(parent)/cgroup.procs", atomically: false, encoding: .utf8) }
            if rmdir(folder) == 0 { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }
}
