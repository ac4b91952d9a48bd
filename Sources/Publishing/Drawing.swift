import Model

/// Small SVG images. Horizontal positions are shares of the width, so that an image fits any page without scaling its text.
enum Drawing {
    /// One result in a strip.
    struct Result {
        let grade: Grade
        let text: String
    }

    /// Results in a row, oldest first, as bars: the worse, the higher.
    static func strip(_ results: [Result], width: Int = 6, label: String) -> Markup {
        let gap = 2
        let bars = results.enumerated().map { index, result -> Markup in
            let height = height(result.grade)
            let x = index * (width + gap)
            let tone = Tone(result.grade).rawValue
            return "<rect class=\"fill-\(tone)\" x=\"\(x)\" y=\"\(16 - height)\" width=\"\(width)\" height=\"\(height)\"></rect>"
        }
        let total = max(1, results.count * (width + gap))
        return "<svg class=\"strip\" role=\"img\" aria-label=\"\(label)\" width=\"\(total)\" height=\"16\">\(bars)</svg>"
    }

    private static func height(_ grade: Grade) -> Int {
        switch grade {
        case .clean: 5
        case .short, .inconclusive: 8
        case .degraded: 11
        case .fatal: 16
        }
    }

    /// A boot: a row for each milestone, with a bar from the previous one.
    static func timeline(_ milestones: [ReportDocument.Milestone], id: String) -> Markup {
        let shown = milestones.filter { $0.seconds.isFinite && $0.seconds >= 0 }
        let scale = Scale(shown.map(\.seconds))
        let row = 38
        let height = shown.count * row + 26
        var previous = 0.0
        var rows: [Markup] = []
        for (index, milestone) in shown.enumerated() {
            let from = min(previous, milestone.seconds)
            rows.append(step(milestone, from: from, y: index * row, scale))
            previous = milestone.seconds
        }
        let words = shown.map { "\(Wording.clipped($0.name, 80)) after \(Wording.seconds($0.seconds))" }.joined(separator: ", ")
        return """
            <svg class="timeline" role="img" aria-labelledby="\(id)-title \(id)-text" width="100%" height="\(height)">\
            <title id="\(id)-title">The boot as a timeline, in seconds after it began</title><desc id="\(id)-text">\(words)</desc>\
            \(grid(scale, top: 0, bottom: height - 26, label: height - 10))\(rows)</svg>
            """
    }

    private static func step(_ milestone: ReportDocument.Milestone, from: Double, y: Int, _ scale: Scale) -> Markup {
        let tone = milestone.name == "deciding line" ? "deciding" : milestone.name == "Ready" ? "good" : "plain"
        let start = scale.share(from)
        let width = scale.share(milestone.seconds).value - start.value
        return """
            <text x="0" y="\(y + 14)">\(Wording.clipped(milestone.name, 60))</text>\
            <text class="end" x="100%" y="\(y + 14)">\(Wording.seconds(milestone.seconds))</text>\
            <rect class="bar-\(tone)" x="\(start)" y="\(y + 20)" width="\(Share(width))" height="8"></rect>\
            <circle class="bar-\(tone)" cx="\(scale.share(milestone.seconds))" cy="\(y + 24)" r="5"></circle>
            """
    }

    /// Vertical lines with their numbers of seconds.
    private static func grid(_ scale: Scale, top: Int, bottom: Int, label: Int) -> Markup {
        let lines = scale.ticks.map { tick -> Markup in
            let x = scale.share(tick)
            let anchor = tick == 0 ? "start" : x.value > 0.93 ? "end" : "middle"
            return """
                <line class="rule" x1="\(x)" x2="\(x)" y1="\(top)" y2="\(bottom)"></line>\
                <text class="tick \(anchor)" x="\(x)" y="\(label)">\(Wording.number(tick)) s</text>
                """
        }
        return lines.joined()
    }

