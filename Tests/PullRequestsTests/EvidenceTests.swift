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
        _ id: String, _ series: [PatchName], _ grade: Grade, layout: Layout = .root9p, level: Level = .boot, notes: [String] = []
    )
        throws -> Run
    {
        Run(
            id: id, started: "", recipe: "r", series: series, layout: .sandbox(layout), lock: nil, tree: nil,
            artifact: Artifact(digest: Digest(bytes: [UInt8](repeating: 0, count: 32)), path: "", bytes: 0), steps: [],
            tools: ["go": "go1.19.8", "runsc": "20240729.0"],
            secondsToVerdict: 1,
            verdict: Verdict(
                grade: grade, level: level, cause: grade == .fatal ? .memoryCache : nil, summary: "", evidence: [], notes: notes))
    }

    private func recipe() throws -> Recipe {
        let yaml = """
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
        return try Recipe(yaml: yaml, file: "r.yaml", name: "r")
    }

    @Test("what a run says stays in its cell or its line, and is no tag, no link and no code")
    func outside() throws {
        let fixture = try PullRequestFixture()
        let hostile = "a | <img src=x> [b](c)\n# d\u{1B}`e`"
        let runs = [try run("1", [], .fatal), try run("2", [gap], .clean, notes: [hostile])]
        let rows = EvidenceRow.rows(of: gap, in: try recipe(), runs: runs, registry: try fixture.registry())
        try fixture.bundle(try fixture.request(), evidence: rows).write(to: .init("\(fixture.path)/out"))
        let page = try fixture.text("out/PULL_REQUEST.md")
        #expect(page.contains("a \\| &lt;img src=x> \\[b\\](c) # d\\u{1B}\\`e\\`"), "\(page)")
    }

    @Test("a row has the newest run of each side, and says 'not run' where there is none; nothing is made up")
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
        #expect(page.contains("| `none` → `gap` | fatal, memory cache (run 2) | clean (run 4) | up 0.38.6; go1.19.8; runsc 20240729.0 |"))
        #expect(page.contains("| node of r, level boot | volume-9p | `none` → `gap` | not run | not run | up 0.38.6 |"))
        #expect(page.contains("- r, root-9p: memory reads 0"))
        #expect(page.contains("It was seen.") && page.contains("ninepin matrix r --series none --series gap\n"))
        #expect(page.contains("{unknown}") && !page.contains("{evidence}"))
        #expect(
            try fixture.text("out/CHECKLIST.md").contains(
                "- [x] the evidence\n      1 of 2 environments: not clean without it, clean with it")
        )
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
