import Model

/// The evidence of a cell: its verdict, the log around the deciding line, the boot, the history, and how to repeat it.
struct CellSection {
    private let cell: ReportDocument.Cell
    private let id: String
    private let heading: Int
    private static let mostHistory = 40
    private static let mostPoints = 120

    /// - Parameters:
    ///   - id: the prefix of the IDs within the section.
    ///   - heading: the level of its first heading; the others are one level below.
    init(_ cell: ReportDocument.Cell, id: String, heading: Int) {
        self.cell = cell
        self.id = id
        self.heading = heading
    }

    var body: Markup {
        var parts = [head]
        if let run = cell.run {
            parts += [facts(run), evidence(run), log(run), timeline(run)]
        } else {
            parts.append("<p>There is no run to show.</p>\n")
        }
        parts += [history, bootTimes, cell.run.map(commands) ?? ""]
        return parts.joined()
    }

    private var head: Markup {
        let title = heading == 1 ? "h1" as Markup : "h3"
        let result = cell.state == .flaky ? "does not repeat: \(cell.tally)" : cell.result
        let isRepeated = cell.state == .asExpected || cell.expected == cell.result
        let expected = isRepeated ? "" : cell.expected.map { ", expected: \($0)" } ?? ""
        return """
            <\(title)>\(Wording.clipped(cell.name, 300))</\(title)>
            <p class="verdict tone-\(Tone(cell).rawValue) is-\(cell.state.token)"><span class="mark" aria-hidden="true">\(cell.sign)</span> \
            <strong>\(Wording.clipped(result, 200))</strong> <span>\(Wording.clipped("\(cell.state.rawValue)\(expected)", 200))</span></p>
            <p class="summary">\(Wording.clipped(cell.summary, 1000))</p>

            """
    }

    private func title(_ words: Markup) -> Markup { heading == 1 ? "<h2>\(words)</h2>\n" : "<h4>\(words)</h4>\n" }

    private func facts(_ run: ReportDocument.RunDetail) -> Markup {
        var facts: [(String, String)] = [("Run", run.id), ("Started", Wording.time(run.started))]
        if let source = run.source { facts.append(("Source", source)) }
        if let version = cell.version { facts.append(("Version", version)) }
        facts.append(("Patches", cell.key.series.isEmpty ? "none" : cell.key.series.map(\.description).joined(separator: ", ")))
        facts.append(("Binary", "sha256 \(run.artifact.short)…"))
        facts += run.tools.sorted { $0.key < $1.key }.prefix(12).map { ($0.key, $0.value) }
        let items = facts.map { name, value -> Markup in
            "<div><dt>\(Wording.clipped(name, 60))</dt><dd>\(Wording.clipped(value, 300))</dd></div>"
        }
        return "<dl class=\"properties\">\(items)</dl>\n"
    }

    private func evidence(_ run: ReportDocument.RunDetail) -> Markup {
        let shown = run.verdict.evidence.prefix(12)
        let items = shown.enumerated().map { index, evidence -> Markup in
            """
            <li><span class="place">\(evidence.place)\(index == 0 ? ", decided it" : "")</span> \
            <code>\(Wording.clipped(evidence.text, 2000))</code></li>

            """
        }
        let notes = run.verdict.notes.prefix(12).map { "<li>\(Wording.clipped($0, 600))</li>\n" as Markup }
        let rest = (run.verdict.evidence.count - shown.count, run.verdict.notes.count - notes.count)
        let more: Markup =
            rest.0 + rest.1 > 0
            ? "<p class=\"note\">\(rest.0 + rest.1) more pieces of evidence and notes are in the run’s record.</p>\n" : ""
        let list: Markup = items.isEmpty ? "<p>There is none.</p>\n" : "<ol class=\"evidence\">\n\(items)</ol>\n"
        let noteList: Markup = notes.isEmpty ? "" : "<ul class=\"notes\" aria-label=\"Notes\">\n\(notes)</ul>\n"
        return "\(title("Evidence"))\(list)\(noteList)\(more)"
    }

