import Model
import Report
import Sanitizing

extension Reference {
    /// The page that compares the claim about each approach with its measurement. Every figure on it is from the table.
    package static func page(_ table: ApproachTable) -> String {
        let boots = table.rows.map(\.attempts.count).max() ?? 0
        var page = """
            # Approaches

            A node can be made to live in a sandbox by a change of its source, or by something beside it. Each way is a file of `approaches/`
            ([approach.md](approach.md)); each was booted by `ninepin matrix --approaches`, and graded as every boot is.
            What is claimed is what the research that this project began with wrote of it in 2025, about k3s in gVisor.

            Written by `make docs` from [approaches.json](approaches.json), which `make approaches` measures. \(table.subject), each row booted \(boots == 1 ? "once" : "\(boots) times").

            - **boot**: seconds from the start of the sandbox to the first `ok` of `/healthz`; in brackets, to `Started kubelet`, of a node that did not live.
            - **CPU**: processor time in the first minute, of all the sandbox's processes, as the machine sees them.
            - **memory**: the most at once, of the same processes, each shared page counted once. The node's binary and gVisor itself are in it.
            - **no node**: an API server answers, and has no worker. It is no grade either.
            - **cannot**: the sandbox refused what the approach needs, and the same preparation went well in plain runc. It is no grade: no node was booted.

            Figures are the middle ones of the boots.

            | approach | claimed | measured | boots | boot | against patched | CPU | memory | good for |
            |---|---|---|---|---|---|---|---|---|

            """
        for row in table.rows {
            let cells = [
                "[\(row.title)](#\(anchor(row)))", row.claim, "**\(row.word)**", row.times, row.boot, table.ratio(of: row), row.processor,
                row.memory, row.goodFor,
            ]
            page += "| \(cells.map(Markdown.cell).joined(separator: " | ")) |\n"
        }
        for row in table.rows { page += section(row) }
        return page
    }

    private static func section(_ row: ApproachTable.Row) -> String {
        var text = "\n## \(row.name)\n\n\(row.changes) Booted in \(row.runtime.rawValue), patches: \(row.series).\n\n"
        text += "- Claimed: \(row.claim)\n- Measured: **\(row.word)**: \(sentence(row.summary))\n"
        guard let first = row.attempts.first else { return text }
        for evidence in first.evidence { text += "    - \(Markdown.code(evidence.description))\n" }
        if !first.answers.isEmpty { text += "- Asked in the sandbox before the node started:\n" }
        for answer in first.answers { text += "    - \(Markdown.code(answer))\n" }
        for note in first.notes { text += "- Note: \(Markdown.text(note))\n" }
        if let finding = row.finding { text += "- Found: \(finding)\n" }
        return text + "- Good for: \(row.goodFor)\n"
    }

    /// The anchor that a forge generates for a heading.
    private static func anchor(_ row: ApproachTable.Row) -> String { row.name.lowercased() }

    private static func sentence(_ text: String) -> String { text.hasSuffix(".") ? text : "\(text)." }
}

extension ApproachTable {
    /// What was booted, and in which environment.
    fileprivate var subject: String {
        let sandbox = ["runsc", "runc"].compactMap { name in tools[name].map { "\(name) \($0)" } }.joined(separator: ", ")
        return "Recipe `\(recipe)` at \(version), layout `\(layout.rawValue)`, \(sandbox)"
    }
}
