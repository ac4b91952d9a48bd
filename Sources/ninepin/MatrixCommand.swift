import Approaches
import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report
import SystemPackage

struct MatrixCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix", abstract: "Compare every series in every layout.",
        discussion: """
            With --level component, the table has a row for each probe on each series that is empty or patches what the probe tests.

            With --approaches, the table has a row for each file in approaches/, which describes a change made instead of, or in addition to, patching \
            the source. Each node is observed for a minute, and the table also shows its cost.

            A boot starts as soon as its binary is built and the previous boot has started; the nodes are then observed together. Ninepin measures how \
            much concurrent boots slow each other down. A boot that was slowed too much, or whose verdict differs from earlier boots of the same kind, \
            is repeated alone, with a note. Without --series, the table has the recipe's own series and those listed under 'compare'.

            Exit code 0 means that the table is reliable: no cell is inconclusive, repeated boots agree, and the recipe's own series, if present, is \
            clean. Other series are only for comparison.

            A line below the table reports each verdict that contradicts the registry's rules ('needs' in docs/patch.md). This changes neither the \
            verdict nor the exit code.

            Examples:
              ninepin matrix
              ninepin matrix --series none --series percpu,memory-usage,9p-source --layout root-9p
              ninepin matrix kubelet-1.20 --repeat 3 --json
              ninepin matrix --jobs 1
              ninepin matrix --level component
              ninepin matrix --approaches --repeat 3
            """)

    @OptionGroup var recipe: RecipeArgument
    @Option(
        help: ArgumentHelp("Comma-separated patches, or 'none'. Repeatable.", valueName: "names"), completion: Completion.series,
        transform: SeriesNames.parsed)
    var series: [SeriesNames] = []
    @OptionGroup var level: LevelOption
    @Option(help: "A layout to boot. Repeatable. Default: all layouts of the recipe.") var layout: [Layout] = []
    @Option(help: ArgumentHelp("The number of boots per cell.", valueName: "count")) var `repeat` = 1
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var jobs: JobsOption
    @Flag(help: "Compare the approaches in approaches/, in one layout.") var approaches = false
    @Option(
        help: ArgumentHelp("With --approaches, boot only this one. Repeatable.", valueName: "name"), completion: Completion.approaches)
    var approach: [String] = []
    @Option(
        help: ArgumentHelp(
            "With --approaches, how long to observe each node; never less than the recipe's time.", valueName: "seconds"))
    var watch = 60
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var plan: DryRunOption
    @OptionGroup var reports: ReportOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try reports.refuse(global.shownFormat)
        guard !reports.isAsked || !approaches else {
            throw ValidationError(
                "--html, --single-file, --junit, --markdown and --github cannot be used with --approaches: its runs are not recorded")
        }
        guard approach.isEmpty || approaches else { throw ValidationError("--approach requires --approaches") }
        guard !approaches || (series.isEmpty && level.level == nil && layout.count < 2) else {
            throw ValidationError("--approaches cannot be used with --series, --level, or more than one --layout")
        }
        guard !approaches || !plan.dryRun else { throw ValidationError("--dry-run cannot be used with --approaches") }
        if approaches { try sandbox.refuse(because: "with --approaches: all its sandboxes are the same") }
        guard !approaches || jobs.jobs == nil || jobs.jobs == .auto || jobs.jobs == .count(1) else {
            throw ValidationError(
                "--jobs cannot be used with --approaches: CPU use is measured one boot at a time")
        }
        guard level.level != .component || jobs.jobs == nil || jobs.jobs == .auto else {
            throw ValidationError("--jobs cannot be used at level component: a probe takes a fraction of a second")
        }
        guard (1...100).contains(self.repeat) else { throw ValidationError("--repeat must be a number from 1 to 100") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let recipe = try context.catalogue.recipe(recipe.name)
        if approaches { return try await table(of: recipe, in: context) }
        let own = (recipe.compare + [recipe.series]).map { $0.map(\.description) }
        var all: [Series] = []
        for names in series.isEmpty ? own : series.map(\.names) {
            let one = try context.series(names, of: recipe)
            if !all.contains(where: { $0.names == one.names }) { all.append(one) }
        }
        let layouts = try sandbox.layouts(layout.isEmpty ? recipe.layouts : layout)
        let request = BuildRequest(
            recipe: recipe, series: all, level: level.level(for: recipe), layouts: layouts, probe: level.probe, source: sourceOptions,
            go: goOption, sandbox: sandbox)
        if plan.dryRun { return try await context.plan(request) }
        let build = try await context.prerequisites(for: request)
        let matrix = try await context.matrix(
            recipe, all, layouts, level, times: self.repeat, jobs: jobs.count(in: context), build: build, sandbox: sandbox,
            from: sourceOptions.folder)
        try context.publish(matrix, title: "matrix \(recipe.name)", as: reports)
        if !reports.ownsOutput { try context.show(matrix) { $0.matrix(matrix) } }
        return matrix.exitStatus(for: recipe)
    }

    private func table(of recipe: Recipe, in context: CommandContext) async throws -> ExitStatus {
        let chosen = try context.catalogue.approaches(named: approach).filter {
            // Without a control plane, a recipe still has the other rows. It is an error only if the approach was requested by name.
            $0.subject != .controlPlane || recipe.controlPlane != nil || !approach.isEmpty
        }
        let prerequisites = try await ApproachPrerequisites(chosen, recipe: recipe, on: context.host) { try context.series($0, of: recipe) }
        let build = try await BuildPrerequisites(
            recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, trustsDownloads: goOption.trustDownloads, on: context.host,
            events: context.events)
        let (table, place) = try await context.withBuilder {
            try await ApproachProver($0).table(
                recipe, layout: layout.first ?? recipe.layouts[0], times: self.repeat, watch: Double(watch), with: (build, prerequisites),
                from: sourceOptions.folder)
        }
        try context.show(table) { $0.approaches(table, place: "\(place)") }
        return table.exitStatus
    }
}

extension CommandContext {
    /// The matrix of series and layouts at a level.
    func matrix(
        _ recipe: Recipe, _ series: [Series], _ layouts: [Layout], _ option: LevelOption, times: Int, jobs: Jobs, build: BuildPrerequisites,
        sandbox: SandboxOptions, from folder: FilePath?
    ) async throws -> Matrix {
        let level = option.level(for: recipe)
        switch level {
        case .component:
            let probes = try probes(option.probe, for: series, of: recipe)
            let prerequisites = (
                build: build, component: try await ComponentPrerequisites(on: host, for: sandbox.demand(layouts, in: self))
            )
            return try await withBuilder {
                try await ProbeProver($0).matrix(
                    recipe, series, probes: probes, layouts: layouts, times: times, with: prerequisites, from: folder)
            }
        case .boot, .ready, .pod:
            let demand = sandbox.demand(layouts, node: recipe.node, level: level.level, in: self)
            let prerequisites = (build: build, boot: try await BootPrerequisites(on: host, for: demand, events: events))
            return try await withBuilder {
                try await NodeProver($0).matrix(
                    recipe, series, layouts: layouts, level: level.level, times: times, jobs: jobs, with: prerequisites, from: folder)
            }
        }
    }
}
