import Model

/// The rows of `patches check`, and whether they are acceptable.
package struct PatchMatchTable: Sendable {
    private let rows: [PatchMatchRow]

    package init(_ rows: [PatchMatchRow]) { self.rows = rows }

    /// The rows of patches whose upstream occurs in the source.
    private var tried: [PatchMatchRow] { rows.filter { $0.home != nil } }

    /// The patches that were tried nowhere, because no source that is there contains their upstream. Nothing is known about them.
    package var untried: [PatchName] { Set(rows.map(\.patch)).subtracting(tried.map(\.patch)).sorted() }

    /// Whether nothing was tried.
    package var isEmpty: Bool { tried.isEmpty }

    /// Whether each patch has a chosen variant, or is already in upstream, wherever its upstream occurs.
    package var isGood: Bool {
        Dictionary(grouping: tried) { "\($0.source) \($0.patch) \($0.home ?? "")" }.values.allSatisfy { rows in
            rows.contains { $0.chosenBy != nil } || (rows.contains { $0.state == .upstream } && !rows.contains(where: \.fits))
        }
    }
}
