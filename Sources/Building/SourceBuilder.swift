import ExitCodes
import FoundationEssentials
import Git
import GoToolchain
import GoTree
import Host
import Model
import Patches
import Sanitizing
import Sources
import Store
import SystemPackage
import Transfer

/// Builds a binary from a recipe: resolve, fetch, patch, build. Each result comes from the store if it is there.
package struct SourceBuilder: Sendable {
    package let runner: StepRunner

    package init(_ runner: StepRunner) { self.runner = runner }

    var host: Host { runner.host }
    var workspace: Workspace { runner.workspace }
    var events: EventSink { runner.events }

    /// The repository that contains all trees.
    ///
    /// - Throws: `GitError`.
    package func trees() throws(GitError) -> Repository { try Repository.open(at: workspace.trees.string) }

    /// Resolves a recipe's source to a lock.
    ///
    /// - Parameter isFresh: whether to query the index or the repository even if there is a stored answer.
    /// - Throws: `SourceError`, `FetchError`, `FileError`, `CancellationError`.
    package func resolve(_ recipe: Recipe, isFresh: Bool = false) async throws -> (Resolution, StepRecord) {
        let step = ResolveStep(source: recipe.source, libraries: recipe.libraries)
        let done = try await runner.perform(step, subject: recipe.source.subject, isFresh: isFresh) { $0.lock.title }
        var resolution = done.output
        resolution.addresses.merge(recipe.source.named) { _, own in own }
        return (resolution, done.record)
    }

    /// Fetches a recipe's source tree.
    ///
    /// - Parameter folder: a folder to use instead of the recipe's source.
    /// - Throws: `SourceError`, `TransferError`, `FetchError`, `ArchiveError`, `GitError`, `FileError`, `CancellationError`.
    package func fetch(_ recipe: Recipe, from folder: FilePath? = nil, isFresh: Bool = false) async throws -> Fetched {
        if let folder { return try await fetch(folder, recipe) }
        var (resolution, resolved) = try await resolve(recipe, isFresh: isFresh)
        do {
            return try await fetch(resolution, resolved)
        } catch let error as TransferError where error.isUnreachable && resolution.lock.isOfSuite {
            guard resolved.cached else { return try await fetchBuilt(recipe, insteadOf: error) }
            // The stored addresses may be outdated, because mirrors and a suite's files move. The digests stay the same.
            let locked = resolution.lock
            (resolution, resolved) = try await resolve(recipe, isFresh: true)
            if resolution.lock != locked { events(.note("the suite now has \(resolution.lock.version) instead of \(locked.version)")) }
            do { return try await fetch(resolution, resolved) } catch let error as TransferError where error.isUnreachable {
                return try await fetchBuilt(recipe, insteadOf: error)
            }
        }
    }

    /// Fetches the same code from a built package if the pool lacks a file of the source package.
    private func fetchBuilt(_ recipe: Recipe, insteadOf error: TransferError) async throws -> Fetched {
        guard case .debian(let spec) = recipe.source, let built = spec.fallback else { throw error }
        events(.note("\(spec.package) cannot be fetched (\(error)); using \(built.package), which contains the same code"))
        let step = ResolveStep(source: .debian(built), libraries: recipe.libraries)
        let done = try await runner.perform(step, subject: "\(built.package) of \(built.suite)") { $0.lock.title }
        return try await fetch(done.output, done.record)
    }

    private func fetch(_ resolution: Resolution, _ resolved: StepRecord) async throws -> Fetched {
        let step = FetchStep(lock: resolution.lock, addresses: Unkeyed(resolution.addresses))
        let done = try await runner.perform(step, subject: resolution.lock.title) { "tree \($0.tree)" }
        for note in done.output.submodules?.notes ?? [] { events(.note(note)) }
        guard !resolution.lock.libraries.isEmpty else {
            return Fetched(lock: resolution.lock, tree: done.output.tree, steps: [resolved, done.record])
        }
        let files = resolution.lock.libraries
        let libraries = LibrariesStep(files: files, addresses: Unkeyed(resolution.addresses))
        let unpacked = try await runner.perform(libraries, subject: "\(files.count) packages") { _ in "\(files.count) packages" }
        return Fetched(
            lock: resolution.lock, tree: done.output.tree, steps: [resolved, done.record, unpacked.record],
            libraries: Libraries(files: files, path: unpacked.place.pushing(DebianPackages.goPath)))
    }

    /// A folder is read every time, because nothing tells whether it has changed.
    private func fetch(_ folder: FilePath, _ recipe: Recipe) async throws -> Fetched {
        let start = ContinuousClock.now
        events(.began(step: FetchStep.name, subject: folder.string))
        let repository = try Repository.openOrCreateBare(at: workspace.trees.string)
        let (tree, lock) = try FolderSource(folder).importTree(into: repository) { files in
            try Task.checkCancellation()
            events(.progress(step: FetchStep.name, "importing: \(files) files"))
        }
        try repository.keepTree(tree)
        if lock.isDirty { events(.note("\(lock.name) is dirty: it differs from its checked-out commit")) }
        let key = try FetchStep(lock: lock, addresses: Unkeyed([:])).key()
        let record = StepRecord(name: FetchStep.name, key: key, cached: false, seconds: start.duration(to: .now).seconds)
        events(.ended(record, detail: "tree \(tree)"))
        return Fetched(lock: lock, tree: tree, steps: [record])
    }

    /// Fetches a recipe's source, and determines how its tree is built.
    ///
    /// - Parameter folder: a folder to use instead of the recipe's source.
    /// - Throws: errors from ``fetch(_:from:isFresh:)``; `GoLayoutError` if the recipe contradicts the tree; `GoTooOld`; `ModuleError`,
    ///   `CommandError`.
    package func prepare(_ recipe: Recipe, with prerequisites: BuildPrerequisites, from folder: FilePath? = nil) async throws
        -> PreparedSource
    {
        let fetched = try await fetch(recipe, from: folder)
        let layout = try layout(of: fetched.tree, for: recipe)
        try layout.check(prerequisites.go.version)
        if let note = layout.note(taken: prerequisites.go.version) { runner.noteOnce(note) }
        let placed = recipe.placed(at: layout.importPath, mode: layout.mode).filled(by: fetched.lock)
        let source = PreparedSource(
            recipe: try resolvingVersionsAloud(of: placed, in: fetched.tree), lock: fetched.lock, tree: fetched.tree, layout: layout,
            libraries: fetched.libraries, toolchain: prerequisites.go, steps: fetched.steps)
        return layout.mode == .modules ? try await copyModulesIntoTree(source) : source
    }

    /// The tree with copies of the modules that patches are for. Without a `vendor/` folder, the tree does not contain their code.
    private func copyModulesIntoTree(_ source: PreparedSource) async throws -> PreparedSource {
        guard let target = source.recipe.target else { return source }
        let repository = try trees()
        var moved = source.recipe
        for (name, upstream) in source.recipe.upstreams {
            guard let module = upstream.module, try repository.subtree(at: upstream.path, of: source.tree) == nil else { continue }
            moved.upstreams[name] = upstream.moved(below: "\(GoPlace.copies)/\(module)")
        }
        let modules = Set(
            source.recipe.upstreams.compactMap { name, upstream in moved.upstreams[name] == upstream ? nil : upstream.module }
        )
        .sorted()
        let step = ModulesStep(
            tree: source.tree, modules: modules, importPath: source.layout.importPath, environment: target.environment,
            go: Unkeyed(source.toolchain), target: Unkeyed(target), workTree: Unkeyed(source.recipe.name))
        let done = try await runner.perform(step, subject: modules.joined(separator: ", ")) { "tree \($0.tree)" }
        return source.with(moved, tree: done.output.tree, after: done.record)
    }

    /// Applies a series to a prepared source.
    ///
    /// - Throws: `PatchesError`, `GitError`, `FileError`.
    package func patch(_ source: PreparedSource, _ series: Series) async throws -> PatchedTree {
        try await patch(source.tree, series, of: source.recipe)
    }

    /// Applies a series to a fetched source.
    ///
    /// - Throws: `PatchesError`, `GitError`, `FileError`.
    package func patch(_ fetched: Fetched, _ series: Series, of recipe: Recipe) async throws -> PatchedTree {
        try await patch(fetched.tree, series, of: try resolvingVersionsAloud(of: recipe, in: fetched.tree))
    }

    private func patch(_ tree: ObjectID, _ series: Series, of recipe: Recipe) async throws -> PatchedTree {
        let step = try PatchStep(tree: tree, series: series, recipe: recipe)
        let done = try await runner.perform(step, subject: series.label) { "tree \($0.tree)" }
        for patch in done.output.applied where patch.isOffVersion {
            events(.note("\(patch.name) (variant \(patch.variant)) applies, but was written for another version of \(patch.name.upstream)"))
        }
        return PatchedTree(series: series, tree: done.output.tree, applied: done.output.applied, record: done.record)
    }

    /// The recipe with the versions of its upstreams from the tree. The recipe's own version is used only if the tree does not specify one.
    ///
    /// - Throws: `GitError`.
    package func resolvingVersions(of recipe: Recipe, in tree: ObjectID) throws -> Recipe {
        var resolved = recipe
        let repository = try trees()
        func text(_ path: String) throws -> String? { try repository.blob(at: path, of: tree).map { String(decoding: $0, as: UTF8.self) } }
        let vendored = try text("vendor/modules.txt").map { ModuleVersions(modulesTxt: $0) }
        let required = try text("go.mod").map { ModuleVersions(goMod: $0) }
        for (name, upstream) in recipe.upstreams {
            guard let told = vendored.flatMap(upstream.version(among:)) ?? required.flatMap(upstream.version(among:)) else { continue }
            resolved.upstreams[name]?.version = told
        }
        return resolved
    }

    /// The same, with a note for each upstream whose version differs between recipe and tree.
    private func resolvingVersionsAloud(of recipe: Recipe, in tree: ObjectID) throws -> Recipe {
        let resolved = try resolvingVersions(of: recipe, in: tree)
        for contradiction in recipe.contradictions(by: resolved) { runner.noteOnce(contradiction) }
        return resolved
    }

    /// How a recipe's tree is built.
    ///
    /// - Throws: `GoLayoutError`; `GitError`.
    func layout(of tree: ObjectID, for recipe: Recipe) throws -> GoLayout {
        let facts = try facts(of: tree)
        // A library is compiled together with others of its kind in a GOPATH, no matter how its own project is built.
        guard let target = recipe.target else { return try facts.layout(ofLibraryAt: recipe.importPath, recipe: recipe.name) }
        return try facts.layout(mode: target.mode, importPath: recipe.importPath, recipe: recipe.name)
    }

    /// What a tree's own files say about how it is built.
    func facts(of tree: ObjectID) throws -> TreeFacts {
        let repository = try trees()
        return try TreeFacts(
            TreeFacts.Reading(
                file: { try repository.plainFile(at: $0, of: tree, most: TreeFacts.mostBytes) },
                isFolder: { try repository.subtree(at: $0, of: tree) != nil }))
    }

    /// Builds the recipe's target from a patched tree.
    ///
    /// - Throws: `NoTarget`; `GoBuildError`, `PatchNotReached`, `WorkTreeInUse`, `NotEnoughSpace`, `FileError`, `CancellationError`.
    package func build(_ source: PreparedSource, _ patched: PatchedTree) async throws -> Built {
        guard let target = source.recipe.target else { throw NoTarget(recipe: source.recipe.name) }
        return try await build(target, of: source, patched, touched: patched.touched)
    }

    /// Builds a package of a patched tree.
    ///
    /// - Parameter touched: files that the series changed and that must be part of the binary.
    /// - Throws: `GoBuildError`, `PatchNotReached`, `WorkTreeInUse`, `NotEnoughSpace`, `FileError`, `CancellationError`.
    package func build(_ target: Target, of source: PreparedSource, _ patched: PatchedTree, touched: [String]) async throws -> Built {
        let step = buildStep(target, of: source, patched, touched: touched)
        return try await build(step, subject: "\(target.binary) with \(patched.series.label)")
    }

    func buildStep(_ target: Target, of source: PreparedSource, _ patched: PatchedTree, touched: [String]) -> BuildStep {
        let pedigree = Pedigree(
            recipe: source.recipe.name, version: source.recipe.version.plain, tree: patched.tree.description,
            series: patched.applied.map { Pedigree.Patch(name: $0.name, variant: $0.variant) }, toolchain: source.toolchain.identity,
            mode: source.layout.mode, flags: target.flags.map(Redaction.text))
        return BuildStep(
            tree: patched.tree, pedigree: pedigree, target: target, importPath: source.layout.importPath, touched: Set(touched).sorted(),
            libraries: source.libraries?.files ?? [], librariesPath: Unkeyed(source.libraries?.path), go: Unkeyed(source.toolchain),
            workTree: Unkeyed(source.recipe.name), source: Unkeyed(source.tree))
    }

    func build(_ step: BuildStep, subject: String) async throws -> Built {
        let done = try await runner.perform(step, subject: subject) { "\($0.name) \($0.digest.short), \($0.bytes) bytes" }
        let path = done.place.appending(done.output.name).string
        return Built(
            artifact: Artifact(digest: done.output.digest, path: path, bytes: done.output.bytes), pedigree: step.pedigree,
            reached: done.output.reached, record: done.record)
    }
}

