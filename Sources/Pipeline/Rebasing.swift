import Git
import GitHistory
import Host
import Model
import Patches
import Sources
import SystemPackage

/// What a patch is to be carried over to.
public enum RebaseTarget: Sendable {
    /// The source of a recipe, which was fetched.
    case recipe(String)
    /// A folder of source.
    case folder(FilePath)
}

/// Why a patch cannot be carried over.
public struct RebaseRefused: Error, Sendable, CustomStringConvertible {
    /// What, why, and what to do.
    public let description: String

    init(_ patch: PatchName, _ words: String) { description = "\(patch) cannot be rebased: \(words)" }
}

/// A patch that was carried over, or could not be.
public struct Rebased: Sendable {
    /// The new text, or the conflicts.
    public let result: Rebase
    /// The upstream's version in the target; nil when nothing tells it.
    public let version: Version?
    /// For each file with a conflict: upstream's commits between the two sources that touch it, the newest first. Empty where the two are
    /// not commits of one repository.
    public let log: [String: [String]]
}

extension Pipeline {
    /// An upstream's files in some source.
    private struct Site {
        let label: String
        let source: SourceText
        let home: Home
        /// The commit that it is, and the mirror that has it; nil for what is no commit.
        var commit: (mirror: FilePath, id: ObjectID)?
    }

    /// Carries a variant over, in memory.
    ///
    /// - Parameters:
    ///   - variant: the variant to start from; the nearest to the target when nil.
    ///   - base: a recipe or folder in which it applies; a fetched recipe is looked for when nil.
    /// - Throws: `RebaseRefused`; `ApplyError`; `GitError`, `FileError`.
    public func rebase(
        _ entry: PatchEntry, variant: String?, from base: String?, onto target: RebaseTarget, catalogue: Catalogue, registry: Registry
    ) throws -> Rebased {
        let target = try site(target, of: entry, catalogue, registry)
        let fitting = try PatchFitting(entry, at: target.home, in: target.source, registry: registry)
        let fits = fitting.variants.filter { $0.fit.state == .applies }.map(\.variant.name)
        guard fits.isEmpty else {
            let which = fits.count == 1 ? "variant \(fits[0]) applies" : "variants \(fits.joined(separator: " and ")) apply"
            throw RebaseRefused(entry.name, "its \(which) to \(target.label) already")
        }
        guard let start = variant.map({ name in fitting.variants.first { $0.variant.name == name } }) ?? fitting.nearest else {
            let advice = Spelling.advice(for: variant ?? "", among: entry.variants.map(\.name))
            throw RebaseRefused(entry.name, "it has no variant '\(variant ?? "")': \(advice)")
        }
        let origin = try self.origin(of: start.patch, entry, named: start.variant.name, base, catalogue, registry)
        let result = try Rebase(
            start.patch, named: start.variant.name, from: { try origin.source.standing($0, in: origin.home) },
            onto: { try target.source.standing($0, in: target.home) })
        guard !result.text.isEmpty || !result.conflicts.isEmpty else {
            throw PatchesError.inUpstream(entry.name, variant: start.variant.name, upstreamPath: target.home.path)
        }
        var log: [String: [String]] = [:]
        for conflict in result.conflicts { log[conflict.path] = try self.log(of: conflict.path, from: origin, to: target) }
        return Rebased(result: result, version: target.home.version, log: log)
    }

    /// What upstream did to a file between two commits.
    private func log(of path: String, from origin: Site, to target: Site) throws -> [String] {
        guard let old = origin.commit, let new = target.commit, old.mirror == new.mirror else { return [] }
        let place = target.home.path == "." ? path : "\(target.home.path)/\(path)"
        return try Repository.open(at: new.mirror.string).log(of: place, from: old.id, to: new.id).map {
            "\($0.id.description.prefix(12)) \($0.subject)"
        }
    }

    private func site(_ target: RebaseTarget, of entry: PatchEntry, _ catalogue: Catalogue, _ registry: Registry) throws -> Site {
        switch target {
        case .recipe(let name):
            let recipe = try catalogue.recipe(name)
            guard let upstream = recipe.upstreams[entry.name.upstream] else {
                let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
                throw PatchesError.noUpstream(entry.name, recipe: name, advice: advice)
            }
            guard let (source, lock, _) = try kept(recipe) else {
                throw RebaseRefused(entry.name, "the source of '\(name)' is not here: run 'ninepin fetch \(name)'")
            }
            var site = Site(label: name, source: source, home: try registry.home(of: entry, at: upstream, in: source))
            if case .git(let spec) = recipe.source, let id = ObjectID(lock.version) {
                site.commit = (GitSource(spec.url, mirrors: workspace.mirrors, on: host).mirror, id)
            }
            return site
        case .folder(let folder):
            let source = SourceText(folder: folder)
            guard let home = try registry.upstreams[entry.name.upstream]?.found(in: source).first else {
                throw RebaseRefused(entry.name, "\(entry.name.upstream) is in none of its homes in \(folder)")
            }
            return Site(label: folder.string, source: source, home: home)
        }
    }

    /// The files that a variant was written for.
    private func origin(
        of patch: Patch, _ entry: PatchEntry, named variant: String, _ base: String?, _ catalogue: Catalogue, _ registry: Registry
    ) throws -> Site {
        if let base {
            let isRecipe = (try? Catalogue.split(base).name).map(catalogue.recipeNames.contains) ?? false
            return try site(isRecipe ? .recipe(base) : .folder(try Files.realPath(FilePath(base))), of: entry, catalogue, registry)
        }
        for name in catalogue.recipeNames {
            guard let site = try? site(.recipe(name), of: entry, catalogue, registry) else { continue }
            if try patch.fit({ try site.source.standing($0, in: site.home) }).state == .applies { return site }
        }
        throw RebaseRefused(
            entry.name, "no source is here in which its variant \(variant) applies: name one with --base RECIPE or --base DIR")
    }
}
