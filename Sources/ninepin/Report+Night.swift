import Model
import Report

extension Report {
    /// Writes the result of a night.
    func night(_ document: ReportDocument) {
        for drift in document.drift { text("\(drift)") }
        table(
            ["cell", "version", "result", "expected", "state"],
            document.cells.map { ["\($0.key)", $0.version ?? "–", $0.result, $0.expected ?? "–", $0.state.rawValue] })
    }
}
