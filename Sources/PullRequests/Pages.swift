import GitHistory
import Model
import Sanitizing

extension PullRequest {
    /// The command that creates the pull request once the branch is pushed (gh-pr-create(1)).
    package func creation(in folder: String) -> String {
        let words = ["--repo", project.title, "--title", subject, "--body-file", "\(folder)/\(PullRequestBundle.textName)"]
        return "gh pr create " + words.map(ShellWord.plain).joined(separator: " ")
    }

    /// The pull request's text, based on the project's template.
    package func page(evidence: [EvidenceRow]) -> String {
        let tests = tests.map { "- `\($0.path)`: \($0.seen ?? "not run yet for this version")" }.joined(separator: "\n")
        let text = Paragraphs.filled(
            project.text,
            [
                "problem": Paragraphs.unwrapped(proposal.problem), "solution": Paragraphs.unwrapped(proposal.solution), "subject": subject,
                "tests": tests.isEmpty
                    ? "This change has no test."
                    : "The commit has a test:\n\n\(tests)",
                "evidence": EvidenceText(evidence, variant: variant, measured: proposal.measured).text,
                "related": proposal.related.isEmpty ? "None." : proposal.related.map { "- \($0)" }.joined(separator: "\n"),
            ])
        // The subject is the pull request's title, and stands above the text.
        return "\(text)\n" + (reproducer.map { "\n\(Self.folded($0))\n" } ?? "")
    }

    /// The script, folded. Its fence is longer than any run of backticks in it (CommonMark, 4.5).
    private static func folded(_ script: Reproducer) -> String {
        let text = script.text
        let longest = text.split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: max(3, longest + 1))
        return "<details><summary>A script that shows it with runsc and Go alone</summary>\n\n\(fence)sh\n\(text)\(fence)\n\n</details>"
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
}
