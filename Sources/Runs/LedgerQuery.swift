import FileSystem
import FoundationEssentials
import GRDB
import Model
import Store
import SystemPackage

/// A value in the answer to a query.
package enum LedgerValue: Hashable, Sendable, Encodable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    /// Bytes, in hexadecimal digits.
    case bytes(String)

    init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let number): self = .integer(number)
        case .double(let number): self = .real(number)
        case .string(let text): self = .text(text)
        case .blob(let data): self = .bytes(data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .integer(let number): try container.encode(number)
        // JSON has no number for it.
        case .real(let number) where !number.isFinite: try container.encode("\(number)")
        case .real(let number): try container.encode(number)
        case .text(let text), .bytes(let text): try container.encode(text)
        }
    }

    /// The value in a table.
    package var shown: String {
        switch self {
        case .null: ""
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .text(let text), .bytes(let text): text
        }
    }

    /// The number of bytes that it counts for.
    var size: Int {
        switch self {
        case .null, .integer, .real: 8
        case .text(let text), .bytes(let text): text.utf8.count
        }
    }
}

/// The answer to a query.
package struct LedgerAnswer: Hashable, Sendable, Encodable {
    package let columns: [String]
    package let rows: [[LedgerValue]]
    /// Whether there are more rows than were asked for, or more bytes than are allowed.
    package let isCut: Bool
}

/// The limits of a query.
package struct QueryLimits: Sendable {
    /// The maximum number of rows.
    package var rows = 1000
    /// The maximum length of all values together.
    package var bytes = 64 << 20
    /// The memory that SQLite may use.
    package var memory = 256 << 20
    /// How long it may take.
    package var seconds = 30.0

    package init() {}
}

extension Ledger {
    /// Answers one `SELECT`, `WITH`, `VALUES` or `EXPLAIN`. The connection can only read, and no other file can be attached.
    ///
    /// - Throws: `LedgerError`, also if the statement is wrong or takes too long; `FileError`; `CancellationError`.
    package func query(_ sql: String, within limits: QueryLimits = QueryLimits()) async throws -> LedgerAnswer {
        // Also brings the folders of runs into the database.
        _ = try unreadable()
        guard Files.exists(workspace.ledger) else { throw LedgerError(.absent, "nothing is recorded in \(workspace.path) yet") }
        let word = sql.drop { $0.isWhitespace }.prefix { $0.isLetter }.lowercased()
        guard ["select", "with", "values", "explain"].contains(word) else {
            throw LedgerError(.query, "a query begins with SELECT, WITH, VALUES or EXPLAIN")
        }
        do {
            return try await withThrowingTaskGroup(of: LedgerAnswer.self) { group in
                let queue = try Self.reader(workspace.ledger.string, memory: limits.memory)
                group.addTask { try await queue.read { try Self.answer(sql, within: limits, in: $0) } }
                group.addTask {
                    try await Task.sleep(for: .seconds(limits.seconds))
                    throw LedgerError(.query, "the query took longer than \(Int(limits.seconds)) s")
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw CancellationError() }
                return answer
            }
        } catch let error as DatabaseError { throw Self.named(error, at: workspace.ledger.string) }
    }

    private static func named(_ error: DatabaseError, at path: String) -> LedgerError {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_BUSY, .SQLITE_CANTOPEN: return LedgerError(error, at: "\(path)")
        case .SQLITE_NOMEM, .SQLITE_TOOBIG: return LedgerError(.query, "the query needs too much memory")
        default: return LedgerError(.query, "the query is not valid: \(error.message ?? "SQLite's error \(error.resultCode.rawValue)")")
        }
    }

    private static func reader(_ path: String, memory: Int) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // What does not fit is an error, and never a file in the machine's folder for temporary files.
            _ = try Int.fetchOne(db, sql: "PRAGMA hard_heap_limit = \(memory)")
            try db.execute(sql: "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")
        }
        return try DatabaseQueue(path: path, configuration: configuration)
    }

    private static func answer(_ sql: String, within limits: QueryLimits, in db: Database) throws -> LedgerAnswer {
        let all = try db.allStatements(sql: sql)
        guard let statement = try all.next() else { throw LedgerError(.query, "a query begins with SELECT, WITH, VALUES or EXPLAIN") }
        // What follows need not be valid to be too much.
        let isAlone: Bool
        do { isAlone = try all.next() == nil } catch is DatabaseError { isAlone = false }
        guard isAlone else { throw LedgerError(.query, "only one statement can be asked at a time: a ';' may only end the query") }
        guard statement.isReadonly, statement.columnCount > 0 else { throw LedgerError(.query, "a query may only read") }
        let cursor = try Row.fetchCursor(statement)
        var rows: [[LedgerValue]] = []
        var bytes = 0
        while let row = try cursor.next() {
            let values = Array(row.databaseValues.map(LedgerValue.init))
            bytes += values.reduce(0) { $0 + $1.size }
            guard rows.count < max(0, limits.rows), bytes <= limits.bytes else {
                return LedgerAnswer(columns: statement.columnNames, rows: rows, isCut: true)
            }
            rows.append(values)
        }
        return LedgerAnswer(columns: statement.columnNames, rows: rows, isCut: false)
    }
}
