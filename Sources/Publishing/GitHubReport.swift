import Model
import Sanitizing

/// A report for a job of GitHub Actions: annotations, the job's summary, and its outputs.
package struct GitHubReport: Sendable {
    /// GitHub shows at most this many annotations of each kind for a step.
    private static let most = 10
    private let document: ReportDocument

    package init(_ document: ReportDocument) { self.document = document }

    /// Workflow commands for standard output, one line each; empty if there is nothing to say.
    ///
    /// Errors are broken expectations, warnings are cells that do not repeat or could not be measured, notices are changes.
    package var annotations: String {
        let errors = document.cells.filter { $0.state == .broken }.map { ($0.name, "\($0.change). \($0.summary)") }
        let flaky = document.cells.filter { $0.state == .flaky }.map { ($0.name, "does not repeat: \($0.tally). \($0.summary)") }
        let harness = document.cells.filter { $0.state == .harness }.map { ($0.name, "not measured: \($0.summary)") }
        let drift = document.drift.map { ($0.kind.rawValue, "\($0.what) (\($0.circumstances)) \($0.advice)") }
        return commands("error", errors) + commands("warning", flaky + harness) + commands("notice", drift)
    }

    /// The job's summary as Markdown, for the file `GITHUB_STEP_SUMMARY`. GitHub refuses one of more than 1 MiB.
    package var summary: String { MarkdownReport(document, most: 900_000).text }

    /// Lines for the file `GITHUB_OUTPUT`: `headline`, and the number of cells in each state. Each value is on one line.
    package var output: String {
        let counts = document.counts
        let numbers = ReportDocument.State.allCases.map { state in
            "\(state.rawValue.split(separator: " ").joined(separator: "_"))=\(counts[state] ?? 0)\n"
        }
        return "headline=\(Visible.line(Wording.clipped(document.headline, 2000)))\n" + numbers.joined()
    }

    private func commands(_ name: String, _ all: [(title: String, message: String)]) -> String {
        let isAll = all.count <= Self.most
        var lines = all.prefix(isAll ? Self.most : Self.most - 1).map { command(name, title: $0.title, $0.message) }
        if !isAll { lines.append(command(name, title: "Ninepin", "\(all.count - lines.count) more; the report has all of them")) }
        return lines.joined()
    }

    private func command(_ name: String, title: String, _ message: String) -> String {
        "::\(name) title=\(Self.property(Wording.clipped(title, 200)))::\(Self.data(Wording.clipped(message, 1000)))\n"
    }

    /// A command's message. See `toolkit/packages/core/src/command.ts`.
    private static func data(_ text: String) -> String { escaped(text, ["%": "%25", "\r": "%0D", "\n": "%0A"]) }

    /// The value of a command's property.
    private static func property(_ text: String) -> String {
        escaped(text, ["%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"])
    }

    /// Escapes first for a line of text, so that no control character arrives, then for the command.
    private static func escaped(_ text: String, _ forms: [Unicode.Scalar: String]) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in Visible.line(text).unicodeScalars {
            if let form = forms[scalar] { shown += form.unicodeScalars } else { shown.append(scalar) }
        }
        return String(shown)
    }
}
