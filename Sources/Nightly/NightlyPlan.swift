import FoundationEssentials
import Model

/// A cell of tonight's matrix, with everything that can change its result.
package struct NightlyCell: Hashable, Sendable {
    package let key: CellKey
    /// The series with the shortest patch names, or `none`.
    package let label: String
    /// The version of the recipe.
    package let version: String
    /// Cells with a higher number run first.
    package let priority: Int
    /// The expected result; nil if nothing is expected.
    package let expected: String?
    /// The locked source, such as `kubernetes 1.20.2-1`.
    package let source: String
    /// Everything that can change the result, each by a digest or a version: `source`, `recipe`, `series`, `Go`, `runsc` and others.
    package let inputs: [String: String]
    /// The expected duration of the boot in seconds, from the history of such cells.
    package let bootSeconds: Double
    /// The expected duration of the build in seconds; 0 if the binary is stored.
    package let buildSeconds: Double

    package init(
        key: CellKey, label: String, version: String, priority: Int = 0, expected: String?, source: String, inputs: [String: String],
        bootSeconds: Double, buildSeconds: Double = 0
    ) {
        self.key = key
        self.label = label
        self.version = version
        self.priority = priority
        self.expected = expected
        self.source = source
        self.inputs = inputs
        self.bootSeconds = bootSeconds
        self.buildSeconds = buildSeconds
    }

    /// Cells that share a build.
    package var group: Group { Group(recipe: key.recipe, version: version, line: key.line, series: key.series, isProbed: key.probe != nil) }

    /// What is built once for several cells.
    package struct Group: Hashable, Sendable {
        package let recipe: String
        package let version: String
        package let line: String?
        package let series: [PatchName]
        /// Whether probes are built rather than a node.
        package let isProbed: Bool
    }
}

/// The last result of a cell.
package struct EarlierResult: Hashable, Sendable {
    /// `clean`, `fatal, memory cache`, `patch does not apply`.
    package let result: String
    /// Whether the result can be relied on: it is neither flaky nor a failure of the harness.
    package let isSettled: Bool
    /// The run that decided it; nil if no boot did.
    package let run: String?
    /// When it was measured.
    package let measured: Date
    /// The inputs then.
    package let inputs: [String: String]

    package init(result: String, isSettled: Bool, run: String?, measured: Date, inputs: [String: String]) {
        self.result = result
        self.isSettled = isSettled
        self.run = run
        self.measured = measured
        self.inputs = inputs
    }
}

