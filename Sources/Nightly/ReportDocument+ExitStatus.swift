import ExitCodes
import Model

extension ReportDocument {
    /// 1 if an expectation is broken, 70 if the harness failed and none is broken, 0 otherwise.
    package var exitStatus: ExitStatus {
        if cells.contains(where: \.isBroken) { return .no }
        return cells.contains { $0.state == .harness } ? .fault : .good
    }
}

extension ReportDocument.Cell {
    /// Whether the result contradicts what was expected. A cell that does not repeat contradicts every expectation.
    package var isBroken: Bool {
        switch state {
        case .broken: true
        case .flaky: expected != nil
        case .unchanged: expected.map { !NightResult.meets(result, $0) } ?? false
        case .asExpected, .measured, .postponed, .harness: false
        }
    }
}
