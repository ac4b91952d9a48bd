import Git
import Ledger
import Model
import Patches
import PullRequests
import SystemPackage

extension Pipeline {
    /// What the recorded runs say of a patch, recipe by recipe: where there is no run, the row says so.
    ///
    /// - Throws: `Diagnostic` for a recipe that is wrong; `FileError`.
    public func evidence(of patch: PatchName, catalogue: Catalogue, registry: Registry) throws -> [EvidenceRow] {
        let runs = Ledger(workspace.runs).runs()
        return try catalogue.recipeNames.map { try catalogue.recipe($0) }.filter { $0.upstreams[patch.upstream] != nil }
            .flatMap { recipe in
                var settled = recipe
                settled.upstreams[patch.upstream]?.version = try version(of: patch.upstream, in: recipe)
                return EvidenceRow.rows(of: patch, in: settled, runs: runs, registry: registry)
            }
    }

    /// The version of one of a recipe's upstreams: what its source tells where that is here, else what the recipe says; nil when neither does.
    ///
    /// - Throws: `GitError`.
    public func version(of upstream: String, in recipe: Recipe) throws -> Version? {
        guard let tree = try kept(recipe)?.tree else { return recipe.upstreams[upstream]?.version }
        return try settled(recipe, in: tree).upstreams[upstream]?.version
    }

    /// A recipe's source, to make a pull request for. It is fetched when it is not here.
    ///
    /// - Throws: `PatchesError.noUpstream`; what fetching throws; `GitError`, `FileError`.
    public func pullRequestBase(for entry: PatchEntry, in recipe: Recipe, registry: Registry) async throws -> PullRequestBase {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
            throw PatchesError.noUpstream(entry.name, recipe: recipe.name, advice: advice)
        }
        let fetched = try await fetch(recipe)
        let source = SourceText(tree: fetched.tree, of: try Repository.open(at: workspace.trees.string))
        return .source(source, try registry.home(of: entry, at: upstream, in: source), label: fetched.lock.title)
    }

    /// A folder of source, to make a pull request for.
    ///
    /// - Throws: `PullRequestError.notThere`; `FileError`.
    public static func pullRequestBase(
        for entry: PatchEntry, to project: Project, in folder: FilePath, registry: Registry
    ) throws -> PullRequestBase {
        let source = SourceText(folder: folder)
        let found = try registry.upstreams[entry.name.upstream]?.found(in: source) ?? []
        // Where the project itself has it, and else where it is.
        let own = found.first { home in project.homes.contains { $0.upstream == entry.name.upstream && $0.path == home.path } }
        guard let home = own ?? found.first else { throw PullRequestError.notThere(entry.name, folder: folder.string) }
        return .source(source, home, label: folder.string)
    }
}
