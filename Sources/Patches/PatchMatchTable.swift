import Model

/// Rows of `patches check`, and whether they are as they should be.
package struct PatchMatchTable: Sendable {
    private let rows: [PatchMatchRow]

    /// Makes a table.
    package init(_ rows: [PatchMatchRow]) { self.rows = rows }

    /// Whether each patch has one variant that is meant, or a good reason for none, wherever its upstream is.
    package var isGood: Bool {
        let tried = rows.filter { $0.home != nil }
        return Dictionary(grouping: tried) { "\($0.source) \($0.patch) \($0.home ?? "")" }.values.allSatisfy { rows in
            rows.contains { $0.chosenBy != nil } || (rows.contains { $0.state == .upstream } && !rows.contains(where: \.fits))
        }
    }
}
