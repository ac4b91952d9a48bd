import Foundation
import Testing

/// The document of a night, as far as the tests need it.
struct Night {
    struct Cell {
        let key: String
        let result: String
        let state: String
        var isBroken: Bool { state == "broken" || state == "unchanged" }
    }

    struct Change {
        let kind: String
        let what: String
        let before: String?
        let after: String?
    }

    let cells: [Cell]
    let drift: [Change]

    init(_ outcome: Tool.Outcome, status: Int32? = nil) throws {
        if let status { #expect(outcome.status == status, "\(outcome.output)\(outcome.errors)") }
        let document = try outcome.json()
        cells = try #require(document["cells"] as? [[String: Any]]).map { cell in
            let key = try #require(cell["key"] as? [String: Any])
            let series = (key["series"] as? [String] ?? []).joined(separator: ",")
            let source = [key["recipe"] as? String, key["line"] as? String].compactMap(\.self).joined(separator: " ")
            let words = [source, series.isEmpty ? "none" : series, key["layout"] as? String ?? "", key["level"] as? String ?? ""]
            let probe = (key["probe"] as? String).map { ["probe \($0)"] } ?? []
            return Cell(
                key: (words + probe).joined(separator: ", "), result: try #require(cell["result"] as? String),
                state: try #require(cell["state"] as? String))
        }
        drift = try #require(document["drift"] as? [[String: Any]]).map { drift in
            Change(
                kind: try #require(drift["kind"] as? String), what: try #require(drift["what"] as? String),
                before: drift["before"] as? String,
                after: drift["after"] as? String)
        }
    }

    /// What changed in a way.
    func lines(_ kind: String) -> [String] { drift.filter { $0.kind == kind }.map(\.what) }
}

extension Tool {
    /// Runs the cells of a manifest in two nights. The first is as expected in everything, and the second boots nothing and says the same.
    ///
    /// - Returns: the results, in the order of the manifest.
    func twoNights(_ manifest: String) throws -> [String] {
        let first = try Night(try run(["nightly", manifest, "--json"]), status: 0)
        #expect(first.cells.allSatisfy { $0.state == "as expected" } && first.drift.isEmpty, "\(first)")
        try expectDocument(try run(["report", "--json"]).output, is: "report")
        let runs = Set(try FileManager.default.contentsOfDirectory(atPath: "\(workspace)/runs"))
        let second = try Night(try run(["nightly", manifest, "--json"]), status: 0)
        #expect(second.cells.allSatisfy { $0.state == "unchanged" } && second.drift.isEmpty, "\(second)")
        #expect(second.cells.map(\.result) == first.cells.map(\.result))
        let decided = try runsOfCells(manifest)
        #expect(decided.isSubset(of: runs), "the second night refers to the runs of the first")
        return first.cells.map(\.result)
    }

    /// The runs that decided the cells of the newest night.
    private func runsOfCells(_ manifest: String) throws -> Set<String> {
        let name = URL(filePath: manifest).deletingPathExtension().lastPathComponent
        let sql = "SELECT run FROM night_cells WHERE night = (SELECT max(id) FROM nights WHERE name = '\(name)')"
        let answer = try run(["query", sql, "--json"])
        try expectDocument(answer.output, is: "query")
        let rows = try #require(try answer.json()["rows"] as? [[Any]])
        #expect(!rows.isEmpty)
        return Set(rows.compactMap { $0.first as? String })
    }
}
