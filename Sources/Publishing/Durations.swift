import Model

/// How long boots and builds take: a row of points for each cell, and a plot for each build.
struct Durations {
    private let document: ReportDocument
    private let link: (Int, Markup) -> Markup
    private static let mostRows = 40
    private static let mostPlots = 12
    private static let mostPoints = 60

    init(_ document: ReportDocument, link: @escaping (Int, Markup) -> Markup) {
        self.document = document
        self.link = link
    }

    var body: Markup {
        let parts = boots + builds
        return parts.isEmpty
            ? "" : "<section aria-labelledby=\"durations\">\n<h2 id=\"durations\">How long it takes</h2>\n\(parts)</section>\n"
    }

    private var boots: Markup {
        let all = document.cells.indices.compactMap { index -> (index: Int, seconds: [Double])? in
            let seconds = document.cells[index].history.compactMap(\.bootSeconds).filter { $0.isFinite && $0 >= 0 }
            return seconds.count < 2 ? nil : (index, seconds.suffix(Self.mostPoints))
        }
        guard !all.isEmpty else { return "" }
        let shown = all.prefix(Self.mostRows)
        let scale = Drawing.Scale(shown.flatMap(\.seconds))
        let rows = shown.map { row($0.index, $0.seconds, scale) }
        let more: Markup = all.count > shown.count ? "<p class=\"note\">\(all.count - shown.count) more cells are left out.</p>" : ""
        return """
            <h3>Boots</h3>
            <table class="boots" role="table">
            <caption>Seconds from the start of the sandbox until the node’s program started. A point is a run, the ring is the newest. The scale \
            of all rows ends at \(Wording.number(scale.end)) s.</caption>
            <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">cell</th><th scope="col" role="columnheader">newest</th>\
            <th scope="col" role="columnheader">median</th><th scope="col" role="columnheader">0 to \(Wording.number(scale.end)) s</th></tr></thead>
            <tbody role="rowgroup">
            \(rows)</tbody></table>\(more)

            """
    }

    private func row(_ index: Int, _ seconds: [Double], _ scale: Drawing.Scale) -> Markup {
        let newest = seconds.last ?? 0
        let median = seconds.sorted()[seconds.count / 2]
        let dots = seconds.dropLast().map { "<circle class=\"dot\" cx=\"\(scale.share($0))\" cy=\"10\" r=\"2.5\"></circle>" as Markup }
        let name = document.cells[index].name
        return """
            <tr role="row"><th scope="row" role="rowheader">\(link(index, "\(Wording.clipped(name, 200))"))</th>\
            <td role="cell" data-layout="newest">\(Wording.seconds(newest))</td><td role="cell" data-layout="median">\(Wording.seconds(median))</td>\
            <td role="cell" class="points"><svg class="row" width="100%" height="20" role="img" \
            aria-label="\(Wording.count(seconds.count, "boot")), \(Wording.seconds(seconds.min() ?? 0)) to \(Wording.seconds(seconds.max() ?? 0))">\
            <line class="rule" x1="0" x2="100%" y1="10" y2="10"></line>\(dots)\
            <circle class="ring" cx="\(scale.share(newest))" cy="10" r="4.5"></circle></svg></td></tr>

            """
    }

    private var builds: Markup {
        var order: [String] = []
        var groups: [String: [Drawing.Point]] = [:]
        for build in document.builds {
            if groups[build.subject] == nil { order.append(build.subject) }
            groups[build.subject, default: []].append(Drawing.Point(started: build.started, seconds: build.seconds))
        }
        guard !order.isEmpty else { return "" }
        let figures = order.prefix(Self.mostPlots).enumerated().map { number, subject -> Markup in
            let points = Array((groups[subject] ?? []).suffix(Self.mostPoints))
            let newest = points.last.map { Wording.seconds($0.seconds) } ?? ""
            return """
                <figure><figcaption>\(Wording.clipped(subject, 160)) <b>\(newest)</b></figcaption>\
                \(Drawing.plot(points, subject: "Build of \(Wording.clipped(subject, 160))", id: "build-\(number)"))</figure>

                """
        }
        let more: Markup =
            order.count > Self.mostPlots
            ? "<p class=\"note\">The builds of \(order.count - Self.mostPlots) more series are left out.</p>" : ""
        return """
            <h3>Builds</h3>
            <p class="note">Seconds upward, runs to the right, at most the newest \(Self.mostPoints); the newest is marked and written out.</p>
            <div class="plots">
            \(figures)</div>\(more)

            """
    }
}
