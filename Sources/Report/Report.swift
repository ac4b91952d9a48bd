import FoundationEssentials
import Model
import Sanitizing
import Yams

/// Formats results for standard output: as text, or as one JSON document.
package struct Report: Sendable {
    private let terminal: Terminal

    /// Creates a report for a terminal or its substitute.
    package init(on terminal: Terminal) { self.terminal = terminal }

    /// Writes one JSON document with sorted keys, and nothing else.
    ///
    /// - Throws: `EncodingError` if the value contains a number that JSON cannot represent.
    package func json(_ document: some Encodable) throws {
        terminal.json(String(decoding: try JSONDocument.bytes(of: document).dropLast(), as: UTF8.self))
    }

    /// Writes one YAML document with the same content as ``json(_:)``. Everything but printable ASCII is escaped.
    ///
    /// - Throws: `EncodingError`; `YamlError`.
    package func yaml(_ document: some Encodable) throws {
        // By way of JSON, so that both have the same names, dates and numbers.
        let json = String(decoding: try JSONDocument.bytes(of: document), as: UTF8.self)
        let node = try Yams.compose(yaml: json)
        terminal.yaml(try Yams.serialize(node: node?.block ?? Node(""), width: -1, allowUnicode: false))
    }

    /// Whether a write has failed, so that a caller with endless output can stop.
    package var isBroken: Bool { terminal.failure != nil }

    /// Writes one or more lines. Interpolated values stay within their line.
    package func text(_ text: StyledText) { terminal.line(text) }

    /// Writes a text of several lines, such as a file.
    package func lines(_ text: String) { terminal.lines(text) }

    /// Whether ``lines(_:)`` writes a text as it is. Otherwise it is escaped, which would make a file another one.
    package func isExact(_ text: String) -> Bool { terminal.isExact(text) }

    /// Writes commands of GitHub's runner, such as annotations.
    package func commands(_ text: String) { terminal.commands(text) }

    /// Writes an indented text of several lines, followed by an empty line.
    package func indented(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { terminal.line(line.isEmpty ? "" : "    \(line)") }
    }

    /// Writes a name, followed by a text that may have several lines.
    package func message(_ name: StyledText, _ text: String) { terminal.message(name, text) }

    /// Writes a piece of a log. If the piece ends within a character, the rest of it is in the next one.
    package func piece(_ text: String) { terminal.piece(text) }

    /// Writes a name in its own column, followed by a text.
    func labelled(_ name: String, _ text: String, _ style: Terminal.Style? = nil) {
        let gap = String(repeating: " ", count: max(0, 16 - name.count))
        terminal.line("\(name)\(gap)  \(text, style)")
    }

    /// Writes a run's verdict with its evidence, and the location of its record.
    package func run(_ run: Run, place: String) {
        verdict(run.verdict)
        if let first = run.repeats { terminal.line("repeated  alone, after run \(first), which is not counted") }
        for need in run.needs ?? [] where run.series.contains(need.patch) || need.answer == .needed && !need.isMet(by: run.series) {
            let missing = run.series.contains(need.patch) ? "" : ", not in the series"
            terminal.line("patch     \(need.patch)\(missing): \(need)")
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

    /// Writes a verdict with its evidence and notes.
    package func verdict(_ verdict: Verdict) {
        terminal.line("\(verdict.title, verdict.grade.style): \(verdict.summary)")
        for evidence in verdict.evidence { terminal.line("    \(evidence)") }
        for note in verdict.notes { terminal.line("    note: \(note)") }
    }

    /// Writes a node's runs in a log, one line each.
    ///
    /// - Parameter count: the number of runs in the log, of which the newest are shown.
    package func runs(_ runs: [(number: Int, lines: ClosedRange<Int>, verdict: Verdict)], of count: Int) {
        if count == 0 { terminal.line("the log contains no run of a node") }
        if count > runs.count { terminal.line("the newest \(runs.count) of \(count) runs") }
        for (number, lines, verdict) in runs {
            let place = lines.count == 1 ? "line \(lines.lowerBound)" : "lines \(lines.lowerBound) to \(lines.upperBound)"
            terminal.line("run \(number), \(place): \(verdict.title, verdict.grade.style): \(verdict.summary)")
        }
    }

    /// Writes a matrix: series by layout if there are several layouts, and each cell with the evidence that decided it.
    package func matrix(_ matrix: Matrix) {
        let layouts = matrix.layouts
        if layouts.count > 1 {
            for line in grid(matrix, layouts).lines(within: limit) { terminal.line(line) }
            terminal.line()
        }
        for line in decisions(matrix) { terminal.line(line) }
        let contradicted = matrix.cells.filter { $0.contradiction != nil }
        if !contradicted.isEmpty { terminal.line() }
        for cell in contradicted {
            wrapped("\(cell.label) on \(cell.layout.rawValue) contradicts the registry's rules: \(cell.contradiction ?? "")")
        }
        let aside = matrix.cells.flatMap { cell in (cell.setAside ?? []).map { (cell, $0) } }
        guard !aside.isEmpty else { return }
        terminal.line()
        for (cell, run) in aside {
            let name = "\(cell.label) on \(cell.layout.rawValue)"
            wrapped("\(name) was repeated alone: \(run.setAside ?? ""). Run \(run.id) is not counted.")
        }
    }

    /// Writes rows of text under a header.
    package func table(_ header: [String], _ rows: [[String]]) {
        for line in Table(header: header, rows: rows).lines(style: { _, _ in nil }) { terminal.line(line) }
    }

    /// Writes rows of text under a header, with colors for some cells.
    package func styled(_ header: [String], _ rows: [[String]], style: (_ row: Int, _ column: Int) -> Terminal.Style?) {
        for line in Table(header: header, rows: rows).lines(style: style) { terminal.line(line) }
    }

    /// Writes a text, which is broken into lines where the output is a terminal.
    func wrapped(_ text: StyledText) {
        guard let limit else { return terminal.line(text) }
        for line in text.wrapped(to: limit, indent: 4) { terminal.line(line) }
    }

    var limit: Int? { terminal.limit }
    var signs: Signs { terminal.signs }

    private func grid(_ matrix: Matrix, _ layouts: [RunLayout]) -> CellGrid {
        var rows: [(probe: PatchName?, label: String)] = []
        for cell in matrix.cells where !rows.contains(where: { $0 == (cell.probe, cell.label) }) { rows.append((cell.probe, cell.label)) }
        let isProbed = rows.contains { $0.probe != nil }
        return CellGrid(
            header: isProbed ? ["probe", "series"] : ["series"], columns: layouts.map(\.rawValue),
            rows: rows.map { row in
                CellGrid.Row(
                    labels: (isProbed ? [row.probe?.description ?? ""] : []) + [row.label],
                    cells: layouts.map { layout in
                        matrix.cells.first { ($0.probe, $0.label) == row && $0.layout == layout }.map { cell in
                            .init(sign: cell.grade.sign, words: cell.title, style: cell.grade.style)
                        }
                    })
            }, signs: signs)
    }

    /// What decided each cell: a table, or a paragraph for each cell if the table is too wide for a terminal.
    private func decisions(_ matrix: Matrix) -> [StyledText] {
        let isProbed = matrix.cells.contains { $0.probe != nil }
        let rows = matrix.cells.map { cell in
            (isProbed ? [cell.probe?.description ?? ""] : [])
                + [cell.label, cell.layout.rawValue, "\(signs.shown(cell.grade.sign)) \(cell.title)", cell.decision]
        }
        let table = Table(header: (isProbed ? ["probe"] : []) + ["series", "layout", "verdict", "decided by"], rows: rows)
        let lines = table.lines { row, column in column == (isProbed ? 3 : 2) ? matrix.cells[row].grade.style : nil }
        guard let limit, !lines.fit(limit) else { return lines }
        return matrix.cells.flatMap { cell -> [StyledText] in
            let subject = (cell.probe.map { "\($0) " } ?? "") + "\(cell.label) on \(cell.layout.rawValue)"
            let verdict: StyledText = "\(signs.shown(cell.grade.sign), cell.grade.style) \(subject): \(cell.title, cell.grade.style)"
            return verdict.wrapped(to: limit, indent: 4) + ("    \(cell.decision)" as StyledText).wrapped(to: limit, indent: 4)
        }
    }
}

extension Matrix {
    /// The layouts of its cells, in their order.
    package var layouts: [RunLayout] {
        cells.reduce(into: []) { layouts, cell in if !layouts.contains(cell.layout) { layouts.append(cell.layout) } }
    }
}

extension Matrix.Cell {
    /// The grade, followed by the known fault if one decided it: `fatal, memory cache`.
    package var title: String { grade.title(cause) }

    /// The evidence that decided it; the summary if there is none.
    fileprivate var decision: String { evidence.first?.description ?? summary }
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

extension Evidence: CustomStringConvertible {
    /// The source, time and text: `kubelet line 112, 6.6 s: …`.
    package var description: String {
        let place = [line.map { "line \($0)" }, seconds.map { "\(($0 * 10).rounded() / 10) s" }].compactMap(\.self).joined(separator: ", ")
        return "\(source)\(place.isEmpty ? "" : " \(place)"): \(text)"
    }
}

extension Node {
    /// The node in YAML's block style. A text stays quoted if it could be read as anything else.
    fileprivate var block: Node {
        switch self {
        case .mapping(let mapping): .mapping(Node.Mapping(mapping.map { ($0.key.block, $0.value.block) }, mapping.tag, .block))
        case .sequence(let sequence): .sequence(Node.Sequence(sequence.map(\.block), sequence.tag, .block))
        case .scalar(let scalar) where scalar.style == .doubleQuoted && Self.isPlain(scalar.string): Node(scalar.string)
        default: self
        }
    }

    /// Whether YAML 1.1 and 1.2 read a text without quotes as the same text.
    private static func isPlain(_ text: String) -> Bool {
        let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"]
        guard let first = text.utf8.first, (97...122).contains(first | 0x20), !words.contains(text.lowercased()) else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0 | 0x20) || (48...57).contains($0) || "-_./@+".utf8.contains($0) }
    }
}
