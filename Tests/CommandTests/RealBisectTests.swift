import Foundation
import Testing

/// Searches in a repository of 64 tags, each step a real build of kubelet and a real boot in gVisor, or a probe in a real sandbox.
@Suite("Real searches for a change among 64 tags", .real(minutes: 5))
struct RealBisectTests {
    @Test("the tag from which on the node dies is found in at most 6 boots, with the tag before it and both logs")
    func boots() async throws {
        let yard = try await BisectYard.shared()
        let last = ManyTags.version(ManyTags.count - 1)
        let run = try yard.tool.run([
            "bisect", "many", "--series", "none", "--good", ManyTags.version(0), "--bad", last, "--json",
        ])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        try expectDocument(run.output, is: "bisect")
        let document = try run.json()
        #expect(
            document["result"] as? String == "change" && document["searched"] as? String == "bad" && document["candidates"] as? Int == 64)
        let tests = try #require(document["tests"] as? [[String: Any]])
        #expect(tests.count <= 6 && tests.allSatisfy { $0["run"] is String }, "\(tests.count) boots")
        let before = try end("before", of: document)
        let after = try end("after", of: document)
        #expect(before.name == ManyTags.version(ManyTags.planted - 1) && after.name == ManyTags.version(ManyTags.planted))
        #expect(try before.commit == yard.tags.commit(ManyTags.planted - 1) && after.commit == yard.tags.commit(ManyTags.planted))
        #expect(before.verdict == "clean" && after.verdict == "fatal, memory cache")
        #expect(after.log.contains("unable to find data in memory cache") && !before.log.contains("unable to find data in memory cache\n"))
        #expect(before.log.contains("Kubelet version") || before.log.contains("Started kubelet"), "\(before.log.prefix(2000))")
        yard.tool.expectNothingRuns()
        try yard.tool.expectNothingHalfDone()
    }

    @Test("at level component, over commits, the probe finds the commit with its subject, and the other way around the end that is wrong")
    func probes() async throws {
        let yard = try await BisectYard.shared()
        let commits = (first: try yard.tags.commit(0), last: try yard.tags.commit(ManyTags.count - 1))
        let level = ["--series", "none", "--level", "component", "--probe", "percpu"]
        let run = try yard.tool.run(["bisect", "many", "--good", commits.first, "--bad", commits.last] + level)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        let planted = try yard.tags.commit(ManyTags.planted).prefix(12)
        #expect(run.output.hasPrefix("the first bad commit is \(planted)\n"), "\(run.output)")
        #expect(run.output.contains("\(planted) cgroups: read each CPU's usage\n"), "\(run.output)")
        #expect(run.output.contains("6 of 64 commits booted"), "\(run.output)")
        let wrong = try yard.tool.run(
            ["bisect", "many", "--good", ManyTags.version(1), "--bad", ManyTags.version(9)] + level)
        #expect(wrong.status == 1, "\(wrong.output)\(wrong.errors)")
        #expect(wrong.output.contains("\(ManyTags.version(9)) is not bad, as you say, but good: clean"), "\(wrong.output)")
        let document = try yard.tool.run(
            ["bisect", "many", "--good", try yard.tags.commit(1), "--bad", try yard.tags.commit(9), "--json"] + level)
        #expect(try document.json()["result"] as? String == "wrong-end")
        try expectDocument(document.output, is: "bisect")
    }

    @Test("the patch without which a probe's answer is bad is found among those of a series")
    func series() async throws {
        let yard = try await BisectYard.shared()
        let run = try yard.tool.run([
            "bisect", "kubelet-1.20", "--bad-series", "none", "--good-series", "9p-source,memory-usage,percpu", "--level", "component",
            "--probe", "percpu", "--json",
        ])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        try expectDocument(run.output, is: "bisect")
        let document = try run.json()
        let after = try #require((document["after"] as? [String: Any])?["candidate"] as? [String: Any])
        #expect(after["patch"] as? String == "libcontainer/percpu" && document["searched"] as? String == "good", "\(run.output)")
    }

    @Test("Ctrl-C and kill -9 in a boot of a search leave nothing running, mounted or half done", arguments: [SIGINT, SIGKILL])
    func interrupted(_ signal: Int32) async throws {
        let place = try await RealWorkspace.linked()
        for series in ["none", "percpu"] {
            _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", series], minutes: 3)
        }
        let search = ["bisect", "kubelet-1.20", "--bad-series", "none", "--good-series", "percpu"]
        try place.tool.killed(search, in: place, by: signal) { _ in
            processes(naming: "\(place.tool.workspace)/tmp").contains { $0.contains("runsc-sandbox") }
        }
        // The next command removes the incomplete work of a killed one, and the ledger has no run that did not end.
        let folder = "\(place.tool.workspace)/runs"
        let runs = FileManager.default.fileExists(atPath: folder) ? try FileManager.default.contentsOfDirectory(atPath: folder) : []
        #expect(runs.count <= 1, "\(runs)")
        if signal == SIGKILL { #expect(try place.tool.run(["verify", "--binary", "/bin/ls"]).status == 1) }
        try place.tool.expectNothingHalfDone()
        place.tool.expectNothingRuns()
    }

    /// An end of a result.
    private struct End {
        let name: String
        let commit: String
        let verdict: String
        let log: String
    }

    private func end(_ name: String, of document: [String: Any]) throws -> End {
        let end = try #require(document[name] as? [String: Any])
        let (candidate, test) = (try #require(end["candidate"] as? [String: Any]), try #require(end["test"] as? [String: Any]))
        let run = try #require(test["run"] as? String)
        let place = try #require(test["place"] as? String)
        let log = try #require(test["log"] as? String)
        #expect(place.hasSuffix("/runs/\(run)") && log.hasPrefix("\(place)/"))
        return End(
            name: try #require(candidate["name"] as? String), commit: try #require(candidate["commit"] as? String),
            verdict: try #require(test["verdict"] as? String), log: try String(contentsOfFile: log, encoding: .utf8))
    }
}

/// The tests' own upstream with its 64 tags, and a recipe that fetches it.
private final class BisectYard: Sendable {
    private static let once = Once<BisectYard>()

    /// The folder is removed together with this object.
    private let place: ProjectFixture
    let tool: Tool
    let tags: ManyTags

    private init(_ place: ProjectFixture) throws {
        self.place = place
        (tool, tags) = try Self.prepared(place)
        Leftovers.atExit([], folder: place.path)
    }

    /// The program, with a workspace that shares everything expensive with the others; its mirror is of the tests' own repository.
    static func shared() async throws -> BisectYard {
        try await once.value {
            let place = try await RealWorkspace.linked(["store", "tools", "cache"])
            return try await Computing.inTurn(minutes: 5) { try BisectYard(place) }
        }
    }

    private static func prepared(_ place: ProjectFixture) throws -> (Tool, ManyTags) {
        var tool = place.tool
        func tree(_ series: String) throws -> String {
            try #require(try place.tool.run(["patch", "kubelet-1.20", "--series", series, "--json"]).json()["tree"] as? String)
        }
        let trees = "\(tool.workspace)/store/trees.git"
        let tags = try ManyTags(
            at: "\(place.path)/many.git", patched: .init(repository: trees, id: try tree("percpu,memory-usage,9p-source")),
            stock: try tree("none"))
        for name in ["recipes/kubelet-1.20.yaml", "patches"] {
            let copy = URL(filePath: "\(place.path)/project/\(name)")
            try FileManager.default.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Tool.project.appending(path: name), to: copy)
        }
        let recipe = """
            extends: kubelet-1.20
            title: kubelet {version}, of many
            version: 1.20.2
            source:
              git:
                url: file://\(place.path)/many.git
                ref: v{version}
            target:
              flags:
                - -ldflags=-s -w -X k8s.io/kubernetes/vendor/k8s.io/component-base/version.gitVersion=v{version}

            """
        _ = try place.write("project/recipes/many.yaml", recipe)
        tool.project = "\(place.path)/project"
        return (tool, tags)
    }
}
