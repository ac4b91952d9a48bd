import GitHistory
import Model
import Sanitizing

extension PullRequest {
    /// The pull request's text, based on the project's template.
    package func page(evidence: [EvidenceRow], entry: PatchEntry) -> String {
        let tests = tests.map { "- `\($0.path)`: \($0.seen ?? "not run yet for this version")" }.joined(separator: "\n")
        let text = Paragraphs.filled(
            project.text,
            [
                "problem": Paragraphs.unwrapped(proposal.problem), "solution": Paragraphs.unwrapped(proposal.solution), "subject": subject,
                "tests": tests.isEmpty
                    ? "This change has no test." : "The test is written to fail without the change and to pass with it:\n\n\(tests)",
                "evidence": Self.table(evidence, entry),
                "related": proposal.related.isEmpty ? "None." : proposal.related.map { "- \($0)" }.joined(separator: "\n"),
            ])
        return "# \(subject)\n\n\(text)\n"
    }

    /// The rules, each checked off or explained.
    package func checklistPage(_ rules: [CheckedRule]) -> String {
        let lines = rules.map { "- [\($0.isKept ? "x" : " ")] \($0.rule)\n      \($0.why)" }
        return """
            # \(project.title): before you send \(patch)

            Made for: \(madeFor). Variant: \(variant). Nothing was sent.

            \(lines.joined(separator: "\n"))

            """
    }

    private static func table(_ rows: [EvidenceRow], _ entry: PatchEntry) -> String {
        guard !rows.isEmpty else { return "\(Paragraphs.unwrapped(entry.evidence))\n\nNo recipe builds this code, so nothing was run." }
        var lines = [
            "| probe or node | where | series | before | after | versions |", "|---|---|---|---|---|---|",
        ]
        var gaps: [EvidenceRow] = []
        for row in rows where row.before != nil || row.after != nil { lines.append(row.line(in: row.layout)) }
        for row in rows where row.before == nil && row.after == nil && !gaps.contains(where: { $0.command == row.command }) {
            gaps.append(row)
            let layouts = rows.filter { $0.command == row.command && $0.before == nil && $0.after == nil }.map(\.layout)
            lines.append(row.line(in: layouts.joined(separator: ", ")))
        }
        let notes = rows.flatMap { row in (row.after?.notes ?? []).map { "- \(Markdown.text("\(row.recipe), \(row.layout): \($0)"))" } }
        var seen = Set<String>()
        let commands = rows.map { Visible.line($0.command) }.filter { seen.insert($0).inserted }
        return """
            \(Paragraphs.unwrapped(entry.evidence))

            \(lines.joined(separator: "\n"))
            \(notes.isEmpty ? "" : "\nNotes on the runs after the change:\n\n\(notes.joined(separator: "\n"))\n")
            To reproduce (Ninepin boots the node, or runs the probe, in a gVisor sandbox):

            ```
            \(commands.joined(separator: "\n"))
            ```
            """
    }
}

extension EvidenceRow {
    fileprivate func line(in layouts: String) -> String {
        let node = level == "component" ? "probe of \(recipe)" : "node of \(recipe), level \(level)"
        let cells = [
            Markdown.text(node), Markdown.text(layouts), "\(Markdown.codeInCell(seriesBefore)) → \(Markdown.codeInCell(seriesAfter))",
            Markdown.text(Self.cell(before)), Markdown.text(Self.cell(after)), Markdown.text(versions),
        ]
        return "| \(cells.joined(separator: " | ")) |"
    }

    private static func cell(_ side: Side?) -> String { side.map { "\($0.title) (run \($0.run))" } ?? "not run" }

    /// The versions of the environment; both if the two sides differ.
    private var versions: String {
        let tools = ["go", "runsc", "kernel"].compactMap { tool -> String? in
            let found = [before, after].compactMap { $0?.tools[tool] }
            let words = Set(found).count > 1 ? "\(found[0]), then \(found[1])" : found.first
            return words.map { "\(tool == "go" ? "" : "\(tool) ")\($0)" }
        }
        return ([upstream] + tools).joined(separator: "; ")
    }
}
