/// What every format of a report tells in the same words: the sentence at the top, the names of cells, the grid.
extension ReportDocument {
    /// What happened, in one sentence: `11 of 12 cells are as expected; kubelet-1.20 with percpu on root-9p is now fatal instead of clean.`
    package var headline: String {
        guard !cells.isEmpty else { return "Nothing was measured." }
        let interrupted = night.map { $0.ended == nil } ?? false
        let clauses = [opening] + notAsExpected + unstable + [unknown, postponed, unjudged].compactMap(\.self)
        return (interrupted ? "The night did not end: " : "") + clauses.joined(separator: "; ") + "."
    }

    /// How many cells there are in each state; states without cells are not in it.
    package var counts: [State: Int] { cells.reduce(into: [:]) { $0[$1.state, default: 0] += 1 } }

    /// The cells that a person should look at: broken ones, then those that do not repeat, then those the harness failed for.
    package var troubled: [Cell] {
        contradicted + [State.flaky, .harness].flatMap { state in cells.filter { $0.state == state } }
    }

    /// The cells that are not as expected, and do repeat.
    private var contradicted: [Cell] { cells.filter { $0.isBroken && $0.state != .flaky } }

    private var opening: String {
        let good = cells.count { $0.state == .asExpected || $0.state == .unchanged && !$0.isBroken }
        if count(.measured) == cells.count { return measured }
        if cells.count == 1, let cell = cells.first, good == 1 { return "\(cell.name) is as expected: \(cell.phrase)" }
        if good == cells.count { return "All \(good) cells are as expected" }
        let all = cells.count - count(.measured)
        return "\(good == 0 ? "None" : "\(good)") of \(all == 1 ? "1 cell is" : "\(all) cells \(good == 1 ? "is" : "are")") as expected"
    }

    private var measured: String {
        if cells.count == 1, let cell = cells.first { return "\(cell.name) is \(cell.phrase)" }
        var order: [String] = []
        var results: [String: Int] = [:]
        for cell in cells {
            let word = cell.grade?.rawValue ?? cell.phrase
            if results[word] == nil { order.append(word) }
            results[word, default: 0] += 1
        }
        let words = order.prefix(6).map { "\(results[$0] ?? 0) \($0)" }
        return "\(cells.count) cells were measured: \(words.joined(separator: ", "))"
    }

    /// A cell that is clean where something else was expected is good news, and is told after the bad.
    private var notAsExpected: [String] {
        let worse = contradicted.filter { $0.grade != .clean }
        let better = contradicted.filter { $0.grade == .clean }
        return named(worse, most: 2, \.change) { "\($0) more \($0 == 1 ? "is" : "are") not as expected" }
            + named(better, most: worse.isEmpty ? 2 : 0, \.change) { count in
                "\(count)\(worse.isEmpty ? " more" : "") \(count == 1 ? "is" : "are") better than expected"
            }
    }

    /// A cell that does not repeat is named only if it does not make a long sentence longer.
    private var unstable: [String] {
        named(cells.filter { $0.state == .flaky }, most: contradicted.count > 1 ? 0 : 1) {
            "\($0.name) does not repeat (\($0.tally))"
        } rest: {
            let more = contradicted.count > 1 ? "" : " more"
            return "\($0)\(more) \($0 == 1 ? "does" : "do") not repeat"
        }
    }

    private var unknown: String? { count(.harness) == 0 ? nil : "\(count(.harness)) could not be measured" }

    private var postponed: String? {
        let count = count(.postponed)
        return count == 0 ? nil : "\(count) \(count == 1 ? "was" : "were") postponed"
    }

    private var unjudged: String? {
        let count = count(.measured)
        guard count > 0, count < cells.count else { return nil }
        return "\(count) more \(count == 1 ? "was" : "were") measured without an expectation"
    }

    private func named(_ all: [Cell], most: Int, _ clause: (Cell) -> String, rest: (Int) -> String) -> [String] {
        return all.prefix(most).map(clause) + (all.count > most ? [rest(all.count - most)] : [])
    }

    private func count(_ state: State) -> Int { cells.count { $0.state == state } }
}

/// What a cell should be.
package enum ExpectedResult {
    /// Whether a result is the expected one. `fatal` expects any cause; `fatal, memory cache` expects that one.
    package static func isMet(_ expected: String, by result: String) -> Bool {
        result == expected || !expected.contains(",") && result.hasPrefix("\(expected), ")
    }
}

