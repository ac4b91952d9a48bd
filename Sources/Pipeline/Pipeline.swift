import FoundationEssentials
import Git
import GoToolchain
import Host
import Model
import Patches
import Sanitizing
import Sources
import SystemPackage
import Transfer

/// The steps in order, from a recipe to a run: each from the store when its result is there.
public struct Pipeline: Sendable {
    let host: Host
    let workspace: Workspace
    let scratch: Scratch
    private(set) var events: EventSink
    let store: Store
    private let told = Told()

    /// Opens a workspace, and removes what killed processes left half done in it.
    ///
    /// - Throws: `FileError` when the workspace cannot be written; `CancellationError`.
    public init(_ host: Host, events: @escaping EventSink) async throws {
        self.host = host
        self.events = events
        workspace = Workspace(host)
        store = Store(workspace)
        scratch = try await Scratch(in: workspace.unfinished)
    }

    /// Removes what this process has half done. Called in every path out.
    public func close() { scratch.remove() }

    /// The same pipeline, whose events bear a label: several go on at once.
    func labelled(_ label: String) -> Pipeline {
        var labelled = self
        labelled.events = { [events] in events(.within(label: label, $0)) }
        return labelled
    }

    /// Recipe to lock.
    ///
    /// - Parameter isFresh: whether the index or the repository is asked again although an answer is kept.
    func resolve(_ recipe: Recipe, isFresh: Bool = false) async throws -> (Resolution, StepRecord) {
        let step = ResolveStep(source: recipe.source, libraries: recipe.libraries)
        let done = try await perform(step, subject: recipe.source.subject, isFresh: isFresh) { $0.lock.title }
        var resolution = done.output
        resolution.addresses.merge(recipe.source.named) { _, own in own }
        return (resolution, done.record)
    }

    /// Recipe to source tree.
    ///
    /// - Parameter folder: a folder to be taken in the place of the recipe's source.
    /// - Throws: `SourceError`, `TransferError`, `FetchError`, `ArchiveError`, `GitError`, `FileError`, `CancellationError`.
    public func fetch(_ recipe: Recipe, from folder: FilePath? = nil, isFresh: Bool = false) async throws -> Fetched {
        if let folder { return try await fetch(folder, recipe) }
        var (resolution, resolved) = try await resolve(recipe, isFresh: isFresh)
        do {
            return try await fetch(resolution, resolved)
        } catch let error as TransferError where error.isUnreachable && resolution.lock.isOfSuite {
            guard resolved.cached else { return try await fetchBuilt(recipe, insteadOf: error) }
            // The kept addresses may be old: a mirror moves, and a suite's files with it. The digests stay as they are.
            let locked = resolution.lock
            (resolution, resolved) = try await resolve(recipe, isFresh: true)
            if resolution.lock != locked { events(.note("the suite now has \(resolution.lock.version); it had \(locked.version)")) }
            do { return try await fetch(resolution, resolved) } catch let error as TransferError where error.isUnreachable {
                return try await fetchBuilt(recipe, insteadOf: error)
            }
        }
    }

    /// The same code from a built package, when the pool lacks a file of the source package.
    private func fetchBuilt(_ recipe: Recipe, insteadOf error: TransferError) async throws -> Fetched {
        guard case .debian(let spec) = recipe.source, let built = spec.fallback else { throw error }
        events(.note("\(spec.package) cannot be had (\(error)); taking \(built.package), which holds the same code"))
        let step = ResolveStep(source: .debian(built), libraries: recipe.libraries)
        let done = try await perform(step, subject: "\(built.package) of \(built.suite)") { $0.lock.title }
        return try await fetch(done.output, done.record)
    }

    private func fetch(_ resolution: Resolution, _ resolved: StepRecord) async throws -> Fetched {
        let step = FetchStep(lock: resolution.lock, addresses: Unkeyed(resolution.addresses))
        let done = try await perform(step, subject: resolution.lock.title) { "tree \($0.tree)" }
        for note in done.output.submodules?.notes ?? [] { events(.note(note)) }
        guard !resolution.lock.libraries.isEmpty else {
            return Fetched(lock: resolution.lock, tree: done.output.tree, steps: [resolved, done.record])
        }
        let files = resolution.lock.libraries
        let libraries = LibrariesStep(files: files, addresses: Unkeyed(resolution.addresses))
        let unpacked = try await perform(libraries, subject: "\(files.count) packages") { _ in "\(files.count) packages" }
        return Fetched(
            lock: resolution.lock, tree: done.output.tree, steps: [resolved, done.record, unpacked.record],
            libraries: Libraries(files: files, path: unpacked.place.pushing(DebianPackages.goPath)))
    }

