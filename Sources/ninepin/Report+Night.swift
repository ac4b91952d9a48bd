import Model
import Nightly
import Report

extension ReportDocument.Cell {
    /// The color of the state; the word says the same without it.
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

extension Report {
    /// Writes the result of a night.
    func night(_ document: ReportDocument) {
        for drift in document.drift { text("\(drift)") }
        if !document.drift.isEmpty { text("") }
        styled(
            ["recipe", "series", "layout", "level", "result", "expected", "state"],
            document.cells.map { cell in
                let level = cell.key.probe.map { "probe \($0.name)" } ?? cell.key.level.rawValue
                return [
                    "\(cell.key.recipe) \(cell.version ?? "")", cell.label, cell.key.layout.rawValue, level, cell.result,
                    cell.expected ?? "–", cell.state.rawValue,
                ]
            }
        ) { row, column in column == 6 ? document.cells[row].style : nil }
        let counts = ReportDocument.State.allCases.compactMap { state in
            let count = document.cells.count { $0.state == state }
            return count > 0 ? "\(count) \(state.rawValue)" : nil
        }
        text("")
        text("\(document.cells.count) cells: \(counts.joined(separator: ", "))")
    }
}
