import FileSystem
import FoundationEssentials
import Model
import GRDB
import Store
import SystemPackage

/// What a workspace holds, and what of it can be removed.
///
/// A step's result was last used when its folder's time says, or when the newest run that refers to it began. It stays as long as it belongs to
/// the newest run of a cell, the newest clean one of a cell, or a night's newest result for a cell. A file of Go's build cache was last used
/// when Go last renewed its time; a worktree or an unpacked source, when it last changed. Everything else is only shown.
package struct WorkspaceContents: Sendable {
    /// Things of one kind.
    package struct Kind: Hashable, Codable, Sendable {
        /// Such as `store/build` or `mirrors`.
        package let name: String
        /// How many there are.
        package internal(set) var count = 0
        /// Their space on disk.
        package internal(set) var bytes: Int64 = 0
        /// The earliest last use, in seconds since 1970; nil if there are none.
        package internal(set) var oldest: Int64?
        /// The latest last use, in seconds since 1970; nil if there are none.
        package internal(set) var newest: Int64?
        /// How many of them are removable.
        package internal(set) var removable = 0
        /// The space on disk of the removable ones.
        package internal(set) var removableBytes: Int64 = 0
        /// Why none are removed; nil if the kind can be removed.
        package internal(set) var kept: String?
    }

    /// Something that can be removed.
    private struct Entry {
        let path: FilePath
        /// The index of its kind.
        let kind: Int
        let bytes: Int64
        /// Its last use, in seconds since 1970.
        let time: Int64
    }

    /// All kinds of which there is something.
    package private(set) var kinds: [Kind] = []
    /// The folders and files to remove.
    package private(set) var removable: [FilePath] = []
    /// What can be removed: what was used least recently comes first.
    private var entries: [Entry] = []
    private let workspace: Workspace
    private var use = DiskUse()

    /// The bytes that removal frees.
    package var bytes: Int64 { kinds.reduce(0) { $0 + $1.removableBytes } }

    /// The bytes that stay.
    package var remainingBytes: Int64 { kinds.reduce(0) { $0 + $1.bytes } - bytes }

    /// Looks through a workspace. Changes nothing, and chooses nothing to remove.
    ///
    /// - Parameter progress: receives the kind that is being measured.
    /// - Throws: `LedgerError`; `FileError`; `CancellationError`.
    package init(of ledger: Ledger, progress: (String) -> Void) throws {
        workspace = ledger.workspace
        let references = try ledger.references()
        for step in try Files.list(workspace.store) where step != "trees.git" { try addStep(step, references, progress) }
        try addGoCache(progress)
        for name in Self.folders { try addFolders(name, progress) }
        for (name, reason) in Self.shown { try add(name, kept: reason, progress) }
        let ledgers = try Files.list(workspace.path).filter { $0.hasPrefix("ledger.damaged-") }
        try add(
            "damaged ledgers", ledgers.map { workspace.path.appending($0) }, kept: "they may hold nights; remove them by hand", progress)
        entries.sort { ($0.time, $0.path.string) < ($1.time, $1.path.string) }
    }

    /// The same contents, with what to remove: everything that was not used for a while, and, as long as the rest is larger than a limit, what
    /// was used least recently. What was used within an hour stays.
    ///
    /// - Parameters:
    ///   - seconds: how long things stay after their last use.
    ///   - limit: the size in bytes to come down to; nil for none.
    package func removing(unusedFor seconds: Double, downTo limit: Int64?, at now: Date) -> WorkspaceContents {
        func cutoff(_ seconds: Double) -> Int64 { Int64(now.addingTimeInterval(-seconds).timeIntervalSince1970) }
        let (old, recent) = (cutoff(seconds), cutoff(Retention.shortest))
        var plan = self
        for index in plan.kinds.indices { (plan.kinds[index].removable, plan.kinds[index].removableBytes) = (0, 0) }
        plan.removable = []
        var remaining = plan.remainingBytes
        for entry in entries where entry.time < old || limit.map({ remaining > $0 }) == true && entry.time < recent {
            plan.removable.append(entry.path)
            plan.kinds[entry.kind].removable += 1
            plan.kinds[entry.kind].removableBytes += entry.bytes
            remaining -= entry.bytes
        }
        return plan
    }

    /// The folders of which each is one thing: a recipe's worktree, whose note is written anew with each change, and sources that no build
    /// has taken yet. The next build makes them again.
    private static let folders = ["cache/work", "cache/unpacked"]

    /// The folders that are only shown, with the reasons.
    private static let shown: [(String, String)] = [
        ("store/trees.git", "trees share objects"), ("mirrors", "upstream may not have them any more"), ("cache/apt", "in use by fetches"),
        ("cache/images", "small"), ("cache/locks", "a lock's file must not change"), ("cache/roots", "in use by boots"),
        ("runs", "'ninepin runs prune' removes them"), ("approaches", "they are measurements"), ("nodes", "'ninepin down' removes them"),
        ("failed", "kept with --keep-failed; remove them by hand"),
        ("tmp", "the next command removes what dead processes left"),
    ]

    private mutating func add(_ name: String, kept reason: String, _ progress: (String) -> Void) throws {
        let folder = workspace.path.appending(FilePath(name).components)
        let entries = try Files.list(folder).filter { !$0.hasPrefix(".") || name == "tmp" && $0 != ".gate" }
        try add(name, entries.map { folder.appending($0) }, kept: reason, progress)
    }

    private mutating func add(_ name: String, _ paths: [FilePath], kept reason: String, _ progress: (String) -> Void) throws {
        try addKind(Kind(name: name, kept: reason), progress) { contents, kind in
            for path in paths { try contents.count(path, in: &kind) { _ in nil } }
        }
    }

    /// Adds a step's results. Anything that is not one, such as a link, is left alone.
    private mutating func addStep(_ step: String, _ references: Ledger.References, _ progress: (String) -> Void) throws {
        let folder = workspace.store.appending(step)
        guard DiskUse.Entry(folder)?.isFolder == true else { return }
        try addKind(Kind(name: "store/\(step)"), progress) { contents, kind in
            for key in try Files.list(folder) where Self.isHex(key, length: 64) && DiskUse.Entry(folder.appending(key))?.isFolder == true {
                try contents.count(folder.appending(key), in: &kind) { references.lastUse(of: key, time: $0) }
            }
        }
    }

    /// Adds Go's build cache: `XX/HASH-a` and `XX/HASH-d`. Go renews a file's time when it uses it, at most once an hour, and removes old
    /// files in the same way (cmd/go/internal/cache, `Trim`).
    private mutating func addGoCache(_ progress: (String) -> Void) throws {
        let top = workspace.cache.appending("go-build")
        try addKind(Kind(name: "cache/go-build"), progress) { contents, kind in
            for part in try Files.list(top) where Self.isHex(part, length: 2) && DiskUse.Entry(top.appending(part))?.isFolder == true {
                for name in try Files.list(top.appending(part)) where name.hasSuffix("-a") || name.hasSuffix("-d") {
                    let path = top.appending(part).appending(name)
                    guard Self.isHex(String(name.dropLast(2)), length: 64), DiskUse.Entry(path)?.isFile == true else { continue }
                    try contents.count(path, in: &kind) { $0 }
                }
            }
        }
    }

    private mutating func addFolders(_ name: String, _ progress: (String) -> Void) throws {
        let top = workspace.path.appending(FilePath(name).components)
        try addKind(Kind(name: name), progress) { contents, kind in
            for entry in try Files.list(top) where !entry.hasPrefix(".") && DiskUse.Entry(top.appending(entry))?.isFolder == true {
                try contents.count(top.appending(entry), in: &kind) { $0 }
            }
        }
    }

    /// Adds a kind, unless there is nothing of it.
    private mutating func addKind(
        _ kind: Kind, _ progress: (String) -> Void, count: (inout WorkspaceContents, inout Kind) throws -> Void
    ) throws {
        progress(kind.name)
        var kind = kind
        try count(&self, &kind)
        if kind.count > 0 { kinds.append(kind) }
    }

    /// Counts a thing of the kind that is being added.
    ///
    /// - Parameter lastUse: takes the thing's time, and returns its last use; nil if it must stay.
    private mutating func count(_ path: FilePath, in kind: inout Kind, lastUse: (Int64) -> Int64?) throws {
        try Task.checkCancellation()
        guard let entry = DiskUse.Entry(path) else { return }
        let bytes = try use.bytes(of: path)
        kind.count += 1
        kind.bytes += bytes
        kind.oldest = min(kind.oldest ?? entry.time, entry.time)
        kind.newest = max(kind.newest ?? entry.time, entry.time)
        guard let time = lastUse(entry.time) else { return }
        entries.append(Entry(path: path, kind: kinds.count, bytes: bytes, time: time))
    }

    private static func isHex(_ text: String, length: Int) -> Bool {
        text.utf8.count == length && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Removes what is removable. Each entry is renamed into the folder for incomplete work first, so that it is whole or gone, also after
    /// a kill; what remains there is removed by the next process.
    ///
    /// - Parameter use: the right to remove. The contents must have been made while it was held.
    /// - Throws: `FileError`; `CancellationError`.
    package func remove(during use: WorkspaceUse, scratch: Scratch, progress: (String) -> Void) throws {
        for (index, path) in removable.enumerated() {
            try Task.checkCancellation()
            if index % 100 == 0 { progress("\(index) of \(removable.count) removed") }
            let away = scratch.place("gc")
            try Files.rename(path, to: away)
            try Files.remove(away)
        }
    }
}

extension Ledger {
    /// The runs that refer to steps.
    struct References: Sendable {
        /// The steps of each cell's newest run, its newest clean one, and a night's newest result for it.
        fileprivate let lasting: Set<String>
        /// The time at which the newest run of each step began, as in the run's name.
        fileprivate let newest: [String: Int64]

        /// The last use of a step's result, in seconds since 1970; nil if it must stay.
        ///
        /// - Parameter time: when it was last used, as the store says.
        func lastUse(of key: String, time: Int64) -> Int64? { lasting.contains(key) ? nil : max(time, newest[key] ?? time) }
    }

    /// The runs that refer to steps. A record that cannot be read refers to nothing.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func references() throws -> References {
        let cell = "recipe, series, layout, level, probe"
        let lasting = """
            SELECT DISTINCT key FROM steps WHERE run IN (
                SELECT max(id) FROM runs GROUP BY \(cell)
                UNION SELECT max(r.id) FROM runs r JOIN verdicts v ON v.run = r.id WHERE v.grade = 'clean' AND r.set_aside IS NULL
                    GROUP BY r.recipe, r.series, r.layout, r.level, r.probe
                UNION SELECT run FROM (SELECT run, max(night) FROM night_cells WHERE run IS NOT NULL GROUP BY \(CellRows.columns)))
            """
        return try database.read { database in
            let newest = try Row.fetchAll(database, sql: "SELECT key, max(run) AS run FROM steps GROUP BY key").compactMap { row in
                // A name without a time protects its steps as if it began at the end of all times.
                (row["key"] as String, RecordName.time(of: row["run"]) ?? .max)
            }
            return References(
                lasting: Set(try String.fetchAll(database, sql: lasting)), newest: Dictionary(newest) { first, _ in first })
        }
    }
}
