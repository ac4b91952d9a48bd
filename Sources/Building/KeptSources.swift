import Git
import Host
import Model
import Patches
import Sources
import Runs
import Store
import SystemPackage

extension SourceBuilder {
    /// A recipe's source as it was last fetched; nil if it was not. It may be a built package that replaced the source package.
    ///
    /// - Throws: `GitError`.
    package func keptSource(of recipe: Recipe) throws -> (lock: Lock, tree: ObjectID, text: SourceText)? {
        var specs = [recipe.source]
        if case .debian(let spec) = recipe.source, let built = spec.fallback { specs.append(.debian(built)) }
        for spec in specs {
            let resolve = ResolveStep(source: spec, libraries: recipe.libraries)
            guard let resolution = runner.store.result(of: resolve, key: try resolve.key()) else { continue }
            let fetch = FetchStep(lock: resolution.lock, addresses: Unkeyed([:]))
            guard let tree = runner.store.result(of: fetch, key: try fetch.key())?.tree else { continue }
            return (resolution.lock, tree, SourceText(tree: tree, of: try trees()))
        }
        return nil
    }

    /// Tries every patch of the registry for one of the recipe's upstreams, and the recipe's whole series. The source is fetched if
    /// necessary.
    ///
    /// - Throws: errors from fetching and from `Registry.check`.
    package func check(_ recipe: Recipe, against registry: Registry) async throws -> [PatchCheck] {
        let tree = try await fetch(recipe).tree
        return try registry.check(try resolvingVersions(of: recipe, in: tree), on: tree, in: try trees())
    }

    /// Compares every variant of every patch with every stored source of a recipe. Nothing is fetched.
    ///
    /// - Parameter names: the patches; empty for all.
    /// - Throws: `PatchesError` for an unknown name; `GitError`, `FileError`; `Diagnostic` for an invalid recipe.
    package func matchAll(_ names: [String], catalogue: Catalogue, registry: Registry) throws -> [PatchMatchRow] {
        let wanted = names.isEmpty ? registry.entries : try names.map { try registry.entry(named: $0) }
        let ledger = try runner.ledger()
        return try catalogue.recipeNames.flatMap { name -> [PatchMatchRow] in
            let recipe = try catalogue.recipe(name)
            guard let kept = try keptSource(of: recipe) else { return wanted.map { .unfetched(name, $0.name) } }
            return try registry.rows(wanted, of: recipe, in: kept.text, stock: try ledger.cleanStockRun(of: name))
        }
    }

    /// Rebases variants of patches between the stored sources.
    package func rebasing(catalogue: Catalogue, registry: Registry) throws -> Rebasing {
        Rebasing(
            registry, recipes: try catalogue.recipeNames, recipe: { try catalogue.recipe($0) },
            fetched: { recipe in
                guard let kept = try keptSource(of: recipe) else { return nil }
                guard case .git(let spec) = recipe.source, let id = ObjectID(kept.lock.version) else {
                    return FetchedSource(kept.text, commit: nil)
                }
                return FetchedSource(kept.text, commit: (GitSource(spec.url, mirrors: workspace.mirrors, on: host).mirror, id))
            })
    }

    /// The version of one of a recipe's upstreams: from its source if that is stored, otherwise from the recipe; nil if neither specifies
    /// it.
    ///
    /// - Throws: `GitError`.
    package func version(of upstream: String, in recipe: Recipe) throws -> Version? {
        guard let tree = try keptSource(of: recipe)?.tree else { return recipe.upstreams[upstream]?.version }
        return try resolvingVersions(of: recipe, in: tree).upstreams[upstream]?.version
    }
}
