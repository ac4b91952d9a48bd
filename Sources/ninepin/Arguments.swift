import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Host
import Model
import Patches
import Proving
import Report
import Runs
import Store
import SystemPackage

struct RecipeArgument: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A recipe name or a path to a .yaml file; NAME@VERSION selects another version.", valueName: "recipe"),
        completion: Completion.recipes)
    var name = Self.standard

    /// The default recipe.
    static let standard = "kubelet-1.20"
}

/// A duration such as `90s`, `10m` or `2h`, of at most a week.
struct Seconds: ExplainedArgument, Hashable, Sendable {
    let count: Double
    /// The text that was given.
    let text: String

    init?(argument: String) {
        guard let count = YamlMap.seconds(of: argument), count <= YamlMap.longest else { return nil }
        (self.count, text) = (count, argument)
    }

    static let form = "one number and a unit, such as 90s, 90m or 1.5h, more than 0 and at most 168h"
}

/// An argument that says what it can be when a text is none. The parser alone says only that it is invalid.
protocol ExplainedArgument: ExpressibleByArgument {
    /// What the argument can be.
    static var form: String { get }
}

extension ExplainedArgument {
    /// The value of a text, for the `transform` of an option.
    ///
    /// - Throws: `ValidationError` with the form that is expected.
    static func parsed(_ text: String) throws -> Self {
        guard let value = Self(argument: text) else { throw ValidationError("expected \(form)") }
        return value
    }
}

/// The grade that a caller expects, instead of clean.
struct ExpectOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Exit with 0 if the verdict is this one, and with 1 for any other: a grade, or a grade with its fault, such as 'fatal' or \
            'fatal, memory cache'.
            """, valueName: "grade"), transform: ExpectedGrade.init)
    var expect: ExpectedGrade?

    /// The exit code for a verdict.
    ///
    /// - Parameter usual: the exit code if none was expected.
    func status(of verdict: Verdict, usually usual: ExitStatus) -> ExitStatus {
        expect.map { $0.isMet(by: verdict) ? .good : .no } ?? usual
    }
}

/// A grade, with or without the fault that decided it.
struct ExpectedGrade: Sendable {
    private let title: String

    /// - Throws: `ValidationError` for what is no grade, for a fault that no verdict has, and for a fault of a grade that has none.
    init(_ text: String) throws {
        let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).map { $0.trimmed }
        guard let grade = Grade(rawValue: parts[0]) else {
            throw ValidationError("'\(parts[0])' is no grade: \(Self.advice(parts[0], Grade.allCases.map(\.rawValue)))")
        }
        if parts.count > 1 {
            guard ![.clean, .short].contains(grade) else { throw ValidationError("the grade '\(grade.rawValue)' has no fault") }
            guard Cause.known.contains(Cause(rawValue: parts[1])) else {
                throw ValidationError("'\(parts[1])' is no known fault: \(Self.advice(parts[1], Cause.known.map(\.rawValue)))")
            }
        }
        title = grade.title(parts.count > 1 ? Cause(rawValue: parts[1]) : nil)
    }

    /// The nearest name, and all of them.
    private static func advice(_ text: String, _ known: [String]) -> String {
        let all = "known: \(known.joined(separator: ", "))"
        return Spelling.nearest(to: text, among: known).map { "did you mean '\($0)'? (\(all))" } ?? all
    }

    /// Whether a verdict is the expected one.
    func isMet(by verdict: Verdict) -> Bool { isMet(by: verdict.grade, verdict.cause) }

    func isMet(by grade: Grade, _ cause: Cause?) -> Bool { grade.title(cause) == title || grade.rawValue == title }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}

/// The patches to apply.
struct SeriesOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Comma-separated patches, or 'none'. Default: the recipe's series.", valueName: "names"),
        completion: Completion.series, transform: SeriesNames.parsed)
    var series: SeriesNames?
}

/// The source to use instead of the recipe's own.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use this source folder instead of the recipe's source.", valueName: "dir"), completion: .directory)
    var source: String?

    var folder: FilePath? { source.map { FilePath($0) } }

    func validate() throws { guard source != "" else { throw ValidationError("--source cannot be empty; '.' is the current folder") } }
}

/// The Go releases that may build, and the permissions of a recipe.
struct GoOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Go releases to build with, such as '>=1.27'. Default: the recipe's range.", valueName: "range"),
        transform: VersionRange.parsed)
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

/// Whether to show only what a command would do.
struct DryRunOption: ParsableArguments {
    @Flag(
        help: """
            Print what would be built and booted, and do neither. Nothing is fetched. What was asked for is checked as far as it needs no network; \
            this machine is checked by 'ninepin doctor'.
            """) var dryRun = false
}

/// What a command would build and boot.
struct PlanDocument: Encodable {
    let recipe: String
    let version: String
    let source: String
    let go: String
    let series: [[PatchName]]
    let level: String
    let layouts: [String]
    let steps: [String]
}

extension VersionRange: ExplainedArgument {
    static let form = "a range of versions such as '>=1.19 <1.20'"

    /// Parses a range from the command line.
    package init?(argument: String) { self.init(argument) }
}

/// The number of concurrent boots.
struct JobsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The number of concurrent boots, or 'auto' for as many as memory allows. Boots start one at a time and are then observed together. \
            Default: $NINEPIN_JOBS, the configuration's 'jobs', or auto.
            """, valueName: "count"), transform: Jobs.parsed)
    var jobs: Jobs?

    /// The number asked for, here or in the settings.
    func count(in context: CommandContext) -> Jobs { jobs ?? context.host.settings.jobs ?? .auto }
}

