import GitHistory
import Model
import Patches

/// The commit message of a patch that came without one: that of its pull request to the project from which the code is.
package struct CommitText: Sendable {
    private let projects: Projects
    private let registry: Registry
    private let sender: Author

    package init(_ projects: Projects, _ registry: Registry, by sender: Author) {
        (self.projects, self.registry, self.sender) = (projects, registry, sender)
    }

    /// The subject and the text below it; nil if the patch has no proposal, or it is not clear for which project it is, or its message tells
    /// what was measured.
    ///
    /// - Parameter variant: the variant's name.
    /// - Throws: `Diagnostic` for an invalid file; `PatchesError`; `FileError`.
    package func message(of entry: PatchEntry, variant: String) throws -> (subject: String, body: String)? {
        guard projects.hasProposal(of: entry.name), ![.refuted, .merged].contains(entry.status) else { return nil }
        let takers = try projects.names.map { try projects.project(named: $0) }.filter { project in
            !project.isVendored && project.homes.contains { $0.upstream == entry.name.upstream && $0.path == "." }
        }
        guard let project = takers.first, takers.count == 1, !project.message.contains("{validation}") else { return nil }
        let request = try PullRequest(entry, to: project, for: .registry(variant: variant), projects: projects, registry: registry)
        return (request.subject, request.message(by: sender, evidence: []))
    }
}
