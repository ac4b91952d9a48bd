import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report
import SystemPackage

struct RunCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a recipe to its verdict: resolve, fetch, patch, build, boot, grade, record.",
        discussion: """
            Results are cached in the workspace; boots never are, because each is a measurement. With several layouts, the node is booted in each, and \
            the result is a matrix with one row.

            Examples:
              ninepin run
              ninepin run kubelet-1.20 --series none --layout root-overlay
              ninepin run --level component --series none
              ninepin run --level pod
              ninepin run kubelet@1.36.2 --cgroup v2 --runsc ./runsc --series none --layout root-overlay --overlay-size 20g --level pod
              ninepin run --dry-run
              ninepin run --layout root-9p --layout volume-9p
              ninepin run --series none --expect 'fatal, memory cache'
              ninepin run --json | jq .verdict.grade
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var level: LevelOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var plan: DryRunOption
    @Option(help: "How the node sees its file systems. Repeatable. Default: the recipe's first layout.")
    var layout: [Layout] = []
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var jobs: JobsOption
    @OptionGroup var expected: ExpectOption
    @OptionGroup var reports: ReportOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try reports.refuse(global.shownFormat)
        guard jobs.jobs == nil || layout.count > 1 || sandbox.cgroup.count > 1 else {
            throw ValidationError("--jobs requires more than one --layout")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (recipe, series) = try context.recipe(recipe, series)
        let layouts = try sandbox.layouts(layout.isEmpty ? [recipe.layouts[0]] : layout)
        let request = BuildRequest(
            recipe: recipe, series: [series], level: level.level(for: recipe), layouts: layouts, probe: level.probe, source: sourceOptions,
            go: goOption, sandbox: sandbox)
        if plan.dryRun { return try await context.plan(request) }
        let build = try await context.prerequisites(for: request)
        if layouts.count > 1 { return try await matrix(of: recipe, series, layouts, build: build, in: context) }
        let layout = layouts[0]
        let (run, place): (Run, FilePath)
        let level = level.level(for: recipe)
        switch level {
        case .component:
            let probes = try context.probes(self.level.probe, for: [series], of: recipe)
            let prerequisites = try await ComponentPrerequisites(on: context.host, for: sandbox.demand(layouts, in: context))
            (run, place) = try await context.withBuilder { builder in
                let prover = ProbeProver(builder)
                let probed = try await prover.prepare(recipe, series, probes: probes, with: build, from: sourceOptions.folder)
                return try await prover.ask(probed, layout: layout, with: prerequisites)
            }
        case .boot, .ready, .pod:
            let prerequisites = try await BootPrerequisites(
                on: context.host, for: sandbox.demand(layouts, node: recipe.node, level: level.level, in: context), events: context.events)
            (run, place) = try await context.withBuilder { builder in
                let prover = NodeProver(builder)
                let candidate = try await prover.prepare(recipe, series, level: level.level, with: build, from: sourceOptions.folder)
                return try await prover.verify(candidate, layout: layout, level: level.level, with: prerequisites)
            }
        }
        try context.publish([run], title: "run \(recipe.name)", as: reports)
        if !reports.ownsOutput { try context.show(run) { $0.run(run, place: "\(place)") } }
        return expected.status(of: run.verdict, usually: run.exitStatus)
    }

    private func matrix(
        of recipe: Recipe, _ series: Series, _ layouts: [Layout], build: BuildPrerequisites, in context: CommandContext
    ) async throws -> ExitStatus {
        let matrix = try await context.matrix(
            recipe, [series], layouts, level, times: 1, jobs: jobs.count(in: context), build: build, sandbox: sandbox,
            from: sourceOptions.folder)
        try context.publish(matrix, title: "run \(recipe.name)", as: reports)
        if !reports.ownsOutput { try context.show(matrix) { $0.matrix(matrix) } }
        if let expected = expected.expect {
            return matrix.cells.allSatisfy { expected.isMet(by: $0.grade, $0.cause) } ? .good : .no
        }
        return matrix.cells.allSatisfy { $0.grade == .clean } ? .good : .no
    }
}
