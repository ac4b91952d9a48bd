import ArgumentParser
import Host
import Model
import Pipeline
import Report
import Sanitizing

struct RecipesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes", abstract: "The recipes.", subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: SessionCommand {
        static let configuration = CommandConfiguration(abstract: "All recipes, with what each builds.")

        @OptionGroup var global: GlobalOptions

        func run(in session: Session) async throws -> ExitStatus {
            let recipes = try session.catalogue.recipeNames.map { try session.catalogue.recipe($0) }
            try session.show(["recipes": recipes.map(\.redacted)]) { report in
                report.table(["recipe", "version", "title"], recipes.map { [$0.name, $0.version.description, $0.title] })
            }
            return .good
        }
    }

    struct Show: SessionCommand {
        static let configuration = CommandConfiguration(
            abstract: "One recipe, checked, as it is written.",
            discussion: "Examples:\n  ninepin recipes show kubelet-1.20\n  ninepin recipes show runc@1.1.15 --json")

        @Argument(help: "A recipe's name, or the path of a .yaml file.") var name: String
        @OptionGroup var global: GlobalOptions

        func run(in session: Session) async throws -> ExitStatus {
            let recipe = try session.catalogue.recipe(name)
            let text = try Files.readYaml(try session.catalogue.recipePath(Catalogue.split(name).name))
            try session.show(recipe.redacted) { $0.lines(recipe.secrets.removed(from: text)) }
            return .good
        }
    }
}
