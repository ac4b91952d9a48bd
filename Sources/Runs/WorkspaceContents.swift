import FileSystem
import FoundationEssentials
import GRDB
import Store
import SystemPackage

/// What a workspace holds, and what of it no recent run refers to.
///
/// An entry of the store is removable if it was not used since a time, and no run refers to it that is recent, the newest of its cell, the
/// newest clean one of its cell, or a night's newest result for a cell. Files of Go's build cache are removable if Go has not used them
/// since; worktrees and unpacked sources, if they have not changed since. Everything else is only shown.
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

    /// All kinds of which there is something.
    package private(set) var kinds: [Kind] = []
    /// The folders and files to remove.
    package private(set) var removable: [FilePath] = []
    private let workspace: Workspace
    private var use = DiskUse()

    /// The bytes that removal frees.
    package var bytes: Int64 { kinds.reduce(0) { $0 + $1.removableBytes } }

    /// The bytes of everything that was found.
    package var allBytes: Int64 { kinds.reduce(0) { $0 + $1.bytes } }

    /// Looks through a workspace. Changes nothing.
    ///
    /// - Parameters:
    ///   - cutoff: what was used since then stays.
    ///   - progress: receives the kind that is being measured.
    /// - Throws: `LedgerError`; `FileError`; `CancellationError`.
    package init(of ledger: Ledger, since cutoff: Date, progress: (String) -> Void) throws {
        workspace = ledger.workspace
        let referred = try ledger.keysInUse(since: cutoff)
        let cutoff = Int64(cutoff.timeIntervalSince1970)
        for step in try Files.list(workspace.store) where step != "trees.git" {
            try addStep(step, since: cutoff, unless: referred, progress)
        }
        try addGoCache(since: cutoff, progress)
        for name in Self.folders { try addFolders(name, since: cutoff, progress) }
        for (name, reason) in Self.shown { try add(name, kept: reason, progress) }
        let ledgers = try Files.list(workspace.path).filter { $0.hasPrefix("ledger.damaged-") }
        try add(
            "damaged ledgers", ledgers.map { workspace.path.appending($0) }, kept: "they may hold nights; remove them by hand", progress)
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
        progress(name)
        var kind = Kind(name: name, kept: reason)
        for path in paths { try count(path, in: &kind, isRemovable: { _ in false }) }
        if kind.count > 0 { kinds.append(kind) }
    }

    /// Adds a step's results. Anything that is not one, such as a link, is left alone.
    private mutating func addStep(
        _ step: String, since cutoff: Int64, unless referred: Set<String>, _ progress: (String) -> Void
    ) throws {
        let folder = workspace.store.appending(step)
        guard DiskUse.Entry(folder)?.isFolder == true else { return }
        progress("store/\(step)")
        var kind = Kind(name: "store/\(step)")
        for key in try Files.list(folder) where Self.isHex(key, length: 64) && DiskUse.Entry(folder.appending(key))?.isFolder == true {
            try count(folder.appending(key), in: &kind) { $0 < cutoff && !referred.contains(key) }
        }
        if kind.count > 0 { kinds.append(kind) }
    }

    /// Adds Go's build cache: `XX/HASH-a` and `XX/HASH-d`. Go renews a file's time when it uses it, at most once an hour, and removes old
    /// files in the same way (cmd/go/internal/cache, `Trim`).
    private mutating func addGoCache(since cutoff: Int64, _ progress: (String) -> Void) throws {
        let top = workspace.cache.appending("go-build")
        progress("cache/go-build")
        var kind = Kind(name: "cache/go-build")
        for part in try Files.list(top) where Self.isHex(part, length: 2) && DiskUse.Entry(top.appending(part))?.isFolder == true {
            for name in try Files.list(top.appending(part)) where name.hasSuffix("-a") || name.hasSuffix("-d") {
                let path = top.appending(part).appending(name)
                guard Self.isHex(String(name.dropLast(2)), length: 64), DiskUse.Entry(path)?.isFile == true else { continue }
                try count(path, in: &kind) { $0 < cutoff }
            }
        }
        if kind.count > 0 { kinds.append(kind) }
    }

    private mutating func addFolders(_ name: String, since cutoff: Int64, _ progress: (String) -> Void) throws {
        let top = workspace.path.appending(FilePath(name).components)
        progress(name)
        var kind = Kind(name: name)
        for entry in try Files.list(top) where !entry.hasPrefix(".") && DiskUse.Entry(top.appending(entry))?.isFolder == true {
            try count(top.appending(entry), in: &kind) { $0 < cutoff }
        }
        if kind.count > 0 { kinds.append(kind) }
    }

    private mutating func count(_ path: FilePath, in kind: inout Kind, isRemovable: (Int64) -> Bool) throws {
        try Task.checkCancellation()
        guard let entry = DiskUse.Entry(path) else { return }
        let bytes = try use.bytes(of: path)
        kind.count += 1
        kind.bytes += bytes
        kind.oldest = min(kind.oldest ?? entry.time, entry.time)
        kind.newest = max(kind.newest ?? entry.time, entry.time)
        guard isRemovable(entry.time) else { return }
        kind.removable += 1
        kind.removableBytes += bytes
        removable.append(path)
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
    /// The keys of the steps of runs that are recent, the newest or newest clean of their cell, or a night's newest result for a cell.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func keysInUse(since cutoff: Date) throws -> Set<String> {
        let cell = "recipe, series, layout, level, probe"
        let sql = """
            SELECT DISTINCT key FROM steps WHERE run IN (
                SELECT id FROM runs WHERE id >= ?
                UNION SELECT max(id) FROM runs GROUP BY \(cell)
                UNION SELECT max(r.id) FROM runs r JOIN verdicts v ON v.run = r.id WHERE v.grade = 'clean' AND r.set_aside IS NULL
                    GROUP BY r.recipe, r.series, r.layout, r.level, r.probe
                UNION SELECT run FROM (SELECT run, max(night) FROM night_cells WHERE run IS NOT NULL GROUP BY \(CellRows.columns)))
            """
        // IDs begin with the UTC time; without the random part the name sorts before all of that second.
        let first = String(Self.newName(at: cutoff).prefix { $0 != "-" })
        return try database.read { Set(try String.fetchAll($0, sql: sql, arguments: [first])) }
    }
}
