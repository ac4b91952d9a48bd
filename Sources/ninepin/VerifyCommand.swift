import ArgumentParser
import Model
import Pipeline
import Report
import SystemPackage

struct VerifyCommand: SessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Boot a binary as a node in a gVisor sandbox and say what came of it.",
        discussion: """
            Without --binary: the recipe's own binary, from the store when it is there.

            Examples:
              ninepin verify
              ninepin verify --binary /usr/bin/kubelet --layout root-overlay
              ninepin verify --binary ./kubelet --json | jq .verdict.evidence
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @Option(help: ArgumentHelp("A kubelet from anywhere.", valueName: "path")) var binary: String?
    @Option(help: "How the node sees its file systems; the recipe's first layout, or root-9p, when missing.") var layout: Layout?
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard binary == nil || series.series == nil else {
            throw ValidationError("--series has no meaning with --binary: the binary is built already")
        }
    }

    func run(in session: Session) async throws -> ExitStatus {
        let needs: BootNeeds
        let (run, place): (Run, FilePath)
        if let binary {
            let candidate = try Candidate(binary: FilePath(binary))
            needs = try await BootNeeds(on: session.host)
            (run, place) = try await session.withPipeline { try await $0.verify(candidate, layout: layout ?? .root9p, needs: needs) }
        } else {
            let (recipe, series) = try session.recipe(recipe, series)
            let build = try await BuildNeeds(recipe, go: goOption.go, on: session.host, events: session.events)
            needs = try await BootNeeds(on: session.host)
            (run, place) = try await session.withPipeline { pipeline in
                let candidate = try await pipeline.prepare(recipe, series, needs: build, from: sourceOptions.folder)
                return try await pipeline.verify(candidate, layout: layout ?? recipe.layouts[0], needs: needs)
            }
        }
        try session.show(run) { $0.run(run, place: "\(place)") }
        return run.exitStatus
    }
}
