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
            discussion: """
                With --arch it is shown as it is for that architecture: where its downloads come from, and what their digests are.

                Examples:
                  ninepin recipes show kubelet-1.20
                  ninepin recipes show runc@1.1.15 --json
                  ninepin recipes show k3s --arch arm64
                """)

        @Argument(help: "A recipe's name, or the path of a .yaml file.") var name: String
        @Option(
            help:
                "The architecture that it is read for, \(Architecture.allCases.map(\.rawValue).joined(separator: " or ")); this machine's when missing."
        )
        var arch: Architecture?
        @OptionGroup var global: GlobalOptions

        func run(in session: Session) async throws -> ExitStatus {
            let recipe = try session.catalogue.recipe(name, for: arch ?? .machine)
            if arch != nil { return try show(recipe.redacted, in: session) }
            let text = try Files.readYaml(try session.catalogue.recipePath(Catalogue.split(name).name))
            try session.show(recipe.redacted) { $0.lines(recipe.secrets.removed(from: text)) }
            return .good
        }

        private func show(_ recipe: Recipe, in session: Session) throws -> ExitStatus {
            let downloads = recipe.downloads.sorted { $0.key < $1.key }
            try session.show(recipe) { report in
                report.table(
                    ["download", "sha256", "address"],
                    downloads.map { [$0.key, $0.value.sha256?.hex ?? "unknown", $0.value.addresses.joined(separator: " ")] })
                report.table(["setting", "value"], recipe.settings)
            }
            return .good
        }
    }
}

extension Architecture: ExpressibleByArgument {}

extension Recipe {
    /// What Go is told, one row for each setting; the tree fills in what stands in braces.
    fileprivate var settings: [[String]] {
        guard let target else { return [["Go", toolchain.description]] }
        let told = [["Go", toolchain.description], ["mode", target.mode?.rawValue ?? "as the tree says"], ["package", target.package]]
        return told + target.flags.map { ["flag", $0] } + target.environment.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
    }
}