/// What a night does with each cell, and why. A pure function of the cells, their history and the time.
package struct NightlyPlan: Hashable, Sendable {
    /// What happens to a cell.
    package enum Decision: String, Hashable, Codable, Sendable, CaseIterable {
        /// It is measured tonight.
        case run
        /// Its last result still counts.
        case keep
        /// It should be measured, but the budget does not allow it.
        case postpone
    }

    /// A cell and what happens to it.
    package struct Entry: Hashable, Sendable {
        package let cell: NightlyCell
        package let decision: Decision
        /// The reason, in words: `never measured`; `the source changed`; `unchanged since …`.
        package let reason: String
        /// The last result; nil if there is none.
        package let earlier: EarlierResult?
    }

    /// The cells in the order of the manifest.
    package let entries: [Entry]
    /// The positions of the cells to measure, in the order in which they are measured.
    package let order: [Int]
    /// The expected duration of what is measured, in seconds.
    package let seconds: Double

    /// Why a cell must be measured, the most urgent first.
    private enum Urgency: Int {
        case changed, unsettled, unexpected, new, old
    }

    /// Plans a night.
    ///
    /// - Parameters:
    ///   - cells: the cells in the order of the manifest.
    ///   - earlier: the last result of each cell.
    ///   - done: the cells that this night has already measured.
    ///   - maxAge: the number of nights after which a cell is measured again.
    ///   - budget: the remaining time in seconds; nil for no limit.
    ///   - jobs: how many boots are watched at the same time, for the estimate.
    package init(
        _ cells: [NightlyCell], earlier: [CellKey: EarlierResult], done: Set<CellKey> = [], maxAge: Int, budget: Double?, now: Date,
        jobs: Int = 4
    ) {
        var judged: [(urgency: Urgency?, reason: String)] = []
        judged.reserveCapacity(cells.count)
        for cell in cells { judged.append(Self.judge(cell, earlier[cell.key], maxAge: maxAge, now: now)) }
        // Cells that share a build run together, in the place of the most urgent of them.
        var ranks: [NightlyCell.Group: Int] = [:]
        for (index, cell) in cells.enumerated() {
            guard let urgency = judged[index].urgency, !done.contains(cell.key) else { continue }
            ranks[cell.group] = min(ranks[cell.group] ?? .max, Self.rank(cell, urgency))
        }
        let wanted = cells.indices.filter { judged[$0].urgency != nil && !done.contains(cells[$0].key) }
        let firsts = Dictionary(wanted.map { (cells[$0].group, $0) }, uniquingKeysWith: min)
        let sorted = wanted.sorted { one, other in
            let (left, right) = (cells[one].group, cells[other].group)
            return (ranks[left] ?? 0, firsts[left] ?? 0, one) < (ranks[right] ?? 0, firsts[right] ?? 0, other)
        }
        let (order, seconds) = Self.fitting(sorted, cells, budget: budget, jobs: max(1, jobs))
        let running = Set(order)
        entries = cells.indices.map { index in
            let cell = cells[index]
            let (urgency, reason) = judged[index]
            let decision: Decision = done.contains(cell.key) || urgency == nil ? .keep : running.contains(index) ? .run : .postpone
            return Entry(
                cell: cell, decision: decision, reason: done.contains(cell.key) ? "already measured this night" : reason,
                earlier: earlier[cell.key])
        }
        self.order = order
        self.seconds = seconds
    }

    /// Lower numbers run first.
    private static func rank(_ cell: NightlyCell, _ urgency: Urgency) -> Int { -cell.priority * 10 + urgency.rawValue }

    /// The first cells whose builds and boots fit in the budget. A boot that is only watched shares the time with others.
    private static func fitting(
        _ sorted: [Int], _ cells: [NightlyCell], budget: Double?, jobs: Int
    ) -> (order: [Int], seconds: Double) {
        var (order, seconds): ([Int], Double) = ([], 0)
        var built = Set<NightlyCell.Group>()
        for index in sorted {
            let cell = cells[index]
            let build = built.contains(cell.group) ? 0 : cell.buildSeconds
            let cost = build + cell.bootSeconds / Double(cell.key.probe == nil ? jobs : 1)
            if let budget, seconds + cost > budget { continue }
            built.insert(cell.group)
            seconds += cost
            order.append(index)
        }
        return (order, seconds)
    }

    /// Whether a cell must be measured, and why; no urgency means that its last result still counts.
    private static func judge(
        _ cell: NightlyCell, _ earlier: EarlierResult?, maxAge: Int, now: Date
    ) -> (urgency: Urgency?, reason: String) {
        guard let earlier else { return (.new, "never measured") }
        let changes = Self.changes(from: earlier.inputs, to: cell.inputs)
        if !changes.isEmpty { return (.changed, "changed: \(changes.joined(separator: ", "))") }
        if !earlier.isSettled { return (.unsettled, "the last result was \(earlier.result)") }
        if let expected = cell.expected, !ExpectedResult.isMet(expected, by: earlier.result) {
            return (.unexpected, "the last result was \(earlier.result), expected \(expected)")
        }
        let nights = Self.nights(from: earlier.measured, to: now)
        if nights >= maxAge { return (.old, "last measured \(nights) night\(nights == 1 ? "" : "s") ago") }
        let names = cell.inputs.keys.sorted().joined(separator: ", ")
        let run = earlier.run.map { " in run \($0)" } ?? ""
        return (nil, "\(earlier.result)\(run) on \(Self.day(earlier.measured)); since then nothing changed: \(names)")
    }

    /// The names of the inputs that differ, with their values if these are short enough to read.
    package static func changes(from old: [String: String], to new: [String: String]) -> [String] {
        Set(old.keys).union(new.keys).sorted().compactMap { name in
            let (before, after) = (old[name], new[name])
            guard before != after else { return nil }
            guard let before, let after, before.utf8.count < 40, after.utf8.count < 40 else { return name }
            return "\(name) \(before) -> \(after)"
        }
    }

    /// The number of nights between two times. A nightly does not start at exactly the same time each night, hence the tolerance of six
    /// hours.
    private static func nights(from start: Date, to end: Date) -> Int {
        max(0, Int(((end.timeIntervalSince(start) + 6 * 3600) / 86_400).rounded(.down)))
    }

    private static func day(_ date: Date) -> String { date.formatted(.iso8601.year().month().day()) }
}
