import FoundationEssentials
import Git
import GoToolchain
import Grading
import Host
import Ledger
import Model
import Node
import Patches
import Sandbox
import SystemPackage

/// What asking a probe needs, looked for before anything is built.
public struct ComponentNeeds: Sendable {
    /// gVisor's runtime.
    public let runsc: Runsc
    /// What the sandbox's root file system is made of.
    public let profile: ComponentProfile

    /// Looks for all of it.
    ///
    /// - Parameter demand: what the sandboxes are to be.
    /// - Throws: `NotRoot`; `RunscMissing` and `RunscLacks`; `KubeletProfile.Missing`.
    public init(on host: Host, for demand: SandboxDemand = SandboxDemand()) async throws {
        guard host.isRoot else { throw NotRoot() }
        profile = try ComponentProfile(on: host)
        runsc = try await Runsc.find(on: host, named: demand.runsc, for: demand.layouts)
    }
}

/// Probes, built against one patched tree.
public struct ProbedSeries: Sendable {
    /// A probe's binary.
    struct Program: Sendable {
        let probe: Probe
        let built: Built
    }

    let recipe: String
    let series: Series
    let fetched: Fetched
    let patched: Patched
    let programs: [Program]
    let go: String

    /// The steps that made the programs.
    public var steps: [StepRecord] { fetched.steps + [patched.record] + programs.map(\.built.record) }

    /// The series with only one of its probes.
    func only(_ program: Program) -> ProbedSeries {
        ProbedSeries(recipe: recipe, series: series, fetched: fetched, patched: patched, programs: [program], go: go)
    }
}

/// What an answer depends on, as far as it can be named. It is a measurement all the same, and never taken from the store.
private struct ProbeKey: Keyed {
    static let name = "verify"

    let probe: PatchName
    let artifact: Digest
    let layout: Layout
    let runsc: String
}

extension Pipeline {
    /// All steps before the sandbox: recipe and series to the programs of some probes.
    ///
    /// - Throws: what the steps throw.
    public func prepare(
        _ recipe: Recipe, _ series: Series, probes: [Probe], needs: BuildNeeds, from folder: FilePath? = nil
    ) async throws -> ProbedSeries {
        let (fetched, exposed, layout) = try await expose(try await fetch(recipe, from: folder), recipe: recipe, go: needs.go)
        let patched = try await patch(fetched, series, recipe: exposed)
        var programs: [ProbedSeries.Program] = []
        // What the tree tells of its upstreams' versions is known only now.
        for probe in probes where probe.fits(patched.upstreams[probe.upstream]) {
            let built = try await build(probe, on: patched, recipe: exposed, go: needs.go, layout: layout)
            programs.append(ProbedSeries.Program(probe: probe, built: built))
        }
        return ProbedSeries(
            recipe: recipe.name, series: series, fetched: fetched, patched: patched, programs: programs, go: needs.go.identity)
    }

    /// The patched tree, with the program in it, to the program's binary.
    private func build(
        _ probe: Probe, on patched: Patched, recipe: Recipe, go: GoToolchain, layout: GoLayout
    ) async throws -> Built {
        guard let upstream = recipe.upstreams[probe.upstream] else {
            throw PatchesError.noUpstream(probe.name, recipe: recipe.name, advice: "the probe was chosen for another recipe")
        }
        let source = probe.source(importing: recipe.importPath(of: upstream, copies: GoPlace.copies))
        let repository = try Repository.open(at: workspace.trees.string)
        let tree = try repository.tree(patched.tree, with: [:], files: ["\(probe.folder)/main.go": source])
        try repository.keep(tree, as: "refs/ninepin/trees/\(tree)")
        // The recipe's own environment, or Go compiles every package once more. The sandbox has no libraries: nothing may be linked with C.
        let environment = (recipe.target?.environment ?? [:]).merging(["CGO_ENABLED": "0"]) { _, ours in ours }
        let tags = GoFlag.all(in: recipe.target?.flags ?? []).filter { $0.name == "tags" }.flatMap(\.spelled)
        let target = Target(package: probe.folder, flags: tags, environment: environment, mode: recipe.target?.mode)
        let withProgram = Patched(
            source: patched.source, series: patched.series, tree: tree, applied: patched.applied, record: patched.record,
            libraries: patched.libraries)
        let proved = patched.series.proved(by: probe)
        let touched = patched.applied.filter { proved.contains($0.name) }.flatMap(\.files)
        return try await build(withProgram, target: target, touched: touched, recipe: recipe, go: go, layout: layout)
    }

