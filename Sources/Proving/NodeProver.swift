import Building
import Cluster
import FileSystem
import FoundationEssentials
import Git
import Glibc
import GoToolchain
import GoTree
import Host
import Model
import Node
import Patches
import Runs
import Sandbox
import Store
import Synchronization
import SystemPackage

/// The known inputs that determine a boot's result. A boot is nevertheless a measurement, and its result is never taken from the store.
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

/// A boot to be done, possibly more than once.
package struct PlannedBoot: Sendable {
    let candidate: Candidate
    let layout: RunLayout
    let level: Level
    /// The properties that determine which patches are needed; nil if unknown.
    let surroundings: Surroundings?
    /// A digest of the known inputs that determine the result.
    let key: Digest
    /// The versions of the tools that it runs on.
    let tools: [String: String]
    /// Creates the boot without starting anything.
    let boot: @Sendable (BootTurn) -> NodeBoot
}

/// Boots candidates, grades them, and records the runs.
package struct NodeProver: Sendable {
    let builder: SourceBuilder

    package init(_ builder: SourceBuilder) { self.builder = builder }

    package var runner: StepRunner { builder.runner }
    package var host: Host { runner.host }
    var workspace: Workspace { runner.workspace }
    var scratch: Scratch { runner.scratch }
    var events: EventSink { runner.events }

    /// The workspace's recorded runs.
    ///
    /// - Throws: `LedgerError`; `FileError`.
    func ledger() throws -> Ledger { try runner.ledger() }

    /// The same prover with a label on its events.
    package func labelled(_ label: String) -> NodeProver { NodeProver(SourceBuilder(runner.labelled(label))) }

    /// Runs all steps before the boot, from recipe and series to a binary, using results from the store if available.
    ///
    /// - Parameters:
    ///   - level: the level that the node will be tested at. Some levels also need a control plane.
    ///   - folder: a folder to use instead of the recipe's source.
    /// - Throws: any error of the steps.
    package func prepare(
        _ recipe: Recipe, _ series: Series, level: Level = .boot, with prerequisites: BuildPrerequisites, from folder: FilePath? = nil
    ) async throws -> Candidate {
        guard let node = recipe.node else { throw NoTarget(recipe: recipe.name) }
        for note in recipe.settingNotes { events(.note(note)) }
        let source = try await builder.prepare(recipe, with: prerequisites, from: folder)
        let patched = try await builder.patch(source, series)
        let inner = try await builder.build(source, patched)
        let (built, packing) = try await builder.package(inner, of: source, patched, trustingDownloads: prerequisites.trustsDownloads)
        var candidate = Candidate(built.artifact, recipe: recipe, node: node)
        candidate.version = recipe.version
        candidate.series = series.names
        candidate.lock = source.lock
        candidate.lock?.downloads = built.pedigree.downloads
        candidate.notes = built.pedigree.downloads?.notes ?? []
        candidate.tree = patched.tree.description
        candidate.upstreams = source.versions
        candidate.steps = source.steps + [patched.record, inner.record] + packing
        candidate.go = source.toolchain.identity
        candidate.named = source.layout.named
        candidate.pedigree = built.pedigree
        candidate.buildID = try built.pedigree.buildID()
        candidate.reached = built.reached
        candidate.rules = PatchRules(try Catalogue(host).registry(), source.recipe)
        return try await joining(candidate, recipe, at: level, with: prerequisites, from: folder)
    }

    /// A candidate with the control plane that it joins at a level.
    ///
    /// - Parameters:
    ///   - recipe: the recipe that describes the control plane. k3s is its own control plane.
    ///   - prerequisites: the prerequisites for building the control plane.
    /// - Throws: `NoControlPlane`; `ClusterError` if this machine lacks a prerequisite of a control plane; any error of the steps.
    package func joining(
        _ candidate: Candidate, _ recipe: Recipe?, at level: Level, with prerequisites: BuildPrerequisites?, from folder: FilePath? = nil
    ) async throws -> Candidate {
        var joining = candidate
        guard candidate.node.joins(at: level) else { return joining }
        if candidate.node.profile.isK3s {
            try ControlPlanePrograms.look(on: host)
            joining.plane = .k3s(FilePath(candidate.artifact.path))
            return joining
        }
        guard let recipe, let prerequisites else { throw NoControlPlane(recipe: candidate.recipe) }
        let (programs, steps) = try await controlPlane(recipe, with: prerequisites, from: folder)
        joining.plane = .kubernetes(programs)
        joining.steps += steps
        return joining
    }

    /// A recipe's control plane with this machine's etcd.
    ///
    /// - Throws: `NoControlPlane`; `ClusterError` if this machine has no etcd; any error of the steps.
    package func controlPlane(
        _ recipe: Recipe, with prerequisites: BuildPrerequisites, from folder: FilePath? = nil
    ) async throws -> (programs: ControlPlanePrograms, steps: [StepRecord]) {
        guard recipe.controlPlane != nil, recipe.target != nil else { throw NoControlPlane(recipe: recipe.name) }
        let etcd = try ControlPlanePrograms.etcd(on: host)
        let built = try await builder.controlPlane(recipe, with: prerequisites, from: folder)
        let programs = ControlPlanePrograms(
            etcd: etcd, apiServer: built.apiServer, controllerManager: built.controllerManager, scheduler: built.scheduler)
        return (programs, built.steps)
    }

    /// Boots a binary, grades it, and records the run. An unreliable boot is repeated, and then the second run counts.
    ///
    /// - Parameter level: the level that the node is tested at.
    /// - Returns: the run, and the folder that it is recorded in.
    /// - Throws: `FileError` if the run cannot be recorded; `CancellationError`.
    package func verify(_ candidate: Candidate, layout: Layout, level: Level = .boot, with prerequisites: BootPrerequisites) async throws
        -> (
            run: Run, place: FilePath
        )
    {
        try await believed(try boot(candidate, layout: layout, level: level, with: prerequisites))
    }

    /// A boot of a candidate in its own sandbox.
    ///
    /// - Throws: `RunscLacks` if this runsc does not support the layout; `KubeletProfile.Missing` if the runtime of its pods is not
    ///   installed.
    package func boot(_ candidate: Candidate, layout: Layout, level: Level, with prerequisites: BootPrerequisites) throws -> PlannedBoot {
        let node = candidate.node
        let key = try VerifyKey(
            artifact: candidate.artifact.digest, node: node.stretched(by: host.deadlines), layout: layout, level: level,
            runsc: prerequisites.runsc.version, containerd: prerequisites.containerd.package?.version
        ).key()
        let flags = try prerequisites.runsc.arguments(for: layout, isNetworked: level.isJoined)
        if level.isJoined { try prerequisites.profile.require(node.runtime(on: layout.cgroup)) }
        let tools = ["runsc": prerequisites.runsc.version, "runsc flags": flags.joined(separator: " ")]
        return PlannedBoot(
            candidate: candidate.with(prerequisites.containerd), layout: .sandbox(layout), level: level, surroundings: Surroundings(layout),
            key: key,
            tools: tools.merging(prerequisites.containerd.words) { $1 }
        ) { turn in
            NodeBoot(
                candidate.artifact, node: node, level: level, plane: candidate.plane, at: .sandbox(prerequisites.runsc, layout),
                profile: prerequisites.profile, turn: turn, on: host)
        }
    }

    /// Boots once, and once more if the first boot is unreliable.
    func believed(_ boot: PlannedBoot) async throws -> (run: Run, place: FilePath) {
        let first = try await measure(boot, known: try ledger().knownVerdict(of: boot.key))
        return first.run.setAside == nil ? first : try await repeated(boot, after: first.run)
    }

    /// Boots again without any other boot of this process at the same time.
    ///
    /// - Parameter first: the run that does not count, with the reason in it.
    package func repeated(_ boot: PlannedBoot, after first: Run) async throws -> (run: Run, place: FilePath) {
        events(.note("\(first.setAside ?? ""); repeating the boot alone"))
        return try await measure(boot, after: first)
    }

    /// Boots a binary and records the result.
    ///
    /// - Parameters:
    ///   - known: the verdict of an earlier boot of the same kind.
    ///   - first: the run that this boot repeats, which makes the verdict final.
    ///   - seat: the boot's seat in a schedule of concurrent boots; nil if it runs alone.
    package func measure(_ planned: PlannedBoot, known: Verdict? = nil, after first: Run? = nil, seat: BootSchedule.Seat? = nil)
        async throws -> (
            run: Run, place: FilePath
        )
    {
        let (start, started) = (ContinuousClock.now, Date.now)
        let (candidate, layout, level) = (planned.candidate, planned.layout, planned.level)
        events(.began(step: VerifyKey.name, subject: "\(candidate.artifact.digest.short) in \(layout.rawValue), level \(level.rawValue)"))
        let logs = scratch.place("run")
        let overhead = Mutex<[String: Double]>([:])
        let outcome = try await planned.boot(seat?.turn ?? .free).run(scratch: scratch, logs: logs) { progress in
            switch progress {
            case .spent(let part, let seconds): overhead.withLock { $0[part.rawValue] = seconds }
            case .note(let text): events(.note(text))
            default: events(.progress(step: VerifyKey.name, progress.description))
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
            id: Ledger.newName(at: started), started: started.formatted(.iso8601), recipe: candidate.recipe,
            version: candidate.version?.plain, series: candidate.series, layout: layout,
            lock: candidate.lock, tree: candidate.tree, artifact: candidate.artifact, steps: candidate.steps + [record], tools: tools,
            upstreams: candidate.upstreams, secondsToVerdict: outcome.toVerdict, overhead: overhead.withLock { $0 },
            milestones: outcome.milestones,
            watched: candidate.node.watched(by: host.deadlines),
            conditions: conditions, repeats: first?.id, patience: host.deadlines.patience, verdict: verdict, setAside: doubt,
            needs: planned.surroundings.flatMap { candidate.rules?.needs(in: $0) })
        let place = try ledger().record(run, logs: logs)
        events(.ended(record, detail: "\(verdict.title): \(verdict.summary)", grade: verdict.grade))
        return (run, place)
    }

    package static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension BootProgress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .preparing: "populating the sandbox"
        case .stage(let name): "sandbox: \(name)"
        case .watching(let seconds, let end):
            end.map { "watching, \(seconds) of \(max(seconds, $0)) s" } ?? "watching, \(seconds) s"
        case .note(let text): text
        case .spent(let part, let seconds): "\(part.rawValue): \(seconds) s"
        }
    }
}
