import Cluster
import FoundationEssentials
import Git
import Glibc
import GoToolchain
import Host
import Ledger
import Model
import Node
import Patches
import Sandbox
import Synchronization
import SystemPackage

/// What a boot's outcome depends on, as far as it can be named. It is a measurement all the same, and never taken from the store.
private struct VerifyKey: Keyed {
    static let name = "verify"

    let artifact: Digest
    let node: NodeSpec
    let layout: Layout
    let level: Level
    let runsc: String
    /// The package's version; nil for the machine's own.
    let containerd: String?
}

/// A binary on its way to a verdict: what is to be booted, and where it comes from.
public struct Candidate: Sendable {
    /// The recipe's name; empty when the binary is from elsewhere.
    public var recipe = ""
    /// The patches in it.
    public var series: [PatchName] = []
    /// The source.
    public var lock: Lock?
    /// The patched tree's id.
    public var tree: String?
    /// The versions of the upstreams in it; nil when the binary is from elsewhere.
    public var upstreams: [String: Version]?
    /// The steps that made it.
    public var steps: [StepRecord] = []
    /// What makes the control plane that it joins; nil when it joins none.
    public var plane: ControlPlaneKind?
    /// How it is booted.
    public var node: NodeSpec
    /// The binary.
    public let artifact: Artifact
    /// The Go that built it.
    public var go: String?
    /// Which releases of Go its tree names.
    public var named: [NamedGo] = []
    /// What it was made of; nil when it is from elsewhere.
    public var pedigree: Pedigree?
    /// The pedigree as it stands in the binary.
    public var buildID: String?
    /// The packages that the series touched; each is compiled into it from the patched files.
    public var reached: [String] = []
    /// What a user must know of it, whatever comes of its boot.
    public var notes: [String] = []
    /// What says which patches it needs; nil when the binary is from elsewhere.
    var rules: PatchRules?

    /// A binary from anywhere.
    ///
    /// - Parameter recipe: says how it is booted; a kubelet is taken for granted when nil.
    /// - Throws: `FileError` when it cannot be read.
    public init(binary: FilePath, for recipe: Recipe? = nil) throws(FileError) {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        node = recipe?.node ?? .kubelet
    }

    fileprivate init(_ artifact: Artifact, recipe: Recipe, node: NodeSpec) {
        self.artifact = artifact
        self.recipe = recipe.name
        self.node = node
    }
}

/// The rules of the patches that a recipe's source can have, and the versions that they ask for.
struct PatchRules: Sendable {
    private let entries: [PatchEntry]
    private let versions: [String: Version]

    /// - Parameter recipe: with the versions of its upstreams, where the tree tells them.
    init(_ registry: Registry, _ recipe: Recipe) {
        entries = registry.entries.filter { recipe.upstreams[$0.name.upstream] != nil }
        versions = recipe.upstreams.compactMapValues(\.version)
    }

    /// Which of the patches a place needs.
    func needs(in place: Surroundings) -> [Need] { entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream]) } }
}

/// A boot that is to be done, as often as it takes.
struct PlannedBoot: Sendable {
    let candidate: Candidate
    let layout: Layout
    let level: Level
    /// What decides which patches are needed; nil where nothing is known of it.
    let surroundings: Surroundings?
    /// What the outcome depends on, as far as it can be named.
    let key: Digest
    /// The versions of what it runs on.
    let tools: [String: String]
    /// Makes the boot; nothing starts yet.
    let boot: @Sendable (BootTurn) -> NodeBoot
}

extension Pipeline {
    /// All steps before the boot: recipe and series to a binary, from whatever is in the store.
    ///
    /// - Parameters:
    ///   - level: how much will be asked of it: at some levels a control plane is needed too.
    ///   - folder: a folder to be taken in the place of the recipe's source.
    /// - Throws: what the steps throw.
    public func prepare(
        _ recipe: Recipe, _ series: Series, level: Level = .boot, needs: BuildNeeds, from folder: FilePath? = nil
    ) async throws -> Candidate {
        guard let node = recipe.node else { throw NoTarget(recipe: recipe.name) }
        for note in recipe.settingNotes { events(.note(note)) }
        let (fetched, exposed, layout) = try await expose(try await fetch(recipe, from: folder), recipe: recipe, go: needs.go)
        let patched = try await patch(fetched, series, recipe: exposed)
        let filled = exposed.filled(by: fetched.lock)
        let inner = try await build(patched, recipe: filled, go: needs.go, layout: layout)
        let (built, packing) = try await package(inner, patched, of: fetched.lock, recipe: filled, needs: needs, layout: layout)
        var candidate = Candidate(built.artifact, recipe: recipe, node: node)
        candidate.series = series.names
        candidate.lock = fetched.lock
        candidate.lock?.downloads = built.pedigree.downloads
        candidate.notes = built.pedigree.downloads?.notes ?? []
        candidate.tree = patched.tree.description
        candidate.upstreams = patched.upstreams
        candidate.steps = fetched.steps + [patched.record, inner.record] + packing + (packing.isEmpty ? [] : [built.record])
        candidate.go = needs.go.identity
        candidate.named = layout.named
        candidate.pedigree = built.pedigree
        candidate.buildID = try built.pedigree.buildID()
        candidate.reached = built.reached
        candidate.rules = PatchRules(try Catalogue(host).registry(), try settled(exposed, in: fetched.tree))
        return try await joining(candidate, recipe, at: level, needs: needs, from: folder)
    }

