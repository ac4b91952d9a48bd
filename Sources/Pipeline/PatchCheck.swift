import Git
import Ledger
import Model
import Patches
import Sources
import SystemPackage

/// Whether a series applies to a recipe's source.
public struct PatchCheck: Hashable, Codable, Sendable {
    /// The series, by its patches' shortest names.
    public let series: String
    /// Whether it applies.
    public let applies: Bool
    /// The variants that fitted, patch by patch.
    public let variants: [String]
    /// What decided for each of them.
    public let chosenBy: [Choice]
    /// Whether each of them was written for the version that is there.
    public let versionAgrees: [Bool]
    /// The files that it changes.
    public let files: [String]
    /// Why it does not apply; nil when it does.
    public let reason: String?
}

extension Pipeline {
    /// Tries every patch of the registry that is for one of the recipe's upstreams, each on its own, and then the recipe's whole series.
    ///
    /// - Throws: what fetching throws; `PatchesError.malformed`; `FileError`. That a patch does not apply is a result, not an error.
    public func check(_ recipe: Recipe, registry: Registry) async throws -> [PatchCheck] {
        let tree = try await fetch(recipe).tree
        let recipe = try settled(recipe, in: tree)
        let repository = try Repository.open(at: workspace.trees.string)
        let source = SourceText(tree: tree, of: repository)
        let single = try registry.entries.filter { entry in
            guard let upstream = recipe.upstreams[entry.name.upstream] else { return false }
            return try registry.needlessness(of: entry, at: upstream, in: source) == nil
        }.map { [$0.name.description] }
        return try (single + (recipe.series.count > 1 ? [recipe.series.map(\.description)] : [])).map { names in
            let series = try Series(names, recipe: recipe, registry: registry)
            do {
                return PatchCheck(series.label, try series.apply(to: tree, in: repository).applied, reason: nil)
            } catch let error as PatchesError {
                if case .malformed = error { throw error }
                return PatchCheck(series.label, [], reason: error.description)
            }
        }
    }

    /// Holds every variant of every patch against every recipe's source that is here. Nothing is fetched.
    ///
    /// - Parameter names: the patches; all when empty.
    /// - Throws: `PatchesError` for a name that is unknown; `GitError`, `FileError`; `Diagnostic` for a recipe that is wrong.
    public func checkAll(_ names: [String], catalogue: Catalogue, registry: Registry) throws -> [FitRow] {
        let wanted = names.isEmpty ? registry.entries : try names.map { try registry.entry(named: $0) }
        let ledger = Ledger(workspace.runs)
        return try catalogue.recipeNames.flatMap { name -> [FitRow] in
            let recipe = try catalogue.recipe(name)
            guard let source = try keptSource(recipe) else { return wanted.map { .unfetched(name, $0.name) } }
            let stock = ledger.cleanStockRun(of: name)
            return try wanted.flatMap { try rows($0, of: recipe, in: source, stock: stock, registry: registry) }
        }
    }

    /// A recipe's source as it was last fetched; nil when it was not.
    ///
    /// - Throws: `GitError`.
    public func keptSource(_ recipe: Recipe) throws -> SourceText? { try kept(recipe)?.source }

    /// A recipe's source as it was last fetched, and its lock. A built package may have stood in for a source package.
    func kept(_ recipe: Recipe) throws -> (source: SourceText, lock: Lock)? {
        var specs = [recipe.source]
        if case .debian(let spec) = recipe.source, let built = spec.fallback { specs.append(.debian(built)) }
        for spec in specs {
            let resolve = ResolveStep(source: spec, libraries: recipe.libraries)
            guard let resolution = store.result(of: resolve, key: try resolve.key()) else { continue }
            let fetch = FetchStep(lock: resolution.lock, addresses: Unkeyed([:]))
            guard let tree = store.result(of: fetch, key: try fetch.key())?.tree else { continue }
            return (SourceText(tree: tree, of: try Repository.open(at: workspace.trees.string)), resolution.lock)
        }
        return nil
    }

    private func rows(
        _ entry: PatchEntry, of recipe: Recipe, in source: SourceText, stock: Run?, registry: Registry
    ) throws -> [FitRow] {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            let reason = "\(entry.name.upstream) is not among the upstreams of recipe '\(recipe.name)'"
            return [.absent(recipe.name, entry.name, reason: reason)]
        }
        if let reason = try registry.needlessness(of: entry, at: upstream, in: source) {
            return [.absent(recipe.name, entry.name, reason: reason)]
        }
        let home = try registry.home(of: entry, at: upstream, in: source)
        var rows = try PatchFitting(entry, at: home, in: source, registry: registry).rows(source: recipe.name)
        if let stock, recipe.series.contains(entry.name) {
            for index in rows.indices where rows[index].chosenBy != nil {
                rows[index].notes.append("needless in layout \(stock.layout.rawValue): the stock node was clean in run \(stock.id)")
            }
        }
        return rows
    }
}

extension PatchCheck {
    fileprivate init(_ series: String, _ applied: [AppliedPatch], reason: String?) {
        self.series = series
        applies = reason == nil
        variants = applied.map(\.variant)
        chosenBy = applied.map(\.chosenBy)
        versionAgrees = applied.map { !$0.isOffVersion }
        files = applied.flatMap(\.files)
        self.reason = reason
    }
}
