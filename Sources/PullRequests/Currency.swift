import Model

/// How the source of a pull request compares with what its project has now. A change for an old tree is not what a project can merge.
package enum Currency: Hashable, Sendable {
    /// The source is the newest commit of the project's default branch.
    case newest(String)
    /// It is not, or nobody looked; the reason in words.
    case unknown(String)

    /// Whether it is known to be the newest.
    package var isNewest: Bool { if case .newest = self { true } else { false } }

    /// The first line of a checklist.
    func rule(for project: Project) -> CheckedRule {
        let rule = "it is made for the newest commit of \(project.title)"
        return switch self {
        case .newest(let commit): CheckedRule(rule: rule, isKept: true, why: "\(commit), when this was written")
        case .unknown(let reason): CheckedRule(rule: rule, isKept: false, why: reason)
        }
    }
}
