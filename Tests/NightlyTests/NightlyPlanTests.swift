import Foundation
import Model
import Testing

@testable import Nightly

@Suite("The plan of a night")
struct NightlyPlanTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let inputs = ["source": "a", "runsc": "20240729.0"]

    private static func cell(
        _ recipe: String = "kubelet-1.20", series: [PatchName] = [], on layout: Layout = .root9p, expected: String? = "clean",
        inputs: [String: String] = inputs, priority: Int = 0, boot: Double = 40, build: Double = 100
    ) -> NightlyCell {
        NightlyCell(
            key: CellKey(recipe: recipe, series: series, layout: .sandbox(layout), level: .boot), label: "none", version: "1.20.2",
            priority: priority, expected: expected, source: "kubernetes 1.20.2-1", inputs: inputs, bootSeconds: boot, buildSeconds: build)
    }

    private static func earlier(
        _ result: String = "clean", nights: Double = 1, isSettled: Bool = true, inputs: [String: String] = inputs
    ) -> EarlierResult {
        EarlierResult(
            result: result, isSettled: isSettled, run: "20261126T021700-1", measured: now.addingTimeInterval(-nights * 86_400),
            inputs: inputs)
    }

    private func plan(_ cells: [NightlyCell], _ earlier: [EarlierResult?], done: Set<CellKey> = [], budget: Double? = nil) -> NightlyPlan {
        let known = zip(cells, earlier).compactMap { cell, one in one.map { (cell.key, $0) } }
        return NightlyPlan(
            cells, earlier: Dictionary(known) { one, _ in one }, done: done, maxAge: 7, budget: budget, now: Self.now, jobs: 2)
    }

    @Test("what is unchanged since a result as expected is kept, and the reason names the run and what was compared")
    func kept() throws {
        let plan = plan([Self.cell()], [Self.earlier()])
        #expect(plan.entries[0].decision == .keep && plan.order.isEmpty && plan.seconds == 0)
        #expect(plan.entries[0].reason.contains("20261126T021700-1") && plan.entries[0].reason.contains("runsc, source"))
    }

    @Test(
        "a cell runs if it is new, changed, unsettled, unexpected or old, and the reason says which",
        arguments: [
            (nil, "never measured"),
            (earlier(inputs: ["source": "a", "runsc": "20230101.0"]), "changed: runsc 20230101.0 -> 20240729.0"),
            (earlier(inputs: ["source": String(repeating: "b", count: 64), "runsc": "20240729.0"]), "changed: source"),
            (earlier(inputs: ["source": "a", "runsc": "20240729.0", "probe": "p"]), "changed: probe"),
            (earlier("flaky: 2 × clean, 1 × fatal", isSettled: false), "the last result was flaky: 2 × clean, 1 × fatal"),
            (earlier("fatal, memory cache"), "the last result was fatal, memory cache, expected clean"),
            (earlier(nights: 7), "last measured 7 nights ago"),
            // A night that starts a little earlier than the one a week before is still the seventh.
            (earlier(nights: 6.9), "last measured 7 nights ago"),
        ] as [(EarlierResult?, String)])
    func run(_ earlier: EarlierResult?, _ reason: String) {
        let plan = plan([Self.cell()], [earlier])
        #expect(plan.entries[0].decision == .run && plan.order == [0])
        #expect(plan.entries[0].reason == reason)
    }

    @Test("an expectation without a cause is met by any cause, in the plan as in the result")
    func anyCause() {
        let fatal = Self.earlier("fatal, memory cache")
        #expect(plan([Self.cell(expected: "fatal")], [fatal]).entries[0].decision == .keep)
        #expect(plan([Self.cell(expected: "fatal, could not find device")], [fatal]).entries[0].decision == .run)
    }

    @Test("six nights are not seven")
    func young() { #expect(plan([Self.cell()], [Self.earlier(nights: 6)]).entries[0].decision == .keep) }

    @Test("what changed runs before what is new or old, a higher priority before all, and cells of one build together")
    func order() {
        let cells = [
            Self.cell("old"), Self.cell("new"), Self.cell("changed"), Self.cell("important", priority: 1),
            Self.cell("new", on: .rootOverlay),
            Self.cell("old", on: .volume9p),
        ]
        let changed = Self.earlier(inputs: ["source": "b", "runsc": "20240729.0"])
        let plan = plan(cells, [Self.earlier(nights: 9), nil, changed, Self.earlier(nights: 8), nil, changed])
        #expect(plan.order == [3, 0, 5, 2, 1, 4])
    }

    @Test("the budget pays a build once for all cells that share it; what does not fit is postponed, and what is cheaper may still fit")
    func budget() {
        let cells = [Self.cell(), Self.cell(on: .rootOverlay), Self.cell("other"), Self.cell("cheap", build: 0)]
        // A build and two boots, two at a time: 140 s. The other recipe takes 120 s more, the cheap one 20 s.
        let plan = plan(cells, [nil, nil, nil, nil], budget: 170)
        #expect(plan.entries.map(\.decision) == [.run, .run, .postpone, .run] && plan.seconds == 160)
    }

    @Test("what the night measured before it was interrupted is not measured again")
    func done() {
        let cells = [Self.cell(), Self.cell(on: .rootOverlay)]
        let plan = plan(cells, [nil, nil], done: [cells[0].key])
        #expect(plan.order == [1] && plan.entries[0].decision == .keep && plan.entries[0].reason == "already measured this night")
    }
}
