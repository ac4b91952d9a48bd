import Foundation
import Model
import Report
import Synchronization
import Testing

/// The output on a test's own terminal.
private func written(
    isTerminal: Bool = false, hasColour: Bool = false, width: Int = 100, height: Int = 24, _ body: (Terminal) throws -> Void
) rethrows -> String {
    let bytes = Mutex<[UInt8]>([])
    try body(
        Terminal(isTerminal: isTerminal, hasColour: hasColour, width: width, height: height) { piece in bytes.withLock { $0 += piece } })
    return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
}

@Suite("What people see")
struct ReportTests {
    private func cell(_ label: String, _ layout: Layout, _ grade: Grade, cause: Cause? = nil) throws -> Matrix.Cell {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        let evidence = Evidence(kind: .log, text: "F1123 the line", source: "kubelet", line: 305, seconds: 6.43)
        let run = Run(
            id: "x", started: "", recipe: "r", series: [], layout: .sandbox(layout), lock: nil, tree: nil,
            artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [], tools: [:], secondsToVerdict: 0,
            verdict: Verdict(grade: grade, level: .boot, cause: cause, summary: "s", evidence: [evidence]))
        return try #require(Matrix.Cell(label: label, runs: [run]))
    }

    @Test("a matrix of one layout is a row a series, with the line that decided it")
    func oneLayout() throws {
        let cells = [try cell("none", .root9p, .fatal, cause: .memoryCache), try cell("percpu", .root9p, .clean)]
        let text = written { Report(on: $0).matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
        #expect(
            text == """
                series  layout   verdict                decided by
                none    root-9p  ✘ fatal, memory cache  kubelet line 305, 6.4 s: F1123 the line
                percpu  root-9p  ✔ clean                kubelet line 305, 6.4 s: F1123 the line

                """)
    }

