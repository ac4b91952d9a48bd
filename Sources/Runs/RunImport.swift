import FileSystem
import FoundationEssentials
import GRDB
import Glibc
import Model
import SystemPackage

/// Brings the folders of runs into the database: those of an older workspace, those that were copied, and those whose process ended between
/// the folder and the database. It costs one lstat(2) when nothing is new.
struct RunImport {
    private let folder: FilePath
    private let queue: DatabaseQueue
    private let note: @Sendable (String) -> Void

    /// The number of runs per transaction.
    private static let batch = 200
    /// So many runs take seconds, and the user is told why.
    private static let many = 1000
    /// A folder that changed more recently than this may have changed again at the same time, by the clock of its file system.
    private static let settling = 2.0

    init(_ folder: FilePath, into queue: DatabaseQueue, note: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.queue = queue
        self.note = note
    }

    /// Compares the folders with the database.
    ///
    /// - Throws: `FileError` if the folder of runs cannot be read; `DatabaseError`.
    func bring() throws {
        // Without the folder, nothing shows that the runs are really gone.
        guard let stamp = try stamp() else { return }
        let (seen, waiting) = try queue.read { db in
            (
                try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'runs'"),
                try String.fetchAll(db, sql: "SELECT id FROM runs WHERE stale = 1 UNION ALL SELECT id FROM unreadable")
            )
        }
        guard seen != stamp.text else { return try enter(waiting) }
        // The names are read first: a run that is recorded in between is in the database and not in the names.
        let names = Set(try Files.list(folder).filter(RunFolder.isName))
        let known = Set(try queue.read { try String.fetchAll($0, sql: "SELECT id FROM runs") })
        let before = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM unreadable") ?? 0 }
        try forget(known.subtracting(names))
        try enter(names.subtracting(known).union(names.intersection(waiting)).sorted())
        try tellUnreadable(moreThan: before)
        guard stamp.isSettled else { return }
        try queue.write { db in
            try RunRows.perform("INSERT OR REPLACE INTO meta (name, value) VALUES ('runs', ?)", [stamp.text], in: db)
        }
    }

    /// The state of the folder of runs; nil if there is none.
    private func stamp() throws -> (text: String, isSettled: Bool)? {
        var status = stat()
        guard lstat(folder.string, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw Files.error("read", folder, errno)
        }
        let seconds = Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9
        // Another version of Ninepin may be able to read what this one cannot.
        let text = "\(status.st_dev) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(Ninepin.version)"
        return (text, Date.now.timeIntervalSince1970 - seconds > Self.settling)
    }

    private func enter(_ ids: [String]) throws {
        if ids.count >= Self.many { note("entering \(ids.count) recorded runs into the ledger; this is done once") }
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            let read = ids[start..<min(start + Self.batch, ids.count)].map { id in
                (id: id, result: Result { try RunFolder(reading: id, in: folder) })
            }
            try queue.write { db in
                for (id, result) in read {
                    switch result {
                    case .success(let run):
                        try RunRows.enter(run, in: db)
                        try RunRows.perform("DELETE FROM unreadable WHERE id = ?", [id], in: db)
                    case .failure(let error):
                        try RunRows.perform(
                            "INSERT OR REPLACE INTO unreadable (id, reason) VALUES (?, ?)", [id, Self.reason(error)], in: db)
                    }
                }
            }
        }
    }

    /// Removes what is known of runs whose folders are gone.
    private func forget(_ ids: Set<String>) throws {
        // A run may have been recorded after the names were read.
        let gone = ids.filter { !Files.exists(folder.appending($0)) }
        try queue.write { db in
            for id in gone { try RunRows.perform("DELETE FROM runs WHERE id = ?", [id], in: db) }
            for id in try String.fetchAll(db, sql: "SELECT id FROM unreadable") where !Files.exists(folder.appending(id)) {
                try RunRows.perform("DELETE FROM unreadable WHERE id = ?", [id], in: db)
            }
        }
    }

    private func tellUnreadable(moreThan before: Int) throws {
        let rows = try queue.read { try Row.fetchAll($0, sql: "SELECT id, reason FROM unreadable ORDER BY id") }
        guard rows.count > before, let first = rows.last else { return }
        let (id, reason): (String, String) = (first["id"], first["reason"])
        note(
            "\(rows.count == 1 ? "a record" : "\(rows.count) records") in \(folder) cannot be read and "
                + "\(rows.count == 1 ? "does" : "do") not count: \(id): \(reason)")
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context: DecodingError.Context
        switch error {
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .keyNotFound(_, let found), .dataCorrupted(let found):
            context = found
        @unknown default: return "the record is not valid"
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return "run.json is not a record of this version\(path.isEmpty ? "" : ", at \(path)"): \(context.debugDescription)"
    }
}
