import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report

struct BuildCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a recipe's binary and print its SHA-256 and path.",
        discussion: """
            Examples:
              ninepin build
              ninepin build --series none
              ninepin build --level pod        also the control plane for 'run --level pod' and 'up'
              ninepin build | sha256sum --check
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @Option(help: ArgumentHelp("At ready and pod, also build the control plane that the node joins.", valueName: "level"))
    var level = AskedLevel.boot
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard level != .component else { throw ValidationError("--level component builds no node; use 'ninepin run --level component'") }
    }

    private struct Document: Encodable {
        let recipe: String
        let series: [PatchName]
        let tree: String?
        let artifact: Artifact
        let mode: String?
        let go: String?
        let named: [NamedGo]
        let reached: [String]
        let buildID: String?
        let steps: [StepRecord]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (recipe, series) = try context.recipe(recipe, series)
        let prerequisites = try await BuildPrerequisites(
            recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, trustsDownloads: goOption.trustDownloads, on: context.host,
            events: context.events)
        let built = try await context.withBuilder {
            try await NodeProver($0).prepare(recipe, series, level: level.level, with: prerequisites, from: sourceOptions.folder)
        }
        let document = Document(
            recipe: recipe.name, series: series.names, tree: built.tree, artifact: built.artifact, mode: built.pedigree?.mode.rawValue,
            go: built.go, named: built.named,
            reached: built.reached, buildID: built.buildID, steps: built.steps)
        // The format of sha256sum(1), which can check it.
        try context.show(document) { $0.text("\(built.artifact.digest)  \(built.artifact.path)") }
        return .good
    }
}
