import ExitCodes
import Model

extension Run {
    /// Success for a clean verdict only.
    package var exitStatus: ExitStatus { verdict.grade == .clean ? .good : .no }
}

extension Matrix {
    /// Success if every cell has one answer and the recipe's own series is clean wherever it was booted. Other series are only for
    /// comparison.
    package func exitStatus(for recipe: Recipe) -> ExitStatus {
        let isSettled = cells.allSatisfy { $0.grade != .inconclusive }
        let keepsPromise = cells.filter { $0.series == recipe.series }.allSatisfy { $0.grade == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}