extension ReportDocument.Cell {
    /// Whether the result contradicts what was expected. A cell that does not repeat contradicts every expectation.
    package var isBroken: Bool {
        switch state {
        case .broken: true
        case .flaky: expected != nil
        case .unchanged: expected.map { !ExpectedResult.isMet($0, by: result) } ?? false
        case .asExpected, .measured, .postponed, .harness: false
        }
    }

    /// The cell in plain English: `stock kubelet-1.20 on root-9p`, `kubelet 1.36 with percpu on volume-9p, level pod`.
    package var name: String {
        let subject = [key.recipe, key.line ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        let source = subject.isEmpty ? "the binary" : subject
        let patched = key.series.isEmpty ? "stock \(source)" : "\(source) with \(label)"
        let how = key.probe.map { ", probe \($0)" } ?? (key.level == .boot ? "" : ", level \(key.level.rawValue)")
        return "\(key.recipe.isEmpty && key.series.isEmpty ? source : patched) on \(key.layout.rawValue)\(how)"
    }

    /// The result as part of a sentence: `fatal (memory cache)`.
    package var phrase: String { Self.phrase(result) }

    /// What it is now and what it should be, as a clause: `… is now fatal (memory cache) instead of clean`.
    package var change: String {
        let previous = history.dropLast().last
        let instead = expected.map { " instead of \(Self.phrase($0))" } ?? ""
        switch result {
        case "patch does not apply": return "a patch of \(name) \(previous == nil ? "does not apply" : "no longer applies")"
        case "does not build": return "\(name) \(previous == nil ? "does not build" : "no longer builds")"
        default:
            guard grade != nil else { return "\(name): \(result)\(instead)" }
            return "\(name) is \(previous.map { $0.result == result ? "still " : "now " } ?? "")\(phrase)\(instead)"
        }
    }

    /// The boots of the night by result: `3 clean, 2 fatal (memory cache)`; the result if there are none.
    package var tally: String {
        guard !counts.isEmpty else { return phrase }
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return sorted.map { "\($0.value) \(Self.phrase($0.key))" }.joined(separator: ", ")
    }

    /// A sign that tells the result without color: `✔` clean, `✘` fatal or not built, `!` degraded, `~` does not repeat, `?` unknown,
    /// `–` not measured.
    package var sign: String {
        switch state {
        case .flaky: "~"
        case .harness: "?"
        case .postponed: "–"
        default: grade?.sign ?? (result == "not measured" ? "–" : "✘")
        }
    }

    private static func phrase(_ result: String) -> String {
        guard let comma = result.firstRange(of: ", ") else { return result }
        return "\(result[..<comma.lowerBound]) (\(result[comma.upperBound...]))"
    }
}

extension Grade {
    /// A sign that tells the grade without color.
    package var sign: String {
        switch self {
        case .clean: "✔"
        case .degraded: "!"
        case .fatal: "✘"
        case .short, .inconclusive: "?"
        }
    }
}

extension ReportDocument {
    /// A row of the grid: a series of a recipe at a level, in several layouts.
    package struct Row: Sendable {
        /// The recipe and its line of releases.
        package let subject: String
        /// The series with the shortest patch names, or `none`.
        package let label: String
        package let level: Level
        package let probe: PatchName?
        /// The cells by layout.
        package fileprivate(set) var cells: [RunLayout: Cell]

        /// The versions that its cells measured last, each once.
        package var versions: [String] { Array(Set(cells.values.compactMap(\.version))).sorted() }
    }

    /// The layouts of the cells, in their order.
    package var layouts: [RunLayout] {
        var seen: Set<RunLayout> = []
        return cells.map(\.key.layout).filter { seen.insert($0).inserted }
    }

    /// The cells as rows of the grid, in their order. Two cells with one key are in two rows.
    package var rows: [Row] {
        struct Place: Hashable { let key: CellKey, label: String }
        var rows: [Row] = []
        var places: [Place: Int] = [:]
        for cell in cells {
            let key = cell.key
            let anywhere = CellKey(
                recipe: key.recipe, line: key.line, series: key.series, layout: .here, level: key.level, probe: key.probe)
            let place = Place(key: anywhere, label: cell.label)
            if let index = places[place], rows[index].cells[key.layout] == nil {
                rows[index].cells[key.layout] = cell
            } else {
                places[place] = rows.count
                let subject = [key.recipe, key.line ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
                rows.append(
                    Row(
                        subject: subject.isEmpty ? "binary" : subject, label: cell.label, level: key.level, probe: key.probe,
                        cells: [key.layout: cell]))
            }
        }
        return rows
    }
}
