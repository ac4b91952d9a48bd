import Model

/// The first page: the sentence, what changed, what to look at, the grid of all cells, durations.
struct Overview {
    private let document: ReportDocument
    private let places: CellPlaces
    private let detailed: Set<Int>
    private let most: Int
    private let address: (String) -> String
    private let positions: [CellKey: Int]

    /// - Parameters:
    ///   - detailed: the positions of the cells whose evidence is in the report.
    ///   - most: about the maximum length in bytes.
    ///   - address: the address of a cell's evidence from its name.
    init(
        _ document: ReportDocument, _ places: CellPlaces, detailed: Set<Int>, most: Int, address: @escaping (String) -> String
    ) {
        self.document = document
        self.places = places
        self.detailed = detailed
        self.most = most
        self.address = address
        positions = document.cells.indices.reduce(into: [:]) { all, index in
            if all[document.cells[index].key] == nil { all[document.cells[index].key] = index }
        }
    }

    var body: Markup {
        let grid = grid
        let leftOut = (grid.leftOut == 0 ? [] : ["\(Wording.count(grid.leftOut, "row")) of the grid"]) + missingEvidence
        let note: Markup =
            leftOut.isEmpty
            ? "" : "<p class=\"note\">Left out, because the report would be too long: \(leftOut.joined(separator: "; ")).</p>\n"
        return "\(head)\(drift)\(trouble)\(grid.markup)\(note)\(Durations(document, link: link).body)"
    }

    private var missingEvidence: [String] {
        let count = document.cells.count - detailed.count
        return count == 0 ? [] : ["the evidence of \(Wording.count(count, "cell")) (ninepin runs show RUN prints it)"]
    }

    /// A cell's name as a link to its evidence, if that is in the report.
    private func link(_ index: Int, _ text: Markup) -> Markup {
        detailed.contains(index) ? "<a href=\"\(address(places.names[index]))\">\(text)</a>" : text
    }

    private func link(_ key: CellKey) -> Markup {
        guard let index = positions[key] else { return "\(Wording.clipped(key.description, 200))" }
        return link(index, "\(Wording.clipped(document.cells[index].name, 200))")
    }
}

// MARK: The top

extension Overview {
    private var head: Markup {
        """
        <header>
        <h1>\(Wording.clipped(document.title, 200))\(date)</h1>
        <p class="headline">\(Wording.clipped(document.headline, 2000))</p>
        <p class="facts">\(facts.joined(separator: "<span aria-hidden=\"true\"> · </span>"))</p>
        </header>

        """
    }

    private var date: Markup {
        let time = document.night?.started ?? document.created
        return Wording.isTime(time) ? " <span class=\"date\"><time datetime=\"\(time)\">\(Wording.time(time))</time></span>" : ""
    }

    private var facts: [Markup] {
        let counts = document.counts
        var facts: [Markup] = ReportDocument.State.allCases.compactMap { state in
            counts[state].map { "<span>\($0) \(state == .harness ? "not measured" : state.rawValue)</span>" }
        }
        guard let night = document.night else { return facts }
        let end = night.ended.map { "until \(Wording.time($0))" } ?? "interrupted"
        facts.append("<span>\(end)</span>")
        if let budget = night.budget { facts.append("<span>budget \(Wording.seconds(budget))</span>") }
        if night.resumed > 0 { facts.append("<span>resumed \(Wording.count(night.resumed, "time"))</span>") }
        facts.append("<span>\(Wording.clipped(night.id, 100))</span>")
        return facts
    }

    private var drift: Markup {
        guard !document.drift.isEmpty || document.night != nil else { return "" }
        let shown = document.drift.prefix(60)
        let lines = shown.map(line).joined()
        let more: Markup = document.drift.count > 60 ? "<p class=\"note\">\(document.drift.count - 60) more changes are left out.</p>" : ""
        let list: Markup = shown.isEmpty ? "<p>No change was found.</p>" : "<ul class=\"drift\">\n\(lines)</ul>\(more)"
        return "<section aria-labelledby=\"drift\">\n<h2 id=\"drift\">What changed</h2>\n\(list)\n</section>\n"
    }

    private func line(_ drift: Drift) -> Markup {
        let cells = drift.cells.prefix(6).map(link)
        let more = drift.cells.count > 6 ? ", and \(drift.cells.count - 6) more" : ""
        let list: Markup = cells.isEmpty ? "" : "<span class=\"where\">\(cells.joined(separator: ", "))\(more)</span>"
        let runs = drift.runs.prefix(4).map { Wording.clipped($0, 80) }.joined(separator: " → ")
        let facts = [drift.circumstances, runs.isEmpty ? "" : "runs \(runs)"].filter { !$0.isEmpty }.joined(separator: "; ")
        return """
            <li><p class="what"><strong>\(drift.kind.rawValue)</strong> \(Wording.clipped(drift.what, 600))</p>
            <p class="facts">\(Wording.clipped(facts, 600))</p>\(list)
            <p class="advice"><span>What to do</span> \(Wording.clipped(drift.advice, 600))</p></li>

            """
    }

