import Model

/// Rows of `patches check`, and whether they are as they should be.
public struct FitTable: Sendable {
    private let rows: [FitRow]

    /// Makes a table.
    public init(_ rows: [FitRow]) { self.rows = rows }

    /// Whether each patch has one variant that is meant, or a good reason for none, wherever its upstream is.
    public var isGood: Bool {
        let tried = rows.filter { $0.home != nil }
        return Dictionary(grouping: tried) { "\($0.source) \($0.patch) \($0.home ?? "")" }.values.allSatisfy { rows in
            rows.contains { $0.chosenBy != nil } || (rows.contains { $0.state == .upstream } && !rows.contains(where: \.fits))
        }
    }
}
