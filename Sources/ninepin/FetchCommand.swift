import ArgumentParser
import Building
import ExitCodes
import Model
import Proving
import Report

struct FetchCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Resolve and fetch a recipe's source, and print the tree's ID.",
        discussion: """
            Examples:
              ninepin fetch
              ninepin fetch kubelet-1.20 --update
            """)

    @OptionGroup var recipe: RecipeArgument
    @Flag(help: "Query the index again instead of using the cached answer.") var update = false
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let tree: String
        let lock: Lock
        let steps: [StepRecord]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let recipe = try context.catalogue.recipe(recipe.name)
        let fetched = try await context.withBuilder { try await $0.fetch(recipe, from: sourceOptions.folder, isFresh: update) }
        let document = Document(tree: "\(fetched.tree)", lock: fetched.lock, steps: fetched.steps)
        try context.show(document) { $0.text("\(document.tree)") }
        return .good
    }
}
