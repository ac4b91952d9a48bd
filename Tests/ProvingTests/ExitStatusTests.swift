import Building
import ExitCodes
import FoundationEssentials
import Host
import Model
import Proving
import Testing

// Testing has a type with the same name.
import enum ExitCodes.ExitStatus

@Suite("Exit codes")
struct ExitStatusTests {
    private func cell(_ series: [String], _ grade: Grade) throws -> Matrix.Cell {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        let run = Run(
            id: "x", started: "", recipe: "r", series: series.compactMap(PatchName.init), layout: .sandbox(.root9p), lock: nil, tree: nil,
            artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [], tools: [:], secondsToVerdict: 0,
            verdict: Verdict(grade: grade, level: .boot, summary: "", evidence: []))
        return try #require(Matrix.Cell(label: "l", runs: [run]))
    }

    private let projectFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").path

    @Test("a matrix is good when it is settled and the recipe's own series is clean; other series may be fatal")
    func matrix() throws {
        let recipe = try Catalogue(Host.current(HostOptions(projects: [projectFolder]))).recipe("kubelet-1.20")
        let own = recipe.series.map(\.description)
        func status(_ cells: [Matrix.Cell]) -> ExitStatus { Matrix(recipe: "r", cells: cells, steps: []).exitStatus(for: recipe) }
        #expect(status([try cell([], .fatal), try cell(own, .clean)]) == .good)
        #expect(status([try cell([], .fatal), try cell(own, .degraded)]) == .no)
        #expect(status([try cell([], .inconclusive), try cell(own, .clean)]) == .no)
    }

    @Test("each kind of fault has its code")
    func errors() {
        #expect(ExitStatus(for: Diagnostic(file: "f", message: "m")) == .data)
        #expect(ExitStatus(for: NotRoot()) == .missing)
        #expect(ExitStatus(for: CancellationError()) == .fault)
        #expect(ExitStatus(for: NoTarget(recipe: "r")) == .usage)
    }
}
