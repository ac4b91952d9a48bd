import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Model
import Patches
import Proving
import Report
import SystemPackage

struct BuildCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a recipe's binary and print its SHA-256 and path.",
        discussion: """
            Examples:
              ninepin build
              ninepin build --series none
              ninepin build --output ./kubelet
              ninepin build --dry-run          what would be built, and from what
              ninepin build --level pod        also the control plane for 'run --level pod' and 'up'
              ninepin build | sha256sum --check
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var plan: DryRunOption
    @Option(help: ArgumentHelp("At ready and pod, also build the control plane that the node joins.", valueName: "level"))
    var level = AskedLevel.boot
    @Option(help: ArgumentHelp("Also copy the binary to this file. An existing file is replaced.", valueName: "file"), completion: .file())
    var output: String?
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard output != "-", output != "" else {
            throw ValidationError("--output expects a file; a binary is not written to standard output")
        }
        guard !plan.dryRun || output == nil else { throw ValidationError("--dry-run builds nothing, so there is no --output") }
        guard level != .component else { throw ValidationError("--level component builds no node; use 'ninepin run --level component'") }
    }

    private struct Document: Encodable {
        let recipe: String
        let series: [PatchName]
        let tree: String?
        let artifact: Artifact
        let output: String?
        let mode: String?
        let go: String?
        let named: [NamedGo]
        let reached: [String]
        let buildID: String?
        let steps: [StepRecord]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (recipe, series) = try context.recipe(recipe, series)
        let request = BuildRequest(recipe: recipe, series: [series], level: level, source: sourceOptions, go: goOption)
        if plan.dryRun { return try await context.plan(request) }
        let prerequisites = try await context.prerequisites(for: request)
        let built = try await context.withBuilder {
            try await NodeProver($0).prepare(recipe, series, level: level.level, with: prerequisites, from: sourceOptions.folder)
        }
        let output = try output.map { try copy(built.artifact, to: FilePath($0)) }
        let document = Document(
            recipe: recipe.name, series: series.names, tree: built.tree, artifact: built.artifact, output: output,
            mode: built.pedigree?.mode.rawValue,
            go: built.go, named: built.named,
            reached: built.reached, buildID: built.buildID, steps: built.steps)
        // The format of sha256sum(1), which can check it.
        try context.show(document) { $0.text("\(built.artifact.digest)  \(output ?? "\(built.artifact.path)")") }
        return .good
    }

    /// Copies the binary out of the store, and makes sure that what was copied is what was built.
    ///
    /// - Returns: the path of the copy.
    private func copy(_ artifact: Artifact, to file: FilePath) throws -> String {
        let place = Files.isDirectory(file) ? file.appending(FilePath(artifact.path).lastComponent?.string ?? "binary") : file
        // A new file takes the name, because the old one may be running.
        let output = try OutputFile(place, mode: 0o755)
        do {
            guard try Files.copy(FilePath(artifact.path), to: output.path) == artifact.digest else {
                throw Files.refusal("write", place, "the copy differs from the binary that was built")
            }
        } catch {
            output.discard()
            throw error
        }
        try output.finish()
        return place.string
    }
}
