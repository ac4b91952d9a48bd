import ArgumentParser
import ExitCodes
import Model
import Report
import Runs
import Store

struct HistoryCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "List recorded results, newest last.",
        discussion: """
            Runs that were set aside are not listed. A series is given by full or short patch names, in order, or as 'none'.

            Examples:
              ninepin history
              ninepin history kubelet-1.20 --series none --layout root-9p
              ninepin history kubelet-1.20 --limit 1000 --csv > history.csv
            """)

    @Argument(help: ArgumentHelp("A recipe name. Default: all recipes.", valueName: "recipe"), completion: Completion.recipes) var recipe:
        String?
    @Option(help: ArgumentHelp("Only this layout, or 'here'.", valueName: "layout"), completion: Completion.layouts) var layout: String?
    @Option(help: ArgumentHelp("Only this series.", valueName: "names"), completion: Completion.series) var series: String?
    @Option(help: ArgumentHelp("The number of results.", valueName: "count")) var limit = 20
    @Flag(help: "Write comma-separated values.") var csv = false
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable { let history: [HistoryRow] }

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
        guard !csv || global.shownFormat == .table else { throw ValidationError("--csv cannot be combined with --json or -o") }
        if let layout, RunLayout(rawValue: layout) == nil { throw ValidationError("'\(layout)' is not a layout") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try context.ledger()
        let names = series.map { $0 == "none" ? [] : $0.split(separator: ",").map(String.init) }
        let rows = try ledger.history(recipe: recipe, layout: layout.flatMap(RunLayout.init), series: names, limit: limit)
        let header = ["run", "started", "recipe", "version", "series", "layout", "level", "probe", "result", "source"]
        if csv {
            context.report.csv(header + ["summary"], rows.map { row in (row.columns + [row.summary]).map { .text($0) } })
            return .good
        }
        try context.show(Document(history: rows)) { report in
            guard !rows.isEmpty else { return report.text("no such run is recorded") }
            report.table(header, rows.map(\.columns))
        }
        return .good
    }
}

extension HistoryRow {
    fileprivate var columns: [String] {
        [
            point.run, point.started, key.recipe, version ?? "", key.seriesText, key.layout.rawValue, key.level.rawValue,
            key.probe?.description ?? "", point.result, point.source ?? "",
        ]
    }
}