    /// A folder is read each time: nothing tells that it is the same as before.
    private func fetch(_ folder: FilePath, _ recipe: Recipe) async throws -> Fetched {
        let start = ContinuousClock.now
        events(.began(step: FetchStep.name, subject: folder.string))
        let repository = try Repository.openOrCreateBare(at: workspace.trees.string)
        let (tree, lock) = try FolderSource(folder).importTree(into: repository) { files in
            try Task.checkCancellation()
            events(.progress(step: FetchStep.name, "importing: \(files) files"))
        }
        try repository.keep(tree, as: "refs/ninepin/trees/\(tree)")
        if lock.isDirty { events(.note("\(lock.name) is dirty: it differs from the commit that it has checked out")) }
        let key = try FetchStep(lock: lock, addresses: Unkeyed([:])).key()
        let record = StepRecord(name: FetchStep.name, key: key, cached: false, seconds: start.duration(to: .now).seconds)
        events(.ended(record, detail: "tree \(tree)"))
        return Fetched(lock: lock, tree: tree, steps: [record])
    }

    /// Source tree to patched tree.
    ///
    /// - Throws: `PatchesError`, `GitError`, `FileError`.
    public func patch(_ fetched: Fetched, _ series: Series, recipe: Recipe) async throws -> Patched {
        let written = recipe
        let recipe = try settled(written, in: fetched.tree)
        for contradiction in written.contradictions(by: recipe) where told.isFirst(contradiction) { events(.note(contradiction)) }
        let series = try series.moved(to: recipe)
        let step = try PatchStep(tree: fetched.tree, series: series, recipe: recipe)
        let done = try await perform(step, subject: series.label) { "tree \($0.tree)" }
        for patch in done.output.applied where patch.isOffVersion {
            events(.note("\(patch.name) (variant \(patch.variant)) fits, but was written for another version of \(patch.name.upstream)"))
        }
        return Patched(
            source: fetched.tree, series: series, tree: done.output.tree, applied: done.output.applied, record: done.record,
            libraries: fetched.libraries, upstreams: recipe.upstreams.compactMapValues(\.version))
    }

    /// The recipe with the versions of its upstreams as the tree itself tells them; what the recipe says counts only where the tree says nothing.
    ///
    /// - Throws: `GitError`.
    func settled(_ recipe: Recipe, in tree: ObjectID) throws -> Recipe {
        var settled = recipe
        let repository = try Repository.open(at: workspace.trees.string)
        func text(_ path: String) throws -> String? { try repository.blob(at: path, of: tree).map { String(decoding: $0, as: UTF8.self) } }
        let vendored = try text("vendor/modules.txt").map { ModuleVersions(modulesTxt: $0) }
        let required = try text("go.mod").map { ModuleVersions(goMod: $0) }
        for (name, upstream) in recipe.upstreams {
            guard let told = vendored.flatMap(upstream.version(among:)) ?? required.flatMap(upstream.version(among:)) else { continue }
            settled.upstreams[name]?.version = told
        }
        return settled
    }

    /// What the source tree says of how it is built, and the recipe with that in its flags. In module mode the tree becomes one with copies of the
    /// modules that patches are for.
    ///
    /// - Throws: `GoLayoutError` where the recipe contradicts the tree; `GoTooOld`; `ModuleError`, `CommandError`, `GitError`, `FileError`,
    ///   `CancellationError`.
    public func expose(_ fetched: Fetched, recipe: Recipe, go: GoToolchain) async throws -> (
        fetched: Fetched, recipe: Recipe, layout: GoLayout
    ) {
        let layout = try layout(of: fetched.tree, for: recipe)
        try layout.check(go.version)
        if let note = layout.note(taken: go.version), told.isFirst(note) { events(.note(note)) }
        let recipe = recipe.placed(at: layout.importPath, mode: layout.mode)
        guard let target = recipe.target, layout.mode == .modules else { return (fetched, recipe, layout) }
        let repository = try Repository.open(at: workspace.trees.string)
        let settled = try self.settled(recipe, in: fetched.tree)
        var moved = settled
        for (name, upstream) in settled.upstreams {
            guard let module = upstream.module, try repository.subtree(at: upstream.path, of: fetched.tree) == nil else { continue }
            moved.upstreams[name] = upstream.moved(below: "\(GoPlace.copies)/\(module)")
        }
        let modules = Set(settled.upstreams.compactMap { name, upstream in moved.upstreams[name] == upstream ? nil : upstream.module })
            .sorted()
        let step = ModulesStep(
            tree: fetched.tree, modules: modules, importPath: layout.importPath, environment: target.environment, go: Unkeyed(go),
            target: Unkeyed(target), workTree: Unkeyed(recipe.name))
        let done = try await perform(step, subject: modules.joined(separator: ", ")) { "tree \($0.tree)" }
        return (
            Fetched(lock: fetched.lock, tree: done.output.tree, steps: fetched.steps + [done.record], libraries: fetched.libraries), moved,
            layout
        )
    }

