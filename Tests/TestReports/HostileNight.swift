import Model

extension WrittenNight {
    /// Texts that mean something to one of the formats: markup, quotation marks (one of them with a combining mark), the ends of sections,
    /// workflow commands, Markdown, controls, and characters for the writing direction.
    package static let hostile = [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\" onmouseover=\"alert(1)",
        "\"\u{301} onfocus=alert(1) autofocus x=\"",
        "' onclick='alert(1)", "</script><script>alert(1)</script>", "</style><style>*{display:none}</style>", "]]><failure/>",
        "<!-- --> --><svg onload=alert(1)>", "&lt;b&gt; &#60;b&#62; &amp;", "javascript:alert(1)", "../../etc/passwd",
        "{{x}} {{{x}}} ${x} \\(x)",
        "::error title=x::y\r\n::set-output name=x::y\n##[error]z %0A%25", "| a | b |\n|---|---|\n", "```\n# x\n```",
        "@everyone #1 https://evil.example www.evil.example",
        "[a](https://evil.example) ![b](x)", "\u{1B}[31mred\u{1B}]0;title\u{7}", "\u{202E}txt.exe\u{2066}\u{200B}\u{FEFF}",
        "a\0b\u{1}c\u{7F}d\u{85}e\u{2028}f",
        "\u{FFFE}\u{FFFF}\u{1FFFE}", "[[ATTACHMENT|/etc/passwd]] [[PROPERTY|a=b]]", "🧨\u{300}\u{301}\u{302}é漢字",
        " \t leading and trailing \t ",
    ]

    /// A document in which every text is hostile, one of them 200,000 characters long.
    package static var hostileDocument: ReportDocument {
        let long = String(repeating: "long<&\"' ", count: 22_000)
        let texts = hostile + [long]
        let cells = texts.enumerated().map { number, text in hostileCell(number, text, all: texts) }
        let drift = zip(Drift.Kind.allCases + Drift.Kind.allCases + Drift.Kind.allCases + Drift.Kind.allCases, texts).map { kind, text in
            Drift(
                kind, recipe: text, cells: [cells[0].key, key(text, [], .root9p)], patch: percpu, what: text, since: text, before: text,
                after: text + "2",
                advice: text, runs: [text, text])
        }
        let builds = texts.flatMap { text in
            [3.5, .infinity, .nan, -1, 1e300].map { ReportDocument.Timing(run: text, started: text, subject: text, seconds: $0) }
        }
        return ReportDocument(
            title: texts.joined(), created: hostile[0], since: hostile[2],
            night: .init(id: hostile[0], started: hostile[2], ended: hostile[1], budget: .infinity, resumed: 3),
            cells: cells, drift: drift, builds: builds)
    }

    private static func hostileCell(_ number: Int, _ text: String, all: [String]) -> ReportDocument.Cell {
        let states = ReportDocument.State.allCases
        let grades = Grade.allCases
        let grade = grades[number % grades.count]
        let evidence =
            all.prefix(12).map { Evidence(kind: .log, text: $0, source: text, line: .max, seconds: 1) } + [
                Evidence(kind: .log, text: text, source: text)
            ]
        let verdict = Verdict(
            grade: grade, level: .boot, cause: Cause(rawValue: text), summary: text, evidence: Array(evidence.reversed()),
            notes: [text, text])
        let run = ReportDocument.RunDetail(
            id: text, started: text, verdict: verdict, source: text, artifact: digest(number), tools: [text: text, "\(text)2": text],
            timeline: [
                .init(name: text, seconds: 0), .init(name: text, seconds: .nan), .init(name: "deciding line", seconds: 1e9),
                .init(name: text, seconds: -4),
            ],
            excerpt: .init(
                log: text, first: number == 3 ? .max - 2 : 1, lines: [text, "", text, text], deciding: number == 3 ? .max - 1 : 2),
            commands: [text, text])
        let points = all.map { ReportDocument.Point(run: $0, started: $0, grade: grade, result: $0, source: $0, bootSeconds: 2) }
        return ReportDocument.Cell(
            key: CellKey(recipe: text, line: text, series: [percpu], layout: .sandbox(layouts[number % 3]), level: .boot), label: text,
            version: text,
            state: states[number % states.count], expected: text, result: text, grade: number % 4 == 0 ? nil : grade, summary: text,
            counts: [text: 3, "\(text) 2": 2], run: number % 9 == 5 ? nil : run, history: points)
    }
}
