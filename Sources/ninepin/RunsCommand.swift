import ArgumentParser
import ExitCodes
import Model
import Report
import Runs
import Store
import SystemPackage

struct RunsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Show and remove recorded runs.",
        subcommands: [RunsListCommand.self, RunsShowCommand.self, RunsRemoveCommand.self, RunsPruneCommand.self],
        defaultSubcommand: RunsListCommand.self)
}

extension ContextCommand {
    fileprivate func ledger(_ context: CommandContext) throws -> Ledger {
        try context.ledger()
    }
}

struct RunsListCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the records that cannot be read, with the reasons.",
        discussion: """
            Such a record does not count. 'ninepin history' lists the others.

            Example:
              ninepin runs list
            """)

    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        struct Record: Encodable { let id, reason: String }
        let unreadable: [Record]
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let records = try ledger(context).unreadable()
        try context.show(Document(unreadable: records.map { .init(id: $0.id, reason: $0.reason) })) { report in
            guard !records.isEmpty else { return report.text("every recorded run can be read; 'ninepin history' lists them") }
            report.table(["run", "why it cannot be read"], records.map { [$0.id, $0.reason] })
        }
        return .good
    }
}

struct RunsShowCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a recorded run: its verdict, its evidence and its folder.",
        discussion: """
            Example:
              ninepin runs show 20261127T081500-1a2b
            """)

    @Argument(help: ArgumentHelp("The run's ID, or the beginning of it.", valueName: "run"), completion: Completion.runs) var id: String
    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try ledger(context)
        let id = try ledger.id(beginningWith: id)
        let (run, place) = (try ledger.run(id), try ledger.place(of: id))
        try context.show(run) { report in
            if let reason = run.setAside { report.text("set aside: \(reason)") }
            report.run(run, place: place.string)
        }
        return .good
    }
}

struct RunsRemoveCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove recorded runs with their logs.",
        discussion: """
            Example:
              ninepin runs rm 20261127T081500-1a2b
            """)

    @Argument(help: ArgumentHelp("The runs' IDs, or beginnings that only one run has.", valueName: "run"), completion: Completion.runs)
    var ids: [String]
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable { let removed: [String] }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try ledger(context)
        // All are looked up first, so that nothing is removed if one of them is none.
        let ids = try ids.map { try ledger.id(beginningWith: $0) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        for id in ids { try ledger.remove(id) }
        try context.show(Document(removed: ids)) { report in for id in ids { report.text("\(id) is removed") } }
        return .good
    }
}

struct RunsPruneCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove all but the newest runs of each cell.",
        discussion: """
            A cell is a series of a recipe in a layout, up to a level. The newest clean run of each cell stays too, and so do the runs of the last ten \
            nights and the newest run of each cell in any night.

            Examples:
              ninepin runs prune --keep 5 --dry-run
              ninepin runs prune --keep 5
            """)

    @Option(help: ArgumentHelp("How many runs of each cell stay.", valueName: "count")) var keep: Int
    @Flag(help: "Only say what would be removed.") var dryRun = false
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let runs: [PrunedRun]
        let bytes: Int64
        let removed: Bool
    }

    func validate() throws { guard keep > 0 else { throw ValidationError("--keep must be at least 1") } }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let ledger = try ledger(context)
        let runs = try ledger.prunable(keeping: keep)
        let bytes = runs.reduce(0) { $0 + $1.bytes }
        let what = "\(runs.count == 1 ? "1 run" : "\(runs.count) runs"), \(bytes >> 20) MiB"
        context.events(.note(dryRun ? "this would remove \(what)" : "removing \(what)"))
        for run in runs where !dryRun {
            try Task.checkCancellation()
            try ledger.remove(run.id)
        }
        try context.show(Document(runs: runs, bytes: bytes, removed: !dryRun)) { report in
            report.text(dryRun ? "would be removed: \(what)" : "removed: \(what)")
            if dryRun { for run in runs { report.text("    \(run.id)") } }
        }
        return .good
    }
}
