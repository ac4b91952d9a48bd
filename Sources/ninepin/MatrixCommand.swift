import ArgumentParser
import Model
import Patches
import Pipeline
import Report

struct MatrixCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "matrix", abstract: "Every series in every layout, side by side.",
        discussion: """
            With --level component: a row for each probe on each series that is empty or patches what the probe asks.

            With --approaches: a row for each file of approaches/, which says what is changed instead of the source, or beside it. Each node is \
            watched for a minute, and the table tells what it cost, too.

            First all builds, which share one cache, then the boots, one after the other. Without --series: the recipe's own series, and those \
            that it names under 'compare'.

            Exit code 0 means that the table can be relied on: no cell is inconclusive, repeated boots agree, and the recipe's own series, \
            where it is in the table, is clean. Other series are there to be compared.

            Examples:
              ninepin matrix
              ninepin matrix --series none --series percpu,memory-usage,9p-source --layout root-9p
              ninepin matrix kubelet-1.20 --repeat 3 --json
              ninepin matrix --level component
              ninepin matrix --approaches --repeat 3
            """)

    @OptionGroup var recipe: RecipeArgument
    @Option(help: ArgumentHelp("Patches with commas between, or 'none'. May be given more than once.", valueName: "names"))
    var series: [SeriesNames] = []
    @OptionGroup var level: LevelOption
    @Option(help: "A layout. May be given more than once; all of the recipe's when missing.") var layout: [Layout] = []
    @Option(help: ArgumentHelp("How often each cell is booted.", valueName: "count")) var `repeat` = 1
    @Flag(help: "The approaches of approaches/ side by side, in one layout.") var approaches = false
    @Option(help: ArgumentHelp("Only this approach, with --approaches. May be given more than once.", valueName: "name"))
    var approach: [String] = []
    @Option(
        help: ArgumentHelp(
            "For how long each node is watched, with --approaches; at least as long as the recipe says.", valueName: "seconds"))
    var watch = 60
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard approach.isEmpty || approaches else { throw ValidationError("--approach has a meaning only with --approaches") }
        guard !approaches || (series.isEmpty && level.level == nil && layout.count < 2) else {
            throw ValidationError("--approaches takes no --series and no --level, and one --layout at most")
        }
        guard (1...100).contains(self.repeat) else { throw ValidationError("--repeat takes a number from 1 to 100") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let recipe = try session.catalogue.recipe(recipe.name)
        if approaches { return try await table(of: recipe, in: session) }
        let own = (recipe.compare + [recipe.series]).map { $0.map(\.description) }
        var all: [Series] = []
        for names in series.isEmpty ? own : series.map(\.names) {
            let one = try session.series(names, of: recipe)
            if !all.contains(where: { $0.names == one.names }) { all.append(one) }
        }
        let build = try await BuildNeeds(recipe, go: goOption.go, on: session.host, events: session.events)
        let layouts = layout.isEmpty ? recipe.layouts : layout
        let matrix: Matrix
        let level = level.level(for: recipe)
        switch level {
        case .component:
            let probes = try session.probes(self.level.probe, for: all, of: recipe)
            let needs = (build: build, component: try await ComponentNeeds(on: session.host))
            matrix = try await session.withPipeline { [all] in
                try await $0.componentMatrix(
                    recipe, all, probes: probes, layouts: layouts, times: self.repeat, needs: needs, from: sourceOptions.folder)
            }
        case .boot, .ready, .pod:
            let needs = (build: build, boot: try await BootNeeds(on: session.host))
            matrix = try await session.withPipeline { [all] in
                try await $0.matrix(
                    recipe, all, layouts: layouts, level: level.level, times: self.repeat, needs: needs, from: sourceOptions.folder)
            }
        }
        try session.show(matrix) { $0.matrix(matrix) }
        return matrix.exitStatus(for: recipe)
    }

    private func table(of recipe: Recipe, in session: Session) async throws -> ExitStatus {
        let chosen = try session.catalogue.approaches(named: approach).filter {
            // A recipe without a control plane has the other rows all the same; asked for by name, its absence is an error.
            $0.subject != .controlPlane || recipe.controlPlane != nil || !approach.isEmpty
        }
        let needs = try await ApproachNeeds(chosen, recipe: recipe, on: session.host) { try session.series($0, of: recipe) }
        let build = try await BuildNeeds(recipe, go: goOption.go, on: session.host, events: session.events)
        let (table, place) = try await session.withPipeline {
            try await $0.approaches(
                recipe, layout: layout.first ?? recipe.layouts[0], times: self.repeat, watch: Double(watch), needs: (build, needs),
                from: sourceOptions.folder)
        }
        try session.show(table) { $0.approaches(table, place: "\(place)") }
        return table.exitStatus
    }
}
