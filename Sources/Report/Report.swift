import FoundationEssentials
import Model
import Sanitizing

/// Turns results into what is written on standard output: text for people, or one JSON document.
package struct Report: Sendable {
    private let terminal: Terminal

    /// Writes on a terminal, or on what stands in its place.
    package init(on terminal: Terminal) { self.terminal = terminal }

    /// One JSON document, with sorted keys, and nothing else.
    ///
    /// - Throws: `EncodingError` when the value has a number that JSON cannot hold.
    package func json(_ document: some Encodable) throws {
        terminal.json(String(decoding: try JSONDocument.bytes(of: document).dropLast(), as: UTF8.self))
    }

    /// Whether something could not be written: then who writes on and on may stop.
    package var isBroken: Bool { terminal.failure != nil }

    /// A line, or some: what is interpolated stays in its line.
    package func text(_ text: StyledText) { terminal.line(text) }

    /// A text of several lines, such as a file.
    package func lines(_ text: String) { terminal.lines(text) }

    /// Words of several lines, which begin below a title, and an empty line.
    package func indented(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { terminal.line(line.isEmpty ? "" : "    \(line)") }
    }

    /// A reason that may have several lines, behind its name.
    package func message(_ name: StyledText, _ text: String) { terminal.message(name, text) }

    /// A piece of a log; what of a letter is still to come is in the next one.
    package func piece(_ text: String) { terminal.piece(text) }

    /// A text behind its name, which stands in a column of its own.
    func labelled(_ name: String, _ text: String, _ style: Terminal.Style? = nil) {
        let gap = String(repeating: " ", count: max(0, 16 - name.count))
        terminal.line("\(name)\(gap)  \(text, style)")
    }

    /// A run's verdict with its evidence, and where the run is recorded.
    package func run(_ run: Run, place: String) {
        verdict(run.verdict)
        if let first = run.repeats { terminal.line("repeated  alone, after run \(first), which is not counted") }
        for need in run.needs ?? [] where run.series.contains(need.patch) || need.answer == .needed && !need.isMet(by: run.series) {
            let missing = run.series.contains(need.patch) ? "" : ", not in the series"
            terminal.line("patch     \(need.patch)\(missing): \(need.words)")
        }
        if let runsc = run.tools["runsc"] {
            terminal.line("sandbox   \(run.layout.rawValue), runsc \(runsc) \(run.tools["runsc flags"] ?? "")")
        }
        if let containerd = run.tools["containerd"] {
            terminal.line("runtime   containerd \(containerd)" + (run.tools["containerd package"].map { ", \($0)" } ?? ""))
        }
        terminal.line("artifact  \(run.artifact.digest)")
        terminal.line("recorded  \(place)")
    }

    /// A verdict with its evidence and notes.
    package func verdict(_ verdict: Verdict) {
        terminal.line("\(verdict.title, verdict.grade.style): \(verdict.summary)")
        for evidence in verdict.evidence { terminal.line("    \(evidence.words)") }
        for note in verdict.notes { terminal.line("    note: \(note)") }
    }

    /// The lives of a node in a log, a line each.
    ///
    /// - Parameter count: how many there are in the log; the newest are shown.
    package func runs(_ runs: [(number: Int, lines: ClosedRange<Int>, verdict: Verdict)], of count: Int) {
        if count == 0 { terminal.line("the log contains no run of a node") }
        if count > runs.count { terminal.line("the newest \(runs.count) of \(count) runs") }
        for (number, lines, verdict) in runs {
            let place = lines.count == 1 ? "line \(lines.lowerBound)" : "lines \(lines.lowerBound) to \(lines.upperBound)"
            terminal.line("run \(number), \(place): \(verdict.title, verdict.grade.style): \(verdict.summary)")
        }
    }

    /// A matrix: series by layout when there is more than one layout, and a row for each cell with what decided it.
    package func matrix(_ matrix: Matrix) {
        let layouts = matrix.layouts
        if layouts.count > 1 {
            for line in grid(matrix, layouts) { terminal.line(line) }
            terminal.line()
        }
        let probed = matrix.cells.contains { $0.probe != nil }
        let rows = matrix.cells.map { cell in
            (probed ? [cell.probe?.description ?? ""] : [])
                + [cell.label, cell.layout.rawValue, cell.title, cell.evidence.first?.words ?? cell.summary]
        }
        let table = Table(header: (probed ? ["probe"] : []) + ["series", "layout", "verdict", "decided by"], rows: rows)
        let verdict = probed ? 3 : 2
        let lines = table.lines { row, column in column == verdict ? matrix.cells[row].grade.style : nil }
        for line in lines { terminal.line(line) }
        let contradicted = matrix.cells.filter { $0.contradiction != nil }
        if !contradicted.isEmpty { terminal.line() }
        for cell in contradicted {
            terminal.line("\(cell.label) on \(cell.layout.rawValue) contradicts the registry's rules: \(cell.contradiction ?? "")")
        }
        let aside = matrix.cells.flatMap { cell in (cell.setAside ?? []).map { (cell, $0) } }
        guard !aside.isEmpty else { return }
        terminal.line()
        for (cell, run) in aside {
            let name = "\(cell.label) on \(cell.layout.rawValue)"
            terminal.line("\(name) was repeated alone: \(run.setAside ?? ""). Run \(run.id) is not counted.")
        }
    }

    /// Rows of text under a header.
    package func table(_ header: [String], _ rows: [[String]]) {
        for line in Table(header: header, rows: rows).lines(style: { _, _ in nil }) { terminal.line(line) }
    }

    /// Rows of text under a header, some cells in a colour.
    package func styled(_ header: [String], _ rows: [[String]], style: (_ row: Int, _ column: Int) -> Terminal.Style?) {
        for line in Table(header: header, rows: rows).lines(style: style) { terminal.line(line) }
    }

    private func grid(_ matrix: Matrix, _ layouts: [Layout]) -> [StyledText] {
        var rows: [(probe: PatchName?, label: String)] = []
        for cell in matrix.cells where !rows.contains(where: { $0 == (cell.probe, cell.label) }) { rows.append((cell.probe, cell.label)) }
        let cells = rows.map { row in layouts.map { layout in matrix.cells.first { ($0.probe, $0.label) == row && $0.layout == layout } } }
        let first = rows.contains { $0.probe != nil } ? ["probe", "series"] : ["series"]
        let texts = zip(rows, cells).map { row, cells in
            (first.count > 1 ? [row.probe?.description ?? ""] : []) + [row.label] + cells.map { $0?.title ?? "–" }
        }
        return Table(header: first + layouts.map(\.rawValue), rows: texts).lines { row, column in
            column < first.count ? nil : cells[row][column - first.count]?.grade.style
        }
    }
}

extension Matrix {
    /// The layouts of its cells, in their order.
    package var layouts: [Layout] {
        cells.reduce(into: []) { layouts, cell in if !layouts.contains(cell.layout) { layouts.append(cell.layout) } }
    }
}

extension Matrix.Cell {
    /// The grade and, where a known fault decided it, the fault: `fatal, memory cache`.
    package var title: String { cause.map { "\(grade.rawValue), \($0)" } ?? grade.rawValue }
}

extension Grade {
    var style: Terminal.Style {
        switch self {
        case .clean: .good
        case .degraded, .short, .inconclusive: .doubtful
        case .fatal: .bad
        }
    }
}

extension Evidence {
    /// Where it was seen, when, and what: `kubelet line 112, 6.6 s: …`.
    package var words: String {
        let place = [line.map { "line \($0)" }, seconds.map { "\(($0 * 10).rounded() / 10) s" }].compactMap(\.self).joined(separator: ", ")
        return "\(source)\(place.isEmpty ? "" : " \(place)"): \(text)"
    }
}
