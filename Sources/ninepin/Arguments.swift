import ArgumentParser
import Model
import Patches
import Pipeline
import SystemPackage

/// Which recipe.
struct RecipeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A recipe's name, or the path of a .yaml file; NAME@VERSION for another version.", valueName: "recipe"))
    var name = Self.standard

    /// The recipe that is meant where none is named.
    static let standard = "kubelet-1.20"
}

/// Which patches.
struct SeriesOption: ParsableArguments {
    @Option(help: ArgumentHelp("Patches with commas between, or 'none'; the recipe's own when missing.", valueName: "names"))
    var series: SeriesNames?
}

/// What a recipe leaves open.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A folder to be taken in the place of the recipe's source.", valueName: "dir"))
    var source: String?

    var folder: FilePath? { source.map { FilePath($0) } }
}

/// Which Go builds.
struct GoOption: ParsableArguments {
    @Option(help: ArgumentHelp("Go releases to build with, such as '>=1.27'; the recipe's own range when missing.", valueName: "range"))
    var go: VersionRange?
}

extension VersionRange: ExpressibleByArgument {
    /// Reads a range from the command line.
    public init?(argument: String) { self.init(argument) }
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
