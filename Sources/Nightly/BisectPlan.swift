import Building
import ExitCodes
import Git
import GitHistory
import Model
import Patches
import Sanitizing
import Sources
import Store
import SystemPackage

/// What a bisection goes over.
package enum BisectAxis: String, Hashable, Sendable, Codable {
    /// The releases of a repository, in the order of their versions.
    case versions
    /// The commits of a branch, by first parents.
    case commits
    /// The beginnings of a series: without a patch, with the first one, with the first two, and so on.
    case series

    /// The word for several candidates.
    package var plural: String { self == .series ? "beginnings of the series" : rawValue }

    /// The word for one of them, or for what one differs in from the one before it.
    package var singular: String {
        switch self {
        case .versions: "version"
        case .commits: "commit"
        case .series: "patch"
        }
    }
}

/// One candidate of a bisection.
package struct BisectCandidate: Hashable, Sendable, Codable {
    /// The version, the commit's ID, or the series in command-line syntax.
    package let name: String
    /// The tag's full name; nil if it is not a release.
    package var tag: String?
    /// The commit; nil if the source is not a git repository, or its commit plays no part.
    package var commit: ObjectID?
    /// The first line of the commit's message.
    package var subject: String?
    /// The patch that this beginning of a series has in addition to the one before it.
    package var patch: PatchName?
    /// The patches to apply; nil for those of the recipe at this version.
    package var series: [PatchName]?

    package init(
        name: String, tag: String? = nil, commit: ObjectID? = nil, subject: String? = nil, patch: PatchName? = nil,
        series: [PatchName]? = nil
    ) {
        self.name = name
        self.tag = tag
        self.commit = commit
        self.subject = subject
        self.patch = patch
        self.series = series
    }
}

/// The candidates of a bisection in their order, and which end the user says is good.
package struct BisectPlan: Hashable, Sendable {
    /// The recipe's name, as given.
    package let recipe: String
    package let axis: BisectAxis
    /// All candidates, with both ends.
    package let candidates: [BisectCandidate]
    /// Whether the first end is the good one: then the first bad candidate is searched, otherwise the first good one.
    package let isFirstGood: Bool
    /// The patches of the longer series, if series are compared; nil otherwise.
    package let longest: [PatchName]?

    package init(recipe: String, axis: BisectAxis, candidates: [BisectCandidate], isFirstGood: Bool, longest: [PatchName]? = nil) {
        self.recipe = recipe
        self.axis = axis
        self.candidates = candidates
        self.isFirstGood = isFirstGood
        self.longest = longest
    }
}

/// Why nothing can be bisected.
package enum BisectError: ExitStatusError, Sendable, CustomStringConvertible {
    /// Both ends are the same candidate.
    case same(String)
    /// The source does not offer this version.
    case noVersion(String, recipe: String, advice: String)
    /// The recipe's source has no commits.
    case noCommits(recipe: String)
    /// Neither commit is among the first parents of the other.
    case unrelated(String, String, remote: String)
    /// Neither series begins with the other.
    case noBeginning(String, String)
    /// None of the candidates that were tried could be tested.
    case untestable(tried: Int, last: String, status: ExitStatus)

    /// The problem, the reason, and what to do.
    package var description: String {
        switch self {
        case .same(let name): "the good and the bad end are the same: \(name)"
        case .noVersion(let version, let recipe, let advice): "the source of recipe '\(recipe)' has no version \(version): \(advice)"
        case .noCommits(let recipe): "the source of recipe '\(recipe)' is not a git repository, so it has no commits to go over"
        case .unrelated(let one, let other, let remote):
            """
            neither of '\(one)' and '\(other)' of \(remote) is among the first \(BisectPlan.mostCommits) first parents of the other
                Name two commits of one branch; a commit that came with a merge is inside that merge.
            """
        case .noBeginning(let one, let other):
            "neither of the series '\(one)' and '\(other)' begins with the other, so there is nothing to go over"
        case .untestable(let tried, let last, _): "none of the \(tried) candidates that were tried can be tested; the last one:\n\(last)"
        }
    }

    package var exitStatus: ExitStatus {
        switch self {
        case .untestable(_, _, let status): status
        default: .usage
        }
    }
}

extension BisectPlan {
    /// The most commits between two ends that are read.
    static let mostCommits = 100_000

    /// The releases from one version to another.
    ///
    /// - Parameters:
    ///   - name: the recipe, without a version.
    ///   - series: the patches to apply; nil for those of the recipe at each version.
    ///   - includesPrereleases: whether they count even if neither end is one.
    /// - Throws: `BisectError`; errors from listing the versions; `PatchesError`.
    package static func versions(
        of name: String, good: Version, bad: Version, series: [String]?, includesPrereleases: Bool = false, in catalogue: Catalogue,
        with builder: SourceBuilder
    ) async throws -> BisectPlan {
        let all = try await VersionTags(
            offeredBy: name, in: catalogue, with: builder, includesPrereleases: includesPrereleases || good.isPrerelease || bad.isPrerelease
        )
        let recipe = try catalogue.recipe(name)
        let patches = try series.map { try Series($0, recipe: recipe, registry: catalogue.registry()).names }
        return try BisectPlan(among: all, of: name, good: good, bad: bad, series: patches)
    }

