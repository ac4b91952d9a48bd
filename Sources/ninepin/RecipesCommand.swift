import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Host
import Model
import Proving
import Report
import Sanitizing
import SystemPackage

struct RecipesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recipes", abstract: "Manage recipes.", subcommands: [List.self, Show.self, Lock.self], defaultSubcommand: List.self)

    struct List: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all recipes and what they build.",
            discussion: "A recipe that cannot be read is left out and named, and the exit code is 65.")

        @OptionGroup var global: GlobalOptions

        func run(in context: CommandContext) async throws -> ExitStatus {
            var (recipes, isWhole) = ([Recipe](), true)
            for name in try context.catalogue.recipeNames {
                do { recipes.append(try context.catalogue.recipe(name)) } catch {
                    context.events(.note("\(name) is left out: \(error)"))
                    isWhole = false
                }
            }
            try context.show(["recipes": recipes.map(\.redacted)]) { report in
                report.table(["recipe", "version", "title"], recipes.map { [$0.name, $0.version.description, $0.title] })
            }
            return isWhole ? .good : .data
        }
    }

    struct Show: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Validate a recipe and show its resolved settings, and where each value comes from.",
            discussion: """
                The recipe is checked together with its series: every patch must be in the registry and for an upstream of the recipe. A recipe that \
                extends another is shown merged, each value with the file and the line that it comes from; with --file, its own file is shown instead.

                'from the tree' shows what the source itself specifies, if it is fetched: how it is built, and the versions of its upstreams. Manual \
                measurements are shown with their date and cover only the versions listed. With --arch, the recipe is shown for that architecture, with \
                the addresses and digests of its downloads. With --json, 'origins' says where each value comes from, and with --file, 'text' is the \
                recipe's own file.

                Examples:
                  ninepin recipes show kubelet-1.20
                  ninepin recipes show kubelet@1.34.9
                  ninepin recipes show runc@1.1.15 --json
                  ninepin recipes show k3s --arch arm64
                """)

        @Argument(help: "A recipe name or a path to a .yaml file.", completion: Completion.recipes) var name: String
        @Option(help: "The architecture to show: amd64 or arm64. Default: this machine's.")
        var arch: Architecture?
        @Flag(help: "Show the recipe's file as it is, instead of its merged values.") var file = false
        @OptionGroup var global: GlobalOptions

        /// The recipe's own members, and one more: where its values come from, or its file.
        private struct Document: Encodable {
            enum Key: String, CodingKey { case origins, text }

            let recipe: Recipe
            let origins: [RecipeOrigin]?
            let text: String?

            func encode(to encoder: any Encoder) throws {
                try recipe.encode(to: encoder)
                var members = encoder.container(keyedBy: Key.self)
                try members.encodeIfPresent(origins, forKey: .origins)
                try members.encodeIfPresent(text, forKey: .text)
            }
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let recipe = try context.catalogue.recipe(name, for: arch ?? .machine)
            for series in [recipe.series] + recipe.compare { _ = try context.series(series.map(\.description), of: recipe) }
            let document = Document(
                recipe: recipe.redacted, origins: file ? nil : try origins(in: context.catalogue, without: recipe.secrets),
                text: file ? recipe.secrets.removed(from: try Files.readYaml(try path(in: context.catalogue))) : nil)
            try context.show(document) { report in
                report.plan(document.recipe)
                report.text("")
                if let text = document.text { return report.lines(text) }
                report.table(["key", "value", "from"], (document.origins ?? []).map(Self.row))
            }
            return .good
        }

        private func path(in catalogue: Catalogue) throws -> FilePath { try catalogue.recipePath(Catalogue.split(name).name) }

        private func origins(in catalogue: Catalogue, without secrets: Secrets) throws -> [RecipeOrigin] {
            try catalogue.origins(of: name, for: arch ?? .machine).map { $0.with(value: secrets.removed(from: $0.value)) }
        }

        private static func row(_ origin: RecipeOrigin) -> [String] {
            let value = origin.value.split(separator: "\n").first.map(String.init) ?? ""
            return [origin.key, value.count > 80 ? "\(value.prefix(80))…" : value, "\(origin.file):\(origin.line)"]
        }
    }

    struct Lock: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a recipe that pins another recipe's downloads to their current contents.",
            discussion: """
                Downloads that the recipe does not pin are fetched and accepted as they are; inspect them before you build with the new recipe. Existing \
                pins are unchanged.

                Examples:
                  ninepin recipes lock k3s@1.20.8+k3s1
                  ninepin recipes lock k3s@1.20.8+k3s1 --output mine.yaml; ninepin run mine.yaml
                """)

        @Argument(help: "A recipe name or a path to a .yaml file; NAME@VERSION selects another version.", completion: Completion.recipes)
        var name: String
        @Option(help: ArgumentHelp("The output file. Default: standard output.", valueName: "file"), completion: .file())
        var output: String?
        @OptionGroup var global: GlobalOptions

        /// A recipe with the same name in the same folder would extend itself.
        func validate() throws {
            guard let output else { return }
            let base = FilePath(String(name.prefix { $0 != "@" })).stem
            guard FilePath(output).extension == "yaml", FilePath(output).stem != base else {
                throw ValidationError("--output must end in .yaml and differ from the name of the recipe that it extends")
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
            if let output { try OutputFile.write(Array(text.utf8), to: FilePath(output)) }
            let document = Document(recipe: recipe.name, version: recipe.version.plain, downloads: found, text: text)
            try context.show(document) { report in
                if let output { report.text("\(output)") } else { report.lines(text) }
            }
            return .good
        }
    }
}

extension Architecture: ExpressibleByArgument {}
