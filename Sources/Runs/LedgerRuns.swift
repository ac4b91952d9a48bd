import FileSystem
import GRDB
import Model

/// A run in a history.
package struct HistoryRow: Hashable, Encodable, Sendable {
    package let key: CellKey
    /// The version that was asked for; nil if unknown.
    package let version: String?
    package let point: ReportDocument.Point
    /// The reason for the grade, in one sentence.
    package let summary: String
}

/// A run that would be removed.
package struct PrunedRun: Hashable, Encodable, Sendable {
    /// The run's ID.
    package let id: String
    /// The length of its files.
    package let bytes: Int64
}

extension Ledger {
    /// The newest runs, oldest first, without those set aside.
    ///
    /// - Parameters:
    ///   - recipe: nil for all.
    ///   - layout: nil for all.
    ///   - series: patches by full or short name, in order; nil for all series.
    /// - Throws: `LedgerError`; `FileError`.
    package func history(recipe: String?, layout: RunLayout?, series: [String]?, limit: Int) throws -> [HistoryRow] {
        try database.read { db in
            var conditions = ["r.set_aside IS NULL"]
            var arguments: [(any DatabaseValueConvertible)?] = []
            if let recipe {
                conditions.append("r.recipe = ?")
                arguments.append(recipe)
            }
            if let layout {
                conditions.append("r.layout = ?")
                arguments.append(layout.rawValue)
            }
            if let series {
                let known = try String.fetchAll(db, sql: "SELECT name FROM series").filter { Self.matches($0, series) }
                conditions.append("r.series IN (\(known.map { _ in "?" }.joined(separator: ", ")))")
                arguments += known
            }
            let sql = "\(Self.pointRows) WHERE \(conditions.joined(separator: " AND ")) ORDER BY r.id DESC LIMIT ?"
            let rows = try Row.fetchAll(db, sql: sql, arguments: StatementArguments(arguments + [max(0, limit)]))
            return try rows.map { row in
                HistoryRow(key: try CellRows.key(row), version: row["version"], point: try Self.point(row), summary: row["summary"] ?? "")
            }.reversed()
        }
    }

    private static func matches(_ name: String, _ wanted: [String]) -> Bool {
        let patches = name == "none" ? [] : name.split(separator: ",")
        return patches.count == wanted.count
            && zip(patches, wanted).allSatisfy { patch, word in patch == word || patch.hasSuffix("/\(word)") }
    }

    /// The runs that are not among the newest of their cell, except for the newest clean run of each cell, all runs of the last ten nights,
    /// and each cell's newest run in any night. Runs that were set aside are counted on their own.
    ///
    /// - Parameter count: how many runs of each cell stay.
    /// - Throws: `LedgerError`; `FileError`.
    package func prunable(keeping count: Int) throws -> [PrunedRun] {
        let cell = "recipe, series, layout, level, probe"
        let sql = """
            WITH ranked AS (
                SELECT id, bytes, row_number() OVER (PARTITION BY \(cell), set_aside IS NULL ORDER BY id DESC) AS rank FROM runs
            ), nightly AS (SELECT id FROM nights ORDER BY id DESC LIMIT 10),
            kept AS (
                SELECT max(r.id) AS id FROM runs r JOIN verdicts v ON v.run = r.id
                WHERE v.grade = 'clean' AND r.set_aside IS NULL GROUP BY r.recipe, r.series, r.layout, r.level, r.probe
                UNION SELECT run FROM night_cell_runs WHERE night IN nightly
                UNION SELECT run FROM night_cells WHERE night IN nightly AND run IS NOT NULL
                UNION SELECT run FROM (SELECT run, max(night) FROM night_cells WHERE run IS NOT NULL GROUP BY \(CellRows.columns))
            )
            SELECT id, bytes FROM ranked WHERE rank > ? AND id NOT IN (SELECT id FROM kept) ORDER BY id
            """
        return try database.read { db in
            try Row.fetchAll(db, sql: sql, arguments: [max(0, count)]).map { PrunedRun(id: $0["id"] ?? "", bytes: $0["bytes"] ?? 0) }
        }
    }

    /// Removes a recorded run with its logs. Links in its folder are removed and not followed.
    ///
    /// - Throws: `FileError`, also if there is no such run; `LedgerError`.
    package func remove(_ id: String) throws {
        let place = try place(of: id)
        guard Files.exists(place) else { throw Files.refusal("remove the run", place, "there is no such run") }
        try Files.remove(place)
        try database.write { db in
            try RunRows.perform("DELETE FROM runs WHERE id = ?", [id], in: db)
            try RunRows.perform("DELETE FROM unreadable WHERE id = ?", [id], in: db)
        }
    }
}