    /// The releases from one version to another, among those that a source offers.
    ///
    /// - Throws: `BisectError` if an end is not offered, or both are the same.
    init(among all: VersionTags, of name: String, good: Version, bad: Version, series: [PatchName]?) throws(BisectError) {
        func offer(_ wanted: Version) throws(BisectError) -> VersionTags.Offer {
            if let found = all.offers.first(where: { $0.version.plain == wanted.plain }) { return found }
            let alike = all.offers.filter { $0.version == wanted }
            if alike.count == 1 { return alike[0] }
            let advice = all.offers.isEmpty ? "it offers none" : Spelling.advice(for: wanted.plain, among: all.offers.map(\.version.plain))
            throw .noVersion(wanted.plain, recipe: name, advice: advice)
        }
        let (one, other) = (try offer(good), try offer(bad))
        guard one != other else { throw .same(one.version.plain) }
        let isFirstGood = one.version.isReleased(before: other.version)
        let (first, last) = isFirstGood ? (one, other) : (other, one)
        let candidates = all.between(first.version, last.version).map {
            BisectCandidate(name: $0.version.plain, tag: $0.name, commit: $0.commit, series: series)
        }
        self.init(recipe: name, axis: .versions, candidates: candidates, isFirstGood: isFirstGood)
    }

    /// The commits from one to another by first parents. The repository is fetched with the history of both.
    ///
    /// - Parameters:
    ///   - name: the recipe; its version, if it has one, decides everything but the source.
    ///   - good: a tag, a branch, or the 40 digits of a commit ID; and so is `bad`.
    ///   - series: the patches to apply; nil for the recipe's own.
    /// - Throws: `BisectError`; `FetchError`, `FileError`, `GitError`, `PatchesError`, `CancellationError`.
    package static func commits(
        of name: String, good: String, bad: String, series: [String]?, in catalogue: Catalogue, with builder: SourceBuilder
    ) async throws -> BisectPlan {
        let recipe = try catalogue.recipe(name)
        guard case .git(let spec) = recipe.source else { throw BisectError.noCommits(recipe: recipe.name) }
        let patches = try series.map { try Series($0, recipe: recipe, registry: catalogue.registry()).names }
        let runner = builder.runner
        let context = runner.context(of: "list")
        let source = GitSource(spec.url, mirrors: runner.workspace.mirrors, on: runner.host)
        func commit(_ reference: String) async throws -> ObjectID {
            let lock = try await source.resolve(reference) { context.tell($0) }
            guard let id = ObjectID(lock.version) else { throw BisectError.noCommits(recipe: recipe.name) }
            return id
        }
        let (one, other) = (try await commit(good), try await commit(bad))
        guard one != other else { throw BisectError.same("\(one)") }
        let mirror = try Repository.open(at: source.mirror.string)
        let forward = try mirror.firstParents(from: one, to: other, limit: mostCommits)
        guard let commits = try forward ?? mirror.firstParents(from: other, to: one, limit: mostCommits) else {
            throw BisectError.unrelated(good, bad, remote: GitSource.shown(spec.url))
        }
        let candidates = commits.map {
            BisectCandidate(name: "\($0.id)", commit: $0.id, subject: Visible.excerpt($0.subject, most: 200), series: patches)
        }
        return BisectPlan(recipe: name, axis: .commits, candidates: candidates, isFirstGood: forward != nil)
    }

    /// The beginnings of the longer of two series, from the shorter one on.
    ///
    /// - Throws: `BisectError` if neither begins with the other; `PatchesError`; errors from reading the recipe.
    package static func series(of name: String, good: [String], bad: [String], in catalogue: Catalogue) throws -> BisectPlan {
        let (recipe, registry) = (try catalogue.recipe(name), try catalogue.registry())
        let (one, other) = (try Series(good, recipe: recipe, registry: registry), try Series(bad, recipe: recipe, registry: registry))
        guard one.names != other.names else { throw BisectError.same(one.label) }
        let isFirstGood = one.names.count < other.names.count
        let (short, long) = isFirstGood ? (one, other) : (other, one)
        guard long.names.starts(with: short.names) else { throw BisectError.noBeginning(one.label, other.label) }
        let candidates = try (short.names.count...long.names.count).map { count in
            let names = Array(long.names.prefix(count))
            let label = try Series(names.map(\.description), recipe: recipe, registry: registry).label
            return BisectCandidate(name: label, patch: count > short.names.count ? names.last : nil, series: names)
        }
        return BisectPlan(recipe: name, axis: .series, candidates: candidates, isFirstGood: isFirstGood, longest: long.names)
    }
}