    /// How a recipe's tree is built.
    ///
    /// - Throws: `GoLayoutError`; `GitError`.
    func layout(of tree: ObjectID, for recipe: Recipe) throws -> GoLayout {
        let facts = try facts(of: tree)
        // A library is compiled with others of its kind, in a GOPATH, whatever its own project does.
        guard let target = recipe.target else { return try facts.layout(ofLibraryAt: recipe.importPath, recipe: recipe.name) }
        return try facts.layout(mode: target.mode, importPath: recipe.importPath, recipe: recipe.name)
    }

    /// What a tree's own files say.
    func facts(of tree: ObjectID) throws -> TreeFacts {
        let repository = try Repository.open(at: workspace.trees.string)
        return try TreeFacts(
            TreeFacts.Reading(
                file: { try repository.plainFile(at: $0, of: tree, most: TreeFacts.mostBytes) },
                isFolder: { try repository.subtree(at: $0, of: tree) != nil }))
    }

    /// Patched tree to artifact.
    ///
    /// - Throws: `GoBuildError`, `PatchNotReached`, `WorkTreeInUse`, `NotEnoughSpace`, `FileError`, `CancellationError`.
    public func build(_ patched: Patched, recipe: Recipe, go: GoToolchain, layout: GoLayout) async throws -> Built {
        guard let target = recipe.target else { throw NoTarget(recipe: recipe.name) }
        return try await build(
            patched, target: target, touched: patched.applied.flatMap(\.files), recipe: recipe, go: go, layout: layout)
    }

    /// Patched tree to the artifact of one of its packages.
    ///
    /// - Parameter touched: files that the series changed and that must be in the artifact.
    func build(
        _ patched: Patched, target: Target, touched: [String], recipe: Recipe, go: GoToolchain, layout: GoLayout
    ) async throws -> Built {
        let pedigree = Pedigree(
            recipe: recipe.name, version: recipe.version.plain, tree: patched.tree.description,
            series: patched.applied.map { Pedigree.Patch(name: $0.name, variant: $0.variant) }, toolchain: go.identity, mode: layout.mode,
            flags: target.flags.map(Redaction.text))
        let step = BuildStep(
            tree: patched.tree, pedigree: pedigree, target: target, importPath: layout.importPath,
            touched: Set(touched).sorted(), libraries: patched.libraries?.files ?? [], librariesPath: Unkeyed(patched.libraries?.path),
            go: Unkeyed(go), workTree: Unkeyed(recipe.name),
            source: Unkeyed(patched.source))
        let done = try await perform(step, subject: "\(target.binary) with \(patched.series.label)") {
            "\($0.name) \($0.digest.short), \($0.bytes) bytes"
        }
        let binary = done.place.appending(done.output.name)
        return Built(
            artifact: Artifact(digest: done.output.digest, path: binary.string, bytes: done.output.bytes), pedigree: pedigree,
            reached: done.output.reached, record: done.record)
    }

    /// A step that was performed.
    struct Done<S: Step> {
        let output: S.Output
        let record: StepRecord
        let place: FilePath
    }

    /// Takes a step's result from the store, or makes it.
    func perform<S: Step>(
        _ step: S, subject: String, isFresh: Bool = false, detail: (S.Output) -> String
    ) async throws -> Done<S> {
        let start = ContinuousClock.now
        let key = try step.key()
        func ended(_ output: S.Output, _ cached: Bool) -> Done<S> {
            let record = StepRecord(name: S.name, key: key, cached: cached, seconds: start.duration(to: .now).seconds)
            events(.ended(record, detail: detail(output)))
            return Done<S>(output: output, record: record, place: store.place(step, key))
        }
        if !isFresh, let output = store.result(of: step, key: key) { return ended(output, true) }
        events(.began(step: S.name, subject: subject))
        let context = StepContext(host: host, workspace: workspace, scratch: scratch, note: { events(.note("\(S.name): \($0)")) }) {
            events(.progress(step: S.name, $0))
        }
        let locks = workspace.cache.appending("locks")
        try Files.makeDirectory(locks)
        let lock = try await FileLock.take(locks.appending(key.hex)) { context.note("waiting for another ninepin that makes the same") }
        defer { lock.release() }
        // The other one may have made it meanwhile.
        if !isFresh, let output = store.result(of: step, key: key) { return ended(output, true) }
        let folder = scratch.place(S.name)
        try Files.makeDirectory(folder)
        defer { try? Files.remove(folder) }
        let output = try await step.run(in: context, folder: folder)
        try store.keep(output, of: step, key: key, folder: folder, scratch: scratch)
        return ended(output, false)
    }
}

