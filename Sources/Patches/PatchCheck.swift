import Git
import Model

/// Whether a series applies to a recipe's source.
package struct PatchCheck: Hashable, Codable, Sendable {
    /// The series, as the shortest names of its patches.
    package let series: String
    /// Whether the series applies.
    package let applies: Bool
    /// The chosen variants, one per patch.
    package let variants: [String]
    /// Why each variant was chosen.
    package let chosenBy: [Choice]
    /// Whether each variant was written for the version in the source.
    package let versionAgrees: [Bool]
    /// The files that the series changes.
    package let files: [String]
    /// Why the series does not apply; nil if it does.
    package let reason: String?
}

extension Registry {
    /// Tries every patch for one of a recipe's upstreams separately, and then the recipe's whole series.
    ///
    /// - Parameters:
    ///   - recipe: a recipe with the versions found in the tree.
    ///   - tree: the recipe's source.
    /// - Throws: `PatchesError.malformed`; `GitError`, `FileError`. A patch that does not apply is a result, not an error.
    package func check(_ recipe: Recipe, on tree: ObjectID, in repository: Repository) throws -> [PatchCheck] {
        let source = SourceText(tree: tree, of: repository)
        let single = try entries.filter { entry in
            guard let upstream = recipe.upstreams[entry.name.upstream] else { return false }
            return try needlessness(of: entry, at: upstream, in: source) == nil
        }.map { [$0.name.description] }
        return try (single + (recipe.series.count > 1 ? [recipe.series.map(\.description)] : [])).map { names in
            let series = try Series(names, recipe: recipe, registry: self)
            do {
                return PatchCheck(series.label, try series.apply(to: tree, of: recipe, in: repository).applied, reason: nil)
            } catch let error as PatchesError {
                if case .malformed = error { throw error }
                return PatchCheck(series.label, [], reason: error.description)
            }
        }
    }

    /// Compares every variant of some patches with a recipe's source.
    ///
    /// - Parameter stock: a run in which the recipe's stock node was clean; nil if there is none.
    /// - Throws: `GitError`, `FileError`.
    package func rows(_ patches: [PatchEntry], of recipe: Recipe, in source: SourceText, stock: Run?) throws -> [PatchMatchRow] {
        try patches.flatMap { try rows($0, of: recipe, in: source, stock: stock) }
    }

    private func rows(_ entry: PatchEntry, of recipe: Recipe, in source: SourceText, stock: Run?) throws -> [PatchMatchRow] {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            let reason = "\(entry.name.upstream) is not an upstream of recipe '\(recipe.name)'"
            return [.absent(recipe.name, entry.name, reason: reason)]
        }
        if let reason = try needlessness(of: entry, at: upstream, in: source) {
            return [.absent(recipe.name, entry.name, reason: reason)]
        }
        let home = try home(of: entry, at: upstream, in: source)
        var rows = try PatchMatcher(entry, at: home, in: source, registry: self).rows(source: recipe.name)
        if let stock, recipe.series.contains(entry.name) {
            for index in rows.indices where rows[index].chosenBy != nil {
                rows[index].notes.append("not needed in layout \(stock.layout.rawValue): the stock node was clean in run \(stock.id)")
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
