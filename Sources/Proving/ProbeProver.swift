import Building
import FileSystem
import FoundationEssentials
import Git
import GoToolchain
import Grading
import Host
import Model
import Node
import Patches
import Runs
import Sandbox
import Store
import SystemPackage

/// The prerequisites of a probe's run, checked before anything is built.
package struct ComponentPrerequisites: Sendable {
    /// gVisor's runtime.
    package let runsc: Runsc
    /// The source of the sandbox's root file system.
    package let profile: ComponentProfile

    /// Checks all prerequisites.
    ///
    /// - Parameter demand: the requirements of the sandboxes.
    /// - Throws: `NotRoot`; `RunscMissing` and `RunscLacks`; `KubeletProfile.Missing`.
    package init(on host: Host, for demand: SandboxDemand = SandboxDemand()) async throws {
        try NotRoot.check(on: host)
        profile = try ComponentProfile(on: host)
        runsc = try await Runsc.find(on: host, named: demand.runsc, for: demand.layouts)
    }
}

/// Probes that were built against one patched tree.
package struct ProbedSeries: Sendable {
    package struct Program: Sendable {
        package let probe: Probe
        let built: Built
    }

    let source: PreparedSource
    let patched: PatchedTree
    /// The probes that fit the versions in the tree, each with its program.
    package let programs: [Program]

    var series: Series { patched.series }

    /// The steps that built the programs.
    package var steps: [StepRecord] { source.steps + [patched.record] + programs.map(\.built.record) }

    /// The series with only one of its probes.
    package func only(_ program: Program) -> ProbedSeries {
        ProbedSeries(source: source, patched: patched, programs: [program])
    }
}

/// The known inputs that determine an answer. A probe's run is nevertheless a measurement, and its result is never taken from the store.
private struct ProbeKey: Keyed {
    static let name = "verify"

    let probe: PatchName
    let artifact: Digest
    let layout: Layout
    let runsc: String
}

