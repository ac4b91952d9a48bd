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

/// Which Go builds, and what a recipe may tell it.
struct GoOption: ParsableArguments {
    @Option(help: ArgumentHelp("Go releases to build with, such as '>=1.27'; the recipe's own range when missing.", valueName: "range"))
    var go: VersionRange?
    @Flag(help: "Build with the recipe although it tells Go more than settings, and so could run any program as you. Read it first.")
    var allowRecipeCode = false
    @Flag(
        help: """
            Take downloads as they come where nobody has said what they must be. Their digests go into the lock, the binary's pedigree and the \
            verdict's notes; 'ninepin recipes lock' writes a recipe that pins them.
            """)
    var trustDownloads = false
}

extension VersionRange: ExpressibleByArgument {
    /// Reads a range from the command line.
    public init?(argument: String) { self.init(argument) }
}

/// How many boots go on at once.
struct JobsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            How many boots go on at once: a number, or auto, which is as many as the machine's memory allows. They start one after the other, \
            and are watched together.
            """, valueName: "count"))
    var jobs = Jobs.auto
}

extension Jobs: ExpressibleByArgument {
    /// Reads `auto`, or a number from 1 to 100.
    public init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let count = Int(argument), (1...100).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// How help shows it.
    public var defaultValueDescription: String {
        switch self {
        case .auto: "auto"
        case .count(let count): "\(count)"
        }
    }
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

extension Layout: ExpressibleByArgument {
    /// Reads a layout that a sandbox can be made with.
    public init?(argument: String) {
        guard let layout = Layout.allCases.first(where: { $0.rawValue == argument }) else { return nil }
        self = layout
    }
}

/// How much is asked to prove itself, as far as a command can ask it.
enum AskedLevel: String, ExpressibleByArgument, CaseIterable {
    case component, boot, ready, pod

    /// The verdict's level.
    var level: Level {
        switch self {
        case .component: .component
        case .boot: .boot
        case .ready: .ready
        case .pod: .pod
        }
    }
}

/// At which level, and, where it is `component`, by which probe.
struct LevelOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            component: a short program asks the patched package in the sandbox, in under a second; boot: the node is booted, standalone; ready: \
            it joins a control plane and goes Ready; pod: it runs pods too. When missing: boot, or component for a library.
            """,
            valueName: "level"))
    var level: AskedLevel?
    @Option(help: ArgumentHelp("Ask only the probe of this patch, at level component.", valueName: "name")) var probe: String?

    func validate() throws {
        guard probe == nil || level == .component else { throw ValidationError("--probe has a meaning only with --level component") }
    }

    /// The level that is asked for; of a library there is only one.
    func level(for recipe: Recipe) -> AskedLevel { level ?? (recipe.node == nil ? .component : .boot) }
}

extension Session {
    /// The recipe, and the series: the named one, or the recipe's own.
    func recipe(_ argument: RecipeArgument, _ option: SeriesOption) throws -> (recipe: Recipe, series: Series) {
        let recipe = try catalogue.recipe(argument.name)
        return (recipe, try series(option.series?.names ?? recipe.series.map(\.description), of: recipe))
    }

    /// The probe that is named, or else those that have something to say about the series.
    func probes(_ name: String?, for series: [Series], of recipe: Recipe) throws -> [Probe] {
        let registry = try catalogue.registry()
        if let name { return [try registry.probe(named: name, of: recipe)] }
        var probes: [Probe] = []
        for probe in try series.flatMap({ try registry.probes(for: $0, of: recipe) }) where !probes.contains(probe) { probes.append(probe) }
        guard !probes.isEmpty else {
            throw PatchesError.noProbe(series: series.map(\.label).joined(separator: "; "), recipe: recipe.name)
        }
        return probes
    }

    func series(_ names: [String], of recipe: Recipe) throws -> Series { try Series(names, recipe: recipe, registry: catalogue.registry()) }
}
