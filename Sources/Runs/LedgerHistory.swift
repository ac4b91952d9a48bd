import GRDB
import Model

/// Questions across runs.
extension Ledger {
    /// The newest results of a cell, oldest first, without runs that were set aside. If the cell follows a line of releases, only runs whose
    /// version is of that line count.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func points(of key: CellKey, limit: Int) throws -> [ReportDocument.Point] {
        try database.read { db in
            let (condition, arguments) = CellRows.runs(of: key)
            let statement = try db.cachedStatement(sql: "\(Self.pointRows) WHERE \(condition) ORDER BY r.id DESC LIMIT ?")
            let rows = try Row.fetchAll(statement, arguments: StatementArguments(arguments + [max(0, limit)]))
            return try rows.map(Self.point).reversed()
        }
    }

    /// How long the boots or probes of cells are expected to take in seconds: the median of the last ten of each cell, whatever their
    /// version. A cell without runs is missing.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func expectedSeconds(of keys: [CellKey]) throws -> [CellKey: Double] {
        try database.read { db in
            var expected: [CellKey: Double] = [:]
            for key in keys where expected[key] == nil {
                let anyLine = CellKey(
                    recipe: key.recipe, series: key.series, layout: key.layout, level: key.level, probe: key.probe)
                let (condition, arguments) = CellRows.runs(of: anyLine)
                let statement = try db.cachedStatement(
                    sql: """
                        SELECT (SELECT sum(seconds) FROM steps WHERE run = r.id AND name = 'verify') AS spent FROM runs r
                        WHERE \(condition) AND spent IS NOT NULL ORDER BY r.id DESC LIMIT \(Self.window)
                        """)
                expected[key] = Self.median(try Double.fetchAll(statement, arguments: StatementArguments(arguments)))
            }
            return expected
        }
    }

    /// How long a step is expected to take for a recipe in seconds when its result is not in the store: the median of the last ten times;
    /// nil if it was never performed.
    ///
    /// - Parameter step: the step's name, such as `build`.
    /// - Throws: `LedgerError`; `FileError`.
    package func expectedSeconds(ofStep step: String, recipe: String) throws -> Double? {
        try database.read { db in
            let sql = """
                SELECT s.seconds FROM steps s INDEXED BY steps_performed CROSS JOIN runs r ON r.id = s.run
                WHERE s.cached = 0 AND s.name = ? AND r.recipe = ? ORDER BY s.run DESC LIMIT \(Self.window)
                """
            return Self.median(try Double.fetchAll(db, sql: sql, arguments: [step, recipe]))
        }
    }

    /// Enters error lines of a run, and returns those that no run of the recipe had logged before.
    ///
    /// - Parameter run: the run's ID. It must be recorded.
    /// - Throws: `LedgerError`, also if there is no such run; `FileError`.
    package func newErrorLines(recipe: String, _ lines: [ErrorLine], run: String) throws -> [ErrorLine] {
        try database.write { db in
            try lines.filter { line in
                try RunRows.perform(
                    "INSERT INTO error_lines (recipe, signature, text, first_run) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    [recipe, line.signature, line.text, run], in: db)
                return db.changesCount > 0
            }
        }
    }

    /// The number of recorded runs that an expectation is based on.
    private static let window = 10

    static let pointRows = """
        SELECT r.*, v.grade, v.cause, v.summary, l.title AS source, t.seconds AS boot FROM runs r JOIN verdicts v ON v.run = r.id
        LEFT JOIN locks l ON l.id = r.lock
        LEFT JOIN timings t ON t.run = r.id AND t.kind = 'milestone' AND t.name = '\(Milestone.kubelet.rawValue)'
        """

    static func point(_ row: Row) throws -> ReportDocument.Point {
        guard let id: String = row["id"], let grade = Grade(rawValue: row["grade"] ?? "") else { throw CellRows.malformed("a run") }
        let cause: String? = row["cause"]
        return ReportDocument.Point(
            run: id, started: row["started"] ?? "", grade: grade, result: cause.map { "\(grade.rawValue), \($0)" } ?? grade.rawValue,
            source: row["source"], bootSeconds: row["boot"])
    }

    /// The median; nil for no values.
    static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
