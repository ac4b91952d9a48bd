import ArgumentParser
import Model
import Patches
import Pipeline

/// Which recipe.
struct RecipeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A recipe's name, or the path of a .yaml file.", valueName: "recipe"))
    var name = "kubelet-1.20"
}

/// Which patches.
struct SeriesOption: ParsableArguments {
    @Option(help: ArgumentHelp("Patches with commas between, or 'none'; the recipe's own when missing.", valueName: "names"))
    var series: SeriesNames?
}

/// Patches by name, as the command line has them: `percpu,9p-source`, or `none`.
struct SeriesNames: ExpressibleByArgument, Sendable {
    let names: [String]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !words.contains(""), words == ["none"] || !words.contains("none") else { return nil }
        names = words == ["none"] ? [] : words
    }
}

extension Layout: ExpressibleByArgument {}

extension Session {
    /// The recipe, and the series: the named one, or the recipe's own.
    func recipe(_ argument: RecipeArgument, _ option: SeriesOption) throws -> (recipe: Recipe, series: Series) {
        let recipe = try catalogue.recipe(argument.name)
        return (recipe, try series(option.series?.names ?? recipe.series.map(\.description), of: recipe))
    }

    func series(_ names: [String], of recipe: Recipe) throws -> Series { try Series(names, recipe: recipe, registry: catalogue.registry()) }
}
