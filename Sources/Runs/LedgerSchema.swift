import GRDB

/// The tables of the ledger. docs/ledger.md describes them for people who query them.
enum LedgerSchema {
    /// All migrations, oldest first. A released migration never changes.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs") { db in try db.execute(sql: runs) }
        migrator.registerMigration("nights") { db in try db.execute(sql: nights) }
        migrator.registerMigration("rebuilds") { db in try db.execute(sql: rebuilds) }
        migrator.registerMigration("results of cells") { db in try db.execute(sql: resultsOfCells) }
        return migrator
    }

    private static let runs = """
        CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE series (name TEXT PRIMARY KEY NOT NULL, length INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE series_patches (
            series TEXT NOT NULL REFERENCES series ON DELETE CASCADE, position INTEGER NOT NULL, patch TEXT NOT NULL,
            PRIMARY KEY (series, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX series_by_patch ON series_patches (patch);

        CREATE TABLE locks (
            id TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, resolved_from TEXT,
            title TEXT NOT NULL, document TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE artifacts (digest TEXT PRIMARY KEY NOT NULL, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE runs (
            id TEXT PRIMARY KEY NOT NULL, started TEXT NOT NULL, recipe TEXT NOT NULL, version TEXT,
            series TEXT NOT NULL REFERENCES series, layout TEXT NOT NULL, level TEXT NOT NULL, probe TEXT NOT NULL,
            lock TEXT REFERENCES locks, tree TEXT, artifact TEXT NOT NULL REFERENCES artifacts, patience REAL, repeats TEXT,
            set_aside TEXT, bytes INTEGER NOT NULL, stale INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX runs_by_cell ON runs (recipe, series, layout, level, probe, id);
        CREATE INDEX runs_by_series ON runs (recipe, series, id);
        CREATE INDEX runs_by_recipe ON runs (recipe, id);
        CREATE INDEX runs_by_artifact ON runs (artifact, id);
        CREATE INDEX runs_by_lock ON runs (lock);
        CREATE INDEX runs_stale ON runs (id) WHERE stale = 1;

        CREATE TABLE verdicts (
            run TEXT PRIMARY KEY NOT NULL REFERENCES runs ON DELETE CASCADE, grade TEXT NOT NULL, level TEXT NOT NULL, cause TEXT,
            summary TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE evidence (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
            source TEXT NOT NULL, line INTEGER, seconds REAL, PRIMARY KEY (run, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE notes (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (run, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE steps (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL, key TEXT NOT NULL,
            cached INTEGER NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (run, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX steps_by_key ON steps (key, run);
        CREATE INDEX steps_performed ON steps (name, run) WHERE cached = 0;

        CREATE TABLE probes (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, position INTEGER NOT NULL, patch TEXT NOT NULL,
            PRIMARY KEY (run, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE tools (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, name TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE upstreams (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, name TEXT NOT NULL, version TEXT NOT NULL, PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE timings (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, kind TEXT NOT NULL, name TEXT NOT NULL, seconds REAL NOT NULL,
            PRIMARY KEY (run, kind, name)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE logs (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, name TEXT NOT NULL, digest TEXT, bytes INTEGER NOT NULL,
            PRIMARY KEY (run, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE unreadable (id TEXT PRIMARY KEY NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """

    private static let rebuilds = """
        CREATE TABLE rebuilds (
            artifact TEXT NOT NULL, digest TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (artifact, time)
        ) STRICT, WITHOUT ROWID;
        """

    /// A result need not have a run: a patch that does not apply has none.
    private static let resultsOfCells = """
        DROP INDEX night_cells_measured;
        CREATE INDEX night_cells_by_cell ON night_cells (recipe, line, series, layout, level, probe, night);
        """

    private static let nights = """
        CREATE TABLE nights (
            id TEXT PRIMARY KEY NOT NULL, manifest TEXT NOT NULL, name TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, budget REAL,
            resumed INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX nights_by_name ON nights (name, id);

        CREATE TABLE night_cells (
            night TEXT NOT NULL REFERENCES nights ON DELETE CASCADE, position INTEGER NOT NULL, recipe TEXT NOT NULL, line TEXT NOT NULL,
            series TEXT NOT NULL REFERENCES series, layout TEXT NOT NULL, level TEXT NOT NULL, probe TEXT NOT NULL, version TEXT,
            state TEXT NOT NULL, result TEXT NOT NULL, grade TEXT, cause TEXT, summary TEXT NOT NULL, expected TEXT, reason TEXT NOT NULL,
            run TEXT REFERENCES runs ON DELETE SET NULL, counts TEXT NOT NULL, inputs TEXT NOT NULL, lock TEXT REFERENCES locks,
            PRIMARY KEY (night, recipe, line, series, layout, level, probe)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX night_cells_measured ON night_cells (recipe, line, series, layout, level, probe, night) WHERE run IS NOT NULL;
        CREATE INDEX night_cells_by_run ON night_cells (run) WHERE run IS NOT NULL;
        CREATE INDEX night_cells_by_lock ON night_cells (lock) WHERE lock IS NOT NULL;

        CREATE TABLE night_cell_runs (
            night TEXT NOT NULL, recipe TEXT NOT NULL, line TEXT NOT NULL, series TEXT NOT NULL, layout TEXT NOT NULL, level TEXT NOT NULL,
            probe TEXT NOT NULL, position INTEGER NOT NULL, run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE,
            PRIMARY KEY (night, recipe, line, series, layout, level, probe, position),
            FOREIGN KEY (night, recipe, line, series, layout, level, probe) REFERENCES night_cells ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX night_cell_runs_by_run ON night_cell_runs (run);

        CREATE TABLE night_drift (
            night TEXT NOT NULL REFERENCES nights ON DELETE CASCADE, position INTEGER NOT NULL, kind TEXT NOT NULL, what TEXT NOT NULL,
            document TEXT NOT NULL, PRIMARY KEY (night, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE error_lines (
            recipe TEXT NOT NULL, signature TEXT NOT NULL, text TEXT NOT NULL, first_run TEXT REFERENCES runs ON DELETE SET NULL,
            PRIMARY KEY (recipe, signature)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX error_lines_by_run ON error_lines (first_run) WHERE first_run IS NOT NULL;
        """
}
