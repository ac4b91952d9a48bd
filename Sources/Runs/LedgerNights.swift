import FoundationEssentials
import GRDB
import Model
import Store

/// The nights. They are only in the database.
extension Ledger {
    /// Begins a night.
    ///
    /// - Parameters:
    ///   - name: the manifest's name.
    ///   - budget: its time budget in seconds; nil if it has none.
    /// - Throws: `LedgerError`; `FileError`.
    package func beginNight(name: String, manifest: Digest, budget: Double?, at time: Date = .now) throws -> NightRecord {
        let night = NightRecord(
            id: RecordName.new(at: time), manifest: manifest, name: name, started: time.formatted(.iso8601), ended: nil, budget: budget,
            resumed: 0)
        try database.write { db in
            try RunRows.perform(
                "INSERT INTO nights (id, manifest, name, started, budget) VALUES (?, ?, ?, ?, ?)",
                [night.id, manifest.hex, name, night.started, budget], in: db)
        }
        return night
    }

    /// Counts that a night was interrupted and is resumed.
    ///
    /// - Returns: the night as it is now recorded.
    /// - Throws: `LedgerError`, also if there is no such night; `FileError`.
    package func resumeNight(_ id: String) throws -> NightRecord {
        try database.write { db in
            try RunRows.perform("UPDATE nights SET resumed = resumed + 1 WHERE id = ?", [id], in: db)
            return try Self.night(id, in: db)
        }
    }

    /// Records what a night found out about a cell, in place of what it had recorded about it before. When this returns, it is on the disk.
    ///
    /// - Throws: `LedgerError`, also if there is no such night or run; `FileError`.
    package func record(_ cell: NightCell, in night: String) throws { try record([cell], in: night) }

    /// Records several cells in one transaction.
    ///
    /// - Throws: as ``record(_:in:)-(NightCell,_)``.
    package func record(_ cells: [NightCell], in night: String) throws {
        try database.write { db in
            _ = try Self.night(night, in: db)
            for cell in cells { try Self.enter(cell, in: night, db) }
        }
    }

    private static func enter(_ cell: NightCell, in night: String, _ db: Database) throws {
        let (counts, inputs) = (try CellRows.text(cell.counts), try CellRows.text(cell.inputs))
        try RunRows.enter(cell.key.series, in: db)
        let lock = try cell.lock.map { try RunRows.enter($0, in: db) }
        let key = CellRows.arguments(cell.key)
        try RunRows.perform("DELETE FROM night_cells WHERE night = ? AND \(CellRows.condition)", [night] + key, in: db)
        try RunRows.perform(
            """
            INSERT INTO night_cells
                (night, \(CellRows.columns), position, version, state, result, grade, cause, summary, expected, reason, run, counts,
                inputs, lock)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [night] + key + [
                cell.position, cell.version, cell.state.rawValue, cell.result, cell.grade?.rawValue, cell.cause?.rawValue, cell.summary,
                cell.expected, cell.reason, cell.run, counts, inputs, lock,
            ], in: db)
        for (position, run) in cell.runs.enumerated() {
            try RunRows.perform(
                "INSERT INTO night_cell_runs (night, \(CellRows.columns), position, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [night] + key + [position, run], in: db)
        }
    }

    /// Ends a night.
    ///
    /// - Parameter drift: what changed, the most important first.
    /// - Returns: the night as it is now recorded.
    /// - Throws: `LedgerError`, also if there is no such night; `FileError`.
    @discardableResult
    package func endNight(_ id: String, drift: [Drift], at time: Date = .now) throws -> NightRecord {
        let documents = try drift.map { try CellRows.text($0) }
        let ended = time.formatted(.iso8601)
        return try database.write { db in
            try RunRows.perform("UPDATE nights SET ended = ? WHERE id = ?", [ended, id], in: db)
            let night = try Self.night(id, in: db)
            try RunRows.perform("DELETE FROM night_drift WHERE night = ?", [id], in: db)
            for (position, (one, document)) in zip(drift, documents).enumerated() {
                try RunRows.perform(
                    "INSERT INTO night_drift (night, position, kind, what, document) VALUES (?, ?, ?, ?, ?)",
                    [id, position, one.kind.rawValue, one.what, document], in: db)
            }
            return night
        }
    }

    /// The newest night of a manifest if it is not finished; nil otherwise.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func unfinishedNight(named name: String) throws -> NightRecord? {
        try database.read { db in
            let newest = try Row.fetchOne(db, sql: "SELECT * FROM nights WHERE name = ? ORDER BY id DESC LIMIT 1", arguments: [name])
            return try newest.map(NightRecord.init).flatMap { $0.ended == nil ? $0 : nil }
        }
    }

    /// The newest nights, newest first.
    ///
    /// - Parameter name: the manifest's name; nil for all.
    /// - Throws: `LedgerError`; `FileError`.
    package func latestNights(named name: String? = nil, limit: Int) throws -> [NightRecord] {
        try database.read { db in
            let sql = "SELECT * FROM nights WHERE name = coalesce(?, name) ORDER BY id DESC LIMIT ?"
            return try Row.fetchAll(db, sql: sql, arguments: [name, max(0, limit)]).map(NightRecord.init)
        }
    }

    /// The cells that a night has recorded, in the order of the manifest.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func cells(of night: String) throws -> [NightCell] {
        try database.read { db in
            let sql = "\(Self.cellRows) WHERE c.night = ? ORDER BY c.position, c.recipe, c.line, c.series, c.layout, c.level, c.probe"
            return try Row.fetchAll(db, sql: sql, arguments: [night]).map { try Self.cell($0, in: db) }
        }
    }

    /// What changed in a night, the most important first.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func drift(of night: String) throws -> [Drift] {
        try database.read { db in
            try String.fetchAll(db, sql: "SELECT document FROM night_drift WHERE night = ? ORDER BY position", arguments: [night])
                .map { try CellRows.value($0, as: Drift.self, "a change") }
        }
    }

    static let cellRows = "SELECT c.*, l.document FROM night_cells c LEFT JOIN locks l ON l.id = c.lock"

    static func cell(_ row: Row, in db: Database) throws -> NightCell {
        let arguments: [(any DatabaseValueConvertible)?] = [
            row["night"] as String?, row["recipe"] as String?, row["line"] as String?, row["series"] as String?, row["layout"] as String?,
            row["level"] as String?, row["probe"] as String?,
        ]
        let statement = try db.cachedStatement(
            sql: "SELECT run FROM night_cell_runs WHERE night = ? AND \(CellRows.condition) ORDER BY position")
        return try NightCell(row, runs: try String.fetchAll(statement, arguments: StatementArguments(arguments)))
    }

    private static func night(_ id: String, in db: Database) throws -> NightRecord {
        guard let row = try Row.fetchOne(db, sql: "SELECT * FROM nights WHERE id = ?", arguments: [id]) else {
            throw LedgerError(.other, "the ledger has no night \(id)")
        }
        return try NightRecord(row)
    }
}
