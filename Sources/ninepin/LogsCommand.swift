import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Glibc
import Host
import LogLines
import Proving
import Report
import Sanitizing
import Supervisor
import SystemPackage

struct LogsCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Print the log of one of a node's processes.",
        discussion: """
            Processes: kubelet, sandbox (what the harness saw), keeper, etcd, kube-apiserver, kube-controller-manager, kube-scheduler.
            When a log reaches 64 MiB, it is renamed to NAME.log.1 in the node's folder and a new one is started.

            Examples:
              ninepin logs a
              ninepin logs a --tail 20
              ninepin logs a --since 10m
              ninepin logs a -f --tail 0 --process kube-apiserver
            """)

    @OptionGroup var node: NodeArgument
    @Flag(name: [.customShort("f"), .long], help: "Keep printing new output until the node ends or you press Ctrl-C.") var follow = false
    @Option(help: ArgumentHelp("The process whose log to print.", valueName: "name")) var process = "kubelet"
    @Option(help: ArgumentHelp("Print only this many of the last lines of the current file.", valueName: "lines")) var tail: Int?
    @Option(
        help: ArgumentHelp(
            "Print only the lines written within this time, such as 90s or 10m. A line without a time belongs to the one before it.",
            valueName: "duration"), transform: Seconds.parsed)
    var since: Seconds?
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard global.shownFormat == .table else { throw ValidationError("a log is text: logs has no form for --json or -o") }
        guard tail ?? 0 >= 0 else { throw ValidationError("--tail must be a number of lines, from 0") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try node.folder(context)
        var file = try FileTail(try folder.log(of: process))
        var text = TextStream()
        if tail != nil || since != nil {
            var selection = LogSelection(tail: tail, since: since.flatMap { since in Self.now.map { (since.count, $0) } })
            while let piece = try file.next() {
                selection.take(piece)
                try Task.checkCancellation()
            }
            context.report.piece(text.take(selection.taken()))
        }
        while true {
            let isUp = try folder.keeper != nil
            while let piece = try file.next() {
                context.report.piece(text.take(piece))
                try Task.checkCancellation()
            }
            guard follow, isUp, !context.report.isBroken else {
                context.report.piece(text.finish())
                return .good
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }
}

extension LogsCommand {
    /// The present moment in UTC, which is the time zone of a node's clock.
    private static var now: LogSelection.Moment? {
        var time = timespec()
        var parts = tm()
        guard clock_gettime(CLOCK_REALTIME, &time) == 0, gmtime_r(&time.tv_sec, &parts) != nil else { return nil }
        return LogSelection.Moment(
            month: Int(parts.tm_mon) + 1, day: Int(parts.tm_mday),
            time: Double(parts.tm_hour * 3600 + parts.tm_min * 60 + parts.tm_sec), epoch: Double(time.tv_sec))
    }
}
