import Foundation
import Model
import PullRequests
import SystemPackage
import Testing

@Suite("The evidence of a pull request")
struct EvidenceTests {
    private let gap: PatchName
    private let other: PatchName

    init() throws {
        gap = try #require(PatchName("up/gap"))
        other = try #require(PatchName("up/other"))
    }

    private func run(
        _ id: String, _ series: [PatchName], _ grade: Grade, layout: Layout = .root9p, level: Level = .boot,
        notes: [String] = [], text: String? = nil, version: String? = nil, lock: Lock? = nil
    ) throws -> Run {
        let evidence = text.map { [Evidence(kind: .log, text: $0, source: "kubelet", line: 3, seconds: 1)] } ?? []
        return Run(
            id: id, started: "", recipe: "r", version: version, series: series, layout: .sandbox(layout), lock: lock, tree: nil,
            artifact: Artifact(digest: Digest(bytes: [UInt8](repeating: 0, count: 32)), path: "", bytes: 0), steps: [],
            tools: ["go": "go1.19.8", "runsc": "20240729.0"],
            secondsToVerdict: 1,
            verdict: Verdict(
                grade: grade, level: level, cause: grade == .fatal ? .memoryCache : nil, summary: "", evidence: evidence, notes: notes))
    }

    private static let yaml = """
        title: t
        version: 1.0.0
        source: {debian: {package: p, suite: s, version: 1.0.0}}
        upstreams: {up: {path: ., version: 0.38.6}}
        toolchain: '*'
        importPath: x
        target: {package: y}
        node: {profile: kubelet}
        layouts: [root-9p, volume-9p]
        """

    private func recipe() throws -> Recipe { try Recipe(yaml: Self.yaml, file: "r.yaml", name: "r") }

    @Test("what a run says stays in its cell or its line, and is no tag, no link and no code")
    func outside() throws {
        let fixture = try PullRequestFixture()
        let hostile = "a | <img src=x> [b](c)\n# d\u{1B}`e`"
        let runs = [try run("1", [], .fatal, text: hostile, version: "9 | <b>"), try run("2", [gap], .clean, version: "9 | <b>")]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        try fixture.bundle(try fixture.request(), evidence: rows).write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(page.contains("\n    kubelet: a | <img src=x> [b](c)\\u{A}# d\\u{1B}`e`\n"), "\(page)")
        #expect(page.contains("| node of r@<!-- -->9 \\| &lt;b> |"), "\(page)")
    }

    @Test("a version that Debian went back from is told as the one that it is")
    func wentBack() throws {
        let fixture = try PullRequestFixture()
        let lock = Lock(kind: .debian, name: "kubernetes", version: "1.20.5+really1.20.2-1.1")
        let runs = [try run("1", [], .fatal, lock: lock), try run("2", [gap], .clean, lock: lock)]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        try fixture.bundle(try fixture.request(), evidence: rows).write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(page.contains("kubernetes 1.20.2 (Debian's 1.20.5+really1.20.2-1.1)"), "\(page)")
    }

