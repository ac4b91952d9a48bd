import Model
import Runs

/// A night's plan as a document.
package struct NightlyPlanDocument: Codable, Sendable {
    /// A cell of the plan.
    package struct Cell: Codable, Sendable {
        /// The cell's key in words.
        package let cell: String
        package let key: CellKey
        /// The series with the shortest patch names, or `none`.
        package let label: String
        package let version: String
        package let decision: NightlyPlan.Decision
        /// Why.
        package let reason: String
        /// The expected result; nil if nothing is expected.
        package let expected: String?
        /// The last result; nil if there is none.
        package let last: String?
        /// The expected duration of the boot in seconds.
        package let bootSeconds: Double
    }

    /// A row whose source could not be resolved.
    package struct Unresolved: Codable, Sendable {
        package let recipe: String
        package let reason: String
    }

    package let cells: [Cell]
    package let unresolved: [Unresolved]
    /// The expected duration of everything that runs, in seconds.
    package let seconds: Double
    /// The unfinished night that would be resumed; nil for a new one.
    package let resumes: String?

    package init(_ prepared: NightlyRunner.Prepared) {
        cells = prepared.plan.entries.map { entry in
            Cell(
                cell: "\(entry.cell.key)", key: entry.cell.key, label: entry.cell.label, version: entry.cell.version,
                decision: entry.decision, reason: entry.reason,
                expected: entry.cell.expected, last: entry.earlier?.result, bootSeconds: entry.cell.bootSeconds)
        }
        unresolved = prepared.unresolved.map { Unresolved(recipe: $0.recipe, reason: $0.reason) }
        seconds = prepared.plan.seconds
        resumes = prepared.unfinished?.id
    }
}
