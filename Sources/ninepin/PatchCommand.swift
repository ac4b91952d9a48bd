import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report

struct PatchCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "Apply a series to a recipe's source, and print the patched tree's ID.",
        discussion: """
            If any patch does not apply, the tree is left unchanged and the exit code is 1.

            Examples:
              ninepin patch
              ninepin patch --series percpu
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let tree: String
        let applied: [AppliedPatch]
        let steps: [StepRecord]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (recipe, series) = try context.recipe(recipe, series)
        let document = try await context.withBuilder { builder in
            let fetched = try await builder.fetch(recipe, from: sourceOptions.folder)
            let patched = try await builder.patch(fetched, series, of: recipe)
            return Document(tree: "\(patched.tree)", applied: patched.applied, steps: fetched.steps + [patched.record])
        }
        try context.show(document) { report in
            report.text("\(document.tree)")
            for patch in document.applied {
                let version = patch.isOffVersion ? "written for another version" : "written for this version"
                report.text("\(patch.name): variant \(patch.variant), chosen by \(patch.chosenBy.rawValue), \(version)")
            }
        }
        return .good
    }
}