extension Jobs: ExplainedArgument {
    static let form = "'auto' or a number from 1 to 100"

    /// Parses `auto`, or a number from 1 to 100.
    package init?(argument: String) { self.init(argument) }
}

/// Patches by name in the form of the command line: `percpu,9p-source`, or `none`.
struct SeriesNames: ExplainedArgument, Sendable {
    static let form = "names of patches separated by commas, or 'none' alone"

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

extension OverlaySize: ExplainedArgument {
    static let form = "a size such as 20g"

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
            valueName: "size"), transform: OverlaySize.parsed)
    var overlaySize: OverlaySize?
    @Option(
        help: ArgumentHelp(
            """
            The runsc to use, of any release. Default: $NINEPIN_RUNSC, your configuration's 'runsc', the one on PATH, or the one that setup installed.
            """, valueName: "path"), completion: .file())
    var runsc: String?

    func validate() throws { guard runsc != "" else { throw ValidationError("--runsc cannot be empty") } }

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
    func demand(_ layouts: [Layout], node: NodeSpec? = nil, level: Level = .boot, in context: CommandContext) -> SandboxDemand {
        SandboxDemand(runsc: named(in: context), layouts: layouts, node: node, level: level)
    }

    /// The runsc that was named, here or in the settings.
    func named(in context: CommandContext) -> FilePath? { (runsc ?? context.host.settings.runsc).map { FilePath($0) } }
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
    @Option(
        help: ArgumentHelp("Run only this patch's probe; requires --level component.", valueName: "name"), completion: Completion.patches)
    var probe: String?

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
        tellExpectations(of: recipe)
        return (recipe, try series(option.series?.names ?? recipe.series.map(\.description), of: recipe))
    }

    /// Tells the display how long the steps of a recipe usually take. That the history cannot be read is no reason to stop.
    func tellExpectations(of recipe: Recipe) {
        guard format == .table, Files.exists(Workspace(host).ledger) else { return }
        do {
            let ledger = try ledger()
            var expected: [String: Double] = [:]
            for step in ["fetch", "modules", "generate", "build", "package"] {
                expected[step] = try ledger.expectedSeconds(ofStep: step, recipe: recipe.name)
            }
            events(.expected(expected))
        } catch { events(.note("how long steps usually take is unknown: \(error)")) }
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
