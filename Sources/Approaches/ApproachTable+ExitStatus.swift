import ExitCodes

extension ApproachTable {
    /// Success if every row has one answer, and the recipe's own patches, if the table has them, make a clean node.
    package var exitStatus: ExitStatus {
        let isSettled = rows.allSatisfy { $0.outcome != .inconclusive }
        let keepsPromise = rows.filter { $0.name == reference }.allSatisfy { $0.outcome == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}
