import ArgumentParser
import Building
import Model
import Patches
import Proving
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
    package init?(argument: String) { self.init(argument) }
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
    package init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let count = Int(argument), (1...100).contains(count) {
            self = .count(count)
        } else {
            return nil
        }
    }

    /// How help shows it.
    package var defaultValueDescription: String {
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
    package init?(argument: String) {
        guard let layout = Layout.allCases.first(where: { $0.rawValue == argument }) else { return nil }
        self = layout
    }
}

extension CgroupVersion: ExpressibleByArgument {}

extension OverlaySize: ExpressibleByArgument {
    /// Reads a size such as `20g`.
    package init?(argument: String) { self.init(argument) }
}

/// What a sandbox is, beside its file systems, and what makes it.
struct SandboxOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cgroups in the sandbox: v1, which every runsc has and which is the default, or v2.", valueName: "version"))
    var cgroup: [CgroupVersion] = []
    @Option(
        help: ArgumentHelp(
            "How large an overlay root may grow, such as 20g. Without a size kubelet reads 2^63 bytes. Not every runsc takes it.",
            valueName: "size"))
    var overlaySize: OverlaySize?
    @Option(
        help: ArgumentHelp(
            "The runsc that makes the sandbox, of any release; the one on PATH, or else setup's, when missing.", valueName: "path"))
    var runsc: String?

    /// Whether any of it is asked for.
    var isAsked: Bool { !cgroup.isEmpty || overlaySize != nil || runsc != nil }

    /// What is wrong in a place where no sandbox is made.
    func refuse(because reason: String) throws {
        guard !isAsked else { throw ValidationError("--cgroup, --overlay-size and --runsc have no meaning \(reason)") }
    }

    /// Layouts with what is asked for, once for each version of cgroups.
    func layouts(_ layouts: [Layout]) throws -> [Layout] {
        guard overlaySize == nil || layouts.contains(where: \.isRootOverlaid) else {
            throw ValidationError("--overlay-size has a meaning only with --layout root-overlay: no other root is an overlay")
        }
        return (cgroup.isEmpty ? [.v1] : cgroup).flatMap { version in
            layouts.map { $0.with(cgroup: version, overlaySize: overlaySize) }
        }
    }

    /// A layout with what is asked for, of a command that makes one sandbox.
    func layout(_ layout: Layout) throws -> Layout {
        guard cgroup.count < 2 else { throw ValidationError("--cgroup may be given once: one sandbox is made") }
        return try layouts([layout])[0]
    }

    /// What has to be here for such sandboxes.
    func demand(_ layouts: [Layout], node: NodeSpec? = nil, level: Level = .boot) -> SandboxDemand {
        SandboxDemand(runsc: runsc.map { FilePath($0) }, layouts: layouts, node: node, level: level)
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

extension CommandContext {
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
