import ArgumentParser
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Report
import Runs
import Store

struct CollectCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Show what the workspace holds, and remove what no recent run refers to.",
        discussion: """
            Without --yes, nothing is removed: Ninepin shows what the workspace holds, by kind and age, and what would be freed. docs/gc.md says what \
            can be removed, and why the rest stays.

            A result in the store is removed if it was not used for the time of --keep, and no recent run refers to it. The newest run of each cell is \
            always recent. Whatever is removed can be made again, at the cost of time. Nothing is removed while another ninepin uses the workspace.

            Examples:
              ninepin gc
              ninepin gc --keep 168h --yes
              ninepin gc --limit 20g --yes
              ninepin gc --json | jq .bytes
            """)

    @Option(
        help: ArgumentHelp(
            "How long results stay after their last use, in hours: at least 1h. Default: the configuration's 'gc: keep', or 720h.",
            valueName: "duration"), transform: Retention.parsed)
    var keep: Retention?
    @Option(
        help: ArgumentHelp(
            """
            The size to bring the workspace down to, such as 20g: results that were used less recently go too, but none that was used within an \
            hour. Default: the configuration's 'gc: limit', or none.
            """, valueName: "size"), transform: ByteCount.parsed)
    var limit: ByteCount?
    @Flag(help: "Remove it.") var yes = false
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable {
        let kinds: [WorkspaceContents.Kind]
        let bytes: Int64
        let removed: Bool
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let workspace = Workspace(context.host)
        guard yes, Files.exists(workspace.path) else {
            let contents = try contents(context)
            try show(contents, isRemoved: false, in: context)
            return .good
        }
        try workspace.check()
        let use = try WorkspaceUse.removal(in: workspace)
        defer { use.end() }
        let scratch = try await Scratch(in: workspace.unfinished)
        defer { scratch.remove() }
        // Made while nobody else uses the workspace, so nothing can begin to need what is removed.
        let contents = try contents(context)
        context.events(.note("removing \(contents.removable.count) entries, \(Self.size(contents.bytes))"))
        try contents.remove(during: use, scratch: scratch) { context.events(.progress(step: "gc", $0)) }
        try show(contents, isRemoved: true, in: context)
        return .good
    }

    /// What the workspace holds, and what to remove.
    private func contents(_ context: CommandContext) throws -> WorkspaceContents {
        context.events(.began(step: "gc", subject: "workspace"))
        let settings = context.host.settings
        let contents = try WorkspaceContents(of: try context.ledger()) { context.events(.progress(step: "gc", $0)) }
        let plan = contents.removing(
            unusedFor: keep?.seconds ?? settings.keep ?? Retention.usual, downTo: limit?.bytes ?? settings.cacheLimit, at: .now)
        if let limit = limit?.bytes ?? settings.cacheLimit, plan.remainingBytes > limit {
            context.events(.note("what stays is larger than \(Self.size(limit)): \(Self.size(plan.remainingBytes))"))
        }
        return plan
    }

    private func show(_ contents: WorkspaceContents, isRemoved: Bool, in context: CommandContext) throws {
        try context.show(Document(kinds: contents.kinds, bytes: contents.bytes, removed: isRemoved)) { report in
            let now = Int64(Date.now.timeIntervalSince1970)
            report.table(
                ["kind", "count", "size", "oldest", "newest", isRemoved ? "removed" : "to remove"],
                contents.kinds.map { kind in
                    [
                        kind.name, "\(kind.count)", Self.size(kind.bytes), Self.age(kind.oldest, now), Self.age(kind.newest, now),
                        kind.kept.map { "not removed: \($0)" } ?? "\(kind.removable), \(Self.size(kind.removableBytes))",
                    ]
                })
            report.text("")
            let size = Self.size(contents.bytes)
            report.text(
                isRemoved ? "freed: \(size)" : "would be freed: \(size)\(contents.removable.isEmpty ? "" : "; add --yes to remove it")")
        }
    }

    private static func size(_ bytes: Int64) -> String { bytes < 1 << 20 ? "\(bytes >> 10) KiB" : "\(bytes >> 20) MiB" }

    private static func age(_ time: Int64?, _ now: Int64) -> String { time.map { "\(max(0, now - $0) / 86_400) d" } ?? "" }
}

extension ByteCount: ExplainedArgument {
    static let form = "a size such as 20g"

    /// Parses a size such as `20g`.
    package init?(argument: String) { self.init(argument) }
}

extension Retention: ExplainedArgument {
    static let form = "a duration of at least 1h, such as 720h"

    /// Parses a duration such as `720h`.
    package init?(argument: String) { self.init(argument) }
}
