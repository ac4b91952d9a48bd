import ArgumentParser
import Building
import Comparing
import ExitCodes
import Model
import Patches
import PullRequests
import Report
import Runs

/// Compares two runs, or shows a patch's diff. An ID begins with a date, so no run can be confused with a patch or a recipe.
struct DiffCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Compare two recorded runs, or show a patch as upstream's plain diff.",
        discussion: """
            With a patch, its diff is written with paths in the upstream's own tree: the variant that applies to a recipe's source, or the newest \
            variant. 'ninepin pr' makes a commit of it.

            With two runs, their inputs, verdicts and logs are compared. A run is given by its ID or by the beginning of one. Only what differs is \
            shown. Durations differ if they do by 10% and by 0.1 s. \
            Log lines are compared without times, and without words that contain a digit: numbers, addresses, IDs, versions. Lines that only one \
            log has are shown, aligned at what both have; '-' is the first run, '+' the second, '*' marks evidence, 'x3' says how often it occurs.

            The exit code is 0 if nothing differs that can decide a verdict, and 1 otherwise. Durations, notes, the state of the machine, and log \
            lines that are not evidence cannot. An unknown or ambiguous run is a usage error (64).

            Examples:
              ninepin diff 20261126T081500-77ab 20261127T081500-1a2b
              ninepin diff 20261126 20261127 --logs kubelet --all
              ninepin diff 20261126 20261127 --no-logs --json | jq .changes
              ninepin diff percpu runc@1.1.5 | git apply -3
            """)

    @Argument(
        help: ArgumentHelp("The first run's ID or its beginning, or a patch.", valueName: "run|patch"),
        completion: Completion.runsAndPatches) var before: String
    @Argument(
        help: ArgumentHelp("The second run's ID or its beginning; for a patch, a recipe.", valueName: "run|recipe"),
        completion: Completion.runsAndRecipes)
    var after: String?
    @Option(name: .customLong("logs"), help: ArgumentHelp("Only this log, such as 'kubelet'. Repeatable.", valueName: "name"))
    var names: [String] = []
    @Flag(name: .customLong("no-logs"), help: "Compare no logs.") var omitsLogs = false
    @Option(help: ArgumentHelp("The number of lines of each log. Default: \(Self.lines).", valueName: "count")) var limit: Int?
    @Flag(help: "Show all lines.") var all = false
    @Flag(help: "Show lines that both logs have, but not equally often.") var counts = false
    @OptionGroup var global: GlobalOptions

    private static let lines = 20

    /// Whether runs are meant: one of the texts is a date, or the beginning of one, or a date that goes on with a time. Patches can begin with
    /// a digit, too.
    private var isOfRuns: Bool {
        [before, after].compactMap(\.self).contains { text in
            let date = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            return date == text.utf8.count || date == 8 && text.dropFirst(8).first == "T"
        }
    }

    func validate() throws {
        guard isOfRuns || !omitsLogs && names.isEmpty && !counts && !all && limit == nil else {
            throw ValidationError("options about logs need two runs, not a patch")
        }
        guard !isOfRuns || after != nil else { throw ValidationError("expected two runs; 'ninepin history' lists them") }
        guard (limit ?? 1) > 0 else { throw ValidationError("--limit must be at least 1") }
        guard limit == nil || !all else { throw ValidationError("--limit and --all cannot be combined") }
        guard !omitsLogs || names.isEmpty && !counts && !all && limit == nil else {
            throw ValidationError("--no-logs cannot be combined with --logs, --limit, --all or --counts")
        }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        guard isOfRuns, let after else { return try await patch(in: context) }
        let ledger = try context.ledger()
        let runs = (try ledger.run(try ledger.id(beginningWith: before)), try ledger.run(try ledger.id(beginningWith: after)))
        let difference = RunDifference(runs.0, runs.1, logs: omitsLogs ? [] : try logs(of: runs.0, runs.1, in: ledger))
        try context.show(difference) { $0.difference(difference) }
        return difference.isDecisive ? .no : .good
    }

    private struct PatchDocument: Encodable {
        let patch: PatchName
        let variant: String
        let madeFor: String
        let diff: String
    }

    private func patch(in context: CommandContext) async throws -> ExitStatus {
        let registry = try context.catalogue.registry()
        let entry = try registry.entry(named: before)
        var base: PullRequestBase?
        if let after {
            let recipe = try context.catalogue.recipe(after)
            base = try await context.withBuilder { builder in
                try await PullRequestSources(builder, catalogue: context.catalogue, registry: registry).base(for: entry, in: recipe)
            }
        }
        let diff = try UpstreamDiff(entry, for: base, registry: registry)
        // What is printed is escaped, and an escaped diff would be another one.
        guard let text = String(validating: diff.bytes, as: UTF8.self), context.report.isExact(text) else {
            throw Unprintable(patch: entry.name)
        }
        let document = PatchDocument(patch: entry.name, variant: diff.variant, madeFor: diff.madeFor, diff: text)
        context.events(.note("variant \(diff.variant), for \(diff.madeFor)"))
        try context.show(document) { $0.lines(text) }
        return .good
    }

    /// A diff with control characters, or one that is not UTF-8.
    struct Unprintable: ExitStatusError, Sendable, CustomStringConvertible {
        let patch: PatchName

        var description: String {
            "the diff of \(patch) cannot be printed as it is: it is not UTF-8, or has characters that are escaped\n    'ninepin pr \(patch)' writes it to a file."
        }
        var exitStatus: ExitStatus { .data }
    }

    private func logs(of before: Run, _ after: Run, in ledger: Ledger) throws -> [LogDifference] {
        let recorded = try [before, after].map { run in
            let digests = try ledger.logs(of: run.id).map { ($0.name, $0.digest) }
            return RecordedLogs(
                of: run, in: try ledger.place(of: run.id), digests: Dictionary(digests, uniquingKeysWith: { first, _ in first }))
        }
        let comparison = LogComparison(
            names: names.isEmpty ? nil : names, limit: all ? nil : limit ?? Self.lines, isCounted: counts)
        if let name = comparison.unknown(recorded[0], recorded[1]).first {
            throw ValidationError("neither run has a log '\(name)'; without --logs, all are compared")
        }
        return try comparison.differences(recorded[0], recorded[1])
    }
}
