import GRDB
import Model

/// A log of a recorded run.
package struct RecordedLog: Hashable, Sendable {
    /// Its path in the run's folder.
    package let name: String
    /// The SHA-256 of its content when it was recorded; nil if it could not be read.
    package let digest: Digest?
    package let bytes: Int64
}

/// Finding a run, and what belongs to it, without reading any other.
extension Ledger {
    /// The IDs of the recorded runs whose ID begins with a text, in order, with those that cannot be read. If the text is an ID itself, it is
    /// the only one.
    ///
    /// - Parameters:
    ///   - beginning: the text; an ID or a part of one.
    ///   - limit: the largest number of IDs.
    /// - Throws: `LedgerError`; `FileError`.
    package func ids(beginningWith beginning: String, limit: Int) throws -> [String] {
        guard RunFolder.isName(beginning) else { return [] }
        // Every character of an ID comes before '{'. A range uses the index, which LIKE does not.
        let range: [any DatabaseValueConvertible & Sendable] = [beginning, beginning + "{"]
        let found = try database.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT id FROM (SELECT id FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)
                    UNION SELECT id FROM (SELECT id FROM unreadable WHERE id >= ? AND id < ? ORDER BY id LIMIT ?) ORDER BY id LIMIT ?
                    """, arguments: StatementArguments(range + [limit] + range + [limit, limit]))
        }
        return found.contains(beginning) ? [beginning] : found
    }

    /// The logs of a run as they were when it was recorded, by name.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func logs(of id: String) throws -> [RecordedLog] {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT name, digest, bytes FROM logs WHERE run = ? ORDER BY name", arguments: [id]).map { row in
                RecordedLog(name: row["name"] ?? "", digest: (row["digest"] as String?).flatMap(Digest.init), bytes: row["bytes"] ?? 0)
            }
        }
    }
}
