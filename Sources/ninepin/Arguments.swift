import ArgumentParser
import Building
import Model
import Patches
import Proving
import SystemPackage

struct RecipeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("A recipe name or a path to a .yaml file; NAME@VERSION selects another version.", valueName: "recipe"))
    var name = Self.standard

    /// The default recipe.
    static let standard = "kubelet-1.20"
}

/// The patches to apply.
struct SeriesOption: ParsableArguments {
    @Option(help: ArgumentHelp("Comma-separated patches, or 'none'. Default: the recipe's series.", valueName: "names"))
    var series: SeriesNames?
}

/// The source to use instead of the recipe's own.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use this source folder instead of the recipe's source.", valueName: "dir"))
    var source: String?

    var folder: FilePath? { source.map { FilePath($0) } }
}

/// The Go releases that may build, and the permissions of a recipe.
struct GoOption: ParsableArguments {
    @Option(help: ArgumentHelp("Go releases to build with, such as '>=1.27'. Default: the recipe's range.", valueName: "range"))
    var go: VersionRange?
    @Flag(help: "Allow a recipe whose Go flags or environment could run arbitrary programs as you. Read the recipe first.")
    var allowRecipeCode = false
    @Flag(
        help: """
            Accept downloads that the recipe does not pin. Their digests are recorded in the lock, the binary's pedigree, and the verdict's notes. \
            'ninepin recipes lock' writes a recipe that pins them.
            """)
    var trustDownloads = false
}

extension VersionRange: ExpressibleByArgument {
    /// Parses a range from the command line.
    package init?(argument: String) { self.init(argument) }
}

/// The number of concurrent boots.
struct JobsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The number of concurrent boots, or 'auto' for as many as memory allows. Boots start one at a time and are then observed together.
            """, valueName: "count"))
    var jobs = Jobs.auto
}

extension Jobs: ExpressibleByArgument {
    /// Parses `auto`, or a number from 1 to 100.
    package init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let count = Int(argument), (1...100).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// The value in help texts.
    package var defaultValueDescription: String {
        switch self {
        case .auto: "auto"
        case .count(let count): "\(count)"
        }
    }
}

/// Patches by name in the form of the command line: `percpu,9p-source`, or `none`.
struct SeriesNames: ExpressibleByArgument, Sendable {
    let names: [String]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !words.contains(""), words == ["none"] || !words.contains("none") else { return nil }
        names = words == ["none"] ? [] : words
    }
}

extension Layout: ExpressibleByArgument {
    /// Parses a layout that a sandbox supports.
    package init?(argument: String) {
        guard let layout = Layout.allCases.first(where: { $0.rawValue == argument }) else { return nil }
        self = layout
    }
}

extension CgroupVersion: ExpressibleByArgument {}

extension OverlaySize: ExpressibleByArgument {
    /// Parses a size such as `20g`.
    package init?(argument: String) { self.init(argument) }
}

/// The properties of a sandbox besides its layout, and the runsc that creates it.
struct SandboxOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cgroup version in the sandbox: v1 (default; every runsc has it) or v2.", valueName: "version"))
    var cgroup: [CgroupVersion] = []
    @Option(
        help: ArgumentHelp(
            "The size limit of an overlay root, such as 20g. Without one, kubelet reads 2^63 bytes. Not every runsc supports it.",
            valueName: "size"))
    var overlaySize: OverlaySize?
    @Option(
        help: ArgumentHelp(
            "The runsc to use, of any release. Default: the one on PATH, or else the one that setup installed.", valueName: "path"))
    var runsc: String?

    /// Whether any of these options was given.
    var isAsked: Bool { !cgroup.isEmpty || overlaySize != nil || runsc != nil }

    /// Throws an error if any of these options was given although no sandbox is created.
    func refuse(because reason: String) throws {
        guard !isAsked else { throw ValidationError("--cgroup, --overlay-size and --runsc cannot be used \(reason)") }
    }

    /// The layouts with the given options, once for each version of cgroups.
    func layouts(_ layouts: [Layout]) throws -> [Layout] {
        guard overlaySize == nil || layouts.contains(where: \.isRootOverlaid) else {
            throw ValidationError("--overlay-size requires --layout root-overlay: no other layout has an overlay root")
        }
        return (cgroup.isEmpty ? [.v1] : cgroup).flatMap { version in
            layouts.map { $0.with(cgroup: version, overlaySize: overlaySize) }
        }
    }

    /// A layout with the given options, for a command that creates a single sandbox.
    func layout(_ layout: Layout) throws -> Layout {
        guard cgroup.count < 2 else { throw ValidationError("--cgroup can be given only once: this command makes one sandbox") }
        return try layouts([layout])[0]
    }

    /// The requirements of such sandboxes.
    func demand(_ layouts: [Layout], node: NodeSpec? = nil, level: Level = .boot) -> SandboxDemand {
        SandboxDemand(runsc: runsc.map { FilePath($0) }, layouts: layouts, node: node, level: level)
    }
}

/// The levels that a command can test at.
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

/// The level to test at, and the probe at level `component`.
struct LevelOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            component: a short program calls the patched package in the sandbox, in under a second; boot: the node boots standalone; ready: it \
            joins a control plane and becomes Ready; pod: it also runs pods. Default: boot, or component for a library.
            """,
            valueName: "level"))
    var level: AskedLevel?
    @Option(help: ArgumentHelp("Run only this patch's probe; requires --level component.", valueName: "name")) var probe: String?

    func validate() throws {
        guard probe == nil || level == .component else { throw ValidationError("--probe requires --level component") }
    }

    /// The given level; by default the only one of a library, or `boot`.
    func level(for recipe: Recipe) -> AskedLevel { level ?? (recipe.node == nil ? .component : .boot) }
}

extension CommandContext {
    /// The recipe, and the named series or else the recipe's own.
    func recipe(_ argument: RecipeArgument, _ option: SeriesOption) throws -> (recipe: Recipe, series: Series) {
        let recipe = try catalogue.recipe(argument.name)
        return (recipe, try series(option.series?.names ?? recipe.series.map(\.description), of: recipe))
    }

    /// The named probe, or else all probes that test the series.
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
