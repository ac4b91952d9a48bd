import FoundationEssentials
import Git
import GitHistory
import Model
import Patches
import Sanitizing
import UnifiedDiff

/// What a pull request is made for.
package enum PullRequestBase {
    /// Files that were read: the variant is the one that fits.
    case source(SourceText, Home, label: String)
    /// Nothing but the registry: a variant's text as it stands, the newest where none is named.
    case registry(variant: String?)
}

/// A test that goes with a pull request.
package struct IncludedTest: Hashable, Sendable {
    /// Its path in the project's tree.
    package let path: String
    /// What came of it, without and with the patch; nil when it was never run with this variant.
    package let seen: String?
}

/// A patch as one project wants it: a commit with its message, and the test beside the code.
package struct PullRequest: Sendable {
    /// The project.
    package let project: Project
    /// The patch.
    package let patch: PatchName
    /// The text of it that was taken.
    package let variant: String
    /// What it was made for, in words.
    package let madeFor: String
    /// The commit's first line.
    package let subject: String
    /// The difference, with the paths of the project's own tree.
    package let diff: [UInt8]
    /// The tests in it.
    package let tests: [IncludedTest]
    let proposal: Proposal

    /// Makes a pull request, in memory.
    ///
    /// - Throws: `PullRequestError`; `PatchesError` when no variant fits the source; `Diagnostic`, `FileError`, `GitError`.
    package init(
        _ entry: PatchEntry, to project: Project, for base: PullRequestBase, projects: Projects, registry: Registry
    ) throws {
        guard entry.status != .refuted, entry.status != .merged else { throw PullRequestError.notWanted(entry.name, entry.status) }
        let homes = project.homes.filter { $0.upstream == entry.name.upstream }.map { Home(path: $0.path, version: nil) }
        guard let first = homes.first else {
            let takers = projects.names.filter { name in
                (try? projects.project(named: name))?.homes.contains { $0.upstream == entry.name.upstream } == true
            }
            throw PullRequestError.notIts(entry.name, project: project.title, takers: takers)
        }
        self.project = project
        patch = entry.name
        proposal = try projects.proposal(of: entry.name)
        subject = project.subject(of: proposal)
        let change = try Change(entry, homes: homes, otherwise: first, for: base, in: project, registry)
        variant = change.variant
        madeFor = change.madeFor
        let name = project.name
        let tests = proposal.tests.filter { $0.project == name && $0.variants.contains(change.variant) }
        self.tests = tests.map { IncludedTest(path: change.home.place(of: $0.path), seen: $0.seen) }
        diff =
            try change.diff
            + tests.flatMap { test in
                guard try change.existing(test.path) == nil else {
                    throw PullRequestError.testExists(path: change.home.place(of: test.path))
                }
                let text = Self.header(of: project) + (try projects.text(of: test, of: entry.name))
                return try FileDiff.text(path: change.home.place(of: test.path), before: nil, after: TreeFile(text))
            }
    }

    /// The licence, as a project wants it, and an empty line.
    private static func header(of project: Project) -> [UInt8] {
        let year = Calendar(identifier: .gregorian).component(.year, from: .now)
        return project.header.map { Array("\($0.replacing("{year}", with: "\(year)"))\n".utf8) } ?? []
    }

    /// The commit message's body.
    package func message(by author: Author, evidence: [EvidenceRow]) -> String {
        let body = Paragraphs.filled(
            project.message,
            ["problem": proposal.problem, "solution": proposal.solution, "validation": validation(evidence)])
        let text = Visible.lines(Paragraphs.wrapped(body, at: Self.bodyWidth))
        return project.signsOff ? "\(text)\n\nSigned-off-by: \(author.name) <\(author.email)>" : text
    }

    /// The commit as `git am` takes it.
    ///
    /// - Parameter date: seconds since 1970.
    /// - Throws: `MailboxError`; `GitError`.
    package func mailbox(by author: Author, date: Int64, evidence: [EvidenceRow]) throws -> [UInt8] {
        let message = message(by: author, evidence: evidence)
        return try Mailbox(author: author, date: date, subject: subject, body: message)
            .message(diff: diff, signature: "ninepin \(Ninepin.version)")
    }

    /// The mailbox's name, as `git format-patch` would make it.
    package var fileName: String {
        let words = subject.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "._".contains($0))) }
        return "0001-\(words.joined(separator: "-").prefix(52)).patch"
    }

    /// git-commit(1) and the projects' rules: a body is read in a terminal.
    static let bodyWidth = 72

    private func validation(_ evidence: [EvidenceRow]) -> String {
        let seen = evidence.filter(\.isWhole).map { row in
            "\(row.recipe), \(row.layout), level \(row.level): \(row.before?.title ?? "") before, \(row.after?.title ?? "") after."
        }
        return seen.isEmpty ? "Not run yet." : seen.joined(separator: "\n\n")
    }
}

/// The patch's own part of a pull request.
private struct Change {
    let variant: String
    let home: Home
    let madeFor: String
    let diff: [UInt8]
    /// What stands at a path of the upstream's code; nil for nothing, or where no source was read.
    let existing: (String) throws -> [UInt8]?

    init(
        _ entry: PatchEntry, homes: [Home], otherwise first: Home, for base: PullRequestBase, in project: Project, _ registry: Registry
    ) throws {
        switch base {
        case .source(let source, let place, let label):
            let matcher = try PatchMatcher(entry, at: place, in: source, registry: registry)
            let chosen = try matcher.chosen().match
            let home = homes.first { $0.path == place.path } ?? first
            guard home.path == place.path || homes.count == 1 else { throw PullRequestError.needsSource(project: project.title) }
            variant = chosen.variant.name
            self.home = home
            madeFor = label + (place.version.map { ", \(entry.name.upstream) \($0)" } ?? "")
            existing = { try source.content($0, in: place) }
            diff = try chosen.patch.applied { try source.standing($0, in: place) }.flatMap { changed in
                let (old, new) = (home.place(of: changed.file.oldPath), home.place(of: changed.file.path))
                if changed.file.isBinary { return changed.file.text(old: old, new: new) }
                return try FileDiff.text(changed.file.change, from: old, to: new, before: changed.before, after: changed.after)
            }
        case .registry(let name):
            guard !project.isVendored else { throw PullRequestError.needsSource(project: project.title) }
            guard let variant = name.map({ name in entry.variants.first { $0.name == name } }) ?? entry.variants.last else {
                let advice = Spelling.advice(for: name ?? "", among: entry.variants.map(\.name))
                throw PullRequestError.noVariant(entry.name, name ?? "", advice: advice)
            }
            self.variant = variant.name
            home = first
            madeFor = "no source; the text of variant \(variant.name), for \(entry.name.upstream) \(variant.versions)"
            existing = { _ in nil }
            diff = try registry.patch(variant, of: entry).text { first.place(of: $0) }
        }
    }
}

extension Project {
    /// A proposal's subject in this project's form.
    func subject(of proposal: Proposal) -> String {
        switch subjectStyle {
        case .capitalised: proposal.subject.prefix(1).uppercased() + proposal.subject.dropFirst()
        case .area: "\(proposal.area): \(proposal.subject)"
        }
    }
}