    /// Durations over time: a line with points, the newest one marked; seconds upward, runs to the right.
    static func plot(_ points: [Point], subject: String, id: String) -> Markup {
        let points = points.filter { $0.seconds.isFinite && $0.seconds >= 0 }
        guard let first = points.first, let last = points.last else { return "" }
        let scale = Scale(points.map(\.seconds))
        let (top, bottom) = (12, 118)
        func y(_ seconds: Double) -> Int { bottom - Int(scale.share(seconds).value * Double(bottom - top)) }
        func x(_ index: Int) -> Share { Share(0.14 + 0.82 * (points.count == 1 ? 0.5 : Double(index) / Double(points.count - 1))) }
        let rules = scale.ticks.map { tick -> Markup in
            "<line class=\"rule\" x1=\"12%\" x2=\"100%\" y1=\"\(y(tick))\" y2=\"\(y(tick))\"></line>"
                + "<text class=\"tick end\" x=\"11%\" y=\"\(y(tick) + 4)\">\(Wording.number(tick))</text>"
        }
        let lines = points.indices.dropFirst().map { index -> Markup in
            let (one, two) = (points[index - 1], points[index])
            return
                "<line class=\"curve\" x1=\"\(x(index - 1))\" y1=\"\(y(one.seconds))\" x2=\"\(x(index))\" y2=\"\(y(two.seconds))\"></line>"
        }
        let dots = points.enumerated().map { index, point -> Markup in
            let isLast = index == points.count - 1
            let name: Markup = "<title>\(Wording.time(point.started)): \(Wording.seconds(point.seconds))</title>"
            return """
                <circle class="\(isLast ? "newest" : "dot")" cx="\(x(index))" cy="\(y(point.seconds))" r="\(isLast ? 5 : 2)">\(name)</circle>
                """
        }
        let seconds = points.map(\.seconds)
        let words = """
            \(Wording.count(points.count, "run")) from \(Wording.time(first.started)) to \(Wording.time(last.started)): \
            \(Wording.seconds(seconds.min() ?? 0)) to \(Wording.seconds(seconds.max() ?? 0)), newest \(Wording.seconds(last.seconds))
            """
        let axis: Markup =
            points.count == 1
            ? "<text class=\"tick middle\" x=\"55%\" y=\"138\">\(Wording.day(first.started))</text>"
            : "<text class=\"tick\" x=\"12%\" y=\"138\">\(Wording.day(first.started))</text>"
                + "<text class=\"tick end\" x=\"100%\" y=\"138\">\(Wording.day(last.started))</text>"
        return """
            <svg class="plot" role="img" aria-labelledby="\(id)-title \(id)-text" width="100%" height="146">\
            <title id="\(id)-title">\(subject), in seconds, oldest run first</title><desc id="\(id)-text">\(words)</desc>\
            <text class="tick" x="0" y="10">s</text>\(rules)\(lines)\(dots)\(axis)</svg>
            """
    }

    /// A duration in a plot.
    struct Point {
        let started: String
        let seconds: Double
    }

    /// A share of an image's width, written with `%`.
    struct Share {
        let value: Double

        init(_ value: Double) { self.value = min(max(value, 0), 1) }
    }

    /// A linear scale from 0, with round numbers as its ticks.
    struct Scale {
        let end: Double
        let ticks: [Double]

        init(_ values: [Double]) {
            let greatest = min(max(values.max() ?? 1, 0.001), 1e12)
            var step = 1e-4
            // 1, 2, 5, 10, 20, 50 …: at most five ticks above 0.
            let factors = [2.0, 2.5, 2.0]
            var index = 0
            while greatest / step > 5 {
                step *= factors[index % 3]
                index += 1
            }
            let count = Int((greatest / step).rounded(.up))
            ticks = (0...count).map { Double($0) * step }
            end = Double(count) * step
        }

        func share(_ value: Double) -> Share { Share(value / end) }
    }
}

extension Markup.StringInterpolation {
    mutating func appendInterpolation(_ share: Drawing.Share) {
        let hundredths = Int((share.value * 10_000).rounded())
        let rest = hundredths % 100
        text += "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
    }
}
