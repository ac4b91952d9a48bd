import Model

/// The class of the style sheet that colors a result. Color never tells anything alone: a sign and words are next to it.
enum Tone: String {
    case good, bad, doubtful, unknown, none

    init(_ cell: ReportDocument.Cell) {
        switch cell.state {
        case .postponed: self = .none
        case .harness: self = .unknown
        case .flaky: self = .doubtful
        default: self = cell.grade.map(Tone.init) ?? (cell.result == "not measured" ? .none : .bad)
        }
    }

    init(_ grade: Grade) {
        switch grade {
        case .clean: self = .good
        case .degraded: self = .doubtful
        case .fatal: self = .bad
        case .short, .inconclusive: self = .unknown
        }
    }
}

extension ReportDocument.State {
    /// The state as part of a class name, and as the value of the filter.
    var token: String { self == .asExpected ? "expected" : rawValue }

    /// Whether somebody should look at the cell.
    var isTrouble: Bool { self == .broken || self == .flaky || self == .harness }

    /// What the legend says.
    var explanation: String {
        switch self {
        case .asExpected: "measured, and as expected"
        case .broken: "measured, and not as expected"
        case .measured: "measured; nothing was expected of it"
        case .flaky: "its boots disagree"
        case .unchanged: "nothing changed since its last verdict, which still counts"
        case .postponed: "the time was spent before its turn"
        case .harness: "the harness failed, so nothing is known"
        }
    }
}
