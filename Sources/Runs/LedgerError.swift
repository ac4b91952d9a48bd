import ExitCodes
import FileSystem
import GRDB
import Sanitizing
import SystemPackage

/// The ledger's database could not be used.
package struct LedgerError: ExitStatusError, Sendable, CustomStringConvertible {
    /// What is wrong.
    package enum Problem: Sendable {
        /// No space is left on the disk, or the database may not grow.
        case full
        /// Another process kept it locked for longer than is waited.
        case locked
        /// Its content is not what SQLite wrote. The next command that opens the ledger moves it aside and builds a new one.
        case damaged
        /// It may not be written, or not be opened.
        case refused
        /// A newer version of Ninepin changed its tables.
        case newer
        /// Nothing is recorded yet.
        case absent
        /// A query is wrong, or needs too much.
        case query
        /// A value in it is none that Ninepin writes.
        case malformed
        /// Any other failure.
        case other
    }

    package let problem: Problem
    private let text: String

    init(_ problem: Problem, _ text: String) {
        self.problem = problem
        self.text = text
    }

    /// An error of SQLite, in words.
    init(_ error: DatabaseError, at path: some CustomStringConvertible) {
        let reason = error.message ?? "SQLite's error \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.full, "cannot write \(path): no space left on the disk")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.locked, "cannot write \(path): another process keeps it locked")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                .damaged, "\(path) is damaged (\(reason)); the next command moves it aside and builds a new one from the recorded runs")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH: self.init(.refused, "cannot open \(path): \(reason)")
        default: self.init(.other, "cannot use \(path): \(reason)")
        }
    }

    /// A run whose folder is in place, but which the database could not take.
    static func notEntered(_ run: String, at place: FilePath, because error: any Error) -> LedgerError {
        let problem = (error as? LedgerError)?.problem ?? .other
        return LedgerError(
            problem, "\(error). The run is recorded in \(place), and the next command enters it into the ledger (run \(run))")
    }

    /// The message, on one line.
    package var description: String { Visible.line(text) }

    package var exitStatus: ExitStatus {
        switch problem {
        case .full, .locked, .refused, .other: .output
        case .damaged, .malformed, .query: .data
        case .newer, .absent: .missing
        }
    }
}
