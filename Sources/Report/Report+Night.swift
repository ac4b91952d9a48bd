import Model

extension Report {
    /// Writes the result of a night: what changed, the cells as grids, what to look at, and what happened in one sentence.
    package func night(_ document: ReportDocument) {
        for drift in document.drift { text("\(drift)") }
        if !document.drift.isEmpty { text("") }
        for group in CellGroup.groups(of: document) {
            for line in StyledText(group.title, .strong).wrapped(to: limit ?? Int.max, indent: 4) { text(line) }
            for line in group.grid(signs).lines(within: limit.map { $0 - 2 }) { text("  \(line)") }
            text("")
        }
        troubled(document)
        wrapped("\(document.headline, .strong)")
        wrapped("\(document.cells.count) cells: \(document.tally)")
    }

    private func troubled(_ document: ReportDocument) {
        for cell in document.troubled {
            let result = cell.state == .flaky ? "does not repeat: \(cell.tally)" : cell.result
            let expected = cell.state == .broken ? cell.expected.map { "; expected \($0)" } ?? "" : ""
            wrapped("\(signs.shown(cell.sign), cell.style) \(cell.name): \(result, cell.style)\(expected)")
            let decided = cell.run?.verdict.evidence.first?.description ?? cell.summary
            if !decided.isEmpty { wrapped("    \(decided)") }
        }
        if !document.troubled.isEmpty { text("") }
    }
}

/// The rows of one recipe: its nodes at one level, or its probes.
private struct CellGroup {
    let title: String
    var rows: [ReportDocument.Row]

    static func groups(of document: ReportDocument) -> [CellGroup] {
        document.rows.reduce(into: []) { groups, row in
            let title = "\(row.subject), \(row.probe == nil ? "level \(row.level.rawValue)" : "probes")"
            if groups.last?.title == title {
                groups[groups.count - 1].rows.append(row)
            } else {
                groups.append(CellGroup(title: title, rows: [row]))
            }
        }
    }

    func grid(_ signs: Signs) -> CellGrid {
        var seen: Set<RunLayout> = []
        let layouts = rows.flatMap { $0.cells.keys.sorted { $0.rawValue < $1.rawValue } }.filter { seen.insert($0).inserted }
        let isProbed = rows.contains { $0.probe != nil }
        return CellGrid(
            header: (isProbed ? ["probe"] : []) + ["series", "version"], columns: layouts.map(\.rawValue),
            rows: rows.map { row in
                let labels = (isProbed ? [row.probe?.description ?? ""] : []) + [row.label, row.versions.joined(separator: ", ")]
                return CellGrid.Row(labels: labels, cells: layouts.map { row.cells[$0].map(CellGrid.Cell.init) })
            }, signs: signs)
    }
}

extension CellGrid.Cell {
    fileprivate init(_ cell: ReportDocument.Cell) {
        let result = cell.state == .flaky ? cell.tally : cell.state == .postponed ? "postponed" : cell.result
        self.init(sign: cell.sign, words: result, style: cell.style, isMarked: cell.isBroken)
    }
}

extension ReportDocument.Cell {
    /// The color of the state. The sign and the mark say the same without it.
    fileprivate var style: Terminal.Style? {
        switch state {
        case .asExpected: .good
        case .broken, .flaky, .harness: .bad
        case .unchanged: isBroken ? .bad : .faint
        case .postponed: .doubtful
        case .measured: nil
        }
    }
}

extension ReportDocument {
    /// The number of cells in each state: `9 as expected, 6 unchanged`.
    fileprivate var tally: String {
        State.allCases.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }.joined(separator: ", ")
    }
}
