import Git
import GoToolchain
import Host
import Model
import Patches
import Sources
import SystemPackage
import Transfer

/// The steps in order, from a recipe to a run: each from the store when its result is there.
public struct Pipeline: Sendable {
    let host: Host
    let workspace: Workspace
    let scratch: Scratch
    let events: EventSink
    private let store: Store

    /// Opens a workspace, and removes what killed processes left half done in it.
    ///
    /// - Throws: `FileError` when the workspace cannot be written.
    public init(_ host: Host, events: @escaping EventSink) throws {
        self.host = host
        self.events = events
        workspace = Workspace(host)
        store = Store(workspace)
        scratch = try Scratch(in: workspace.unfinished)
    }

    /// Removes what this process has half done. Called in every path out.
    public func close() { scratch.remove() }

    /// Recipe to lock.
    ///
    /// - Parameter isFresh: whether the index is asked again although an answer is kept.
    func resolve(_ recipe: Recipe, isFresh: Bool = false) async throws -> (Resolution, StepRecord) {
        let step = ResolveStep(source: recipe.source)
        let done = try await perform(step, subject: "\(recipe.source.package) of \(recipe.source.suite)", isFresh: isFresh) {
            $0.lock.version
        }
        return (done.output, done.record)
    }

    /// Recipe to source tree.
    ///
    /// - Throws: `SourceError`, `TransferError`, `GitError`, `FileError`, `CancellationError`.
    public func fetch(_ recipe: Recipe, isFresh: Bool = false) async throws -> Fetched {
        var (resolution, resolved) = try await resolve(recipe, isFresh: isFresh)
        do {
            return try await fetch(resolution, resolved)
        } catch let error as TransferError where resolved.cached {
            guard case .unreachable = error else { throw error }
            // The kept addresses may be old: a mirror moves, and a suite's files with it. The digests stay as they are.
            let locked = resolution.lock
            (resolution, resolved) = try await resolve(recipe, isFresh: true)
            if resolution.lock != locked { events(.note("the suite now has \(resolution.lock.version); it had \(locked.version)")) }
            return try await fetch(resolution, resolved)
        }
    }

    private func fetch(_ resolution: Resolution, _ resolved: StepRecord) async throws -> Fetched {
        let step = FetchStep(lock: resolution.lock, addresses: Unkeyed(resolution.addresses))
        let subject = "\(resolution.lock.package) \(resolution.lock.version)"
        let done = try await perform(step, subject: subject) { "tree \($0.tree)" }
        return Fetched(lock: resolution.lock, tree: done.output.tree, steps: [resolved, done.record])
    }

    /// Source tree to patched tree.
    ///
    /// - Throws: `PatchesError`, `GitError`, `FileError`.
    public func patch(_ fetched: Fetched, _ series: Series, recipe: Recipe) async throws -> Patched {
        let step = try PatchStep(tree: fetched.tree, series: series, recipe: recipe)
        let done = try await perform(step, subject: series.label) { "tree \($0.tree)" }
        for patch in done.output.applied where patch.isOffVersion {
            events(.note("\(patch.name) (variant \(patch.variant)) fits, but was written for another version of \(patch.name.upstream)"))
        }
        return Patched(source: fetched.tree, series: series, tree: done.output.tree, applied: done.output.applied, record: done.record)
    }

    /// Patched tree to artifact.
    ///
    /// - Throws: `GoBuildError`, `WorkTreeInUse`, `NotEnoughSpace`, `FileError`, `CancellationError`.
    public func build(_ patched: Patched, recipe: Recipe, go: GoToolchain) async throws -> Built {
        let step = BuildStep(
            tree: patched.tree, toolchain: go.identity, target: recipe.target, go: Unkeyed(go), workTree: Unkeyed(recipe.name),
            source: Unkeyed(patched.source))
        let done = try await perform(step, subject: "\(recipe.target.binary) with \(patched.series.label)") {
            "\($0.name) \($0.digest.short), \($0.bytes) bytes"
        }
        let binary = done.place.appending(done.output.name)
        return Built(
            artifact: Artifact(digest: done.output.digest, path: binary.string, bytes: done.output.bytes), record: done.record)
    }

    /// A step that was performed.
    private struct Done<S: Step> {
        let output: S.Output
        let record: StepRecord
        let place: FilePath
    }

    /// Takes a step's result from the store, or makes it.
    private func perform<S: Step>(
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
        let context = StepContext(host: host, workspace: workspace, scratch: scratch) { events(.progress(step: S.name, $0)) }
        let locks = workspace.cache.appending("locks")
        try Files.makeDirectory(locks)
        let lock = try await FileLock.take(locks.appending(key.hex)) { context.progress("waiting for another ninepin that makes the same") }
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
}

/// A binary that was built.
public struct Built: Sendable {
    /// The binary.
    public let artifact: Artifact
    /// The step.
    public let record: StepRecord
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
