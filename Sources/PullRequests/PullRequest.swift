import FoundationEssentials
import Git
import GitHistory
import Model
import Patches
import Sanitizing
import SystemPackage
import UnifiedDiff

/// The source that a pull request is based on.
package enum PullRequestBase {
    /// Existing files: the variant that applies to them is used.
    ///
    /// - `isOwn`: whether they are the project's own tree, so that its code is where it was found. In another tree, it may be a copy.
    case source(SourceText, Home, label: String, isOwn: Bool = false)
    /// Only the registry: a variant's text is used unchanged; nil selects the newest variant.
    case registry(variant: String?)
}

/// A test that is part of a pull request.
package struct IncludedTest: Hashable, Sendable {
    /// The test's path in the project's tree.
    package let path: String
    /// The results without and with the patch; nil if the test was never run with this variant.
    package let seen: String?
}

/// A patch in the form that a project requires: a commit with its message, and a test next to the code.
package struct PullRequest: Sendable {
    package let project: Project
    package let patch: PatchName
    /// The variant that was used.
    package let variant: String
    /// A description of the source that the pull request is based on.
    package let madeFor: String
    /// The first line of the commit message.
    package let subject: String
    /// The diff, with paths in the project's own tree.
    package let diff: [UInt8]
    /// The tests in the diff.
    package let tests: [IncludedTest]
    let proposal: Proposal
    /// The author's message, as it came with the patch; nil if the patch has none.
    package let own: PatchMessage?
    /// The script that shows the fault without Ninepin; nil if the patch has no probe.
    let reproducer: Reproducer?

    /// Creates a pull request in memory.
    ///
    /// - Throws: `PullRequestError`; `PatchesError` if no variant applies to the source; `Diagnostic`, `FileError`, `GitError`.
    package init(
        _ entry: PatchEntry, to project: Project, for base: PullRequestBase, projects: Projects, registry: Registry
    ) throws {
        guard entry.status != .refuted, entry.status != .merged else { throw PullRequestError.notWanted(entry.name, entry.status) }
        let homes = project.homes.filter { $0.upstream == entry.name.upstream }.map { Home(path: $0.path, version: nil) }
        guard let first = homes.first else {
            let takers = try projects.names.filter { name in
                (try? projects.project(named: name))?.homes.contains { $0.upstream == entry.name.upstream } == true
            }
            throw PullRequestError.notIts(entry.name, project: project.title, takers: takers)
        }
        self.project = project
        patch = entry.name
        let change = try Change(entry, homes: homes, otherwise: first, for: base, in: project, registry)
        own = change.message
        let written = projects.hasProposal(of: entry.name)
        guard written || own != nil else { throw PullRequestError.noProposal(entry.name, file: projects.file(of: entry.name).string) }
        proposal = try own.flatMap { written ? nil : Proposal($0, of: entry) } ?? projects.proposal(of: entry.name).told(of: change.variant)
        subject = own?.subject ?? project.subject(of: proposal)
        variant = change.variant
        madeFor = change.madeFor
        reproducer = try registry.probe(of: entry).flatMap { probe in
            let range = entry.variants.first { $0.name == change.variant }?.versions
            guard let range, probe.versions.map({ $0.sharesBound(with: range) }) ?? true else { return nil }
            return Reproducer(of: probe, in: project, home: change.home.path, hasVolume: entry.isForVolumes)
        }
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

    /// The project's license header and an empty line.
    private static func header(of project: Project) -> [UInt8] {
        let year = Calendar(identifier: .gregorian).component(.year, from: .now)
        return project.header.map { Array("\($0.replacing("{year}", with: "\(year)"))\n".utf8) } ?? []
    }

    /// The commit message's body. A patch that came with a message keeps it; the sender's sign-off is added if it is missing.
    ///
    /// - Parameter author: the sender.
    package func message(by author: Author, evidence: [EvidenceRow]) -> String {
        if let own { return signed(Visible.lines(own.body), by: author) }
        let body = Paragraphs.filled(
            project.message,
            ["problem": proposal.problem, "solution": proposal.solution, "validation": validation(evidence)])
        let text = Visible.lines(Paragraphs.wrapped(body, at: Self.bodyWidth))
        return signed(text, by: author)
    }

    private func signed(_ text: String, by sender: Author) -> String {
        let line = "Signed-off-by: \(sender.name) <\(sender.email)>"
        let last = text.split(separator: "\n").last ?? ""
        guard project.signsOff, !text.split(separator: "\n").contains(where: { $0 == line }) else { return text }
        // Trailers stand together.
        let separator = last.contains(/^[A-Z][a-z\-]+-by:/) ? "\n" : "\n\n"
        return text.isEmpty ? line : text + separator + line
    }

    /// The commit in the format that `git am` accepts.
    ///
    /// - Parameters:
    ///   - author: the sender, who is the author of a patch that names none.
    ///   - date: the date of a patch that has none.
    /// - Throws: `MailboxError`; `GitError`.
    package func mailbox(by author: Author, date: MailDate, evidence: [EvidenceRow]) throws -> [UInt8] {
        let message = message(by: author, evidence: evidence)
        return try Mailbox(author: own?.author ?? author, date: own?.date ?? date, subject: subject, body: message)
            .message(diff: diff, signature: "ninepin \(Ninepin.version)")
    }

    /// The mailbox's file name, as `git format-patch` would choose it.
    package var fileName: String {
        let words = subject.split { !($0.isASCII && ($0.isLetter || $0.isNumber || "._".contains($0))) }
        return "0001-\(words.joined(separator: "-").prefix(52)).patch"
    }

    /// From git-commit(1) and the projects' rules: a body is read in a terminal.
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
    /// The message that came with the variant's text.
    let message: PatchMessage?
    /// The file at a path of the upstream's code; nil if there is none, or no source was read.
    let existing: (String) throws -> [UInt8]?

    init(
        _ entry: PatchEntry, homes: [Home], otherwise first: Home, for base: PullRequestBase, in project: Project, _ registry: Registry
    ) throws {
        switch base {
        case .source(let source, let place, let label, let isOwn):
            let matcher = try PatchMatcher(entry, at: place, in: source, registry: registry)
            let chosen = try matcher.chosen().match
            let home = isOwn ? Home(path: place.path, version: nil) : homes.first { $0.path == place.path } ?? first
            guard home.path == place.path || homes.count == 1 else {
                throw PullRequestError.elsewhere(entry.name, project: project.title, path: place.path, source: label)
            }
            variant = chosen.variant.name
            self.home = home
            madeFor = label + (place.version.map { ", \(entry.name.upstream) \($0)" } ?? "")
            message = try registry.message(chosen.variant, of: entry)
            existing = { try source.content($0, in: place) }
            diff = try UpstreamDiff.text(chosen.patch, applied: place, in: source, as: home)
        case .registry(let name):
            guard !project.isVendored else { throw PullRequestError.needsSource(project: project.title) }
            guard let variant = name.map({ name in entry.variants.first { $0.name == name } }) ?? entry.variants.last else {
                let advice = Spelling.advice(for: name ?? "", among: entry.variants.map(\.name))
                throw PullRequestError.noVariant(entry.name, name ?? "", advice: advice)
            }
            self.variant = variant.name
            home = first
            madeFor = "no source; the text of variant \(variant.name), for \(entry.name.upstream) \(variant.versions)"
            message = try registry.message(variant, of: entry)
            existing = { _ in nil }
            diff = try registry.patch(variant, of: entry).text { first.place(of: $0) }
        }
    }
}

extension Project {
    /// A proposal's subject in the project's style.
    func subject(of proposal: Proposal) -> String {
        switch subjectStyle {
        case .capitalised: proposal.subject.prefix(1).uppercased() + proposal.subject.dropFirst()
        case .area: "\(proposal.area): \(proposal.subject)"
        }
    }
}

extension Proposal {
    /// A proposal from the message that came with a patch.
    fileprivate init(_ message: PatchMessage, of entry: PatchEntry) {
        let (body, subject) = (message.body.withoutTrailers, message.subject ?? entry.title)
        // Without a reason of its own, the entry has the message's.
        let isSame = Paragraphs.unwrapped(entry.why.withoutTrailers) == Paragraphs.unwrapped(body)
        let (problem, solution) = isSame ? (body, "") : (entry.why, body)
        self.init(
            area: entry.name.upstream, subject: subject, problem: problem, solution: solution.isEmpty ? "\(subject)." : solution)
    }
}

extension String {
    /// The text without the trailers at its end (git-interpret-trailers(1)): they are for the commit.
    fileprivate var withoutTrailers: String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false)
        while let last = lines.last, last.allSatisfy(\.isWhitespace) || last.isTrailer { lines.removeLast() }
        return lines.joined(separator: "\n")
    }
}

extension Substring {
    fileprivate var isTrailer: Bool { contains(/^([A-Za-z][A-Za-z\-]*-by|Fixes|Closes|Change-Id|Cc|Link):\s/) }
}