    @Test("a row has the newest run of each side, and only complete pairs are in the text; nothing is made up")
    func rows() throws {
        let fixture = try PullRequestFixture()
        let runs = [
            try run("1", [], .clean), try run("2", [], .fatal), try run("3", [gap], .fatal),
            try run("4", [gap], .clean, notes: ["memory reads 0"]),
            try run("5", [gap], .inconclusive), try run("6", [other], .clean),
        ]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        #expect(rows.map(\.layout) == ["root-9p", "volume-9p"])
        #expect(rows[0].before?.run == "2" && rows[0].after?.run == "4" && rows[0].showsIt)
        #expect(rows[1].before == nil && rows[1].after == nil && !rows[1].showsIt)
        #expect(rows[0].upstream == "up 0.38.6")
        #expect(rows[0].command == "ninepin matrix r --series none --series gap")
        try fixture.bundle(try fixture.request(), evidence: rows).write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(
            page.contains(
                "| node of r | / is 9p | none | fatal, memory cache | clean |\n\nAll were built from: up 0.38.6; go1.19.8; runsc 20240729.0.\n"
            ),
            "\(page)")
        #expect(!page.contains("volume") && !page.contains("| not run"), "only complete pairs are in the table")
        #expect(!page.contains("run 2") && !page.contains("run 4"), "nobody else has the run")
        #expect(page.contains("These runs are of the text that is proposed here."))
        #expect(page.contains("{unknown}") && !page.contains("{evidence}"))
        let bundle = try fixture.bundle(try fixture.request(), evidence: rows)
        #expect(bundle.unmeasured == ["ninepin matrix r --series none --series gap"])
        #expect(
            try fixture.text("out/CHECKLIST.md").contains(
                "- [x] the evidence\n      1 of the 1 pair of runs in the text: not clean without it, clean with it"))
    }

    @Test("what was measured for another variant is said to be, and does not tick the rule")
    func variant() throws {
        let fixture = try PullRequestFixture()
        try fixture.write(
            "patches/up/gap/patch.yaml",
            """
            title: t
            why: w
            upstream: up
            versions: '*'
            evidence: e
            status: local
            variants:
              - {name: v0, versions: '<1'}
              - {name: v1, versions: '>=1'}

            """)
        try fixture.write("patches/up/gap/v0.patch", try fixture.text("patches/up/gap/v1.patch"))
        let runs = [try run("1", [], .fatal, text: "E1 the cause"), try run("2", [gap], .clean, text: "ok")]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        #expect(rows.first?.variant == "v0")
        let bundle = try fixture.bundle(try fixture.request(), evidence: rows)
        let rule = try #require(bundle.rules.first { $0.rule == "the evidence" })
        #expect(!rule.isKept && rule.why.contains("but of the variant v0, not of v1"), "\(rule)")
        try bundle.write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(
            page.contains(
                "These runs are of the same change as it reads in other versions of this code (up 0.38.6), not of the text that is proposed here."
            ), "\(page)")
        #expect(page.contains("Without the change:\n\n    kubelet: E1 the cause\n\nWith it:\n\n    kubelet: ok\n"), "\(page)")
    }

    @Test("a patch with a probe has a script, which is a shell's, whatever the program and the folder are called")
    func script() throws {
        let fixture = try PullRequestFixture()
        try fixture.write(
            "patches/up/gap/probe/main.go", "package main\n\nimport \"upstream/fs\"\n\nfunc main() { fs.Open(`$HOME '\"`) }\n")
        let bundle = try fixture.bundle(try fixture.request())
        #expect(bundle.names.contains("reproduce.sh"))
        try bundle.write(to: .init("\(fixture.path)/out"))
        let script = try fixture.text("out/reproduce.sh")
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(page.contains("\n```sh\n\(script)```\n\n</details>\n"), "\(page)")
        #expect(script.contains("fs.Open(`$HOME '\"`)") && script.contains("\"UPSTREAM_IMPORT_PATH/fs\""), "\(script)")
        let check = Process()
        check.executableURL = URL(filePath: "/bin/sh")
        check.arguments = ["-n", "\(fixture.path)/out/reproduce.sh"]
        try check.run()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0)
        try fixture.write("patches/up/gap/probe/main.go", "package main\nvar text = `\nEND_OF_PROGRAM\n`\n")
        #expect(!(try fixture.bundle(try fixture.request()).names.contains("reproduce.sh")), "a program that would end the script")
    }

    @Test(
        "the script builds the program with the import path that Go has for the folder: at a module's top, below it, in vendor/, and without modules",
        arguments: [(".", "mod"), ("libs/up", "mod"), ("vendor/example.org/up", "vendor"), ("libs/up", "gopath")])
    func importPath(_ home: String, _ mode: String) throws {
        let fixture = try PullRequestFixture()
        try fixture.write(
            "patches/up/gap/probe/main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\n\t\"upstream/fs\"\n)\n\nfunc main() { fmt.Println(fs.Answer()) }\n")
        try fixture.write(
            "patches/projects/plain.yaml", try fixture.text("patches/projects/plain.yaml").replacing("path: .}", with: "path: \(home)}"))
        try fixture.bundle(try fixture.request()).write(to: .init("\(fixture.path)/out"))
        let work = "path/src/example.org/thing"
        try fixture.write("\(work)/\(home)/fs/fs.go", "package fs\n\nfunc Answer() string { return \"it answers\" }\n")
        if mode != "gopath" { try fixture.write("\(work)/go.mod", "module example.org/thing\n\ngo 1.16\n") }
        if mode == "vendor" {
            try fixture.write("\(work)/go.mod", "module example.org/thing\n\ngo 1.16\n\nrequire example.org/up v1.0.0\n")
            try fixture.write("\(work)/vendor/modules.txt", "# example.org/up v1.0.0\n## explicit\nexample.org/up/fs\n")
        }
        // In the place of runsc: the program itself. The last word of runsc's command line is the container's name.
        try fixture.write("runsc", "while [ $# -gt 2 ]; do shift; done\nexec \"$1/rootfs/program\"\n")
        let script = Process()
        script.executableURL = URL(filePath: "/bin/sh")
        script.arguments = ["\(fixture.path)/out/reproduce.sh", "\(fixture.path)/sandbox"]
        try fixture.write("sandbox", "#!/bin/sh\nexec sh '\(fixture.path)/runsc' \"$@\"\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(fixture.path)/sandbox")
        script.currentDirectoryURL = URL(filePath: "\(fixture.path)/\(work)")
        script.environment = [
            "PATH": "/usr/lib/go-1.19/bin:/usr/bin:/bin", "HOME": fixture.path, "GOPATH": "\(fixture.path)/path",
            "GOCACHE": "\(fixture.path)/cache",
            "GO111MODULE": mode == "gopath" ? "off" : "on", "GOFLAGS": "", "GOPROXY": "off", "GOTOOLCHAIN": "local",
        ]
        try fixture.write("said", "")
        let said = try FileHandle(forWritingTo: URL(filePath: "\(fixture.path)/said"))
        script.standardOutput = said
        script.standardError = said
        try script.run()
        script.waitUntilExit()
        let answer = try fixture.text("said")
        #expect(script.terminationStatus == 0 && answer == "it answers\n", "\(answer)")
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/\(work)").filter { $0.hasPrefix("reproduce_") }
        #expect(left == [])
    }

    @Test("pairs that differ in their file systems alone are one line; each has the fewest patches that show it, named with what they do")
    func grouped() throws {
        let fixture = try PullRequestFixture()
        try fixture.write(
            "patches/up/other/patch.yaml",
            "title: another | thing\nwhy: w\nupstream: up\nversions: '*'\nevidence: e\nstatus: local\nvariants:\n  - {name: v1, versions: '*'}\n"
        )
        try fixture.write("patches/up/other/v1.patch", try fixture.text("patches/up/gap/v1.patch"))
        let runs = try [Layout.root9p, .volume9p].flatMap { layout in
            [
                try run("1", [other], .fatal, layout: layout), try run("2", [other, gap], .clean, layout: layout),
                try run("3", [], .fatal, layout: layout), try run("4", [gap], .fatal, layout: layout),
            ]
        }
        let overlay = try [run("5", [], .fatal, layout: .rootOverlay), run("6", [gap], .fatal, layout: .rootOverlay)]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs + overlay, registry: try fixture.registry())
        try fixture.bundle(try fixture.request(), evidence: rows).write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        let both = "/ is 9p; / and /var/lib/kubelet are two 9p mounts"
        #expect(page.contains("| node of r | \(both) | `other` | fatal, memory cache | clean |\n"), "\(page)")
        #expect(page.contains("| node of r | / is an overlay | none | fatal, memory cache | fatal, memory cache |\n"), "no effect is told")
        #expect(page.components(separatedBy: "\n| node of r").count == 3, "\(page)")
        #expect(page.contains("The other patches are `other` (another \\| thing)."), "\(page)")
    }

    @Test("what is missing is each pair that was not run on both sides; for a recipe at a version, what that version lacks")
    func missing() throws {
        let fixture = try PullRequestFixture()
        let runs = [try run("1", [], .fatal, version: "1.0.0"), try run("2", [gap], .clean, version: "1.0.0")]
        let recipe = try recipe()
        let rows = EvidenceRow.rows(of: gap, in: recipe, runs: runs, registry: try fixture.registry())
        let volume = ["r", "--level", "boot", "--layout", "volume-9p", "--series", "none", "--series", "gap"]
        #expect(EvidenceRow.missing(from: rows) == [volume])
        #expect(EvidenceRow.missing(from: rows, at: recipe, named: "r") == [volume])
        let other = try Recipe([try RecipeFile(yaml: Self.yaml, file: "r.yaml")], name: "r", version: Version("2.0.0"))
        let missing = EvidenceRow.missing(from: rows, at: other, named: "r@2.0.0")
        #expect(missing.map { $0[0] } == ["r@2.0.0", "r@2.0.0"] && missing.map { $0[4] } == ["root-9p", "volume-9p"])
        let stranger = try Recipe(yaml: Self.yaml, file: "s.yaml", name: "s")
        #expect(EvidenceRow.missing(from: rows, at: stranger, named: "s").isEmpty)
    }

    @Test("a series with other patches is held against the same one without this patch")
    func series() throws {
        let fixture = try PullRequestFixture()
        let runs = [try run("1", [], .fatal), try run("2", [other], .fatal), try run("3", [other, gap], .clean)]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        let row = try #require(rows.first { $0.after?.run == "3" })
        #expect(row.before?.run == "2")
    }

    @Test("without a run on both sides the evidence is not ticked")
    func half() throws {
        let fixture = try PullRequestFixture()
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: [try run("1", [gap], .clean)], registry: try fixture.registry())
        let rules = try fixture.bundle(try fixture.request(), evidence: rows).rules
        #expect(rules.first { $0.rule == "the evidence" }?.isKept == false)
    }
}
