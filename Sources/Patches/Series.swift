import Git
import Model

/// One patch as it was applied: which text, where, to which files.
public struct AppliedPatch: Hashable, Codable, Sendable {
    /// The patch.
    public let name: PatchName
    /// The variant that fitted.
    public let variant: String
    /// The files that it changed, by their paths in the tree.
    public let files: [String]
    /// What decided that this variant is meant.
    public let chosenBy: Choice
    /// Whether the variant, or the patch, was written for another version than the one that stands there.
    public let isOffVersion: Bool
}

/// Patches on their way into a tree, in order.
public struct Series: Sendable {
    /// The entries, in the order in which they are applied.
    public let entries: [PatchEntry]
    private let registry: Registry
    private let recipe: Recipe

    /// Looks names up.
    ///
    /// - Parameter names: full names, or last parts that are unique.
    /// - Throws: `PatchesError` for a name that is unknown, stands twice, or is of an upstream that the recipe does not have.
    public init(_ names: [String], recipe: Recipe, registry: Registry) throws(PatchesError) {
        self.registry = registry
        self.recipe = recipe
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

    /// The same patches for another form of the recipe: with its upstreams elsewhere, or their versions known.
    ///
    /// - Throws: `PatchesError`.
    public func moved(to recipe: Recipe) throws(PatchesError) -> Series {
        try Series(entries.map(\.name.description), recipe: recipe, registry: registry)
    }

    /// The patches' full names.
    public var names: [PatchName] { entries.map(\.name) }

    /// The series as a command line takes it: shortest names, or `none`.
    public var label: String { entries.isEmpty ? "none" : entries.map { registry.shortName(of: $0.name) }.joined(separator: ",") }

    /// The texts of all variants: what can change the result of applying the series.
    ///
    /// - Throws: `FileError`.
    public func texts() throws -> [[UInt8]] { try entries.flatMap { entry in try entry.variants.map { try registry.text($0, of: entry) } } }

    /// Applies all patches, one upon the other, in memory: either all, or none.
    ///
    /// - Throws: `PatchesError` for the first that does not apply; `GitError`.
    public func apply(to tree: ObjectID, in repository: Repository) throws -> (tree: ObjectID, applied: [AppliedPatch]) {
        var tree = tree
        var applied: [AppliedPatch] = []
        for entry in entries {
            let (next, patch) = try apply(entry, to: tree, in: repository)
            tree = next
            applied.append(patch)
        }
        return (tree, applied)
    }

    /// What stands in the file decides which variant is meant; the version only where two would fit.
    private func apply(_ entry: PatchEntry, to tree: ObjectID, in repository: Repository) throws -> (ObjectID, AppliedPatch) {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            throw PatchesError.noUpstream(entry.name, recipe: recipe.name, advice: "the series was made for another recipe")
        }
        let home = Home(path: upstream.path, version: upstream.version)
        let fitting = try PatchFitting(entry, at: home, in: SourceText(tree: tree, of: repository), registry: registry)
        let (chosen, choice) = try fitting.chosen()
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
