import FoundationEssentials
import GRDB
import Model

/// The last result of a cell, with the night that found it out.
package struct LastResult: Hashable, Sendable {
    package let cell: NightCell
    /// The start of the night in ISO 8601 format, UTC.
    package let measured: String

    package init(cell: NightCell, measured: String) {
        self.cell = cell
        self.measured = measured
    }
}

/// Questions that a night asks about earlier nights.
extension Ledger {
    /// The newest results of cells, by key, with or without a run. A cell that no night measured is missing.
    ///
    /// - Parameters:
    ///   - night: a night that does not count, because it is the present one; nil for none.
    ///   - isKnown: whether only results count that say something about the node, which a failure of the harness does not.
    /// - Throws: `LedgerError`; `FileError`.
    package func lastResults(of keys: [CellKey], except night: String?, isKnown: Bool) throws -> [CellKey: LastResult] {
        let states: [ReportDocument.State] = [.unchanged, .postponed] + (isKnown ? [.harness] : [])
        let names = states.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        return try database.read { db in
            let condition = CellRows.condition.replacing(" AND ", with: " AND c.")
            let statement = try db.cachedStatement(
                sql: """
                    \(Self.cellRows.replacing("c.*", with: "c.*, n.started AS measured")) JOIN nights n ON n.id = c.night
                    WHERE c.\(condition) AND c.state NOT IN (\(names)) AND c.night <> ? ORDER BY c.night DESC LIMIT 1
                    """)
            var last: [CellKey: LastResult] = [:]
            for key in keys where last[key] == nil {
                let arguments = CellRows.arguments(key) + [night ?? ""]
                guard let row = try Row.fetchOne(statement, arguments: StatementArguments(arguments)) else { continue }
                last[key] = LastResult(cell: try Self.cell(row, in: db), measured: row["measured"] ?? "")
            }
            return last
        }
    }

    /// The error lines that some runs were the first of their recipe to log, in the order of the runs.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func firstErrorLines(of runs: [String]) throws -> [(run: String, text: String)] {
        try database.read { db in
            let statement = try db.cachedStatement(sql: "SELECT text FROM error_lines WHERE first_run = ? ORDER BY signature")
            return try runs.flatMap { run in try String.fetchAll(statement, arguments: [run]).map { (run, $0) } }
        }
    }

    /// Another binary that an earlier run recorded for the same build; nil if there is none.
    ///
    /// - Parameters:
    ///   - key: the key of the step `build`.
    ///   - run: the run to compare with, by ID.
    /// - Throws: `LedgerError`; `FileError`.
    package func otherArtifact(ofBuild key: Digest, than run: String) throws -> (digest: Digest, started: String)? {
        try database.read { db in
            let sql = """
                SELECT r.artifact AS artifact, r.started AS started FROM steps s JOIN runs r ON r.id = s.run
                WHERE s.key = ? AND s.name = 'build' AND r.id < ? AND r.probe = (SELECT probe FROM runs WHERE id = ?)
                AND r.artifact <> (SELECT artifact FROM runs WHERE id = ?)
                AND s.position = (SELECT min(position) FROM steps x WHERE x.run = s.run AND x.name = 'build')
                ORDER BY r.id DESC LIMIT 1
                """
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [key.hex, run, run, run]),
                let digest = (row["artifact"] as String?).flatMap(Digest.init)
            else { return nil }
            return (digest, row["started"] ?? "")
        }
    }

    /// The binaries that were built again and compared, with the time in ISO 8601 format, by the digest of the first one.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func comparedBinaries() throws -> [Digest: String] {
        try database.read { db in
            var times: [Digest: String] = [:]
            for row in try Row.fetchAll(db, sql: "SELECT artifact, max(time) AS time FROM rebuilds GROUP BY artifact") {
                if let digest = (row["artifact"] as String?).flatMap(Digest.init) { times[digest] = row["time"] }
            }
            return times
        }
    }

    /// Records that a binary was built again.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func recordRebuild(of artifact: Digest, as digest: Digest, at time: Date = .now) throws {
        try database.write { db in
            try RunRows.perform(
                "INSERT INTO rebuilds (artifact, digest, time) VALUES (?, ?, ?)", [artifact.hex, digest.hex, time.formatted(.iso8601)],
                in: db)
        }
    }

    /// The newest run of each cell since a time, in the order of recipe, series and layout, with how many runs came to each result. Runs
    /// that were set aside do not count.
    ///
    /// - Parameter time: in ISO 8601 format, UTC; the empty text is before all.
    /// - Throws: `LedgerError`; `FileError`.
    package func newestRuns(since time: String) throws -> [NewestRun] {
        try database.read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT r.recipe AS recipe, r.series AS series, r.layout AS layout, r.level AS level, r.probe AS probe, v.grade AS grade,
                        v.cause AS cause, count(*) AS number, max(r.id) AS newest
                    FROM runs r JOIN verdicts v ON v.run = r.id WHERE r.set_aside IS NULL AND r.started >= ?
                    GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5
                    """, arguments: [time])
            var keys: [CellKey] = []
            var found: [CellKey: (newest: String, counts: [String: Int])] = [:]
            for row in rows {
                let key = try CellRows.key(row)
                if found[key] == nil { keys.append(key) }
                let (grade, cause): (String?, String?) = (row["grade"], row["cause"])
                let result = [grade, cause].compactMap(\.self).joined(separator: ", ")
                var one = found[key] ?? ("", [:])
                one.counts[result, default: 0] += row["number"] as Int? ?? 0
                one.newest = max(one.newest, row["newest"] ?? "")
                found[key] = one
            }
            let statement = try db.cachedStatement(sql: "\(Self.pointRows) WHERE r.id = ?")
            return try keys.compactMap { key in
                guard let one = found[key], let row = try Row.fetchOne(statement, arguments: [one.newest]) else { return nil }
                return NewestRun(
                    key: key, version: row["version"], summary: row["summary"] ?? "", counts: one.counts, point: try Self.point(row))
            }
        }
    }

    /// The newest builds that were not taken from the store, oldest first.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func performedBuilds(limit: Int) throws -> [ReportDocument.Timing] {
        try database.read { db in
            let sql = """
                SELECT r.id AS id, r.started AS started, r.recipe AS recipe, r.series AS series, s.seconds AS seconds
                FROM steps s INDEXED BY steps_performed CROSS JOIN runs r ON r.id = s.run
                WHERE s.cached = 0 AND s.name = 'build' ORDER BY s.run DESC LIMIT ?
                """
            return try Row.fetchAll(db, sql: sql, arguments: [limit]).map { row in
                let (recipe, series): (String?, String?) = (row["recipe"], row["series"])
                return ReportDocument.Timing(
                    run: row["id"] ?? "", started: row["started"] ?? "", subject: "\(recipe ?? ""), \(series ?? "")",
                    seconds: row["seconds"] ?? 0)
            }.reversed()
        }
    }
}

/// The newest run of a cell, and how many runs came to each result.
package struct NewestRun: Hashable, Sendable {
    package let key: CellKey
    /// The recipe's version; nil if unknown.
    package let version: String?
    package let summary: String
    /// The number of runs by result.
    package let counts: [String: Int]
    package let point: ReportDocument.Point
}
