import Model
import Testing

@testable import Nightly

@Suite("What changed since the nights before")
struct DriftTests {
    private static let percpu = name("libcontainer/percpu")
    private static let own = ["kubelet": [percpu]]

    private static func name(_ text: String) -> PatchName {
        guard let name = PatchName(text) else { preconditionFailure("\(text) is no name of a patch") }
        return name
    }

    private static func cell(_ series: [PatchName] = [], on layout: Layout = .root9p, version: String = "1.36.3") -> NightlyCell {
        NightlyCell(
            key: CellKey(recipe: "kubelet", line: "1.36", series: series, layout: .sandbox(layout), level: .boot),
            label: series.isEmpty ? "none" : "percpu", version: version, expected: nil, source: "kubelet at v\(version)", inputs: [:],
            bootSeconds: 30)
    }

    private static func past(_ result: String, _ grade: Grade?, isApplied: Bool = true, boots: [Double] = []) -> CellPast {
        CellPast(
            result: result, grade: grade, isApplied: isApplied, source: "kubelet at v1.36.2", measured: "2026-11-26T02:17:00Z",
            run: grade == nil ? nil : "before", bootSeconds: boots)
    }

    static func run(_ id: String, _ grade: Grade, _ cause: Cause? = nil, of cell: NightlyCell, starting: Double? = nil) -> Run {
        Run(
            id: id, started: "2026-11-27T02:17:00Z", recipe: cell.key.recipe, series: cell.key.series, layout: cell.key.layout, lock: nil,
            tree: nil, artifact: Artifact(digest: Digest(bytes: Array(repeating: 170, count: 32)), path: "kubelet", bytes: 1), steps: [],
            tools: [:],
            secondsToVerdict: 0, milestones: starting.map { ["kubelet": $0] },
            verdict: Verdict(grade: grade, level: .boot, cause: cause, summary: "a summary", evidence: []))
    }

    private func drift(_ results: [NightResult], _ past: [CellKey: CellPast], lines: [NewErrorLine] = []) -> [Drift] {
        DriftReader(results, past: past, own: Self.own).drift(lines: lines)
    }

    @Test("the same result again is no change, and neither is the first one")
    func same() {
        let (old, new) = (Self.cell(), Self.cell(on: .rootOverlay))
        let results = [old, new].map { NightResult($0, runs: [Self.run("now", .fatal, .memoryCache, of: $0)]) }
        #expect(drift(results, [old.key: Self.past("fatal, memory cache", .fatal)]).isEmpty)
    }

