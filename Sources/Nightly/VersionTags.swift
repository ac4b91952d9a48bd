import Building
import ExitCodes
import Git
import GitRemote
import Model
import Sources
import Store

/// The releases that a recipe's source offers, oldest first.
package struct VersionTags: Hashable, Sendable, Codable {
    /// One release.
    package struct Offer: Hashable, Sendable, Codable {
        /// The version to build it with, as in `NAME@VERSION`.
        package let version: Version
        /// What the source calls it: a tag's full name, or the version of a Debian package.
        package let name: String
        /// The tagged commit; nil if the source is not a git repository.
        package let commit: ObjectID?

        package init(version: Version, name: String, commit: ObjectID?) {
            self.version = version
            self.name = name
            self.commit = commit
        }
    }

    package let offers: [Offer]

    /// Sorts releases by their versions.
    package init(_ offers: [Offer]) {
        self.offers = offers.sorted {
            $0.version.isReleased(before: $1.version)
                || $0.version == $1.version && $0.version.build == $1.version.build && $0.name < $1.name
        }
    }

    /// Picks the releases that a recipe names by their version from a repository's tags.
    ///
    /// - Parameters:
    ///   - url: the repository's address.
    ///   - includesPrereleases: whether alphas, betas and release candidates count.
    package init(_ tags: [RemoteTag], of url: String, like pattern: VersionPattern, includesPrereleases: Bool = false) {
        self.init(
            tags.compactMap { tag in
                guard let version = pattern.version(of: tag.name, at: url), includesPrereleases || !version.isPrerelease else { return nil }
                return Offer(version: version, name: tag.name, commit: tag.commit)
            })
    }

    /// The newest releases of the newest minor lines (`1.36`, `1.35`, …), oldest first.
    ///
    /// - Parameters:
    ///   - range: the versions that count; nil for all.
    ///   - perLine: how many of each line.
    ///   - lines: how many lines.
    package func newest(in range: VersionRange? = nil, perLine: Int = 1, lines: Int) -> [Offer] {
        let fitting = offers.filter { range?.contains($0.version) ?? true }
        let byLine = Dictionary(grouping: fitting) { Line($0.version) }
        return byLine.keys.sorted().suffix(max(0, lines)).flatMap { (byLine[$0] ?? []).suffix(max(0, perLine)) }
    }

    /// The releases from one version to another, both included.
    package func between(_ first: Version, _ last: Version) -> [Offer] {
        offers.filter { !$0.version.isReleased(before: first) && !last.isReleased(before: $0.version) }
    }
}

/// A minor line: the releases whose first two numbers are the same.
private struct Line: Hashable, Comparable {
    let major: Int
    let minor: Int

    init(_ version: Version) {
        major = version.numbers.first ?? 0
        minor = version.numbers.dropFirst().first ?? 0
    }

    static func < (one: Line, other: Line) -> Bool { (one.major, one.minor) < (other.major, other.minor) }
}

extension VersionTags {
    /// A recipe's source cannot tell which releases there are.
    package enum Unlisted: ExitStatusError, Sendable, CustomStringConvertible {
        /// The source is an archive.
        case archive(recipe: String)
        /// The source is a git repository, and the reference is the same for all versions.
        case reference(String, recipe: String)

        /// The problem, the reason, and what to do.
        package var description: String {
            switch self {
            case .archive(let recipe):
                "recipe '\(recipe)' fetches an archive, and an address cannot be listed: name the versions, or use a recipe with a git source"
            case .reference(let reference, let recipe):
                "recipe '\(recipe)' fetches '\(reference)' whatever the version is, so the repository's tags are not its versions: "
                    + "write {version} where the tag has it, such as 'ref: v{version}'"
            }
        }

        package var exitStatus: ExitStatus { .data }
    }

    /// Asks a recipe's source which releases there are: a repository for its tags, a suite for the version that it has. The answer is not
    /// stored.
    ///
    /// - Parameters:
    ///   - name: a recipe's name, or the path of a `.yaml` file. A version selects the source, if the recipe has several.
    ///   - includesPrereleases: whether alphas, betas and release candidates count.
    /// - Throws: `Unlisted`; errors from reading the recipe; `SourceError`, `FetchError`, `FileError`, `CancellationError`.
    package init(
        offeredBy name: String, in catalogue: Catalogue, with builder: SourceBuilder, includesPrereleases: Bool = false
    ) async throws {
        let recipe = try catalogue.recipe(name)
        switch recipe.source {
        case .archive: throw Unlisted.archive(recipe: recipe.name)
        case .debian:
            let lock = try await builder.resolve(recipe, isFresh: true).0.lock
            self.init([Offer(version: recipe.version, name: lock.version, commit: nil)])
        case .git(let spec):
            let pattern = try catalogue.versionPattern(of: name)
            guard pattern.addresses(at: recipe.version).contains(spec.url) else {
                throw Unlisted.reference(spec.reference, recipe: recipe.name)
            }
            let runner = builder.runner
            let context = runner.context(of: "list")
            let tags = try await GitSource(spec.url, mirrors: runner.workspace.mirrors, on: runner.host).tags { context.tell($0) }
            self.init(tags, of: spec.url, like: pattern, includesPrereleases: includesPrereleases)
        }
    }
}
