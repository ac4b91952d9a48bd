import ArgumentParser
import Model
import Pipeline
import Report
import SystemPackage

struct VerifyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Boot a binary as a node in a gVisor sandbox and say what came of it.",
        discussion: """
            Without --binary: the recipe's own binary, from the store when it is there. With it, the recipe says how the binary is booted, and what
            it joins.

            Examples:
              ninepin verify
              ninepin verify --binary /usr/bin/kubelet --layout root-overlay
              ninepin verify --binary ./kubelet --json | jq .verdict.evidence
              ninepin verify k3s --binary ./k3s --level pod
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var level: LevelOption
    @Option(help: ArgumentHelp("A kubelet, or what the recipe is for, from anywhere.", valueName: "path")) var binary: String?
    @Option(help: "How the node sees its file systems; the recipe's first layout, or root-9p, when missing.") var layout: Layout?
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard binary == nil || series.series == nil else {
            throw ValidationError("--series has no meaning with --binary: the binary is built already")
        }
        guard level.level != .component else { throw ValidationError("at level component no node is booted: ask 'ninepin run'") }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let needs: BootNeeds
        let (run, place): (Run, FilePath)
        let level = self.level.level?.level ?? .boot
        if let binary {
            let isNamed = level.isJoined || self.recipe.name != RecipeArgument.standard
            let recipe = isNamed ? try session.catalogue.recipe(self.recipe.name) : nil
            let candidate = try Candidate(binary: FilePath(binary), for: recipe)
            let joins = candidate.node.joins(at: level) && !candidate.node.profile.isK3s
            var build: BuildNeeds?
            if let recipe, joins { build = try await BuildNeeds(recipe, go: goOption.go, on: session.host, events: session.events) }
            needs = try await BootNeeds(on: session.host)
            (run, place) = try await session.withPipeline { pipeline in
                let joining = try await pipeline.joining(candidate, recipe, at: level, needs: build)
                return try await pipeline.verify(joining, layout: layout ?? .root9p, level: level, needs: needs)
            }
        } else {
            let (recipe, series) = try session.recipe(recipe, series)
            let build = try await BuildNeeds(recipe, go: goOption.go, on: session.host, events: session.events)
            needs = try await BootNeeds(on: session.host)
            (run, place) = try await session.withPipeline { pipeline in
                let candidate = try await pipeline.prepare(recipe, series, level: level, needs: build, from: sourceOptions.folder)
                return try await pipeline.verify(candidate, layout: layout ?? recipe.layouts[0], level: level, needs: needs)
            }
        }
        try session.show(run) { $0.run(run, place: "\(place)") }
        return run.exitStatus
    }
}
