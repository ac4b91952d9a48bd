import ExitCodes
import Model

extension ReportDocument {
    /// 1 if an expectation is broken, 70 if the harness failed and none is broken, 0 otherwise.
    package var exitStatus: ExitStatus {
        if cells.contains(where: \.isBroken) { return .no }
        return cells.contains { $0.state == .harness } ? .fault : .good
    }
}
