import FileSystem
import FoundationEssentials
import GRDB
import Host
import Model
import Store
import SystemPackage

/// The recorded runs of a workspace.
///
/// Each run has a folder, `runs/ID`, with `run.json` and the complete logs. A folder with a run's name is always complete. The database
/// `ledger.sqlite` answers questions across runs, and has the nights. docs/ledger.md describes both.
package struct Ledger: Sendable {
    let workspace: Workspace
    let database: LedgerDatabase

    /// Opens the ledger of a workspace. Nothing is created before something is recorded.
    ///
    /// - Parameter note: receives notes for users: that a damaged database was replaced, and which records cannot be read.
    /// - Throws: `LedgerError`; `FileError`.
    package init(_ workspace: Workspace, note: @escaping @Sendable (String) -> Void = { _ in }) throws {
        self.workspace = workspace
        database = try LedgerDatabase(workspace, note: note)
    }

    /// For tests: a database that cannot grow, or whose locks are waited for briefly.
    init(_ workspace: Workspace, maximumPages: Int?, patience: Double = 30) throws {
        self.workspace = workspace
        database = try LedgerDatabase(workspace, maximumPages: maximumPages, patience: patience) { _ in }
    }

    /// For tests: a database in memory, which gets its runs from the folders.
    init(inMemory workspace: Workspace) throws {
        self.workspace = workspace
        database = try LedgerDatabase(workspace, isInMemory: true) { _ in }
    }

    /// A new run's name: the UTC time plus a random suffix, which distinguishes runs within one second.
    package static func newName(at time: Date = .now) -> String { RecordName.new(at: time) }

    // MARK: Recording

    /// Records a run: `run.json`, with the lock and the verdict next to it, and the logs, all moved in with one rename. Then the database
    /// gets it in one transaction. When this returns, both are on the disk.
    ///
    /// - Parameter logs: a folder on the same file system, which becomes the run's folder.
    /// - Returns: the run's folder.
    /// - Throws: `FileError` if the run is not recorded; `LedgerError` if it is recorded in its folder, but the database could not take it.
    ///   Then the next command that opens the ledger enters it.
    package func record(_ run: Run, logs: FilePath) throws -> FilePath {
        let place = try RunFolder.place(of: run.id, in: workspace.runs)
        try Files.makeDirectory(workspace.runs)
        try Files.makeDirectory(logs)
        try Files.write(try JSONDocument.bytes(of: run), to: logs.appending("run.json"))
        if let lock = run.lock { try Files.write(try JSONDocument.bytes(of: lock), to: logs.appending("lock.json")) }
        try Files.write(try JSONDocument.bytes(of: run.verdict), to: logs.appending("verdict.json"))
        let folder = RunFolder(run, at: logs)
        try RunFolder.synchronize(logs)
        try Files.rename(logs, to: place)
        try Files.synchronize(workspace.runs)
        do { try database.write(afterImport: false) { try RunRows.enter(folder, in: $0) } } catch {
            throw LedgerError.notEntered(run.id, at: place, because: error)
        }
        return place
    }

    /// Sets a recorded run aside because its verdict is not trusted.
    ///
    /// - Returns: the run as it is now recorded.
    /// - Throws: `FileError`; `LedgerError`.
    package func setAside(_ run: Run, because reason: String) throws -> Run {
        var run = run
        run.setAside = reason
        let place = try RunFolder.place(of: run.id, in: workspace.runs)
        let document = try JSONDocument.bytes(of: run)
        // If the process ends in between, the next import reads the folder again.
        try database.write { [id = run.id] in try RunRows.perform("UPDATE runs SET stale = 1 WHERE id = ?", [id], in: $0) }
        try Files.write(document, to: place.appending("run.json"))
        try Files.synchronize(place.appending("run.json"))
        try Files.synchronize(place)
        let folder = RunFolder(run, at: place)
        try database.write { try RunRows.enter(folder, in: $0) }
        return run
    }

    // MARK: Reading

    /// Reads a recorded run.
    ///
    /// - Throws: `FileError`; `DecodingError` if the record is from another version of Ninepin, or contains another run's ID.
    package func run(_ id: String) throws -> Run { try RunFolder.run(id, in: workspace.runs) }

    /// The folder of a run, which need not exist.
    ///
    /// - Throws: `FileError` for a name that ``newName(at:)`` cannot produce, because it might lead out of the runs folder.
    package func place(of id: String) throws(FileError) -> FilePath { try RunFolder.place(of: id, in: workspace.runs) }

    /// The newest conclusive verdict of earlier boots of the same kind. Runs that were set aside do not count.
    ///
    /// - Parameter key: the key of their step `verify`.
    /// - Throws: `LedgerError`; `FileError` if the folder of runs cannot be read.
    package func knownVerdict(of key: Digest) throws -> Verdict? {
        let sql = """
            SELECT s.run FROM steps s JOIN runs r ON r.id = s.run JOIN verdicts v ON v.run = s.run
            WHERE s.key = ? AND s.name = 'verify' AND r.set_aside IS NULL AND v.grade <> 'inconclusive'
                AND s.position = (SELECT max(position) FROM steps WHERE run = s.run AND name = 'verify')
            ORDER BY s.run DESC
            """
        return try newest(sql, [key.hex])?.verdict
    }

    /// The recorded runs of a binary, oldest first, without those set aside. Unreadable records are skipped.
    ///
    /// - Throws: as ``knownVerdict(of:)``.
    package func runs(of digest: Digest) throws -> [Run] {
        try runs("SELECT id FROM runs WHERE artifact = ? AND set_aside IS NULL ORDER BY id", [digest.hex])
    }

    /// The recorded runs of a recipe, oldest first, without those set aside. Unreadable records are skipped.
    ///
    /// - Throws: as ``knownVerdict(of:)``.
    package func runs(ofRecipe recipe: String) throws -> [Run] {
        try runs("SELECT id FROM runs WHERE recipe = ? AND set_aside IS NULL ORDER BY id", [recipe])
    }

    /// All recorded runs, oldest first, without those set aside. Unreadable records are skipped. Every record is read, so this takes time.
    ///
    /// - Throws: as ``knownVerdict(of:)``.
    package func runs() throws -> [Run] { try runs("SELECT id FROM runs WHERE set_aside IS NULL ORDER BY id", []) }

    /// The newest conclusive run of a recipe's stock node, if it was clean: then the recipe's patches may no longer be needed.
    ///
    /// - Throws: as ``knownVerdict(of:)``.
    package func cleanStockRun(of recipe: String) throws -> Run? {
        let sql = """
            SELECT r.id FROM runs r JOIN verdicts v ON v.run = r.id
            WHERE r.recipe = ? AND r.series = 'none' AND r.level <> 'component' AND r.set_aside IS NULL AND v.grade <> 'inconclusive'
            ORDER BY r.id DESC
            """
        return try newest(sql, [recipe]).flatMap { $0.verdict.grade == .clean ? $0 : nil }
    }

    /// The records that cannot be read, with the reasons, by ID.
    ///
    /// - Throws: as ``knownVerdict(of:)``.
    package func unreadable() throws -> [(id: String, reason: String)] {
        try database.read { db in
            try Row.fetchAll(db, sql: "SELECT id, reason FROM unreadable ORDER BY id").map { ($0["id"], $0["reason"]) }
        }
    }

    private func runs(_ sql: String, _ arguments: [any DatabaseValueConvertible & Sendable]) throws -> [Run] {
        let ids = try database.read { try String.fetchAll($0, sql: sql, arguments: StatementArguments(arguments)) }
        return ids.compactMap { id in try? run(id) }.filter { $0.setAside == nil }
    }

    /// The first run of a query, newest first, whose record can be read.
    private func newest(_ sql: String, _ arguments: [any DatabaseValueConvertible & Sendable]) throws -> Run? {
        try database.read { [workspace] db in
            let ids = try String.fetchCursor(db, sql: sql, arguments: StatementArguments(arguments))
            while let id = try ids.next() {
                if let run = try? RunFolder.run(id, in: workspace.runs), run.setAside == nil { return run }
            }
            return nil
        }
    }
}

extension StepRunner {
    /// The ledger of the runner's workspace. Its notes are the runner's.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func ledger() throws -> Ledger { try Ledger(workspace) { [events] in events(.note($0)) } }
}
