import ExitCodes
import Model

extension Run {
    /// Clean is good, and nothing else is.
    package var exitStatus: ExitStatus { verdict.grade == .clean ? .good : .no }
}

extension Matrix {
    /// Whether the table can be relied on and the recipe keeps its promise: every cell has one answer, and the recipe's own series is clean
    /// wherever it was booted. Other series are there to be compared.
    package func exitStatus(for recipe: Recipe) -> ExitStatus {
        let isSettled = cells.allSatisfy { $0.grade != .inconclusive }
        let keepsPromise = cells.filter { $0.series == recipe.series }.allSatisfy { $0.grade == .clean }
        return isSettled && keepsPromise ? .good : .no
    }
}
