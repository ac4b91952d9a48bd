import Git
import Model

/// One applied patch: which variant, where, and to which files.
package struct AppliedPatch: Hashable, Codable, Sendable {
    package let name: PatchName
    /// The variant that was applied.
    package let variant: String
    /// The changed files, by their paths in the tree.
    package let files: [String]
    /// Why this variant was chosen.
    package let chosenBy: Choice
    /// Whether the variant or the patch was written for another version than the one in the tree.
    package let isOffVersion: Bool
}

/// A list of patches to apply in order.
package struct Series: Sendable {
    /// The entries, in the order in which they are applied.
    package let entries: [PatchEntry]
    private let registry: Registry

    /// Looks up patches by name.
    ///
    /// - Parameter names: full names, or unique last components.
    /// - Throws: `PatchesError` if a name is unknown or occurs twice, or the recipe does not have its upstream.
    package init(_ names: [String], recipe: Recipe, registry: Registry) throws(PatchesError) {
        self.registry = registry
        var entries: [PatchEntry] = []
        for name in names {
            let entry = try registry.entry(named: name)
            guard !entries.contains(where: { $0.name == entry.name }) else { throw .twice(entry.name) }
            guard recipe.upstreams[entry.name.upstream] != nil else {
                let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
                throw .noUpstream(entry.name, recipe: recipe.name, advice: advice)
            }
            entries.append(entry)
        }
        self.entries = entries
    }

    /// The patches' full names.
    package var names: [PatchName] { entries.map(\.name) }

    /// The series in command-line syntax: shortest names, or `none`.
    package var label: String { entries.isEmpty ? "none" : entries.map { registry.shortName(of: $0.name) }.joined(separator: ",") }

    /// The texts of all variants: everything that can change the result of applying the series.
    ///
    /// - Throws: `FileError`.
    package func texts() throws -> [[UInt8]] {
        try entries.flatMap { entry in try entry.variants.map { try registry.text($0, of: entry) } }
    }

    /// Applies all patches in sequence, in memory: all of them or none.
    ///
    /// - Parameter recipe: provides the paths and versions of the upstreams in the tree.
    /// - Throws: `PatchesError` for the first patch that does not apply; `GitError`.
    package func apply(to tree: ObjectID, of recipe: Recipe, in repository: Repository) throws -> (tree: ObjectID, applied: [AppliedPatch])
    {
        var tree = tree
        var applied: [AppliedPatch] = []
        for entry in entries {
            let (next, patch) = try apply(entry, to: tree, of: recipe, in: repository)
            tree = next
            applied.append(patch)
        }
        return (tree, applied)
    }

    /// The content of the files decides which variant is used; the version decides only if several apply.
    private func apply(
        _ entry: PatchEntry, to tree: ObjectID, of recipe: Recipe, in repository: Repository
    ) throws -> (ObjectID, AppliedPatch) {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            throw PatchesError.noUpstream(entry.name, recipe: recipe.name, advice: "the series was made for another recipe")
        }
        let home = Home(path: upstream.path, version: upstream.version)
        let matcher = try PatchMatcher(entry, at: home, in: SourceText(tree: tree, of: repository), registry: registry)
        let (chosen, choice) = try matcher.chosen()
        let changed: ObjectID
        do { changed = try repository.apply(chosen.patch, to: tree, under: upstream.path) } catch {
            throw PatchesError.doesNotApply(
                entry.name, variant: chosen.variant.name, nearness: "the one that fits", upstreamPath: upstream.path, error)
        }
        let isOff = chosen.agrees == false || upstream.version.map(entry.versions.contains) == false
        let files = try repository.changedPaths(from: tree, to: changed)
        let applied = AppliedPatch(
            name: entry.name, variant: chosen.variant.name, files: files, chosenBy: choice, isOffVersion: isOff)
        return (changed, applied)
    }
}