    @Test("a cell that contradicts the registry's rules is marked below the table, and its verdict stays")
    func contradiction() throws {
        let patch = try #require(PatchName("libcontainer/percpu"))
        let need = Need(
            patch: patch, answer: .needed, without: .init(.fatal, cause: .memoryCache), evidence: "seen", measured: "2026-11-26")
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        func run(_ grade: Grade) -> Run {
            Run(
                id: "x", started: "", recipe: "r", series: [], layout: .sandbox(Layout.root9p.with(cgroup: .v2)), lock: nil, tree: nil,
                artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [],
                tools: ["runsc": "release-20260817.0", "runsc flags": "--in-sandbox-cgroup=v2"], secondsToVerdict: 0,
                verdict: Verdict(grade: grade, level: .boot, summary: "s", evidence: []), needs: [need])
        }
        let cells = [Grade.clean, .fatal].compactMap { Matrix.Cell(label: "none", runs: [run($0)]) }
        #expect(cells.count == 2)
        #expect(cells[0].grade == .clean && cells[0].contradiction != nil && cells[1].contradiction == nil)
        let text = written { Report(on: $0).matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
        #expect(
            text.contains("none on root-9p+v2 contradicts the registry's rules: the rules say fatal without libcontainer/percpu"), "\(text)"
        )
        let one = written { Report(on: $0).run(run(.fatal), place: "/p") }
        #expect(
            one.contains("libcontainer/percpu, not in the series: needed; without it fatal, memory cache: seen [2026-11-26]"), "\(one)")
        #expect(one.contains("root-9p+v2, runsc release-20260817.0 --in-sandbox-cgroup=v2"), "\(one)")
    }

    @Test("a matrix of more layouts begins with series by layout")
    func grid() throws {
        let cells = [
            try cell("none", .root9p, .fatal, cause: .memoryCache), try cell("none", .volume9p, .fatal, cause: .noDevice),
            try cell("percpu", .root9p, .clean),
        ]
        let text = written { Report(on: $0).matrix(Matrix(recipe: "r", cells: cells, steps: [])) }
        #expect(
            text.hasPrefix(
                """
                series  root-9p                volume-9p
                none    ✘ fatal, memory cache  ✘ fatal, could not find device
                percpu  ✔ clean

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

    @Test("a matrix tells which boots were repeated alone, and why")
    func setAside() throws {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        func run(_ id: String, _ grade: Grade, setAside: String? = nil) -> Run {
            Run(
                id: id, started: "", recipe: "r", series: [], layout: .sandbox(.root9p), lock: nil, tree: nil,
                artifact: Artifact(digest: digest, path: "", bytes: 0), steps: [], tools: [:], secondsToVerdict: 0,
                verdict: Verdict(grade: grade, level: .boot, summary: "s", evidence: []), setAside: setAside)
        }
        let cell = try #require(
            Matrix.Cell(label: "percpu", runs: [run("a", .degraded, setAside: "the boot was slowed"), run("b", .clean)]))
        #expect(cell.grade == .clean && cell.runs.map(\.id) == ["b"] && cell.setAside?.map(\.id) == ["a"])
        #expect(Matrix.Cell(label: "percpu", runs: [run("a", .clean, setAside: "x")]) == nil)
        let text = written { Report(on: $0).matrix(Matrix(recipe: "r", cells: [cell], steps: [])) }
        #expect(text.hasSuffix("\npercpu on root-9p was repeated alone: the boot was slowed. Run a is not counted.\n"), "\(text)")
    }

    private func within(_ label: String, _ text: String) -> Event { .within(label: label, .progress(step: "verify", text)) }

    private func ended(_ label: String, _ detail: String) throws -> Event {
        let key = try #require(Digest(String(repeating: "0", count: 64)))
        return .within(label: label, .ended(StepRecord(name: "verify", key: key, cached: false, seconds: 7), detail: detail))
    }

    /// The final content of a terminal's screen; supports the part of ECMA-48 that the display uses.
    private func screen(_ text: String) -> [String] {
        var (lines, row): ([String], Int) = ([""], 0)
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\n":
                row += 1
                if row == lines.count { lines.append("") } else { lines[row] = "" }
            case "\r": break
            case "\u{1B}":
                rest.removeFirst()
                let number = rest.prefix { $0.isNumber }
                rest.removeFirst(number.count)
                if rest.popFirst() == "A" { row -= Int(number) ?? 1 } else { lines = lines.prefix(row) + [""] }
            default: lines[row].append(character)
            }
        }
        return lines
    }

    @Test("several boots have a live line each; what is over stays above them")
    func lanes() throws {
        let text = try written(isTerminal: true) { terminal in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            for name in ["one", "two", "three"] { display.show(within(name, "watching")) }
            display.show(try ended("two", "clean"))
            display.show(.note("a build is over"))
        }
        #expect(
            screen(text) == [
                "✓ verify   two: clean (7.0 s)", "• a build is over", "  verify   one: watching", "  verify   three: watching",
            ])
    }

    @Test("live lines fill the terminal at most, and the last says how many more there are")
    func height() throws {
        let text = written(isTerminal: true, height: 5) { terminal in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            for number in 1...10 { display.show(within("\(number)", "watching")) }
        }
        #expect(
            screen(text) == ["  verify   1: watching", "  verify   2: watching", "  verify   3: watching", "  … and 7 more"])
    }

    @Test("no live line is longer than the terminal is wide, and none is left when the display is cleared")
    func width() throws {
        let long = String(repeating: "x", count: 200)
        let body = { (terminal: Terminal) in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            for name in ["one", "two"] { display.show(within(name, long)) }
            return display
        }
        let text = written(isTerminal: true, width: 60) { _ = body($0) }
        #expect(screen(text).allSatisfy { $0.count < 60 } && screen(text).count == 2)
        #expect(screen(written(isTerminal: true, width: 60) { body($0).clear() }) == [""])
    }

    @Test("where no terminal is, each of several boots has a plain line now and then, which names it")
    func plainLanes() throws {
        let text = written { terminal in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            for _ in 0..<50 { for name in ["one", "two"] { display.show(within(name, "watching")) } }
        }
        #expect(text == "  verify   one: watching\n  verify   two: watching\n")
    }

    @Test("what is put into a line stays in it, and is coloured after it was made fit to be shown")
    func outside() {
        let hostile = "a\u{1B}[31m\r\nclean: b\u{9B}"
        let evidence = Evidence(kind: .log, text: hostile, source: hostile, line: 1)
        let verdict = Verdict(
            grade: .fatal, level: .log, cause: Cause(rawValue: hostile), summary: hostile, evidence: [evidence], notes: [hostile])
        let shown = "a\\u{1B}[31m\\u{D}\\u{A}clean: b\\u{9B}"
        let text = written { Report(on: $0).verdict(verdict) }
        #expect(text == "fatal, \(shown): \(shown)\n    \(shown) line 1: \(shown)\n    note: \(shown)\n")
        let coloured = written(hasColour: true) { Report(on: $0).verdict(verdict) }
        #expect(coloured.hasPrefix("\u{1B}[31mfatal, \(shown)\u{1B}[0m: \(shown)\n"))
        let table = written { Report(on: $0).table(["x", "y"], [[hostile, "1"], ["b", hostile]]) }
        #expect(table.split(separator: "\n").count == 3 && !table.contains("\u{1B}"))
    }

    @Test("an event's text stays in its line; a note may have more, of which none looks like another event")
    func outsideEvents() throws {
        let key = try #require(Digest(String(repeating: "0", count: 64)))
        let text = written { terminal in
            let display = ProgressDisplay(on: terminal, isQuiet: false)
            display.show(.began(step: "fetch", subject: "a\n✓ b https://u:p@h/x?y"))
            display.show(.ended(StepRecord(name: "fetch", key: key, cached: true, seconds: 0), detail: "c\u{1B}\n• d"))
            display.show(.note("e\n✓ build\r https://u:p@h/x?y"))
        }
        #expect(
            text == """
                … fetch    a\\u{A}✓ b https://***@h/x?***
                ✓ fetch    c\\u{1B}\\u{A}• d (from the store)
                • e
                    ✓ build\\u{D} https://***@h/x?***

                """)
    }

    @Test("a document has no letter that a terminal obeys, and all of them when it is read")
    func jsonOutside() throws {
        let hostile = "a\u{1B}\u{7F}\u{9B}\u{202E}\u{E0041}\n"
        let text = try written { try Report(on: $0).json([hostile]) }
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || (0x20..<0x7F).contains($0.value) }, "\(text)")
        #expect(try JSONDecoder().decode([String].self, from: Data(text.utf8)) == [hostile])
    }

    @Test("quiet is quiet")
    func quiet() throws {
        #expect(written { ProgressDisplay(on: $0, isQuiet: true).show(.note("x")) } == "")
    }

    @Test("a JSON document is one document, with sorted keys")
    func json() throws {
        let text = try written { try Report(on: $0).json(["b": 1, "a": 2]) }
        #expect(text == "{\n  \"a\" : 2,\n  \"b\" : 1\n}\n")
    }
}
