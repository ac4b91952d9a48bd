import FileSystem
import FoundationEssentials
import GRDB
import Glibc
import Model
import Store
import Synchronization
import SystemPackage

/// The connection to a workspace's `ledger.sqlite`: opening it, replacing it when it is damaged, and keeping up with the folders of runs.
///
/// The folders are the source of truth. Whatever is lost here, apart from the nights, comes back from them.
final class LedgerDatabase: Sendable {
    private struct State {
        var queue: DatabaseQueue?
        /// Whether the queue is the workspace's file. Otherwise it is in memory, because the file cannot be written or does not exist yet.
        var isFile = false
        /// Whether the folders were compared with the database since it was opened.
        var isCurrent = false
    }

    let workspace: Workspace
    private let note: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// The limit on the database's size in pages, for tests of a full disk; nil for SQLite's own.
    private let maximumPages: Int?
    /// Whether the database is never a file.
    private let isInMemory: Bool
    /// How long a lock of another process is waited for, in seconds.
    private let patience: Double

    /// Opens the database if there is anything in it, or anything to import.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    init(
        _ workspace: Workspace, isInMemory: Bool = false, maximumPages: Int? = nil, patience: Double = 30,
        note: @escaping @Sendable (String) -> Void
    ) throws {
        self.workspace = workspace
        self.isInMemory = isInMemory
        self.note = note
        self.maximumPages = maximumPages
        self.patience = patience
        try state.withLock { state in
            do { try self.open(&state, forWriting: false) } catch let error as LedgerError where error.problem == .refused {}
        }
    }

    /// Reads, after the folders were compared with the database.
    ///
    /// - Throws: `LedgerError`; `FileError`; errors of the body.
    func read<T: Sendable>(_ body: @Sendable (Database) throws -> T) throws -> T {
        let queue = try state.withLock { state in
            do {
                try self.open(&state, forWriting: false)
                return try self.current(&state)
            } catch let error as LedgerError where error.problem == .refused {
                // A workspace that may only be read is imported again each time.
                state = State(queue: try Self.inMemory())
                return try self.current(&state)
            }
        }
        return try naming { try queue.read(body) }
    }

    /// Changes the database in one transaction, which is on the disk when this returns.
    ///
    /// - Parameter isCurrent: whether the folders must be compared with the database first.
    /// - Throws: `LedgerError`; `FileError`; errors of the body.
    func write<T: Sendable>(afterImport isCurrent: Bool = true, _ body: @Sendable (Database) throws -> T) throws -> T {
        let queue = try state.withLock { state in
            try self.open(&state, forWriting: true)
            return try isCurrent ? self.current(&state) : self.queue(state)
        }
        return try naming { try queue.write(body) }
    }

    private func queue(_ state: State) throws -> DatabaseQueue {
        guard let queue = state.queue else { throw LedgerError(.other, "\(workspace.ledger) is not open") }
        return queue
    }

    private func current(_ state: inout State) throws -> DatabaseQueue {
        let queue = try queue(state)
        guard !state.isCurrent else { return queue }
        try naming { try RunImport(workspace.runs, into: queue, note: note).bring() }
        state.isCurrent = true
        return queue
    }

    // MARK: Opening

    /// Waits are short, because whoever holds the lock only moves files.
    private static let turn = 0.02

    private func open(_ state: inout State, forWriting isForWriting: Bool) throws {
        guard state.queue == nil || isForWriting && !state.isFile && !isInMemory else { return }
        guard !isInMemory, isForWriting || Files.exists(workspace.ledger) || Files.exists(workspace.runs) else {
            return state = State(queue: try Self.inMemory())
        }
        try Files.makeDirectory(workspace.path)
        state = State(queue: try openFile(), isFile: true)
    }

    private static func inMemory() throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try LedgerSchema.migrator.migrate(queue)
        return queue
    }

    private func openFile() throws -> DatabaseQueue {
        do {
            if Files.exists(mark) { throw LedgerError(.damaged, "\(workspace.ledger) was found to be damaged") }
            return try connect()
        } catch let error as LedgerError where error.problem == .damaged { return try replace() }
    }

    /// Opens the file and brings its tables up to date.
    ///
    /// - Parameter hasTurn: whether this process has the turn to change the file.
    private func connect(hasTurn: Bool = false) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(patience)
        configuration.label = "ledger"
        let maximumPages = maximumPages
        configuration.prepareDatabase { db in
            // Where memory cannot be shared, SQLite keeps its rollback journal, which is slower and just as safe.
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            // With NORMAL, a power cut could undo the last transactions.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            if let maximumPages { _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(maximumPages)") }
        }
        return try naming {
            let queue = try waiting { try DatabaseQueue(path: workspace.ledger.string, configuration: configuration) }
            let migrator = LedgerSchema.migrator
            let (isWhole, isNewer) = try queue.read { (try migrator.hasCompletedMigrations($0), try migrator.hasBeenSuperseded($0)) }
            guard !isNewer else { throw LedgerError(.newer, "\(workspace.ledger) is from a newer version of Ninepin") }
            if !isWhole { try migrate(queue, hasTurn: hasTurn) }
            return queue
        }
    }

    /// Creates the tables. GRDB looks which ones are missing before its transaction begins, so that only one process may do it at a time.
    private func migrate(_ queue: DatabaseQueue, hasTurn: Bool) throws {
        let lock = hasTurn ? nil : try turn()
        defer { lock?.release() }
        try waiting { try LedgerSchema.migrator.migrate(queue) }
    }

    /// Tries again while another process creates the file, because SQLite does not always wait for that.
    private func waiting<T>(_ body: () throws -> T) throws -> T {
        let end = ContinuousClock.now + .seconds(patience)
        while true {
            do { return try body() } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < end {
                usleep(UInt32(Self.turn * 1e6))
            }
        }
    }

    // MARK: Damage

    /// Exists while a damaged database waits to be replaced.
    private var mark: FilePath { workspace.path.appending("ledger.damaged") }

    /// Moves a damaged database aside, and creates a new one. Its runs come back from their folders.
    private func replace() throws -> DatabaseQueue {
        let lock = try turn()
        defer { lock.release() }
        // Another process may have replaced it in the meantime.
        if !Files.exists(mark) {
            do { return try connect(hasTurn: true) } catch let error as LedgerError where error.problem == .damaged {}
        }
        let name = "ledger.damaged-\(RecordName.new()).sqlite"
        for suffix in ["", "-wal", "-shm"] where Files.exists(FilePath(workspace.ledger.string + suffix)) {
            try Files.rename(FilePath(workspace.ledger.string + suffix), to: workspace.path.appending(name + suffix))
        }
        try Files.remove(mark)
        note("the ledger was damaged; it is now \(workspace.path.appending(name)), and a new one is made from the recorded runs")
        return try connect(hasTurn: true)
    }

    private func turn() throws -> FileLock {
        let end = ContinuousClock.now + .seconds(patience)
        let path = workspace.path.appending(".ledger.lock")
        while true {
            if let lock = try FileLock.tryTake(path) { return lock }
            guard ContinuousClock.now < end else { throw LedgerError(.locked, "another process keeps \(path) locked") }
            usleep(UInt32(Self.turn * 1e6))
        }
    }

    /// Turns errors of SQLite into errors with words, and marks a database that turns out to be damaged.
    private func naming<T>(_ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as DatabaseError {
            let named = LedgerError(error, at: workspace.ledger)
            if named.problem == .damaged { try? Files.write("", to: mark) }
            throw named
        }
    }
}