    /// Boots a binary, grades it, and records the run. A boot that cannot be believed is repeated, and then that run counts.
    ///
    /// - Parameter level: how much is asked of it.
    /// - Returns: the run, and the folder it is recorded in.
    /// - Throws: `FileError` when the run cannot be recorded; `CancellationError`.
    public func verify(_ candidate: Candidate, layout: Layout, level: Level = .boot, needs: BootNeeds) async throws -> (
        run: Run, place: FilePath
    ) {
        try await believed(try boot(candidate, layout: layout, level: level, needs: needs))
    }

    /// A boot of a candidate in a sandbox of its own.
    ///
    /// - Throws: `RunscLacks` when this runsc cannot make it; `KubeletProfile.Missing` when what starts its pods is not here.
    func boot(_ candidate: Candidate, layout: Layout, level: Level, needs: BootNeeds) throws -> PlannedBoot {
        let node = candidate.node
        let key = try VerifyKey(
            artifact: candidate.artifact.digest, node: node.stretched(by: host.deadlines), layout: layout, level: level,
            runsc: needs.runsc.version, containerd: needs.containerd.package?.version
        ).key()
        let flags = try needs.runsc.arguments(for: layout, isNetworked: level.isJoined)
        if level.isJoined { try needs.profile.require(node.runtime(on: layout.cgroup)) }
        let tools = ["runsc": needs.runsc.version, "runsc flags": flags.joined(separator: " ")]
        return PlannedBoot(
            candidate: candidate.with(needs.containerd), layout: layout, level: level, surroundings: Surroundings(layout), key: key,
            tools: tools.merging(needs.containerd.words) { $1 }
        ) { turn in
            NodeBoot(
                candidate.artifact, node: node, layout: layout, level: level, plane: candidate.plane, runsc: needs.runsc,
                profile: needs.profile, turn: turn, on: host)
        }
    }

    /// Boots once, and once more where the first boot cannot be believed.
    func believed(_ boot: PlannedBoot) async throws -> (run: Run, place: FilePath) {
        let first = try await measure(boot, known: Ledger(workspace.runs).history()[boot.key])
        return first.run.setAside == nil ? first : try await repeated(boot, after: first.run)
    }

    /// Boots again, with nothing else of this process beside it.
    ///
    /// - Parameter first: the run that does not count, with the reason in it.
    func repeated(_ boot: PlannedBoot, after first: Run) async throws -> (run: Run, place: FilePath) {
        events(.note("\(first.setAside ?? ""); booting it again, alone"))
        return try await measure(boot, after: first)
    }

    /// Boots a binary, and records what came of it.
    ///
    /// - Parameters:
    ///   - known: what an earlier boot of the same kind came to.
    ///   - first: the run that this boot repeats; then the verdict is final.
    ///   - seat: the boot's place among others that go on at once; nil when it is alone.
    func measure(_ planned: PlannedBoot, known: Verdict? = nil, after first: Run? = nil, seat: BootSchedule.Seat? = nil) async throws -> (
        run: Run, place: FilePath
    ) {
        let (start, started) = (ContinuousClock.now, Date.now)
        let (candidate, layout, level) = (planned.candidate, planned.layout, planned.level)
        events(.began(step: VerifyKey.name, subject: "\(candidate.artifact.digest.short) in \(layout.rawValue), level \(level.rawValue)"))
        let logs = scratch.place("run")
        let overhead = Mutex<[String: Double]>([:])
        let outcome = try await planned.boot(seat?.turn ?? .free).run(scratch: scratch, logs: logs) { progress in
            switch progress {
            case .spent(let part, let seconds): overhead.withLock { $0[part.rawValue] = seconds }
            case .note(let text): events(.note(text))
            default: events(.progress(step: VerifyKey.name, progress.words))
            }
        }
        var conditions = outcome.conditions
        conditions?.company = seat?.company ?? 0
        let release = outcome.version ?? candidate.pedigree.map { "v\($0.version)" } ?? ""
        var (verdict, doubt) = (outcome.verdict.noting(ContainerdRelease.note(planned.tools["containerd"], on: release)), String?.none)
        if let first {
            verdict = Doubt.settled(
                verdict, conditions: conditions, after: (first.verdict, first.conditions), because: first.setAside ?? "",
                within: host.deadlines)
        } else {
            doubt = Doubt.about(verdict, conditions: conditions, known: known, within: host.deadlines)
        }
        verdict = verdict.noting(candidate.notes)
        let record = StepRecord(name: VerifyKey.name, key: planned.key, cached: false, seconds: start.duration(to: .now).seconds)
        var tools = planned.tools.merging(["ninepin": Ninepin.version, "kernel": Self.kernel]) { $1 }
        tools["go"] = candidate.go
        let run = Run(
            id: Ledger.newName(at: started), started: started.formatted(.iso8601), recipe: candidate.recipe, series: candidate.series,
            layout: layout,
            lock: candidate.lock, tree: candidate.tree, artifact: candidate.artifact, steps: candidate.steps + [record], tools: tools,
            upstreams: candidate.upstreams, secondsToVerdict: outcome.toVerdict, overhead: overhead.withLock { $0 },
            watched: candidate.node.watched(by: host.deadlines),
            conditions: conditions, repeats: first?.id, patience: host.deadlines.patience, verdict: verdict, setAside: doubt,
            needs: planned.surroundings.flatMap { candidate.rules?.needs(in: $0) })
        let place = try Ledger(workspace.runs).record(run, logs: logs)
        events(.ended(record, detail: "\(verdict.title): \(verdict.summary)"))
        return (run, place)
    }

    static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension BootProgress {
    var words: String {
        switch self {
        case .preparing: "filling the sandbox"
        case .stage(let name): "sandbox: \(name)"
        case .watching(let seconds): "watching, \(seconds) s"
        case .note(let text): text
        case .spent(let part, let seconds): "\(part.rawValue): \(seconds) s"
        }
    }
}
