import Crypto
import GRDB
import Model

/// Writes runs into the tables.
enum RunRows {
    /// Enters a run, or replaces what is known of it. Rows that refer to the run stay.
    static func enter(_ folder: RunFolder, in db: Database) throws {
        let (run, id) = (folder.run, folder.run.id)
        let lock = try run.lock.map { try enter($0, in: db) }
        try enter(run.series, in: db)
        try perform(
            "INSERT INTO artifacts (digest, bytes) VALUES (?, ?) ON CONFLICT DO NOTHING", [run.artifact.digest.hex, run.artifact.bytes],
            in: db)
        for table in ["verdicts", "evidence", "notes", "steps", "probes", "tools", "upstreams", "timings", "logs"] {
            try perform("DELETE FROM \(table) WHERE run = ?", [id], in: db)
        }
        let cell = run.cell
        try perform(
            """
            INSERT INTO runs
                (id, started, recipe, version, series, layout, level, probe, lock, tree, artifact, patience, repeats, set_aside, bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                started = excluded.started, recipe = excluded.recipe, version = excluded.version, series = excluded.series,
                layout = excluded.layout, level = excluded.level, probe = excluded.probe, lock = excluded.lock, tree = excluded.tree,
                artifact = excluded.artifact, patience = excluded.patience, repeats = excluded.repeats, set_aside = excluded.set_aside,
                bytes = excluded.bytes, stale = 0
            """,
            [
                id, run.started, run.recipe, run.version, cell.seriesText, cell.layout.rawValue, cell.level.rawValue,
                cell.probe?.description ?? "", lock, run.tree, run.artifact.digest.hex, run.patience, run.repeats, run.setAside,
                folder.bytes,
            ], in: db)
        try enter(run.verdict, of: id, in: db)
        try enterDetails(of: run, in: db)
        for log in folder.logs {
            try perform(
                "INSERT INTO logs (run, name, digest, bytes) VALUES (?, ?, ?, ?)", [id, log.name, log.digest?.hex, log.bytes], in: db)
        }
    }

    /// Enters a lock, and returns its ID: the SHA-256 of its document.
    static func enter(_ lock: Lock, in db: Database) throws -> String {
        let document = try JSONDocument.line(of: lock)
        let id = Digest(bytes: SHA256.hash(data: document)).hex
        try perform(
            """
            INSERT INTO locks (id, kind, name, version, resolved_from, title, document) VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """,
            [
                id, lock.kind.rawValue, lock.name, lock.version, lock.resolvedFrom, lock.title,
                String(decoding: document, as: UTF8.self),
            ], in: db)
        return id
    }

    /// Enters a series under its text.
    static func enter(_ series: [PatchName], in db: Database) throws {
        let name = series.seriesText
        try perform("INSERT INTO series (name, length) VALUES (?, ?) ON CONFLICT DO NOTHING", [name, series.count], in: db)
        guard db.changesCount > 0 else { return }
        for (position, patch) in series.enumerated() {
            try perform(
                "INSERT INTO series_patches (series, position, patch) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                [name, position, patch.description], in: db)
        }
    }

    private static func enter(_ verdict: Verdict, of id: String, in db: Database) throws {
        try perform(
            "INSERT INTO verdicts (run, grade, level, cause, summary) VALUES (?, ?, ?, ?, ?)",
            [id, verdict.grade.rawValue, verdict.level.rawValue, verdict.cause?.rawValue, verdict.summary], in: db)
        for (position, evidence) in verdict.evidence.enumerated() {
            try perform(
                "INSERT INTO evidence (run, position, kind, text, source, line, seconds) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [id, position, evidence.kind.rawValue, evidence.text, evidence.source, evidence.line, evidence.seconds], in: db)
        }
        for (position, note) in verdict.notes.enumerated() {
            try perform("INSERT INTO notes (run, position, text) VALUES (?, ?, ?)", [id, position, note], in: db)
        }
    }

    private static func enterDetails(of run: Run, in db: Database) throws {
        for (position, step) in run.steps.enumerated() {
            try perform(
                "INSERT INTO steps (run, position, name, key, cached, seconds) VALUES (?, ?, ?, ?, ?, ?)",
                [run.id, position, step.name, step.key.hex, step.cached, step.seconds], in: db)
        }
        for (position, probe) in (run.probes ?? []).enumerated() {
            try perform("INSERT INTO probes (run, position, patch) VALUES (?, ?, ?)", [run.id, position, probe.description], in: db)
        }
        // Two names that differ only after a NUL would be the same text for SQLite.
        for (name, version) in run.tools {
            try perform("INSERT OR REPLACE INTO tools (run, name, version) VALUES (?, ?, ?)", [run.id, name, version], in: db)
        }
        for (name, version) in run.upstreams ?? [:] {
            try perform(
                "INSERT OR REPLACE INTO upstreams (run, name, version) VALUES (?, ?, ?)", [run.id, name, version.description], in: db)
        }
        var timings = [("verdict", "seconds to the sandbox's end", run.secondsToVerdict)]
        if let watched = run.watched { timings += [("watched", "warm-up", watched.warmUp), ("watched", "observation", watched.observe)] }
        timings += (run.overhead ?? [:]).map { ("overhead", $0, $1) }
        timings += (run.milestones ?? [:]).map { ("milestone", $0, $1) }
        for (kind, name, seconds) in timings {
            try perform(
                "INSERT OR REPLACE INTO timings (run, kind, name, seconds) VALUES (?, ?, ?, ?)", [run.id, kind, name, seconds], in: db)
        }
    }

    /// Executes a statement that is kept for the next time.
    static func perform(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?], in db: Database) throws {
        try db.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }
}

extension [PatchName] {
    /// The series in command-line notation, as in ``CellKey/seriesText``.
    var seriesText: String { isEmpty ? "none" : map(\.description).joined(separator: ",") }
}
