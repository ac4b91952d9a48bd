import ArgumentParser
import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Nightly
import Proving
import Report
import Runs
import Store
import SystemPackage

struct NightlyCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "nightly", abstract: "Verify a matrix of cells every night: plan, run what must run, compare, report.",
        discussion: """
            A manifest names the cells: recipes, versions, series, layouts, and what is expected of each (docs/nightly.md). Ninepin looks for new \
            versions, plans, builds and boots what must be measured, in the order of priority and within the budget, records every result as soon as it \
            is settled, and compares it with the nights before.

            A cell is measured if it was never measured, if anything changed that its result depends on, if its last result was not as expected, or if \
            that result is too old. Otherwise the last result still counts. With --plan, the plan is printed, and nothing runs.

            A night that was interrupted is resumed by the next 'ninepin nightly' of the same day with the same manifest. Only one night at a time uses a \
            workspace.

            Exit code 0 means that every expectation holds, 1 that one is broken, and 70 that the harness failed somewhere and no expectation is broken.

            Examples:
              ninepin nightly --plan
              ninepin nightly --budget 2h --html report --junit junit.xml
              ninepin nightly my-cells.yaml --github
              ninepin nightly --json | jq '.drift[].what'
            """)

    @Argument(help: ArgumentHelp("A manifest. Default: recipes/nightly.yaml of the project.", valueName: "file"), completion: .file())
    var manifest: String?
    @Flag(help: "Print what would run, why, and how long it would take.") var plan = false
    @Option(
        help: ArgumentHelp("The time for building and booting, such as 90m. Default: the manifest's.", valueName: "duration"),
        transform: Budget.parsed)
    var budget: Budget?
    @Flag(help: "If another night uses the workspace, end instead of waiting for it.") var noWait = false
    @OptionGroup var jobs: JobsOption
    @Option(help: ArgumentHelp("The runsc to use, of any release. Default: as in 'run'.", valueName: "path"), completion: .file())
    var runsc: String?
    @Flag(help: "As in 'run'.") var allowRecipeCode = false
    @Flag(help: "As in 'run'.") var trustDownloads = false
    @OptionGroup var reports: ReportOptions
    @OptionGroup var global: GlobalOptions

    /// A duration such as `90m`.
    struct Budget: ExplainedArgument {
        static let form = Seconds.form

        let seconds: Double

        init?(argument: String) {
            guard let seconds = YamlMap.seconds(of: argument), seconds <= YamlMap.longest else { return nil }
            self.seconds = seconds
        }
    }

    func validate() throws {
        try reports.refuse(global.shownFormat)
        guard !plan || !reports.isAsked else { throw ValidationError("--plan runs nothing, so there is nothing to report") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let path = try manifest.map { FilePath($0) } ?? context.catalogue.nightlyManifest()
        var options = NightlyOptions()
        options.jobs = jobs.count(in: context)
        options.allowsCode = allowRecipeCode
        options.trustsDownloads = trustDownloads
        options.runsc = (runsc ?? context.host.settings.runsc).map { FilePath($0) }
        options.budget = budget?.seconds
        let ledger = try context.ledger()
        return try await context.withBuilder { builder in
            let runner = NightlyRunner(builder, catalogue: context.catalogue, ledger: ledger, options: options)
            if plan {
                let prepared = try await runner.prepare(path)
                let document = NightlyPlanDocument(prepared)
                try context.show(document) { $0.plan(document) }
                return .good
            }
            let turn = try await NightlyTurn.take(in: Workspace(context.host), waits: !noWait) { context.events(.note($0)) }
            defer { turn.release() }
            let night = try await runner.run(try await runner.prepare(path))
            let document = try ReportBuilder(ledger, registry: try context.catalogue.registry()).document(of: night)
            try context.publish(document, as: reports)
            if !reports.ownsOutput { try context.show(document) { $0.night(document) } }
            return document.exitStatus
        }
    }
}

extension Report {
    /// Writes a night's plan: what runs, what is kept, what is postponed, each with its reason, and the expected time.
    func plan(_ document: NightlyPlanDocument) {
        table(
            ["", "recipe", "series", "layout", "level", "expected", "why"],
            document.cells.map { cell in
                let level = cell.key.probe.map { "probe \($0.name)" } ?? cell.key.level.rawValue
                return [
                    cell.decision.rawValue, "\(cell.key.recipe) \(cell.version)", cell.label, cell.key.layout.rawValue, level,
                    cell.expected ?? "–", cell.reason,
                ]
            })
        for row in document.unresolved { text("\(row.recipe) could not be resolved: \(row.reason)") }
        let counts = NightlyPlan.Decision.allCases.map { decision in
            "\(document.cells.count { $0.decision == decision }) to \(decision.rawValue)"
        }
        text("")
        text("\(document.cells.count) cells: \(counts.joined(separator: ", ")); about \(Int((document.seconds / 60).rounded(.up))) min")
    }
}
