import ExitCodes
import FileSystem
import Git
import GitHistory
import Model
import SystemPackage
import UnifiedDiff

/// A source that a patch is rebased onto, or from.
package enum RebaseTarget: Sendable {
    /// The source of the recipe with this name. It must have been fetched.
    case recipe(String)
    /// A folder of source.
    case folder(FilePath)
}

/// Why a patch cannot be rebased.
package struct RebaseRefused: ExitStatusError, Sendable, CustomStringConvertible {
    /// The problem, the reason, and what to do.
    package let description: String

    init(_ patch: PatchName, _ words: String) { description = "\(patch) cannot be rebased: \(words)" }

    package var exitStatus: ExitStatus { .no }
}

/// The result of a rebase.
package struct Rebased: Sendable {
    /// The rebased patch, or the conflicts.
    package let result: Rebase
    /// The rebased patch below the message of the patch's author.
    package let text: [UInt8]
    /// The upstream's version in the target; nil if unknown.
    package let version: Version?
    /// For each file with a conflict, the upstream commits between the two sources that touch it, newest first. Empty if the two are not
    /// commits of the same repository.
    package let log: [String: [String]]
}

/// A recipe's source as it was last fetched.
package struct FetchedSource {
    /// The source's files.
    package let source: SourceText
    /// The source's commit and the mirror that contains it; nil if the source is not a commit.
    package let commit: (mirror: FilePath, id: ObjectID)?

    package init(_ source: SourceText, commit: (mirror: FilePath, id: ObjectID)?) {
        (self.source, self.commit) = (source, commit)
    }
}

/// Rebases variants of patches onto other sources.
package struct Rebasing {
    private let registry: Registry
    private let recipes: [String]
    private let recipe: (String) throws -> Recipe
    private let fetched: (Recipe) throws -> FetchedSource?

    /// Configures how sources are found.
    ///
    /// - Parameters:
    ///   - recipes: the recipes whose sources may serve as a base.
    ///   - recipe: reads a recipe by its name, which may include a version.
    ///   - fetched: finds a recipe's source; nil if it was not fetched.
    package init(
        _ registry: Registry, recipes: [String], recipe: @escaping (String) throws -> Recipe,
        fetched: @escaping (Recipe) throws -> FetchedSource?
    ) {
        (self.registry, self.recipes, self.recipe, self.fetched) = (registry, recipes, recipe, fetched)
    }

    /// An upstream's files in a source.
    private struct Site {
        let label: String
        let source: SourceText
        let home: Home
        var commit: (mirror: FilePath, id: ObjectID)?
    }

    /// Rebases a variant in memory.
    ///
    /// - Parameters:
    ///   - variant: the variant to start from; nil for the one nearest to the target.
    ///   - base: a source to which it applies; nil to search the fetched recipes.
    /// - Throws: `RebaseRefused`; `ApplyError`; `GitError`, `FileError`; errors from looking up a source.
    package func rebase(
        _ entry: PatchEntry, variant: String?, from base: RebaseTarget?, onto target: RebaseTarget
    ) throws -> Rebased {
        let target = try site(target, of: entry)
        let matcher = try PatchMatcher(entry, at: target.home, in: target.source, registry: registry)
        let fits = matcher.variants.filter { $0.match.state == .applies }.map(\.variant.name)
        guard fits.isEmpty else {
            let which = fits.count == 1 ? "variant \(fits[0]) already applies" : "variants \(fits.joined(separator: " and ")) already apply"
            throw RebaseRefused(entry.name, "its \(which) to \(target.label)")
        }
        guard let start = variant.map({ name in matcher.variants.first { $0.variant.name == name } }) ?? matcher.nearest else {
            let advice = Spelling.advice(for: variant ?? "", among: entry.variants.map(\.name))
            throw RebaseRefused(entry.name, "it has no variant '\(variant ?? "")': \(advice)")
        }
        let origin = try self.origin(of: start.patch, entry, named: start.variant.name, base)
        let result = try Rebase(
            start.patch, named: start.variant.name, from: { try origin.source.standing($0, in: origin.home) },
            onto: { try target.source.standing($0, in: target.home) })
        guard !result.text.isEmpty || !result.conflicts.isEmpty else {
            throw PatchesError.inUpstream(entry.name, variant: start.variant.name, upstreamPath: target.home.path)
        }
        var log: [String: [String]] = [:]
        for conflict in result.conflicts { log[conflict.path] = try self.log(of: conflict.path, from: origin, to: target) }
        let old = try registry.text(start.variant, of: entry)
        let head = try registry.message(start.variant, of: entry) == nil ? [] : PatchMessage.bytes(before: old) + Array("---\n\n".utf8)
        return Rebased(result: result, text: head + result.text, version: target.home.version, log: log)
    }

    /// The upstream commits to a file between two sources.
    private func log(of path: String, from origin: Site, to target: Site) throws -> [String] {
        guard let old = origin.commit, let new = target.commit, old.mirror == new.mirror else { return [] }
        let place = target.home.path == "." ? path : "\(target.home.path)/\(path)"
        return try Repository.open(at: new.mirror.string).log(of: place, from: old.id, to: new.id).map {
            "\($0.id.description.prefix(12)) \($0.subject)"
        }
    }

    private func site(_ target: RebaseTarget, of entry: PatchEntry) throws -> Site {
        switch target {
        case .recipe(let name):
            let recipe = try recipe(name)
            guard let upstream = recipe.upstreams[entry.name.upstream] else {
                let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
                throw PatchesError.noUpstream(entry.name, recipe: name, advice: advice)
            }
            guard let fetched = try fetched(recipe) else {
                throw RebaseRefused(entry.name, "the source of '\(name)' is not fetched: run 'ninepin fetch \(name)'")
            }
            return try site(fetched, named: name, at: upstream, of: entry)
        case .folder(let folder):
            let source = SourceText(folder: folder)
            guard let home = try registry.upstreams[entry.name.upstream]?.found(in: source).first else {
                throw RebaseRefused(entry.name, "\(entry.name.upstream) is in none of its homes in \(folder)")
            }
            return Site(label: folder.string, source: source, home: home)
        }
    }

    /// The patch's upstream in a fetched source.
    private func site(_ fetched: FetchedSource, named name: String, at upstream: Upstream, of entry: PatchEntry) throws -> Site {
        let home = try registry.home(of: entry, at: upstream, in: fetched.source)
        return Site(label: name, source: fetched.source, home: home, commit: fetched.commit)
    }

    /// The source that a variant was written for.
    private func origin(of patch: Patch, _ entry: PatchEntry, named variant: String, _ base: RebaseTarget?) throws -> Site {
        switch base {
        case .recipe(let name)?: return try site(.recipe(name), of: entry)
        case .folder(let folder)?: return try site(.folder(try Files.realPath(folder)), of: entry)
        case nil: break
        }
        for name in recipes {
            let recipe = try recipe(name)
            guard let upstream = recipe.upstreams[entry.name.upstream], let fetched = try fetched(recipe) else { continue }
            let site = try site(fetched, named: name, at: upstream, of: entry)
            if try patch.match({ try site.source.standing($0, in: site.home) }).state == .applies { return site }
        }
        throw RebaseRefused(
            entry.name, "its variant \(variant) applies to no fetched source: give one with --base RECIPE or --base DIR")
    }
}
