import ArgumentParser
import Building
import ExitCodes
import Model
import Nightly
import Patches
import Proving
import Report
import SystemPackage

struct BisectCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "bisect", abstract: "Find the version, the commit or the patch that changes a node's verdict.",
        discussion: """
            Between a good and a bad end, ninepin builds and boots the candidate in the middle, and again in the half that is left: 6 boots for 64 \
            versions. Good means clean; fatal and degraded mean bad. If the good end is the older one, the first bad candidate is found; if it is the \
            newer one, the first good one ("when was it mended?").

            --good and --bad name two versions of the recipe's repository, in the order of their numbers; or, with --commits or if they are no \
            versions, two commits of one branch (tags, branches or full commit IDs), of which the first parents are gone over. --good-series and \
            --bad-series name two series of patches; one must begin with the other, and the patch that makes the difference is found.

            A candidate that does not build, that a patch does not apply to, or whose boot is inconclusive is passed over. An end next to the change \
            is booted too. Sources, Go's cache and the work tree are those of 'run', so each step compiles what differs. Boots are never taken from \
            earlier runs.

            Exit codes: 0 one change was found; 1 only a range was found, or an end is not what you say.

            Examples:
              ninepin bisect kubelet --good 1.20.15 --bad 1.21.14 --series none
              ninepin bisect kubelet --bad 1.30.0 --good 1.36.2 --series none --layout root-9p
              ninepin bisect kubelet@1.36.2 --commits --good v1.36.1 --bad release-1.36
              ninepin bisect kubelet-1.20 --bad-series none --good-series percpu,memory-usage,9p-source
              ninepin bisect cadvisor --level component --good 0.38.6 --bad 0.49.1 --json | jq .after.candidate
            """)

    @Argument(
        help: ArgumentHelp("A recipe name or a path to a .yaml file; with --commits, NAME@VERSION.", valueName: "recipe"),
        completion: Completion.recipes)
    var name: String
    @Option(help: ArgumentHelp("A good version or commit.", valueName: "version")) var good: String?
    @Option(help: ArgumentHelp("A bad version or commit.", valueName: "version")) var bad: String?
    @Flag(help: "Go over commits, also if --good and --bad look like versions.") var commits = false
    @Flag(help: "Go over alphas, betas and release candidates too.") var prereleases = false
    @Option(
        help: ArgumentHelp("A series whose node is good, or 'none'.", valueName: "names"), completion: Completion.series,
        transform: SeriesNames.parsed)
    var goodSeries: SeriesNames?
    @Option(help: ArgumentHelp("A series whose node is bad, or 'none'.", valueName: "names"), completion: Completion.series) var badSeries:
        SeriesNames?
    @OptionGroup var series: SeriesOption
    @OptionGroup var level: LevelOption
    @OptionGroup var goOption: GoOption
    @Option(help: "How the node sees its file systems. Default: the recipe's first layout.") var layout: Layout?
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var global: GlobalOptions

    /// What the search goes over.
    private enum Ends {
        case versions(good: Version, bad: Version)
        case commits(good: String, bad: String)
        case series(good: [String], bad: [String])
    }

    func validate() throws { _ = try ends() }

    private func ends() throws -> Ends {
        switch (good, bad, goodSeries, badSeries) {
        case (let good?, let bad?, nil, nil):
            guard !commits, let one = Version(good), let other = Version(bad) else {
                guard !prereleases else { throw ValidationError("--prereleases is for versions, not for commits") }
                return .commits(good: good, bad: bad)
            }
            guard !name.contains("@") else {
                throw ValidationError("a recipe with a version has only that one; leave out '@VERSION', or go over --commits")
            }
            return .versions(good: one, bad: other)
        case (nil, nil, let good?, let bad?):
            guard !commits, !prereleases, series.series == nil else {
                throw ValidationError("--commits, --prereleases and --series cannot be used with --good-series and --bad-series")
            }
            return .series(good: good.names, bad: bad.names)
        default: throw ValidationError("give both --good and --bad, or both --good-series and --bad-series")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let recipe = try context.catalogue.recipe(name)
        let options = BisectOptions(
            level: level.level(for: recipe).level, probe: level.probe, layout: try sandbox.layout(layout ?? recipe.layouts[0]),
            runsc: sandbox.named(in: context), go: goOption.go, allowsCode: goOption.allowRecipeCode,
            trustsDownloads: goOption.trustDownloads)
        let report = try await context.withBuilder { builder in
            let plan = try await plan(in: context, with: builder)
            let count = plan.candidates.count
            context.events(.note("\(count) \(plan.axis.plural), at most \(Bisection.halvings(count - 1)) boots, and one for an end"))
            return try await BisectProver(plan, options, in: context.catalogue, with: builder).search.run()
        }
        try context.show(report) { $0.bisection(report) }
        return report.exitStatus
    }

    private func plan(in context: CommandContext, with builder: SourceBuilder) async throws -> BisectPlan {
        let (catalogue, names) = (context.catalogue, series.series?.names)
        switch try ends() {
        case .versions(let good, let bad):
            return try await .versions(
                of: name, good: good, bad: bad, series: names, includesPrereleases: prereleases, in: catalogue, with: builder)
        case .commits(let good, let bad):
            return try await .commits(of: name, good: good, bad: bad, series: names, in: catalogue, with: builder)
        case .series(let good, let bad): return try .series(of: name, good: good, bad: bad, in: catalogue)
        }
    }
}

extension Report {
    /// Writes what a bisection found, with both logs, and what it passed over.
    fileprivate func bisection(_ report: BisectReport) {
        text("\(report.sentence, report.result == .change ? .good : .bad)")
        let ends = report.before == report.after ? [report.after] : [report.before, report.after]
        for end in ends { show(end) }
        let seconds = report.tests.reduce(0) { $0 + $1.seconds }
        text("")
        text("\(report.boots) of \(report.candidates) \(report.axis.plural) booted in \(ProgressDisplay.seconds(seconds))")
        if !report.skipped.isEmpty {
            text("passed over:")
            for test in report.skipped { message("  \(test.candidate.shortName): ", test.reason ?? "") }
        }
    }

    private func show(_ end: BisectReport.End) {
        text("")
        text("\(end.candidate.title)")
        guard let test = end.test, let run = test.run else {
            return text(end.test == nil ? "  not booted" : "  cannot be tested")
        }
        text("  \(test.verdict ?? ""): \(test.summary ?? "")")
        text("  run  \(run), \(test.place ?? "")")
        if let log = test.log { text("  log  \(log)") }
    }
}
