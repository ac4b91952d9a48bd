import ExitCodes

extension ApproachTable {
    /// Whether the table can be relied on: every row has one answer, and the recipe's own patches, where they are in it, make a clean node.
    package var exitStatus: ExitStatus {
        let isSettled = rows.allSatisfy { $0.outcome != .inconclusive }
        let keepsPromise = rows.filter { $0.name == reference }.allSatisfy { $0.outcome == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}
