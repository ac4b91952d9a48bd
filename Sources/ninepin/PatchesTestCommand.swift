import ArgumentParser
import Building
import ExitCodes
import Model
import Proving
import Report

struct PatchesTestCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the upstream tests of the packages a patch touches, without and with the patch.",
        discussion: """
            Differences are shown per test. Exits with code 1 if a test fails that did not fail before.

            The tests are code from the source. As root, they run in a jail: as a separate user without capabilities, network access, or any files
            except the source's. Without root, they run as you.

            Examples:
              ninepin patches test percpu runc@1.1.5
              ninepin patches test 9p-source cadvisor --source ../cadvisor
            """)

    @Argument(help: "A patch's name, or the last part of it.", completion: Completion.patches) var name: String
    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let recipe = try context.catalogue.recipe(recipe.name)
        let series = try context.series([name], of: recipe)
        let prerequisites = try await BuildPrerequisites(
            recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, isPacked: false, on: context.host, events: context.events)
        let found = try await context.withBuilder { try await $0.test(series, of: recipe, with: prerequisites, from: sourceOptions.folder) }
        try context.show(found) { report in
            report.text("\(found.patch) (\(found.variant)), tests of \(found.folders.joined(separator: ", "))")
            report.table(
                ["", "passed", "failed", "skipped"],
                [("before", found.before), ("after", found.after)].map { title, results in
                    [
                        title, "\(found.count(.pass, in: results))", "\(found.count(.fail, in: results))",
                        "\(found.count(.skip, in: results))",
                    ]
                })
            if found.differences.isEmpty { return report.text("no test result changed") }
            report.table(
                ["package", "test", "before", "after"],
                found.differences.map { [$0.package, $0.test, $0.before?.rawValue ?? "–", $0.after?.rawValue ?? "–"] })
        }
        return found.isGood ? .good : .no
    }
}
