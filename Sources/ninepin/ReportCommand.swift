import ArgumentParser
import Building
import ExitCodes
import FoundationEssentials
import Model
import Nightly
import Report
import Runs

struct ReportCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Report on the last night, or on all runs since a date.",
        discussion: """
            Without an option, the report is about the newest night; if the ledger has none, it is about all runs. It has the newest result of each cell, \
            with its evidence and its history, and what changed.

            Examples:
              ninepin report
              ninepin report --html report --junit junit.xml
              ninepin report --single-file night.html --since 2026-11-01
              ninepin report --github
            """)

    @Option(help: ArgumentHelp("A night's name in the ledger. Default: the newest one.", valueName: "night")) var night: String?
    @Option(help: ArgumentHelp("Report on all runs since this date (UTC).", valueName: "YYYY-MM-DD"), transform: ReportDay.parsed)
    var since: ReportDay?
    @OptionGroup var reports: ReportOptions
    @OptionGroup var global: GlobalOptions

    /// A day in the form of ISO 8601.
    struct ReportDay: ExplainedArgument {
        static let form = "a day such as 2026-11-01"

        let text: String

        init?(argument: String) {
            guard argument.wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil,
                let date = try? Date(argument, strategy: .iso8601.year().month().day()),
                date.formatted(.iso8601.year().month().day()) == argument
            else { return nil }
            text = argument
        }
    }

    func validate() throws {
        try reports.refuse(global.shownFormat)
        guard night == nil || since == nil else { throw ValidationError("--night and --since cannot be used together") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try context.ledger()
        let builder = ReportBuilder(ledger, registry: try context.catalogue.registry())
        let document = try document(builder, ledger)
        try context.publish(document, as: reports)
        if !reports.ownsOutput { try context.show(document) { $0.night(document) } }
        return .good
    }

    private func document(_ builder: ReportBuilder, _ ledger: Ledger) throws -> ReportDocument {
        if let since { return try builder.document(since: "\(since.text)T00:00:00Z") }
        let nights = try ledger.latestNights(limit: night == nil ? 1 : 100_000)
        if let night {
            guard let found = nights.first(where: { $0.id == night }) else {
                throw UnknownNight(name: night, newest: nights.first?.id)
            }
            return try builder.document(of: found)
        }
        guard let newest = nights.first else { return try builder.document(since: "") }
        return try builder.document(of: newest)
    }
}

/// The ledger has no night with a name.
struct UnknownNight: ExitStatusError, Sendable, CustomStringConvertible {
    let name: String
    let newest: String?

    /// The unknown name, and the newest one.
    var description: String {
        "the ledger has no night '\(name)'" + (newest.map { "; the newest is \($0)" } ?? ", and no other") + "\n    Run: ninepin report"
    }

    var exitStatus: ExitStatus { .usage }
}