/// A source tree, and what went before it.
public struct Fetched: Sendable {
    /// What the recipe's source was resolved to.
    public let lock: Lock
    /// The tree.
    public let tree: ObjectID
    /// The steps so far.
    public let steps: [StepRecord]
    /// The libraries that it is compiled with; nil when it needs none.
    var libraries: Libraries?
}

/// Go libraries beside a source tree.
struct Libraries: Sendable {
    /// What they are.
    let files: [LockedFile]
    /// A `GOPATH` that holds them.
    let path: FilePath
}

/// A patched tree.
public struct Patched: Sendable {
    /// The tree before it was patched.
    public let source: ObjectID
    /// The patches.
    public let series: Series
    /// The tree.
    public let tree: ObjectID
    /// Which variant of each patch fitted, and which files it changed.
    public let applied: [AppliedPatch]
    /// The step.
    public let record: StepRecord
    /// The libraries that it is compiled with.
    var libraries: Libraries?
    /// The versions of the upstreams in it, as far as they are known.
    var upstreams: [String: Version] = [:]
}

/// A binary that was built.
public struct Built: Sendable {
    /// The binary.
    public let artifact: Artifact
    /// What it was made of.
    public let pedigree: Pedigree
    /// The import paths of the packages that the series touched; each is compiled into the binary from the patched files.
    public let reached: [String]
    /// The step.
    public let record: StepRecord
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// A recipe of a library was asked for a binary.
public struct NoTarget: Error, Sendable, CustomStringConvertible {
    /// The recipe.
    public let recipe: String

    /// What, why, and what to do.
    public var description: String {
        "recipe '\(recipe)' is of a library and builds no node\n    Its patches are proved by their probes: --level component."
    }
}

extension TransferError {
    /// Whether a file was nowhere to be had. Other bytes than those that were wanted, a full disk or a cancelled task are no reason to take
    /// something else.
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }
}

extension Lock {
    /// Whether files of a suite are in it, whose addresses change.
    fileprivate var isOfSuite: Bool { kind == .debian || !libraries.isEmpty }
}

extension Recipe {
    /// Where the recipe says another version of an upstream than the tree does, for people.
    ///
    /// - Parameter settled: the same recipe with what the tree tells.
    fileprivate func contradictions(by settled: Recipe) -> [String] {
        upstreams.sorted { $0.key < $1.key }.compactMap { name, upstream in
            guard let said = upstream.version, let told = settled.upstreams[name]?.version, said.origin != told.origin else { return nil }
            return
                "recipe '\(self.name)' says that \(name) is \(said.plain), and the tree has \(told.plain): the tree's counts. Leave 'version' out of it"
        }
    }
}

extension Upstream {
    /// The version that a tree's modules tell of this one: of the module that it names, or of the one whose copy lies in `vendor/` here.
    fileprivate func version(among modules: ModuleVersions) -> Version? {
        if let module { return modules[module] }
        return path.components(separatedBy: "vendor/").dropFirst().last.flatMap(modules.version(ofPackage:))
    }

    /// The upstream in another folder. What its path has below the module's own folder stays.
    fileprivate func moved(below folder: String) -> Upstream {
        let module = module ?? ""
        let inside = path.components(separatedBy: "\(module)/").dropFirst().last
        return Upstream(path: inside.map { "\(folder)/\($0)" } ?? folder, version: version, module: self.module)
    }
}

extension SourceSpec {
    /// Where the recipe itself says that its source is to be had. A password may stand in it, so the store never gets it.
    fileprivate var named: [String: String] {
        switch self {
        case .debian: [:]
        case .git(let spec): [Resolution.repository: spec.url]
        case .archive(let spec): [spec.name: spec.addresses.joined(separator: "\n")]
        }
    }

    /// What is asked for, for people.
    fileprivate var subject: String {
        switch self {
        case .debian(let spec): "\(spec.package) of \(spec.suite)"
        case .git(let spec): "\(spec.reference) of \(GitSource.shown(spec.url))"
        case .archive(let spec): spec.name
        }
    }
}
