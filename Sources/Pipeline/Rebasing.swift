import Git
import Host
import Model
import Patches
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
}

extension Pipeline {
    /// An upstream's files in some source.
    private struct Site {
        let label: String
        let source: SourceText
        let home: Home
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
        if let chosen = try? fitting.chosen() {
            throw RebaseRefused(entry.name, "its variant \(chosen.fit.variant.name) applies to \(target.label) already")
        }
        guard let start = variant.map({ name in fitting.variants.first { $0.variant.name == name } }) ?? fitting.nearest else {
            let advice = Spelling.advice(for: variant ?? "", among: entry.variants.map(\.name))
            throw RebaseRefused(entry.name, "it has no variant '\(variant ?? "")': \(advice)")
        }
        let origin = try self.origin(of: start.patch, entry, named: start.variant.name, base, catalogue, registry)
        let result = try Rebase(
            start.patch, named: start.variant.name, from: { try origin.source.content($0, in: origin.home) },
            onto: { try target.source.content($0, in: target.home) })
        guard !result.text.isEmpty || !result.conflicts.isEmpty else {
            throw PatchesError.inUpstream(entry.name, variant: start.variant.name, upstreamPath: target.home.path)
        }
        return Rebased(result: result, version: target.home.version)
    }

    private func site(_ target: RebaseTarget, of entry: PatchEntry, _ catalogue: Catalogue, _ registry: Registry) throws -> Site {
        switch target {
        case .recipe(let name):
            let recipe = try catalogue.recipe(name)
            guard let upstream = recipe.upstreams[entry.name.upstream] else {
                let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
                throw PatchesError.noUpstream(entry.name, recipe: name, advice: advice)
            }
            guard let source = try keptSource(recipe) else {
                throw RebaseRefused(entry.name, "the source of '\(name)' is not here: run 'ninepin fetch \(name)'")
            }
            return Site(label: name, source: source, home: try registry.home(of: entry, at: upstream, in: source))
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
            let isRecipe = catalogue.recipeNames.contains(base)
            return try site(isRecipe ? .recipe(base) : .folder(try Files.realPath(FilePath(base))), of: entry, catalogue, registry)
        }
        for name in catalogue.recipeNames {
            guard let site = try? site(.recipe(name), of: entry, catalogue, registry) else { continue }
            if try patch.fit({ try site.source.content($0, in: site.home) }).state == .applies { return site }
        }
        throw RebaseRefused(
            entry.name, "no source is here in which its variant \(variant) applies: name one with --base RECIPE or --base DIR")
    }
}
