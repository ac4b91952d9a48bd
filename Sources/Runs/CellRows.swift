import FoundationEssentials
import GRDB
import Model

/// A cell as columns: recipe, line, series, layout, level, probe. A missing line or probe is an empty text, because for SQLite no NULL equals
/// another.
enum CellRows {
    static let columns = "recipe, line, series, layout, level, probe"
    /// The columns as a condition with six arguments.
    static let condition = "recipe = ? AND line = ? AND series = ? AND layout = ? AND level = ? AND probe = ?"

    static func arguments(_ key: CellKey) -> [(any DatabaseValueConvertible)?] {
        [key.recipe, key.line ?? "", key.seriesText, key.layout.rawValue, key.level.rawValue, key.probe?.description ?? ""]
    }

    /// The runs of a cell, as a condition on `runs r`. A line of releases selects its versions; the runs themselves follow no line.
    static func runs(of key: CellKey) -> (condition: String, arguments: [(any DatabaseValueConvertible)?]) {
        let cell = "r.recipe = ? AND r.series = ? AND r.layout = ? AND r.level = ? AND r.probe = ? AND r.set_aside IS NULL"
        let arguments: [(any DatabaseValueConvertible)?] = [
            key.recipe, key.seriesText, key.layout.rawValue, key.level.rawValue, key.probe?.description ?? "",
        ]
        guard let line = key.line else { return (cell, arguments) }
        let version = "(r.version = ? OR substr(r.version, 1, ?) IN (?, ?, ?, ?))"
        let beginnings: [(any DatabaseValueConvertible)?] = [".", "-", "+", "~"].map { line + $0 }
        return ("\(cell) AND \(version)", arguments + [line, line.unicodeScalars.count + 1] + beginnings)
    }

    static func key(_ row: Row) throws -> CellKey {
        guard let layout = RunLayout(rawValue: row["layout"] ?? ""), let level = Level(rawValue: row["level"] ?? "") else {
            throw malformed("a cell's layout or level")
        }
        let (line, probe, series): (String?, String?, String?) = (row["line"], row["probe"], row["series"])
        let names = try series.map { $0 == "none" ? [] : try $0.split(separator: ",").map { try name(String($0)) } }
        return CellKey(
            recipe: row["recipe"] ?? "", line: line == "" ? nil : line, series: names ?? [], layout: layout, level: level,
            probe: try probe.flatMap { $0.isEmpty ? nil : try name($0) })
    }

    private static func name(_ text: String) throws -> PatchName {
        guard let name = PatchName(text) else { throw malformed("the name of a patch") }
        return name
    }

    static func malformed(_ what: String) -> LedgerError { LedgerError(.malformed, "\(what) in the ledger is none that Ninepin writes") }

    /// A value as JSON text.
    static func text(_ value: some Encodable) throws -> String { String(decoding: try JSONDocument.line(of: value), as: UTF8.self) }

    /// Decodes a value from JSON text.
    static func value<T: Decodable>(_ text: String?, as type: T.Type, _ what: String) throws -> T {
        do { return try JSONDecoder().decode(type, from: Data((text ?? "").utf8)) } catch { throw malformed(what) }
    }
}

extension NightRecord {
    init(_ row: Row) throws {
        guard let id: String = row["id"], let manifest = (row["manifest"] as String?).flatMap(Digest.init) else {
            throw CellRows.malformed("a night")
        }
        self.init(
            id: id, manifest: manifest, name: row["name"] ?? "", started: row["started"] ?? "", ended: row["ended"], budget: row["budget"],
            resumed: row["resumed"] ?? 0)
    }
}

extension NightCell {
    /// Reads a row of `night_cells`, joined with the document of its lock, with its runs.
    init(_ row: Row, runs: [String]) throws {
        guard let state = ReportDocument.State(rawValue: row["state"] ?? "") else { throw CellRows.malformed("a cell's state") }
        let grade: String? = row["grade"]
        if let grade, Grade(rawValue: grade) == nil { throw CellRows.malformed("a cell's grade") }
        let document: String? = row["document"]
        self.init(
            key: try CellRows.key(row), position: row["position"] ?? 0, version: row["version"], state: state, result: row["result"] ?? "",
            grade: grade.flatMap(Grade.init), cause: (row["cause"] as String?).map(Cause.init), summary: row["summary"] ?? "",
            expected: row["expected"], reason: row["reason"] ?? "", run: row["run"], runs: runs,
            counts: try CellRows.value(row["counts"], as: [String: Int].self, "a cell's counts"),
            inputs: try CellRows.value(row["inputs"], as: [String: String].self, "a cell's inputs"),
            lock: try document.map { try CellRows.value($0, as: Lock.self, "a lock") })
    }
}
