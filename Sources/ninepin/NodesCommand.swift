import Approaches
import ArgumentParser
import Building
import ExitCodes
import Host
import Model
import Proving
import Report
import Supervisor
import SystemPackage

struct NodesCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes", abstract: "List running nodes with their start time, verdict so far, and memory use.",
        discussion: """
            A node's state is starting, up, ended (see the verdict), or lost (its keeper was killed, and the node with it). The exit code is 1 if any \
            node is down or its verdict is not clean.

            Examples:
              ninepin nodes
              ninepin nodes --json | jq '.nodes[].verdict.grade'
            """)

    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable { let nodes: [KeptNode] }

    func run(in context: CommandContext) async throws -> ExitStatus {
        var nodes: [KeptNode] = []
        var areAllKnown = true
        for folder in try NodeFolder.list(in: context.host.workspace) {
            // An unreadable node must not hide the others.
            do { if let node = try KeptNode(folder) { nodes.append(node) } } catch {
                context.events(.note("\(error)"))
                areAllKnown = false
            }
        }
        try context.show(Document(nodes: nodes)) { report in
            guard !nodes.isEmpty || !areAllKnown else { return report.text("no nodes are running; start one with 'ninepin up'") }
            report.table(
                ["node", "since", "recipe", "series", "layout", "state", "verdict so far", "memory"], nodes.map(\.row))
        }
        return areAllKnown && nodes.allSatisfy { ["starting", "up"].contains($0.state) && ($0.verdict?.grade ?? .clean) == .clean }
            ? .good : .no
    }
}

extension KeptNode {
    fileprivate var row: [String] {
        let names = series.isEmpty ? "none" : series.map(\.name).joined(separator: ",")
        let state = isReady ? "\(state), Ready" : state
        let verdict = verdict.map { $0.grade == .clean ? $0.title : "\($0.title): \($0.summary)" } ?? "none yet"
        return [name, since, recipe, names, layout.rawValue, state, verdict, "\(memoryBytes >> 20) MiB"]
    }
}

struct KubeconfigCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig", abstract: "Print the path of a node's kubeconfig.",
        discussion: """
            Example:
              KUBECONFIG=$(ninepin kubeconfig a) kubectl get pods -A
            """)

    @OptionGroup var node: NodeArgument
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable { let kubeconfig: String }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try node.folder(context)
        _ = try folder.plan()
        guard try folder.keeper != nil else { throw SupervisorError.notUp(folder.name, folder.keeperLog) }
        try context.show(Document(kubeconfig: folder.kubeconfig.string)) { $0.text("\(folder.kubeconfig)") }
        return .good
    }
}

struct DownCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stop a node and remove everything it left behind.",
        discussion: """
            Examples:
              ninepin down a
              ninepin down --all
            """)

    @Argument(help: ArgumentHelp("The node's name.", valueName: "node"), completion: Completion.nodes) var name: String?
    @Flag(help: "Stop all nodes in the workspace.") var all = false
    @OptionGroup var global: GlobalOptions

    private struct Document: Encodable { let down: [String] }

    func validate() throws {
        guard (name != nil) != all else { throw ValidationError("expected a node's name, or --all") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folders = all ? try NodeFolder.list(in: context.host.workspace) : [try NodeFolder(name ?? "", in: context.host.workspace)]
        for folder in folders {
            context.events(.note("stopping \(folder.name)"))
            try await folder.down(patience: context.host.deadlines.duration(.keeperEnd))
        }
        try context.show(Document(down: folders.map(\.name))) { report in for folder in folders { report.text("\(folder.name) is down") } }
        return .good
    }
}
