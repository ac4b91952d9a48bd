import Model

/// The rows of `patches check`, and whether they are acceptable.
package struct PatchMatchTable: Sendable {
    private let rows: [PatchMatchRow]

    package init(_ rows: [PatchMatchRow]) { self.rows = rows }

    /// Whether each patch has a chosen variant, or is already in upstream, wherever its upstream occurs.
    package var isGood: Bool {
        let tried = rows.filter { $0.home != nil }
        return Dictionary(grouping: tried) { "\($0.source) \($0.patch) \($0.home ?? "")" }.values.allSatisfy { rows in
            rows.contains { $0.chosenBy != nil } || (rows.contains { $0.state == .upstream } && !rows.contains(where: \.fits))
        }
    }
}