/// Runs probes in sandboxes, grades their answers, and records the runs.
package struct ProbeProver: Sendable {
    let builder: SourceBuilder

    package init(_ builder: SourceBuilder) { self.builder = builder }

    private var host: Host { builder.runner.host }
    private var scratch: Scratch { builder.runner.scratch }
    private var events: EventSink { builder.runner.events }

    /// Runs all steps before the sandbox, from recipe and series to the programs of the given probes.
    ///
    /// - Throws: any error of the steps.
    package func prepare(
        _ recipe: Recipe, _ series: Series, probes: [Probe], with prerequisites: BuildPrerequisites, from folder: FilePath? = nil
    ) async throws -> ProbedSeries {
        let source = try await builder.prepare(recipe, with: prerequisites, from: folder)
        let patched = try await builder.patch(source, series)
        var programs: [ProbedSeries.Program] = []
        // The versions of the upstreams that only the tree contains are not known before this point.
        for probe in probes where probe.fits(source.versions[probe.upstream]) {
            programs.append(ProbedSeries.Program(probe: probe, built: try await build(probe, on: patched, of: source)))
        }
        return ProbedSeries(source: source, patched: patched, programs: programs)
    }

    /// Builds a probe's program in the patched tree.
    private func build(_ probe: Probe, on patched: PatchedTree, of source: PreparedSource) async throws -> Built {
        let recipe = source.recipe
        guard let upstream = recipe.upstreams[probe.upstream] else {
            throw PatchesError.noUpstream(probe.name, recipe: recipe.name, advice: "the probe was chosen for another recipe")
        }
        let text = probe.source(importing: recipe.importPath(of: upstream, copies: GoPlace.copies))
        let repository = try builder.trees()
        let tree = try repository.tree(patched.tree, with: [:], files: ["\(probe.folder)/main.go": text])
        try repository.keepTree(tree)
        // With a different environment than the recipe's own, Go would recompile every package. The sandbox has no libraries, so nothing
        // may be linked with C.
        let environment = (recipe.target?.environment ?? [:]).merging(["CGO_ENABLED": "0"]) { _, ours in ours }
        let tags = GoFlag.all(in: recipe.target?.flags ?? []).filter { $0.name == "tags" }.flatMap(\.spelled)
        let target = Target(package: probe.folder, flags: tags, environment: environment, mode: recipe.target?.mode)
        let proved = patched.series.proved(by: probe)
        let touched = patched.applied.filter { proved.contains($0.name) }.flatMap(\.files)
        return try await builder.build(target, of: source, patched.with(tree), touched: touched)
    }

    /// Runs each probe in its own sandbox, grades the answers, and records the run.
    ///
    /// - Returns: the run, and the folder that it is recorded in.
    /// - Throws: `FileError` if the run cannot be recorded; `CancellationError`.
    package func ask(_ probed: ProbedSeries, layout: Layout, with prerequisites: ComponentPrerequisites) async throws -> (
        run: Run, place: FilePath
    ) {
        let started = Date.now
        let logs = scratch.place("run")
        var (verdicts, records, times): ([Verdict], [StepRecord], [Double]) = ([], [], [])
        for program in probed.programs {
            let (verdict, record, toVerdict) = try await ask(program, layout: layout, with: prerequisites, logs: logs)
            verdicts.append(verdict)
            records.append(record)
            times.append(toVerdict)
        }
        guard let (verdict, deciding) = Verdict.worst(of: verdicts) else {
            throw PatchesError.noProbe(series: probed.series.label, recipe: probed.source.recipe.name)
        }
        let run = Run(
            id: Ledger.newName(at: started), started: started.formatted(.iso8601), recipe: probed.source.recipe.name,
            version: probed.source.recipe.version.plain, series: probed.series.names, probes: probed.programs.map(\.probe.name),
            layout: .sandbox(layout), lock: probed.source.lock, tree: probed.patched.tree.description,
            artifact: probed.programs[deciding].built.artifact, steps: probed.steps + records,
            tools: [
                "ninepin": Ninepin.version, "runsc": prerequisites.runsc.version, "kernel": NodeProver.kernel,
                "go": probed.source.toolchain.identity,
                "runsc flags": try prerequisites.runsc.arguments(for: layout, isNetworked: false).joined(separator: " "),
            ],
            upstreams: probed.source.versions, secondsToVerdict: times[deciding], patience: host.deadlines.patience, verdict: verdict)
        return (run, try builder.runner.ledger().record(run, logs: logs))
    }

    private func ask(
        _ program: ProbedSeries.Program, layout: Layout, with prerequisites: ComponentPrerequisites, logs: FilePath
    ) async throws -> (Verdict, StepRecord, Double) {
        let (name, artifact) = (program.probe.name, program.built.artifact)
        let start = ContinuousClock.now
        let key = try ProbeKey(probe: name, artifact: artifact.digest, layout: layout, runsc: prerequisites.runsc.version).key()
        events(.began(step: ProbeKey.name, subject: "probe \(name) in \(layout.rawValue)"))
        let boot = ComponentBoot(
            artifact, probe: name.description, layout: layout, runsc: prerequisites.runsc, profile: prerequisites.profile, on: host)
        let (verdict, toVerdict) = try await boot.run(scratch: scratch, logs: logs, name: "\(name.upstream).\(name.name)")
        let record = StepRecord(name: ProbeKey.name, key: key, cached: false, seconds: start.duration(to: .now).seconds)
        events(.ended(record, detail: "\(verdict.grade.rawValue): \(verdict.summary)", grade: verdict.grade))
        return (verdict, record, toVerdict)
    }

    /// Runs every probe on every series that is empty or patches what the probe tests, in every layout, each the given number of times.
    ///
    /// - Throws: any error of the steps.
    package func matrix(
        _ recipe: Recipe, _ series: [Series], probes: [Probe], layouts: [Layout], times: Int,
        with prerequisites: (build: BuildPrerequisites, component: ComponentPrerequisites), from folder: FilePath? = nil
    ) async throws -> Matrix {
        var built: [ProbedSeries] = []
        for one in series {
            built.append(try await prepare(recipe, one, probes: one.asked(by: probes), with: prerequisites.build, from: folder))
        }
        var cells: [Matrix.Cell] = []
        for probe in probes {
            for probed in built {
                guard let program = probed.programs.first(where: { $0.probe == probe }) else { continue }
                for layout in layouts {
                    var runs: [Run] = []
                    for _ in 1...times {
                        runs.append(try await ask(probed.only(program), layout: layout, with: prerequisites.component).run)
                    }
                    if let cell = Matrix.Cell(label: probed.series.label, probe: probe.name, runs: runs) { cells.append(cell) }
                }
            }
        }
        return Matrix(recipe: recipe.name, cells: cells, steps: built.flatMap(\.steps))
    }
}