    @Test("cells that change in the same way are one line: what, since when, between which sources, what to do")
    func verdict() throws {
        let cells = [Self.cell([Self.percpu]), Self.cell([Self.percpu], on: .rootOverlay)]
        let past = Dictionary(uniqueKeysWithValues: cells.map { ($0.key, Self.past("clean", .clean)) })
        let found = drift(cells.map { NightResult($0, runs: [Self.run("now", .fatal, .memoryCache, of: $0)]) }, past)
        #expect(found.count == 1)
        #expect(
            found.first?.description
                == "verdict changed: kubelet 1.36.3 with percpu in root-9p, root-overlay was clean and is fatal, memory cache "
                + "(last otherwise 2026-11-26T02:17:00Z; kubelet at v1.36.2 -> kubelet at v1.36.3). Run: ninepin diff before now"
        )
    }

    @Test(
        "a patch that stops applying, and one that upstream took, is one line for all cells, and no change of a verdict",
        arguments: [true, false])
    func patches(_ isUpstream: Bool) {
        let cells = [Self.cell([Self.percpu]), Self.cell([Self.percpu], on: .rootOverlay)]
        let past = Dictionary(uniqueKeysWithValues: cells.map { ($0.key, Self.past("clean", .clean)) })
        let failure: NightResult.Failure = isUpstream ? .isUpstream(Self.percpu) : .doesNotApply(Self.percpu)
        let found = drift(cells.map { NightResult($0, failure: failure, summary: "why\nand more") }, past)
        #expect(found.map(\.kind) == [isUpstream ? .patchMerged : .patchNoLongerApplies])
        #expect(found.first?.patch == Self.percpu && found.first?.cells.count == 2 && found.first?.what.contains("\n") == false)
    }

    @Test("a patch that did not apply before either is no change")
    func never() {
        let cell = Self.cell([Self.percpu])
        let result = NightResult(cell, failure: .doesNotApply(Self.percpu), summary: "why")
        #expect(drift([result], [cell.key: Self.past("patch does not apply", nil, isApplied: false)]).isEmpty)
        #expect(drift([result], [:]).isEmpty)
    }

    @Test("a stock node that becomes clean means that the patches may no longer be needed")
    func needless() {
        let cell = Self.cell()
        let result = NightResult(cell, runs: [Self.run("now", .clean, of: cell)])
        let found = drift([result], [cell.key: Self.past("fatal, memory cache", .fatal)])
        #expect(found.map(\.kind) == [.patchNoLongerNeeded] && found[0].what.contains("clean without libcontainer/percpu in root-9p"))
        // What the harness did not find out before is no change.
        #expect(drift([result], [cell.key: Self.past("inconclusive", .inconclusive)]).map(\.kind) == [.verdictChanged])
    }

    @Test("a cell that does not repeat is told with its counts, never as its best result")
    func flaky() {
        let cell = Self.cell([Self.percpu])
        let grades: [Grade] = [.clean, .fatal, .clean, .clean, .fatal]
        let result = NightResult(cell, runs: grades.enumerated().map { Self.run("\($0.offset)", $0.element, of: cell) })
        #expect(result.state == .flaky && result.grade == nil && result.counts == ["clean": 3, "fatal": 2])
        #expect(
            drift([result], [cell.key: Self.past("clean", .clean)]).first?.what.hasSuffix("was clean and is flaky: 3 × clean, 2 × fatal")
                == true)
    }

    @Test("what the harness could not find out changes nothing")
    func harness() {
        let cell = Self.cell()
        for result in [
            NightResult(cell, failure: .harness, summary: "no network"),
            NightResult(cell, runs: [Self.run("now", .inconclusive, of: cell)]),
        ] {
            #expect(result.state == .harness)
            #expect(drift([result], [cell.key: Self.past("clean", .clean)]).isEmpty)
        }
    }

    @Test(
        "a boot is slower if it took 30% more than the median, and longer than all of at least three",
        arguments: [
            ([1.0, 1.0, 1.0], 1.3, true), ([1.0, 1.0], 2.0, false), ([1.0, 1.0, 1.4], 1.35, false), ([1.0, 1.1, 0.9], 1.2, false),
        ])
    func slower(_ before: [Double], _ now: Double, _ isTold: Bool) {
        let cell = Self.cell()
        let result = NightResult(cell, runs: [Self.run("now", .clean, of: cell, starting: now)])
        let found = drift([result], [cell.key: Self.past("clean", .clean, boots: before)])
        #expect(found.map(\.kind) == (isTold ? [.slowerBoot] : []))
    }

    @Test("an error line that is new is told with the run that logged it")
    func lines() {
        let cell = Self.cell()
        let result = NightResult(cell, runs: [Self.run("now", .clean, of: cell)])
        let line = NewErrorLine(cell: cell.key, run: "now", text: "Failed to do # things")
        let found = drift([result], [cell.key: Self.past("clean", .clean)], lines: [line])
        #expect(found.map(\.kind) == [.newErrorLine] && found[0].advice == "Run: ninepin diff before now" && found[0].after == cell.source)
    }

    @Test(
        "a surprise is booted again; boots that disagree up to five times; what is expected or as the last time is not repeated",
        arguments: [
            (["clean"], ["clean"], false), (["fatal"], ["clean"], true), (["fatal", "fatal"], ["clean"], false),
            (["fatal", "clean"], ["clean"], true), (["fatal", "clean", "clean", "clean"], ["clean"], true),
            (["fatal", "clean", "clean", "clean", "clean"], ["clean"], false), (["fatal"], [], false),
            (["fatal, memory cache"], ["fatal"], false), (["fatal"], ["clean", "fatal"], false), ([], ["clean"], false),
        ])
    func repetition(_ titles: [String], _ usual: [String], _ isNeeded: Bool) {
        #expect(Repetition.isNeeded(titles, usual: usual) == isNeeded)
    }
}
