import Foundation
import Testing

@testable import Model

@Suite("Values")
struct ValueTests {
    @Test("a digest is 64 hexadecimal digits and nothing else")
    func digest() {
        #expect(Digest(String(repeating: "A", count: 64))?.hex == String(repeating: "a", count: 64))
        #expect(Digest(String(repeating: "a", count: 63)) == nil)
        #expect(Digest(String(repeating: "g", count: 64)) == nil)
        #expect(Digest(bytes: [UInt8](repeating: 255, count: 32)).hex == String(repeating: "f", count: 64))
    }

    @Test("evidence as JSON has all five keys, null where there is nothing to say")
    func evidence() throws {
        let evidence = Evidence(kind: .probe, text: "ok", source: "/healthz")
        let json = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(evidence)) as? [String: Any])
        #expect(Set(json.keys) == ["kind", "text", "source", "line", "seconds"])
        #expect(json["line"] is NSNull)
        #expect(try JSONDecoder().decode(Evidence.self, from: JSONEncoder().encode(evidence)) == evidence)
    }

    @Test(
        "a patch's name is UPSTREAM/NAME, and cannot be a path that leads elsewhere",
        arguments: [
            "cadvisor", "a/b/c", "../x", "a/..", "/a", "a/", "-a/b", "a/b c", "",
        ])
    func patchName(_ text: String) { #expect(PatchName(text) == nil) }

    @Test("two swapped neighbors are one mistake", arguments: [("chekc", "check"), ("bulid", "build"), ("rnu", "run"), ("ab", "ba")])
    func swapped(_ one: String, _ other: String) {
        #expect(Spelling.distance(one, other) == 1 && Spelling.distance(other, one) == 1)
        #expect(Spelling.nearest(to: one, among: [other, "something"]) == other)
    }

    @Test(
        "the distance counts letters that are inserted, deleted, replaced or swapped",
        arguments: [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("abcd", "badc", 2), ("ca", "abc", 3), ("run", "run", 0)])
    func distance(_ one: String, _ other: String, _ expected: Int) { #expect(Spelling.distance(one, other) == expected) }

    @Test("the nearest known name is offered only when it is near")
    func spelling() {
        #expect(Spelling.nearest(to: "9p-sorce", among: ["9p-line", "9p-source"]) == "9p-source")
        #expect(Spelling.nearest(to: "something", among: ["9p-line", "percpu"]) == nil)
    }
}

@Suite("Cells of a matrix")
struct CellTests {
    private func run(_ grade: Grade, cause: Cause? = nil) throws -> Run {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        return Run(
            id: "x", started: "2026-01-01T00:00:00Z", recipe: "r", series: [], layout: .sandbox(.root9p), lock: nil, tree: nil,
            artifact: Artifact(digest: digest, path: "/k", bytes: 1), steps: [], tools: [:], secondsToVerdict: 0,
            verdict: Verdict(grade: grade, level: .boot, cause: cause, summary: "s", evidence: []))
    }

    @Test("runs of one grade for different causes keep the grade, and name no cause")
    func causes() throws {
        let cell = try #require(Matrix.Cell(label: "none", runs: [run(.fatal, cause: .percpu), run(.fatal, cause: .pod)]))
        #expect(cell.grade == .fatal && cell.cause == nil)
        #expect(cell.summary == "the repeated runs disagree: fatal, percpu, fatal, pod")
        #expect(try Matrix.Cell(label: "none", runs: [run(.fatal, cause: .percpu), run(.fatal, cause: .percpu)])?.cause == .percpu)
    }

    @Test("runs that agree give the cell their grade")
    func agree() throws {
        let cell = try #require(Matrix.Cell(label: "none", runs: [run(.fatal), run(.fatal)]))
        #expect(cell.grade == .fatal)
        #expect(cell.runs.count == 2)
    }

    @Test("runs that disagree make a cell inconclusive, whatever the best of them says")
    func disagree() throws {
        let cell = try #require(Matrix.Cell(label: "none", runs: [run(.clean), run(.clean), run(.degraded)]))
        #expect(cell.grade == .inconclusive)
        #expect(cell.summary.contains("clean, clean, degraded"))
    }

    @Test("a cell without a run is none")
    func empty() { #expect(Matrix.Cell(label: "none", runs: []) == nil) }
}
