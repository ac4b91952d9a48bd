import Foundation
import Model
import Report
import Testing

/// A terminal that is a pipe, and what came through it.
private func written(_ body: (Terminal) throws -> Void) throws -> String {
    var ends: [Int32] = [0, 0]
    #expect(pipe(&ends) == 0)
    let saved = dup(STDERR_FILENO)
    dup2(ends[1], STDERR_FILENO)
    close(ends[1])
    defer { close(saved) }
    do {
        try body(Terminal.error([:]))
    } catch {
        dup2(saved, STDERR_FILENO)
        throw error
    }
    dup2(saved, STDERR_FILENO)
    let data = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true).readDataToEndOfFile()
    return String(decoding: data, as: UTF8.self)
}

@Suite("What people see", .serialized)
struct ReportTests {
    private func cell(_ label: String, _ layout: Layout, _ grade: Grade, cause: String? = nil) throws -> Matrix.Cell {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        let evidence = Evidence(kind: .log, text: "F1123 the line", source: "kubelet", line: 305, seconds: 6.43)
        let run = Run(
            id: "x", started: "", recipe: "r", series: [], layout: layout, lock: nil, tree: nil,
            artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [], tools: [:], secondsToVerdict: 0,
            verdict: Verdict(grade: grade, level: .boot, cause: cause, summary: "s", evidence: [evidence]))
        return try #require(Matrix.Cell(label: label, runs: [run]))
    }

    @Test("a matrix of one layout is a row a series, with the line that decided it")
    func oneLayout() throws {
        let cells = [try cell("none", .root9p, .fatal, cause: "memory cache"), try cell("percpu", .root9p, .clean)]
        let text = try written { Report(on: $0).matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
        #expect(
            text == """
                series  layout   verdict              decided by
                none    root-9p  fatal, memory cache  kubelet line 305, 6.4 s: F1123 the line
                percpu  root-9p  clean                kubelet line 305, 6.4 s: F1123 the line

                """)
    }

    @Test("a matrix of more layouts begins with series by layout")
    func grid() throws {
        let cells = [
            try cell("none", .root9p, .fatal, cause: "memory cache"), try cell("none", .volume9p, .fatal, cause: "could not find device"),
            try cell("percpu", .root9p, .clean),
        ]
        let text = try written { Report(on: $0).matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
        #expect(
            text.hasPrefix(
                """
                series  root-9p              volume-9p
                none    fatal, memory cache  fatal, could not find device
                percpu  clean                –

                """))
    }

    @Test("where no terminal is, nothing is coloured or written over, and progress is plain lines")
    func plain() throws {
        let text = try written { terminal in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            display.show(.began(step: "build", subject: "kubelet"))
            for _ in 0..<100 { display.show(.progress(step: "build", "compiling")) }
            let key = try #require(Digest(String(repeating: "0", count: 64)))
            display.show(.ended(StepRecord(name: "build", key: key, cached: false, seconds: 125), detail: "done"))
            display.show(.ended(StepRecord(name: "fetch", key: key, cached: true, seconds: 0), detail: "tree"))
            display.clear()
        }
        #expect(!text.contains("\u{1B}") && !text.contains("\r"))
        #expect(text.split(separator: "\n").count == 3)
        #expect(text.contains("build    done (2 m 05 s)"))
        #expect(text.contains("fetch    tree (from the store)"))
    }

    @Test("quiet is quiet")
    func quiet() throws {
        #expect(try written { ProgressDisplay(on: $0, isQuiet: true).show(.note("x")) } == "")
    }

    @Test("a JSON document is one document, with sorted keys")
    func json() throws {
        let text = try written { try Report(on: $0).json(["b": 1, "a": 2]) }
        #expect(text == "{\n  \"a\" : 2,\n  \"b\" : 1\n}\n")
    }
}