/// A binary was requested from a recipe for a library.
package struct NoTarget: ExitStatusError, Sendable, CustomStringConvertible {
    package let recipe: String

    package init(recipe: String) {
        self.recipe = recipe
    }

    /// The problem, the reason, and what to do.
    package var description: String {
        "recipe '\(recipe)' is for a library and builds no node\n    Test its patches with their probes: --level component."
    }

    package var exitStatus: ExitStatus { .usage }
}

extension TransferError {
    /// Whether no address provided a file. Wrong bytes, a full disk or a canceled task do not justify using another source.
    package var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
}

extension Lock {
    /// Whether the lock contains files of a suite, whose addresses change.
    fileprivate var isOfSuite: Bool { kind == .debian || !libraries.isEmpty }
}

extension Recipe {
    /// Messages about upstreams whose version in the recipe differs from the one in the tree.
    ///
    /// - Parameter resolved: the same recipe with the versions from the tree.
    fileprivate func contradictions(by resolved: Recipe) -> [String] {
        upstreams.sorted { $0.key < $1.key }.compactMap { name, upstream in
            guard let said = upstream.version, let told = resolved.upstreams[name]?.version, said.origin != told.origin else { return nil }
            return
                "recipe '\(self.name)' says that \(name) is \(said.plain), but the tree has \(told.plain), which takes precedence. Remove 'version' from the recipe"
        }
    }
}

