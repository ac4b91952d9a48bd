import ArgumentParser
import ExitCodes
import Model
import Report
import Runs
import Store

struct QueryCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "query", abstract: "Ask the ledger a question in SQL. Nothing can be changed.",
        discussion: """
            One SELECT, WITH, VALUES or EXPLAIN. docs/ledger.md describes the tables.

            Examples:
              ninepin query 'SELECT recipe, count(*) FROM runs GROUP BY recipe'
              ninepin query "SELECT run, summary FROM verdicts WHERE grade = 'fatal' ORDER BY run" --csv
            """)

    @Argument(help: ArgumentHelp("The query.", valueName: "sql")) var sql: String
    @Option(help: ArgumentHelp("The maximum number of rows.", valueName: "count")) var limit = 1000
    @Flag(help: "Write comma-separated values.") var csv = false
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit must be between 1 and 1000000") }
        guard !csv || global.shownFormat == .table else { throw ValidationError("--csv cannot be combined with --json or -o") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try context.ledger()
        var limits = QueryLimits()
        limits.rows = limit
        let answer = try await ledger.query(sql, within: limits)
        if csv {
            context.report.csv(answer.columns, answer.rows.map { $0.map(\.field) })
        } else {
            try context.show(answer) { $0.table(answer.columns, answer.rows.map { $0.map(\.shown) }) }
        }
        if answer.isCut { context.events(.note("there are more rows than these \(answer.rows.count); see --limit")) }
        return .good
    }
}

extension LedgerValue {
    fileprivate var field: CSV.Value {
        switch self {
        case .null: .empty
        case .integer, .real: .number(shown)
        case .text, .bytes: .text(shown)
        }
    }
}
