import Building
import ExitCodes
import FileSystem
import Git
import Host
import Model
import Patches
import Runs
import Store
import SystemPackage

/// Collects what a pull request needs: the source that it is based on, and the recorded evidence.
package struct PullRequestSources: Sendable {
    private let builder: SourceBuilder
    private let catalogue: Catalogue
    private let registry: Registry

    package init(_ builder: SourceBuilder, catalogue: Catalogue, registry: Registry) {
        (self.builder, self.catalogue, self.registry) = (builder, catalogue, registry)
    }

    /// The evidence of recorded runs for a patch, by recipe. If there is no run, the row says so. A probe calls the code of one project, and
    /// is no evidence for another project that has a copy of it.
    ///
    /// - Throws: `Diagnostic` for an invalid recipe; `FileError`.
    package func evidence(of patch: PatchName, for project: Project) throws -> [EvidenceRow] {
        let ledger = try builder.runner.ledger()
        return try catalogue.recipeNames.map { try catalogue.recipe($0) }.filter { $0.upstreams[patch.upstream] != nil }
            .filter { recipe in recipe.node != nil || recipe.importPath.map(project.isModule) ?? true }
            .flatMap { recipe in
                var resolved = recipe
                resolved.upstreams[patch.upstream]?.version = try builder.version(of: patch.upstream, in: recipe)
                return EvidenceRow.rows(of: patch, in: resolved, runs: try ledger.runs(ofRecipe: recipe.name), registry: registry)
            }
    }

    /// The logs of the runs that a pull request's text quotes, by file name. A log that is gone or large is left out.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    package func logs(of evidence: [EvidenceRow]) throws -> [(name: String, bytes: [UInt8])] {
        let ledger = try builder.runner.ledger()
        return try EvidenceText.examples(of: evidence).enumerated().flatMap { index, row in
            try [("without", row.before), ("with", row.after)].flatMap { word, side -> [(name: String, bytes: [UInt8])] in
                guard let side else { return [] }
                let folder = try ledger.place(of: side.run)
                return try Files.list(folder).filter { $0.hasSuffix(".log") }.compactMap { log in
                    let bytes = try Files.read(folder.appending(log), from: 0, count: Self.mostBytes + 1)
                    return bytes.count > Self.mostBytes ? nil : ("\(index + 1)-\(word)-\(log)", bytes)
                }
            }
        }
    }

    /// The largest log that is put into a bundle.
    private static let mostBytes = 4 << 20

    /// The newest commit of a project's default branch as the base of a pull request. If it cannot be reached, the base is the text of the
    /// newest variant.
    ///
    /// - Throws: `PullRequestError.needsSource` for a project whose code is copied, if it cannot be reached; `PullRequestError.notThere` if the
    ///   code is not where it was; errors of a reached repository.
    package func newest(of project: Project, for entry: PatchEntry) async throws -> (base: PullRequestBase, currency: Currency) {
        let homes = project.homes.filter { $0.upstream == entry.name.upstream }
        guard let home = homes.first else { return (.registry(variant: nil), .unknown("it has none of this code")) }
        let address = "https://github.com/\(project.title)"
        let yaml = """
            title: \(project.title)
            version: 0.0.0
            importPath: github.com/\(project.title)
            source: {git: {url: "\(address)", ref: HEAD}}
            upstreams: {\(home.upstream): {path: "\(home.path)"}}
            toolchain: '*'
            """
        let recipe = try Recipe(yaml: yaml, file: address, name: project.name)
        let fetched: Fetched
        do { fetched = try await builder.fetch(recipe, isFresh: true) } catch {
            try Task.checkCancellation()
            guard ExitStatus(for: error) == .missing else { throw error }
            return (.registry(variant: nil), .unknown("\(address) could not be reached, so nothing was compared: \(error)"))
        }
        let source = SourceText(tree: fetched.tree, of: try builder.trees())
        let found = try registry.upstreams[entry.name.upstream]?.found(in: source) ?? []
        // A project may have moved its code since the registry was written.
        let place = try Self.place(of: entry.name, in: project, found, folder: "\(project.title), \(fetched.lock.title)")
        return (.source(source, place, label: fetched.lock.title, isOwn: true), .newest(fetched.lock.title))
    }

    /// A recipe's source as the base of a pull request. It is fetched if necessary.
    ///
    /// - Parameter project: the project that it is for; nil for a plain diff.
    /// - Throws: `PullRequestError.copied`; `PatchesError.noUpstream`; errors from fetching; `GitError`, `FileError`.
    package func base(for entry: PatchEntry, to project: Project? = nil, in recipe: Recipe) async throws -> PullRequestBase {
        guard let upstream = recipe.upstreams[entry.name.upstream] else {
            let advice = Spelling.advice(for: entry.name.upstream, among: recipe.upstreams.keys)
            throw PatchesError.noUpstream(entry.name, recipe: recipe.name, advice: advice)
        }
        let fetched = try await builder.fetch(recipe)
        let source = SourceText(tree: fetched.tree, of: try builder.trees())
        let home = try registry.home(of: entry, at: upstream, in: source)
        if let project, try source.module.map(project.isModule) == true {
            _ = try Self.place(of: entry.name, in: project, [home], folder: fetched.lock.title)
        }
        return .source(source, home, label: fetched.lock.title)
    }

    /// A folder of source as the base of a pull request.
    ///
    /// - Throws: `PullRequestError.notThere`; `FileError`.
    package func base(for entry: PatchEntry, to project: Project, in folder: FilePath) throws -> PullRequestBase {
        let source = SourceText(folder: folder)
        let found = try registry.upstreams[entry.name.upstream]?.found(in: source) ?? []
        // Another project's tree with a copy is a base too: the paths become those of the project.
        let isOwn = try source.module.map(project.isModule) ?? false
        let home = try Self.place(of: entry.name, in: project, found, folder: folder.string, mayBeCopy: !isOwn)
        return .source(source, home, label: folder.string, isOwn: isOwn)
    }

    /// The place of an upstream's code in a project's tree: where the project says that it is, or else where else it was found.
    ///
    /// - Parameter mayBeCopy: whether a copy in vendor/ counts, though the project has code of its own.
    /// - Throws: `PullRequestError`.
    private static func place(
        of patch: PatchName, in project: Project, _ found: [Home], folder: String, mayBeCopy: Bool = false
    ) throws(PullRequestError) -> Home {
        let known = found.first { home in project.homes.contains { $0.upstream == patch.upstream && $0.path == home.path } }
        if let known { return known }
        let own = found.first { mayBeCopy || project.isVendored || !$0.path.split(separator: "/").contains("vendor") }
        if let own { return own }
        if let copy = found.first { throw .copied(patch, project: project.title, path: copy.path, folder: folder) }
        throw .notThere(patch, folder: folder)
    }
}

extension SourceText {
    /// The module of a source, by its `go.mod` (Go Modules Reference, "module directive"); nil if that does not say it in its plain form.
    fileprivate var module: String? {
        get throws {
            let text = String(decoding: try content("go.mod") ?? [], as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("module ") }
            return line.flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }.map { $0.filter { $0 != "\"" } }
        }
    }
}

extension Project {
    /// Whether a module is this project's, or one of several in its repository.
    func isModule(_ path: String) -> Bool { path == "github.com/\(title)" || path.hasPrefix("github.com/\(title)/") }
}
