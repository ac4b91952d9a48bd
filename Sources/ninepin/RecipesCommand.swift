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
            abstract: "One recipe, checked: what it comes to at a version, and its file as it is written.",
            discussion: """
                'from the tree' is what the source itself tells when it is here: how it is built, and which versions of its upstreams it has. What was \
                measured by hand is told with its date; of other versions nothing is promised.

                Examples:
                  ninepin recipes show kubelet-1.20
                  ninepin recipes show kubelet@1.34.9
                  ninepin recipes show runc@1.1.15 --json
                """)

        @Argument(help: "A recipe's name, or the path of a .yaml file.") var name: String
        @OptionGroup var global: GlobalOptions

        func run(in session: Session) async throws -> ExitStatus {
            let recipe = try session.catalogue.recipe(name)
            let text = try Files.readYaml(try session.catalogue.recipePath(Catalogue.split(name).name))
            try session.show(recipe.redacted) { report in
                report.plan(recipe.redacted)
                report.text("")
                report.lines(recipe.secrets.removed(from: text))
            }
            return .good
        }
    }
}
