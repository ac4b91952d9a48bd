import ArgumentParser
import Model
import Patches
import Pipeline
import Report
import SystemPackage

struct RunCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "From a recipe to a verdict: resolve, fetch, patch, build, boot, grade, record.",
        discussion: """
            What is in the workspace already is not done again, but for the boot: that is a measurement. With several layouts the node is booted \
            in each, and the result is a matrix with one row.

            Examples:
              ninepin run
              ninepin run kubelet-1.20 --series none --layout root-overlay
              ninepin run --level component --series none
              ninepin run --level pod
              ninepin run kubelet@1.36.2 --cgroup v2 --runsc ./runsc --series none --layout root-overlay --overlay-size 20g --level pod
              ninepin run --layout root-9p --layout volume-9p
              ninepin run --json | jq .verdict.grade
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var level: LevelOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @Option(help: "How the node sees its file systems; the recipe's first layout when missing. May be given more than once.")
    var layout: [Layout] = []
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var jobs: JobsOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard jobs.jobs == .auto || layout.count > 1 || sandbox.cgroup.count > 1 else {
            throw ValidationError("--jobs has a meaning only with several layouts")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let (recipe, series) = try session.recipe(recipe, series)
        let layouts = try sandbox.layouts(layout.isEmpty ? [recipe.layouts[0]] : layout)
        let build = try await BuildNeeds(
            recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, trustsDownloads: goOption.trustDownloads,
            isPacked: level.level(for: recipe) != .component, on: session.host, events: session.events)
        if layouts.count > 1 { return try await matrix(of: recipe, series, layouts, build: build, in: session) }
        let layout = layouts[0]
        let (run, place): (Run, FilePath)
        let level = level.level(for: recipe)
        switch level {
        case .component:
            let probes = try session.probes(self.level.probe, for: [series], of: recipe)
            let needs = try await ComponentNeeds(on: session.host, for: sandbox.demand(layouts))
            (run, place) = try await session.withPipeline { pipeline in
                let probed = try await pipeline.prepare(recipe, series, probes: probes, needs: build, from: sourceOptions.folder)
                return try await pipeline.ask(probed, layout: layout, needs: needs)
            }
        case .boot, .ready, .pod:
            let needs = try await BootNeeds(
                on: session.host, for: sandbox.demand(layouts, node: recipe.node, level: level.level), events: session.events)
            (run, place) = try await session.withPipeline { pipeline in
                let candidate = try await pipeline.prepare(recipe, series, level: level.level, needs: build, from: sourceOptions.folder)
                return try await pipeline.verify(candidate, layout: layout, level: level.level, needs: needs)
            }
        }
        try session.show(run) { $0.run(run, place: "\(place)") }
        return run.exitStatus
    }

    private func matrix(
        of recipe: Recipe, _ series: Series, _ layouts: [Layout], build: BuildNeeds, in session: Session
    ) async throws -> ExitStatus {
        let matrix = try await session.matrix(
            recipe, [series], layouts, level, times: 1, jobs: jobs.jobs, build: build, sandbox: sandbox, from: sourceOptions.folder)
        try session.show(matrix) { $0.matrix(matrix) }
        return matrix.cells.allSatisfy { $0.grade == .clean } ? .good : .no
    }
}