extension Upstream {
    /// This upstream's version according to a tree's modules: that of the module that it names, or of the one whose copy is in `vendor/`.
    fileprivate func version(among modules: ModuleVersions) -> Version? {
        if let module { return modules[module] }
        return path.components(separatedBy: "vendor/").dropFirst().last.flatMap(modules.version(ofPackage:))
    }

    /// The upstream in another folder. The part of its path below the module's own folder stays the same.
    fileprivate func moved(below folder: String) -> Upstream {
        let module = module ?? ""
        let inside = path.components(separatedBy: "\(module)/").dropFirst().last
        return Upstream(path: inside.map { "\(folder)/\($0)" } ?? folder, version: version, module: self.module)
    }
}

extension SourceSpec {
    /// The addresses that the recipe itself gives for its source. They may contain a password, so they are never stored.
    fileprivate var named: [String: String] {
        switch self {
        case .debian: [:]
        case .git(let spec): [Resolution.repository: spec.url]
        case .archive(let spec): [spec.name: spec.addresses.joined(separator: "\n")]
        }
    }

    /// The requested source, for display.
    fileprivate var subject: String {
        switch self {
        case .debian(let spec): "\(spec.package) of \(spec.suite)"
        case .git(let spec): "\(spec.reference) of \(GitSource.shown(spec.url))"
        case .archive(let spec): spec.name
        }
    }
}