    /// Asks each probe in a sandbox of its own, grades the answers, and records the run.
    ///
    /// - Returns: the run, and the folder it is recorded in.
    /// - Throws: `FileError` when the run cannot be recorded; `CancellationError`.
    public func ask(_ probed: ProbedSeries, layout: Layout, needs: ComponentNeeds) async throws -> (run: Run, place: FilePath) {
        let started = Date.now
        let logs = scratch.place("run")
        var (verdicts, records, times): ([Verdict], [StepRecord], [Double]) = ([], [], [])
        for program in probed.programs {
            let (verdict, record, toVerdict) = try await ask(program, layout: layout, needs: needs, logs: logs)
            verdicts.append(verdict)
            records.append(record)
            times.append(toVerdict)
        }
        guard let (verdict, deciding) = Verdict.worst(of: verdicts) else {
            throw PatchesError.noProbe(series: probed.series.label, recipe: probed.recipe)
        }
        let run = Run(
            id: Ledger.newName(at: started), started: started.formatted(.iso8601), recipe: probed.recipe, series: probed.series.names,
            layout: layout, lock: probed.fetched.lock, tree: probed.patched.tree.description,
            artifact: probed.programs[deciding].built.artifact, steps: probed.steps + records,
            tools: [
                "ninepin": Ninepin.version, "runsc": needs.runsc.version, "kernel": Self.kernel, "go": probed.go,
                "runsc flags": try needs.runsc.arguments(for: layout, isNetworked: false).joined(separator: " "),
            ],
            upstreams: probed.patched.upstreams, secondsToVerdict: times[deciding], patience: host.deadlines.patience, verdict: verdict)
        return (run, try Ledger(workspace.runs).record(run, logs: logs))
    }

    private func ask(
        _ program: ProbedSeries.Program, layout: Layout, needs: ComponentNeeds, logs: FilePath
    ) async throws -> (Verdict, StepRecord, Double) {
        let (name, artifact) = (program.probe.name, program.built.artifact)
        let start = ContinuousClock.now
        let key = try ProbeKey(probe: name, artifact: artifact.digest, layout: layout, runsc: needs.runsc.version).key()
        events(.began(step: ProbeKey.name, subject: "probe \(name) in \(layout.rawValue)"))
        let boot = ComponentBoot(
            artifact, probe: name.description, layout: layout, runsc: needs.runsc, profile: needs.profile, on: host)
        let (verdict, toVerdict) = try await boot.run(scratch: scratch, logs: logs, name: "\(name.upstream).\(name.name)")
        let record = StepRecord(name: ProbeKey.name, key: key, cached: false, seconds: start.duration(to: .now).seconds)
        events(.ended(record, detail: "\(verdict.grade.rawValue): \(verdict.summary)"))
        return (verdict, record, toVerdict)
    }

    /// Every probe on every series that is empty or patches what it asks, in every layout, each as often as asked.
    ///
    /// - Throws: what the steps throw.
    public func componentMatrix(
        _ recipe: Recipe, _ series: [Series], probes: [Probe], layouts: [Layout], times: Int,
        needs: (build: BuildNeeds, component: ComponentNeeds), from folder: FilePath? = nil
    ) async throws -> Matrix {
        var built: [ProbedSeries] = []
        for one in series { built.append(try await prepare(recipe, one, probes: one.asked(by: probes), needs: needs.build, from: folder)) }
        var cells: [Matrix.Cell] = []
        for probe in probes {
            for probed in built {
                guard let program = probed.programs.first(where: { $0.probe == probe }) else { continue }
                for layout in layouts {
                    var runs: [Run] = []
                    for _ in 1...times { runs.append(try await ask(probed.only(program), layout: layout, needs: needs.component).run) }
                    if let cell = Matrix.Cell(label: probed.series.label, probe: probe.name, runs: runs) { cells.append(cell) }
                }
            }
        }
        return Matrix(recipe: recipe.name, cells: cells, steps: built.flatMap(\.steps))
    }
}
