import Model
import Report

extension Report {
    /// Prints a table of approaches with the outcome, the cost and the purpose of each; then the evidence that decided each row.
    package func approaches(_ table: ApproachTable, place: String) {
        let rows = table.rows.map { row in
            [
                row.name, row.word, row.times, row.boot, table.ratio(of: row), row.processor, row.memory, row.goodFor,
            ]
        }
        styled(["approach", "verdict", "boots", "boot", "against patched", "CPU", "memory", "good for"], rows) { row, column in
            column == 1 ? table.rows[row].outcome.style : nil
        }
        text("")
        for row in table.rows {
            text("\(row.name): \(row.decision)")
            for answer in row.attempts.first?.answers ?? [] { text("    asked: \(answer)") }
            for note in row.attempts.first?.notes ?? [] { text("    note: \(note)") }
        }
        text("recorded  \(place)")
    }
}

extension ApproachTable {
    /// A row's boot time as a percentage of the reference's; a dash if either is missing.
    func ratio(of row: Row) -> String {
        guard let own = row.bootSeconds, let other = rows.first(where: { $0.name == reference })?.bootSeconds, other > 0 else { return "–" }
        return "\(Int((own / other * 100).rounded())) %"
    }
}

extension ApproachTable.Row {
    /// The deciding evidence of the first boot; if the outcome is inconclusive, the reason for that.
    var decision: String { outcome == .inconclusive ? summary : attempts.first?.evidence.first?.description ?? summary }

    /// The number of boots, and whether they agree.
    var times: String {
        guard attempts.count > 1 else { return "once" }
        if Set(attempts.map(\.outcome)).count > 1 { return "\(attempts.count), differing" }
        return "\(attempts.count), the same\(Set(attempts.map(\.cause)).count > 1 ? " but for the cause" : "")"
    }

    /// Seconds until the node answered; if it never did, the seconds until it reported its start, in brackets.
    var boot: String {
        if let seconds = bootSeconds { return "\(Self.tenths(seconds)) s" }
        return measures.secondsToStart.map { "(\(Self.tenths($0)) s)" } ?? "–"
    }

    /// Processor time in the first minute; if the boot was shorter, with its length.
    var processor: String {
        guard measures.cpuWindow > 0 else { return "–" }
        let whole = measures.cpuWindow >= 59
        return "\(Self.tenths(measures.cpuSeconds)) s\(whole ? "" : " in \(Self.tenths(measures.cpuWindow)) s")"
    }

    /// The maximum memory use.
    var memory: String { measures.memoryBytes > 0 ? "\(measures.memoryBytes >> 20) MiB" : "–" }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}

extension ApproachOutcome {
    var style: Terminal.Style {
        switch self {
        case .clean: .good
        case .degraded, .inconclusive: .doubtful
        case .fatal, .cannot, .noNode: .bad
        }
    }
}
