import ArgumentParser
import Building
import ExitCodes
import Model
import Patches
import Proving
import Report
import SystemPackage

extension PatchesCommand {
    struct Check: ContextCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check which patches apply, to which files, and in which variant.",
            discussion: """
                For a recipe, each patch is tried alone, and then the recipe's series as a whole. The source is fetched if necessary.

                With --source, every variant is tried against a source folder, without a recipe; the upstreams in it are detected. With --all, every \
                variant is tried against every recipe whose source is already fetched; nothing is downloaded.

                A patch's name alone is the same as with --all, for this patch.

                Exits with code 1 if any patch does not apply; with --source, if none does. With --all, or with a patch's name, exits with code 69 if \
                nothing was checked, because no source that could be is fetched.

                Examples:
                  ninepin patches check
                  ninepin patches check 9p-source
                  ninepin patches check --all
                  ninepin patches check percpu --source ~/src/runc
                """)

        @Argument(
            help: "A recipe or a patch; with --source or --all, patches. Default: the default recipe, or all patches.",
            completion: Completion.recipesAndPatches)
        var names: [String] = []

        @Option(help: ArgumentHelp("A folder of upstream source.", valueName: "dir"), completion: .directory)
        var source: String?

        @Flag(help: "Check every recipe whose source is already fetched.")
        var all = false

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            if source != nil, all { throw ValidationError("--source and --all cannot be used together") }
            if source == nil, !all, names.count > 1 {
                throw ValidationError("only one recipe can be given; to name patches, use --source or --all")
            }
        }

        func run(in context: CommandContext) async throws -> ExitStatus {
            let registry = try context.catalogue.registry()
            if let source {
                let rows = try registry.rows(names, in: SourceText(folder: try Source.folder(source)), label: source)
                try show(rows, in: context)
                return rows.contains(where: \.fits) ? .good : .no
            }
            try refuseUnknown(in: registry, context.catalogue)
            guard try all || isPatch(in: registry, context.catalogue) else { return try await checkRecipe(in: context, registry: registry) }
            let rows = try await context.withBuilder { try $0.matchAll(names, catalogue: context.catalogue, registry: registry) }
            try show(rows, in: context)
            let table = PatchMatchTable(rows)
            if !table.untried.isEmpty {
                let names = table.untried.map(\.description).joined(separator: ", ")
                context.events(.note("checked nowhere, because no fetched source has their upstream: \(names)"))
            }
            guard !table.isEmpty else { return .missing }
            return table.isGood ? .good : .no
        }

        /// Throws an error for a name that is neither that of a recipe nor that of a patch.
        private func refuseUnknown(in registry: Registry, _ catalogue: Catalogue) throws {
            guard !all, let name = names.first, try !catalogue.isRecipe(name), try !isPatch(in: registry, catalogue) else { return }
            let base = String(name.prefix { $0 != "@" })
            let recipes = try catalogue.recipeNames
            guard !recipes.contains(base), !name.hasSuffix(".yaml") else { return }
            let known = recipes + registry.entries.flatMap { [$0.name.name, $0.name.description] }
            let advice = Spelling.nearest(to: base, among: known).map { "did you mean '\($0)'?" }
            throw ValidationError(
                "there is no recipe and no patch '\(name)': \(advice ?? "'ninepin recipes' and 'ninepin patches list' list them")")
        }

        /// Whether the only name is that of a patch, and not of a recipe.
        private func isPatch(in registry: Registry, _ catalogue: Catalogue) throws -> Bool {
            guard let name = names.first, try !catalogue.isRecipe(name) else { return false }
            guard try !catalogue.recipeNames.contains(name) else { return false }
            return registry.entries.contains { $0.name.name == name || $0.name.description == name }
        }

        private func checkRecipe(in context: CommandContext, registry: Registry) async throws -> ExitStatus {
            let recipe = try context.catalogue.recipe(names.first ?? RecipeArgument.standard)
            let checks = try await context.withBuilder { try await $0.check(recipe, against: registry) }
            try context.show(["checks": checks]) { report in
                report.table(
                    ["series", "applies", "variant", "chosen by", "for this version", "files"],
                    checks.map { check in
                        [
                            check.series, check.applies ? "yes" : "no", check.variants.joined(separator: ","),
                            check.chosenBy.map(\.rawValue).joined(separator: ","),
                            check.versionAgrees.map { $0 ? "yes" : "no" }.joined(separator: ","), check.files.joined(separator: ", "),
                        ]
                    })
                for reason in checks.compactMap(\.reason) {
                    report.text("")
                    report.message("", reason)
                }
            }
            return checks.allSatisfy(\.applies) ? .good : .no
        }

        private func show(_ rows: [PatchMatchRow], in context: CommandContext) throws {
            try context.show(["checks": rows]) { report in
                report.table(
                    ["source", "patch", "variant", "version", "state", "where or why not"],
                    rows.map { row in
                        [
                            row.source, row.patch.description, row.variant ?? "–", row.version ?? "–", row.words,
                            row.fits ? row.files.joined(separator: ", ") : row.reason?.replacing("\n", with: "; ") ?? "",
                        ]
                    })
                for row in rows { for note in row.notes { report.text("note: \(row.patch): \(note)") } }
            }
        }
    }
}

extension PatchMatchRow {
    /// The state; for the selected variant, also how it was selected.
    fileprivate var words: String {
        guard let chosenBy else { return state.rawValue }
        return "\(state.rawValue), by \(chosenBy.rawValue)\(versionAgrees == false ? ", for another version" : "")"
    }
}
