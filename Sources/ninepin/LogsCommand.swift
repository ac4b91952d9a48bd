import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Host
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
              ninepin logs a -f --process kube-apiserver
            """)

    @OptionGroup var node: NodeArgument
    @Flag(name: [.customShort("f"), .long], help: "Keep printing new output until the node ends or you press Ctrl-C.") var follow = false
    @Option(help: ArgumentHelp("The process whose log to print.", valueName: "name")) var process = "kubelet"
    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try node.folder(context)
        var tail = try FileTail(try folder.log(of: process))
        var text = TextStream()
        while true {
            let isUp = try folder.keeper != nil
            while let piece = try tail.next() {
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
