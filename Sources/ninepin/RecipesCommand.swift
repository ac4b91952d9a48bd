import FileSystem
import ExitCodes
import ArgumentParser
import Building
import Host
import Model
import Proving
import Report
import Sanitizing
import SystemPackage

struct RecipesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes", abstract: "The recipes.", subcommands: [List.self, Show.self, Lock.self], defaultSubcommand: List.self)

    struct List: ContextCommand {
        static let configuration = CommandConfiguration(abstract: "All recipes, with what each builds.")

        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let recipes = try context.catalogue.recipeNames.map { try context.catalogue.recipe($0) }
            try context.show(["recipes": recipes.map(\.redacted)]) { report in
                report.table(["recipe", "version", "title"], recipes.map { [$0.name, $0.version.description, $0.title] })
            }
            return .good
        }
    }

    struct Show: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "One recipe, checked: what it comes to at a version, and its file as it is written.",
            discussion: """
                'from the tree' is what the source itself tells when it is here: how it is built, and which versions of its upstreams it has. What was \
                measured by hand is told with its date; of other versions nothing is promised. With --arch it is shown as it is for that \
                architecture: where its downloads come from, and what their digests are.

                Examples:
                  ninepin recipes show kubelet-1.20
                  ninepin recipes show kubelet@1.34.9
                  ninepin recipes show runc@1.1.15 --json
                  ninepin recipes show k3s --arch arm64
                """)

        @Argument(help: "A recipe's name, or the path of a .yaml file.") var name: String
        @Option(help: "The architecture that it is read for: amd64 or arm64; this machine's when missing.")
        var arch: Architecture?
        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            let recipe = try context.catalogue.recipe(name, for: arch ?? .machine)
            let text = try Files.readYaml(try context.catalogue.recipePath(Catalogue.split(name).name))
            try context.show(recipe.redacted) { report in
                report.plan(recipe.redacted)
                // The file contains all architectures.
                guard arch == nil else { return }
                report.text("")
                report.lines(recipe.secrets.removed(from: text))
            }
            return .good
        }
    }

    struct Lock: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "A recipe that pins the downloads of another by what comes today.",
            discussion: """
                The downloads of which nobody has said what they must be are fetched, and taken as they come; look at them before you build with the \
                recipe. What the recipe says of the others stays as it is.

                Examples:
                  ninepin recipes lock k3s@1.20.8+k3s1
                  ninepin recipes lock k3s@1.20.8+k3s1 -o mine.yaml; ninepin run mine.yaml
                """)

        @Argument(help: "A recipe's name, or the path of a .yaml file; NAME@VERSION for another version.") var name: String
        @Option(name: .shortAndLong, help: ArgumentHelp("The file to write; standard output when missing.", valueName: "file"))
        var output: String?
        @OptionGroup var global: GlobalOptions

        /// A recipe with the same name in the same folder would extend itself.
        func validate() throws {
            guard let output else { return }
            let base = FilePath(String(name.prefix { $0 != "@" })).stem
            guard FilePath(output).extension == "yaml", FilePath(output).stem != base else {
                throw ValidationError("--output takes a name that ends in .yaml, and another than the recipe's that it extends")
            }
        }

        private struct Document: Encodable {
            let recipe: String
            let version: String
            let downloads: [String: LockedDownload]
            let text: String
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let recipe = try context.catalogue.recipe(name)
            let base = try Catalogue.split(name).name
            let parent = base.hasSuffix(".yaml") ? try Files.realPath(FilePath(base)).string : base
            let found = try await context.withBuilder { try await $0.lockDownloads(of: recipe) }
            let text = try recipe.pinned(by: found, extending: parent)
            if let output { try Files.write(text, to: FilePath(output)) }
            let document = Document(recipe: recipe.name, version: recipe.version.plain, downloads: found, text: text)
            try context.show(document) { report in
                if let output { report.text("\(output)") } else { report.lines(text) }
            }
            return .good
        }
    }
}

extension Architecture: ExpressibleByArgument {}
