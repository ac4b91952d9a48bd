import Model
import Synchronization
import TestReports
import Testing

@testable import Report

@Suite("Grids of cells on a terminal")
struct CellGridTests {
    private func written(limit: Int?, signs: Signs = .unicode, hasColour: Bool = false, _ body: (Report) -> Void) -> [String] {
        let bytes = Mutex<[UInt8]>([])
        let terminal = Terminal(hasColour: hasColour, limit: limit, signs: signs) { new in bytes.withLock { $0 += new } }
        body(Report(on: terminal))
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private func matrix() throws -> Matrix {
        let all: [(String, Layout, Grade, Cause?)] = [
            ("none", .root9p, .fatal, .memoryCache), ("none", .volume9p, .fatal, .noDevice),
            ("percpu,memory-usage,9p-source", .root9p, .clean, nil),
            ("percpu,memory-usage,9p-source", .volume9p, .degraded, nil),
        ]
        let cells = try all.map { label, layout, grade, cause in
            let digest = try #require(Digest(String(repeating: "0", count: 64)))
            let text = "E1123 11:22:33.000000 41 a/file.go:12] " + String(repeating: "a long line of a log ", count: 8)
            let run = Run(
                id: "x", started: "", recipe: "r", series: [], layout: .sandbox(layout), lock: nil, tree: nil,
                artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [], tools: [:], secondsToVerdict: 0,
                verdict: Verdict(
                    grade: grade, level: .boot, cause: cause, summary: "s",
                    evidence: [Evidence(kind: .log, text: text, source: "kubelet", line: 305, seconds: 6.43)]))
            return try #require(Matrix.Cell(label: label, runs: [run]))
        }
        return Matrix(recipe: "r", cells: cells, steps: [])
    }

    @Test("where there is room, a cell has its sign and its words")
    func words() throws {
        let matrix = try matrix()
        let lines = written(limit: 100) { $0.matrix(matrix) }
        #expect(
            Array(lines.prefix(3)) == [
                "series                         root-9p                volume-9p",
                "none                           ✘ fatal, memory cache  ✘ fatal, could not find device",
                "percpu,memory-usage,9p-source  ✔ clean                ! degraded",
            ])
        #expect(lines.allSatisfy { $0.count <= 100 }, "\(lines)")
    }

    @Test("at 60 columns a cell has its sign, and a legend says what the signs mean; what decided each is broken into lines")
    func signs() throws {
        let matrix = try matrix()
        let lines = written(limit: 60) { $0.matrix(matrix) }
        #expect(
            Array(lines.prefix(5)) == [
                "series                         root-9p  volume-9p",
                "none                           ✘        ✘",
                "percpu,memory-usage,9p-source  ✔        !",
                "✔ clean   ! degraded   ✘ fatal, or not built",
                "",
            ])
        #expect(lines.allSatisfy { $0.count <= 60 }, "\(lines)")
        for cell in ["✘ none on root-9p: fatal, memory cache", "✔ percpu,memory-usage,9p-source on root-9p: clean"] {
            #expect(lines.contains(cell))
        }
        #expect(lines.joined(separator: " ").contains("could not find device"))
    }

    @Test("where not even the signs fit, it is a list", arguments: [1, 7, 20, 40])
    func list(width: Int) throws {
        let matrix = try matrix()
        let lines = written(limit: width) { $0.matrix(matrix) }
        #expect(lines.allSatisfy { $0.count <= width }, "\(lines)")
        let letters = lines.joined().filter { $0 != " " }
        #expect(letters.contains("percpu,memory-usage,9p-source✔root-9p:clean!volume-9p:degraded"))
    }

    @Test("without a limit no line is broken")
    func unlimited() throws {
        let matrix = try matrix()
        let lines = written(limit: nil) { $0.matrix(matrix) }
        #expect(lines.count == 3 + 1 + 5 + 1 && lines.contains { $0.count > 200 })
    }

    @Test("signs can be told apart without color and outside Unicode")
    func ascii() throws {
        let matrix = try matrix()
        for limit in [100, 60, 30] {
            let lines = written(limit: limit, signs: .ascii) { $0.matrix(matrix) }
            let isASCII = lines.joined().unicodeScalars.allSatisfy { $0.isASCII }
            #expect(isASCII, "\(lines)")
        }
        let shown = Signs.meanings.map { Signs.ascii.shown($0.sign) }
        #expect(Set(shown).count == shown.count)
    }

    @Test(
        "the locale's character set chooses the signs, in the order of locale(7)",
        arguments: [
            (["LANG": "C.UTF-8"], true), (["LANG": "en_US.utf8"], true), ([:], false), (["LANG": "C"], false),
            (["LC_ALL": "C", "LANG": "de_DE.UTF-8"], false), (["LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"], true),
            (["LANG": "de_DE.ISO-8859-1"], false),
        ] as [([String: String], Bool)])
    func locale(environment: [String: String], isUnicode: Bool) {
        #expect((Signs(environment) == .unicode) == isUnicode)
    }

    @Test(
        "a night is a grid for each recipe and level, then what to look at, then the sentence; at every width each cell is told",
        arguments: [nil, 120, 60, 24])
    func night(limit: Int?) throws {
        let document = WrittenNight.document
        let lines = written(limit: limit) { $0.night(document) }
        let text = lines.joined(separator: "\n")
        for cell in document.troubled {
            #expect(text.filter { !$0.isWhitespace }.contains("\(cell.sign)\(cell.name):".filter { !$0.isWhitespace }), "\(cell.name)")
        }
        let broken = document.cells.filter(\.isBroken).count
        #expect(broken > 0 && text.components("*") >= broken, "a cell that is not as expected is marked")
        guard let limit else { return }
        // The lines about changes contain commands, which are to be copied.
        let rest = lines.dropFirst(document.drift.count)
        #expect(rest.allSatisfy { $0.count <= limit }, "\(rest.filter { $0.count > limit })")
    }

    @Test("text of a log cannot add lines, signs or colors")
    func hostile() throws {
        let matrix = try matrix()
        let evil = "\u{1B}[32m✔ clean\u{1B}[0m\nnone on root-9p: clean\r\u{9B}2J"
        let cells = try matrix.cells.map { cell in
            let run = Run(
                id: "x", started: "", recipe: "r", series: [], layout: cell.layout, lock: nil, tree: nil,
                artifact: Artifact(digest: try #require(Digest(String(repeating: "0", count: 64))), path: "", bytes: 0), steps: [],
                tools: [:],
                secondsToVerdict: 0,
                verdict: Verdict(
                    grade: cell.grade, level: .boot, summary: evil,
                    evidence: [Evidence(kind: .log, text: evil, source: evil, line: 1, seconds: 1)]))
            return try #require(Matrix.Cell(label: cell.label, runs: [run]))
        }
        for limit in [nil, 60, 10] {
            let lines = written(limit: limit, hasColour: false) { $0.matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
            let scalars = lines.joined().unicodeScalars
            let isControlled = scalars.contains { $0.value < 32 || (0x7F...0x9F).contains($0.value) }
            #expect(!isControlled)
            #expect(!lines.contains { $0.hasPrefix("none on root-9p: clean") })
        }
    }
}

extension String {
    fileprivate func components(_ character: Character) -> Int { count { $0 == character } }
}
