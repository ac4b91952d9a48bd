import GitHistory
import Model

/// One of a project's rules, checked off or explained.
package struct CheckedRule: Hashable, Encodable, Sendable {
    /// The project's requirement.
    package let rule: String
    /// Whether the rule was verified. Rules that a person must verify are not.
    package let isKept: Bool
    /// What was verified, or what remains to be done.
    package let why: String
}

extension PullRequest {
    /// The project's rules, each with its result.
    package func checklist(by author: Author, evidence: [EvidenceRow]) -> [CheckedRule] {
        let message = message(by: author, evidence: evidence)
        return project.rules.map { rule in
            guard let check = rule.check else { return CheckedRule(rule: rule.rule, isKept: false, why: rule.note ?? "") }
            let (isKept, why) = result(of: check, message, author, evidence)
            return CheckedRule(rule: rule.rule, isKept: isKept, why: why)
        }
    }

    private func result(of check: Project.Check, _ message: String, _ author: Author, _ evidence: [EvidenceRow]) -> (Bool, String) {
        switch check {
        case .subject: subjectResult
        case .message:
            Self.result(
                message.split(separator: "\n").filter { !$0.hasPrefix("Signed-off-by: ") }.map(\.count).max() ?? 0,
                "characters in the longest line", atMost: Self.bodyWidth)
        case .keywords: Self.keywordResult(subject + "\n" + message)
        case .signOff:
            (
                message.split(separator: "\n").contains { $0 == "Signed-off-by: \(author.name) <\(author.email)>" },
                "by \(author.name) <\(author.email)>. It certifies that you may contribute this code: read developercertificate.org"
            )
        case .test:
            testResult
        case .evidence:
            evidenceResult(evidence)
        }
    }

    /// A test that nobody ran is none yet.
    private var testResult: (Bool, String) {
        guard !tests.isEmpty else {
            return (false, "there is none for variant \(variant)" + (project.isVendored ? ": copied code comes without tests" : ""))
        }
        return (
            tests.allSatisfy { $0.seen != nil },
            tests.map { "\($0.path): \($0.seen ?? "not run yet for this version")" }.joined(separator: "; ")
        )
    }

    /// Runs of another variant are evidence, but somebody must decide whether they are enough.
    private func evidenceResult(_ evidence: [EvidenceRow]) -> (Bool, String) {
        let whole = EvidenceText.pairs(of: evidence)
        let shown = whole.filter(\.showsIt)
        let missing = evidence.first { !$0.isWhole }.map { "`\($0.command)`" } ?? "no recipe has this code"
        guard !shown.isEmpty else { return (false, "no recorded run shows it yet: \(missing)") }
        let count =
            "\(shown.count) of the \(whole.count) pair\(whole.count == 1 ? "" : "s") of runs in the text: not clean without it, clean with it"
        if shown.contains(where: { $0.variant == variant }) { return (true, count) }
        let others = Set(shown.map { $0.variant ?? "of an unknown version" }).sorted().joined(separator: ", ")
        return (false, "\(count), but of the variant \(others), not of \(variant): \(missing)")
    }

    private var subjectResult: (Bool, String) {
        let (fits, why) = Self.result(subject.count, "characters", atMost: project.longestSubject)
        let isFormed =
            switch project.subjectStyle {
            case .capitalised: subject.first?.isUppercase == true
            // A patch that came with a message says itself what it is about.
            case .area: own == nil ? subject.hasPrefix("\(proposal.area): ") : subject.contains(/^[a-z0-9][a-z0-9\/._,-]*: \S/)
            }
        let form = project.subjectStyle == .area ? "it begins with a package" : "it begins with a capital letter"
        let faults = [isFormed ? nil : "not as required: \(form)", subject.hasSuffix(".") ? "it ends with a full stop" : nil]
        return (fits && isFormed && !subject.hasSuffix("."), (["'\(subject)': \(why)"] + faults.compactMap(\.self)).joined(separator: "; "))
    }

    private static func result(_ count: Int, _ what: String, atMost limit: Int) -> (Bool, String) {
        (count <= limit, "\(count) \(what), at most \(limit)")
    }

    /// GitHub's keywords that close an issue: "Linking a pull request to an issue".
    private static func keywordResult(_ text: String) -> (Bool, String) {
        let words = text.split { $0.isWhitespace || ":,.;()".contains($0) }
        let closing: Set<String> = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"]
        let found = zip(words, words.dropFirst()).first { closing.contains($0.lowercased()) && $1.contains("#") }
        if let found { return (false, "'\(found.0) \(found.1)' closes an issue") }
        if let mention = words.first(where: { $0.hasPrefix("@") }) { return (false, "'\(mention)' is a mention") }
        return (true, "none found")
    }
}