    private var trouble: Markup {
        let all = document.troubled
        guard !all.isEmpty else { return "" }
        let items = all.prefix(40).map { cell -> Markup in
            let result = cell.state == .flaky ? "does not repeat: \(cell.tally)" : cell.result
            let expected = cell.expected.map { "expected \($0)" } ?? ""
            let line = cell.run?.verdict.evidence.first.map { evidence -> Markup in
                "<code class=\"line\">\(Wording.clipped(evidence.text, 300))</code>"
            }
            return """
                <li class="is-\(cell.state.token)"><p class="what"><span class="mark" aria-hidden="true">\(cell.sign)</span> \(link(cell.key)): \
                <strong>\(Wording.clipped(result, 200))</strong> <span class="facts">\(Wording.clipped(expected, 200))</span></p>
                <p>\(Wording.clipped(cell.summary, 400))</p>\(line ?? "")</li>

                """
        }
        let more: Markup = all.count > 40 ? "<p class=\"note\">\(all.count - 40) more are in the grid.</p>" : ""
        return """
            <section aria-labelledby="trouble">
            <h2 id="trouble">What to look at</h2>
            <ul class="trouble">
            \(items)</ul>\(more)
            </section>

            """
    }
}

// MARK: The grid

extension Overview {
    private var grid: (markup: Markup, leftOut: Int) {
        let layouts = Array(document.layouts.prefix(24))
        var room = most - 200_000
        var (body, leftOut, subject): (Markup, Int, String?) = ("", 0, nil)
        for row in document.rows {
            let line = self.row(row, layouts)
            let group: Markup = row.subject == subject ? "" : self.group(row, layouts.count)
            room -= line.bytes + group.bytes
            guard room >= 0 else {
                leftOut += 1
                continue
            }
            subject = row.subject
            body += group + line
        }
        let heads = layouts.map { "<th scope=\"col\" role=\"columnheader\">\($0.rawValue)</th>" as Markup }
        let table: Markup = """
            <section aria-labelledby="cells">
            <h2 id="cells">All cells</h2>
            <div id="controls" hidden></div>
            <div class="frame">
            <table class="grid" role="table">
            <caption>Each row is a series of patches at a level, each column a layout of file systems. The bars are earlier results, oldest \
            first: the higher, the worse.</caption>
            <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">series and level</th>\(heads)</tr></thead>
            <tbody role="rowgroup">
            \(body)</tbody></table></div>
            \(Self.legend)
            </section>

            """
        return (document.cells.isEmpty ? "" : table, leftOut)
    }

    private func group(_ row: ReportDocument.Row, _ columns: Int) -> Markup {
        """
        <tr class="group" role="row"><th scope="rowgroup" role="rowheader" colspan="\(columns + 1)">\(Wording.clipped(row.subject, 200))</th></tr>

        """
    }

    private func row(_ row: ReportDocument.Row, _ layouts: [RunLayout]) -> Markup {
        let how = row.probe.map { "probe \($0)" } ?? row.level.rawValue
        let version = row.versions.prefix(3).joined(separator: ", ")
        let cells = layouts.map { layout in row.cells[layout].map(cell) ?? "<td class=\"empty\" role=\"cell\"></td>" }
        return """
            <tr role="row"><th scope="row" role="rowheader"><span class="series">\(Wording.clipped(row.label == "none" ? "stock" : row.label, 200))</span> \
            <span class="how">\(Wording.clipped([version, how].filter { !$0.isEmpty }.joined(separator: ", "), 200))</span></th>\(cells)</tr>

            """
    }

    private func cell(_ cell: ReportDocument.Cell) -> Markup {
        let index = places.index(of: cell.key)
        let result = cell.state == .flaky ? "does not repeat" : cell.result
        let text: Markup = """
            <span class="mark" aria-hidden="true">\(cell.sign)</span> <span class="result">\(Wording.clipped(result, 120))</span>
            """
        let results = cell.history.suffix(14).map { Drawing.Result(grade: $0.grade, text: $0.result) }
        let label = "earlier results: \(Wording.runs(results.map(\.text)))"
        let strip: Markup = results.count < 2 ? "" : Drawing.strip(results, label: label)
        return """
            <td class="tone-\(Tone(cell).rawValue) is-\(cell.state.token)" data-state="\(cell.state.token)" role="cell" \
            data-layout="\(cell.key.layout.rawValue)">\(index.map { link($0, text) } ?? text)\
            <span class="state">\(Wording.clipped(state(cell), 160))</span>\(strip)</td>
            """
    }

    private func state(_ cell: ReportDocument.Cell) -> String {
        switch cell.state {
        case .broken: "expected: \(cell.expected ?? "something else")"
        case .flaky: cell.tally
        case .harness: "harness failed"
        case .postponed: "postponed"
        case .measured: ""
        case .asExpected, .unchanged: cell.state.rawValue
        }
    }

    private static var legend: Markup {
        let grades: [(String, Tone, String)] = [
            ("✔", .good, "clean"), ("!", .doubtful, "degraded"), ("✘", .bad, "fatal, or not built"),
            ("?", .unknown, "too short, or unknown"),
            ("~", .doubtful, "does not repeat"), ("–", .none, "not measured"),
        ]
        let items = grades.map { sign, tone, words -> Markup in
            "<li><span class=\"chip tone-\(tone.rawValue)\" aria-hidden=\"true\">\(sign)</span> \(words)</li>"
        }
        let states: Markup = """
            <li><span class="chip tone-bad is-broken" aria-hidden="true">✘</span> a filled cell is not as expected</li>
            """
        return "<ul class=\"legend\" aria-label=\"Signs\">\(items)\(states)</ul>"
    }
}