    private func log(_ run: ReportDocument.RunDetail) -> Markup {
        guard let excerpt = run.excerpt, !excerpt.lines.isEmpty else { return "" }
        let shown = excerpt.shown(most: 30)
        let lines = shown.map { line -> Markup in
            let text = Wording.clipped(line.text, line.isDeciding ? 4000 : 800)
            let words: Markup = "<code>\(text.isEmpty ? " " : text)</code>"
            return line.isDeciding
                ? "<li class=\"deciding\" value=\"\(line.number)\" id=\"\(id)-line\"><mark>\(words)</mark> <span class=\"flag\">this line decided</span></li>\n"
                : "<li value=\"\(line.number)\">\(words)</li>\n"
        }
        let first = shown.first?.number ?? 0
        let last = shown.last?.number ?? 0
        return """
            \(title("Log"))<p class="note">\(Wording.clipped(excerpt.log, 200)), lines \(first) to \(last)</p>
            <ol class="log">
            \(lines)</ol>

            """
    }

    private func timeline(_ run: ReportDocument.RunDetail) -> Markup {
        guard !run.timeline.isEmpty else { return "" }
        return "\(title("Boot"))<div class=\"drawing\">\(Drawing.timeline(Array(run.timeline.prefix(24)), id: "\(id)-boot"))</div>\n"
    }

    private var history: Markup {
        guard !cell.history.isEmpty else { return "" }
        let shown = cell.history.suffix(Self.mostHistory)
        let older = cell.history.dropLast(shown.count)
        let rows = shown.reversed().map { point -> Markup in
            """
            <tr role="row"><td role="cell">\(Wording.time(point.started))</td>\
            <td role="cell" class="tone-\(Tone(point.grade).rawValue)"><span aria-hidden="true">\(point.grade.sign)</span> \
            \(Wording.clipped(point.result, 120))</td><td role="cell">\(Wording.clipped(point.source ?? "", 120))</td>\
            <td role="cell">\(point.bootSeconds.map(Wording.seconds) ?? "")</td><td role="cell"><code>\(Wording.clipped(point.run, 80))</code></td></tr>

            """
        }
        let results = shown.map { Drawing.Result(grade: $0.grade, text: $0.result) }
        let label = "the last \(Wording.count(results.count, "result")), oldest first: \(Wording.runs(results.map(\.text)))"
        return """
            \(title("History"))<p>\(Drawing.strip(results, label: label)) <span class="note">\(Wording.runs(results.map(\.text)))</span></p>
            <div class="frame"><table class="history" role="table">
            <caption>The newest first\(earlier(older))</caption>
            <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">started</th><th scope="col" role="columnheader">result</th>\
            <th scope="col" role="columnheader">source</th><th scope="col" role="columnheader">boot</th>\
            <th scope="col" role="columnheader">run</th></tr></thead>
            <tbody role="rowgroup">
            \(rows)</tbody></table></div>

            """
    }

    /// What became of the results that are not in the table.
    private func earlier(_ points: ArraySlice<ReportDocument.Point>) -> String {
        guard !points.isEmpty else { return "." }
        let counts = Grade.allCases.compactMap { grade -> String? in
            let count = points.count { $0.grade == grade }
            return count == 0 ? nil : "\(count) \(grade.rawValue)"
        }
        return "; \(Wording.count(points.count, "earlier run")) left out: \(counts.joined(separator: ", "))."
    }

    private var bootTimes: Markup {
        let points = cell.history.compactMap { point in
            point.bootSeconds.map { Drawing.Point(started: point.started, seconds: $0) }
        }
        guard points.count > 1 else { return "" }
        let plot = Drawing.plot(
            Array(points.suffix(Self.mostPoints)), subject: "Boot times of \(Wording.clipped(cell.name, 200))", id: "\(id)-times")
        return """
            \(title("Boot times"))<p class="note">Seconds from the start of the sandbox until the node’s program started; the newest is marked.</p>
            <div class="drawing">\(plot)</div>

            """
    }

    private func commands(_ run: ReportDocument.RunDetail) -> Markup {
        guard !run.commands.isEmpty else { return "" }
        let lines = run.commands.prefix(20).map { "<code>\(Wording.clipped($0, 1000))</code>\n" as Markup }
        return "\(title("Repeat it"))<pre class=\"commands\">\(lines)</pre>\n"
    }
}
