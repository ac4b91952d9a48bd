import Model
import Sanitizing

/// A report as GitHub's Markdown, for a pull request: the sentence, what changed, what is not as expected; everything else is folded.
package struct MarkdownReport: Sendable {
    private let document: ReportDocument
    private let most: Int

    /// - Parameter most: the maximum length in bytes. GitHub refuses a comment of more than 65,536 characters.
    package init(_ document: ReportDocument, most: Int = 60_000) {
        self.document = document
        self.most = most
    }

    /// The text. Sections that no longer fit are replaced by one line that says so.
    package var text: String {
        var text = "**\(Markdown.text(Wording.clipped(document.headline, 2000)))**\n"
        var leftOut = 0
        let reserve = 300
        for section in sections {
            if text.utf8.count + section.utf8.count + reserve <= most { text += section } else { leftOut += 1 }
        }
        if leftOut > 0 { text += "\n\(Wording.count(leftOut, "section")) left out: the report is too long for this place.\n" }
        return text + "\n<sub>\(Markdown.text(footer))</sub>\n"
    }

    private var sections: [String] {
        [drift] + document.troubled.prefix(50).map(trouble) + [grid, postponed].filter { !$0.isEmpty }
    }

    private var footer: String {
        let night = document.night.map { "night \(Wording.clipped($0.id, 100)), " } ?? ""
        return "\(Wording.clipped(document.title, 200)), \(night)made by Ninepin, \(Wording.time(document.created))"
    }

    private var drift: String {
        guard !document.drift.isEmpty else { return "" }
        let lines = document.drift.prefix(20).map { drift in
            let circumstances = drift.circumstances.isEmpty ? "" : " (\(words(drift.circumstances, 300)))"
            return "- **\(drift.kind.rawValue)**: \(words(drift.what, 400))\(circumstances). \(words(drift.advice, 300))\n"
        }
        let more = document.drift.count > 20 ? "- and \(document.drift.count - 20) more\n" : ""
        return "\n### What changed\n\n\(lines.joined())\(more)"
    }

    private func trouble(_ cell: ReportDocument.Cell) -> String {
        let result = cell.state == .flaky ? "does not repeat: \(cell.tally)" : cell.result
        let expected = cell.expected.map { ", expected \($0)" } ?? ""
        let title = Self.html(Wording.clipped("\(cell.sign) \(cell.name): \(result)\(expected)", 500))
        var text = "\n<details><summary>\(title)</summary>\n\n\(words(cell.summary, 600))\n"
        guard let run = cell.run else { return text + "\n</details>\n" }
        for evidence in run.verdict.evidence.prefix(4) {
            text += "\n- \(words(evidence.place, 200)): \(Markdown.code(Wording.clipped(evidence.text, 600)))"
        }
        if let excerpt = run.excerpt {
            let lines = excerpt.shown(most: 12).map { "\($0.isDeciding ? ">" : " ") \($0.number)  \(Wording.clipped($0.text, 300))" }
            text += "\n\n\(Self.block(lines))"
        }
        if !run.commands.isEmpty { text += "\n\n\(Self.block(run.commands.prefix(10).map { Wording.clipped($0, 400) }))" }
        return text + "\n</details>\n"
    }

    private var grid: String {
        let layouts = document.layouts
        guard !layouts.isEmpty else { return "" }
        let rows = document.rows.prefix(200)
        let head = (["recipe", "version", "series", "level"] + layouts.map { words($0.rawValue, 60) }).joined(separator: " | ")
        let rule = String(repeating: "---|", count: 4 + layouts.count)
        let lines = rows.map { row in
            let how = row.probe.map { "probe \($0)" } ?? row.level.rawValue
            let first = [row.subject, row.versions.joined(separator: ", "), row.label, how].map { words($0, 80) }
            let cells = layouts.map { layout in row.cells[layout].map(entry) ?? " " }
            return "| \((first + cells).joined(separator: " | ")) |\n"
        }
        let more = document.rows.count > 200 ? "\n\(document.rows.count - 200) more rows are left out.\n" : ""
        let title = "All \(Wording.count(document.cells.count, "cell"))"
        return "\n<details><summary>\(title)</summary>\n\n| \(head) |\n|\(rule)\n\(lines.joined())\(more)\n</details>\n"
    }

    private func entry(_ cell: ReportDocument.Cell) -> String {
        let result = "\(cell.sign) \(words(cell.state == .flaky ? cell.tally : cell.result, 80))"
        switch cell.state {
        case .broken: return "**\(result)**, expected \(words(cell.expected ?? "something else", 60))"
        case .flaky, .harness, .postponed: return "\(result) (\(cell.state.rawValue))"
        case .asExpected, .measured, .unchanged: return result
        }
    }

    private var postponed: String {
        let cells = document.cells.filter { $0.state == .postponed }
        guard !cells.isEmpty else { return "" }
        let lines = cells.prefix(50).map { "- \(words($0.name, 200))\n" }.joined()
        let more = cells.count > 50 ? "- and \(cells.count - 50) more\n" : ""
        return "\n<details><summary>\(Wording.count(cells.count, "cell")) postponed</summary>\n\n\(lines)\(more)\n</details>\n"
    }

    /// Text from anywhere, in one line, that GitHub shows as it is.
    private func words(_ text: String, _ most: Int) -> String { Self.plain(Markdown.text(Wording.clipped(text, most))) }

    /// Escapes what ``Markdown`` leaves because it only changes the looks, and the `#` that would refer to an issue.
    private static func plain(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "*", "_", "~": shown += "\\\(scalar)".unicodeScalars
            case "#": shown += "#<!-- -->".unicodeScalars
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// Text from anywhere in a line that begins with an HTML tag, where GitHub resolves no Markdown but still looks for references.
    private static func html(_ text: String) -> String {
        let scalars = Array(Visible.line(text).unicodeScalars)
        var shown = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": shown += "&amp;".unicodeScalars
            case "<": shown += "&lt;".unicodeScalars
            case ">": shown += "&gt;".unicodeScalars
            case "@", "#": shown += "\(scalar)<!-- -->".unicodeScalars
            case ":" where scalars[index...].starts(with: "://".unicodeScalars): shown += ":<!-- -->".unicodeScalars
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }

    /// Lines as a block of code, whose fence is longer than any run of backticks in them.
    private static func block(_ lines: [String]) -> String {
        let shown = lines.map(Visible.line)
        let longest = shown.flatMap { $0.unicodeScalars.split { $0 != "`" }.map(\.count) }.max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return "\(fence)text\n\(shown.joined(separator: "\n"))\n\(fence)"
    }
}
