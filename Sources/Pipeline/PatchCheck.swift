import Git
import Model
import Patches
import SystemPackage

/// Whether a series applies to a recipe's source.
public struct PatchCheck: Hashable, Codable, Sendable {
    /// The series, by its patches' shortest names.
    public let series: String
    /// Whether it applies.
    public let applies: Bool
    /// The variants that fitted, patch by patch.
    public let variants: [String]
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
        let single = registry.entries.filter { recipe.upstreams[$0.name.upstream] != nil }.map { [$0.name.description] }
        let repository = try Repository.open(at: workspace.trees.string)
        return try (single + (recipe.series.count > 1 ? [recipe.series.map(\.description)] : [])).map { names in
            let series = try Series(names, recipe: recipe, registry: registry)
            do {
                let applied = try series.apply(to: tree, in: repository).applied
                return PatchCheck(
                    series: series.label, applies: true, variants: applied.map(\.variant), files: applied.flatMap(\.files), reason: nil)
            } catch let error as PatchesError {
                if case .malformed = error { throw error }
                return PatchCheck(series: series.label, applies: false, variants: [], files: [], reason: error.description)
            }
        }
    }
}
