import ArgumentParser
import Building
import ExitCodes
import FileSystem
import Host
import Model
import Node
import Proving
import Report
import Sandbox
import Store
import Supervisor
import SystemPackage

/// What to wait for: Ready, for at most a duration if there is one, or nothing.
enum Wait: ExpressibleByArgument, Equatable {
    case ready(Seconds?), none

    /// Parses `ready`, `none`, or a duration such as `5m`.
    init?(argument: String) {
        switch (argument, Seconds(argument: argument)) {
        case ("ready", _): self = .ready(nil)
        case ("none", _): self = .none
        case (_, let limit?): self = .ready(limit)
        default: return nil
        }
    }

    var defaultValueDescription: String { self == .none ? "none" : "ready" }
}

/// A node was not Ready within the time that the caller gave it.
struct NotReady: ExitStatusError, CustomStringConvertible {
    let name: String
    let limit: Seconds
    let stage: String

    var description: String {
        """
        node '\(name)' is not Ready after \(limit.text); it is at '\(stage)' and goes on
            Look at it with 'ninepin logs \(name)', or end it with 'ninepin down \(name)'.
        """
    }

    var exitStatus: ExitStatus { .no }
}

struct NodeArgument: ParsableArguments {
    @Argument(help: ArgumentHelp("The name of the node.", valueName: "node"), completion: Completion.nodes) var name: String

    func folder(_ context: CommandContext) throws -> NodeFolder { try NodeFolder(name, in: context.host.workspace) }
}

struct UpCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Keep a patched node and its control plane running, and print the path of its kubeconfig.",
        discussion: """
            The node runs in a gVisor sandbox in the background until 'ninepin down'. It is monitored the whole time; 'ninepin nodes' shows the \
            verdict so far. With --wait ready, the default, the command returns with exit code 0 once the API server reports the node as Ready and accepts pods. If the \
            node ends before that, its verdict is printed and the exit code is 1. With --wait 5m, the exit code is 1 too if the node is not Ready after \
            five minutes, and the node goes on.

            The node has its own network. This machine can reach its API server, other machines cannot, and the node cannot reach this machine \
            (docs/reach.md). Pods share the node's address (hostNetwork: true) and use the image \(NodeWords.image), which is preloaded in the node.

            Examples:
              ninepin up
              export KUBECONFIG=$(ninepin up --name a --quiet); kubectl get nodes
              ninepin up --wait 5m
              ninepin up kubelet-1.20 --series none --name stock
              ninepin up --sandbox here                    inside a sandbox, without making another
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var plan: DryRunOption
    @Option(help: ArgumentHelp("The name of the node.", valueName: "name")) var name = "node"
    @Option(help: "How the node sees its file systems. Default: the recipe's first layout.") var layout: Layout?
    @Option(help: "runsc: run the node in a new gVisor sandbox; here: run it in the current environment.")
    var sandbox = AskedSandbox.runsc
    @OptionGroup var made: SandboxOptions
    @Option(
        help: ArgumentHelp("What to wait for: ready, none, or a duration such as 5m for ready within that time.", valueName: "state"))
    var wait = Wait.ready(nil)
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard sandbox == .runsc || layout == nil else {
            throw ValidationError("--layout cannot be used with --sandbox here: the node uses the current environment's file systems")
        }
        if sandbox == .here { try made.refuse(because: "with --sandbox here: no sandbox is made") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try NodeFolder(name, in: context.host.workspace)
        guard !folder.exists else { throw SupervisorError.exists(name) }
        let (recipe, series) = try context.recipe(recipe, series)
        let request = BuildRequest(
            recipe: recipe, series: [series], level: .ready, layouts: [try made.layout(self.layout ?? recipe.layouts.first ?? .root9p)],
            source: sourceOptions, go: goOption, sandbox: sandbox == .here ? nil : made)
        if plan.dryRun { return try await context.plan(request) }
        let build = try await context.prerequisites(for: request)
        let layout: RunLayout = sandbox == .here ? .here : .sandbox(try made.layout(self.layout ?? recipe.layouts[0]))
        let site = try await site(layout, of: recipe, in: context)
        var candidate = try await context.withBuilder {
            try await NodeProver($0).prepare(recipe, series, level: .ready, with: build, from: sourceOptions.folder)
        }
        if case .inPlace(let prerequisites) = site { candidate.node = prerequisites.node(of: candidate) }
        try folder.create(NodePlan(candidate, name: name, layout: layout, runsc: made.named(in: context) == nil ? nil : site.runsc))
        do {
            let program = try Files.realPath("/proc/self/exe")
            try folder.startKeeper(
                program,
                [
                    "keep", name, "--workspace", context.host.workspace.string,
                    "--patience", Patience(context.host.deadlines.patience).defaultValueDescription,
                ] + context.host.projects.flatMap { ["--project", $0.string] },
                on: context.host)
            let report = try await waited(folder, context)
            guard let node = try KeptNode(folder) else { throw SupervisorError.unknown(name) }
            if Files.exists(FilePath(node.kubeconfig)),
                let note = try ProxyNote(kubeconfig: FilePath(node.kubeconfig), in: context.host.environment)
            {
                context.events(.note("\(note)"))
            }
            try context.show(node) { output in
                if report.state == .ended, let verdict = report.verdict {
                    output.verdict(verdict)
                } else {
                    output.text("\(node.kubeconfig)")
                }
            }
            return report.state == .ended ? .no : .good
        } catch {
            // A user who interrupts the wait does not want the node. A node that ended by itself stays available for inspection.
            if error is CancellationError {
                await Task { try? await folder.down(patience: context.host.deadlines.duration(.keeperEnd)) }.value
            }
            throw error
        }
    }

    /// The prerequisites of a node, depending on where it runs.
    private enum Site {
        case sandbox(BootPrerequisites)
        case inPlace(InPlacePrerequisites)

        /// The path of the runsc that creates the sandbox.
        var runsc: String? { if case .sandbox(let prerequisites) = self { prerequisites.runsc.program.string } else { nil } }
    }

    private func site(_ layout: RunLayout, of recipe: Recipe, in context: CommandContext) async throws -> Site {
        switch layout {
        case .sandbox(let layout):
            let demand = made.demand([layout], node: recipe.node, level: .ready, in: context)
            return .sandbox(try await BootPrerequisites(on: context.host, for: demand, events: context.events))
        case .here: return .inPlace(try await InPlacePrerequisites(on: context.host, for: recipe.node, events: context.events))
        }
    }

    private func waited(_ folder: NodeFolder, _ context: CommandContext) async throws -> NodeReport {
        let limit: Seconds? = if case .ready(let limit) = wait { limit } else { nil }
        context.events(.began(step: "up", subject: name))
        let start = ContinuousClock.now
        var stage = ""
        return try await folder.wait(grace: context.host.deadlines.duration(.keeperStart)) { report in
            let seconds = start.duration(to: .now) / .seconds(1)
            if report.stage != stage {
                stage = report.stage
                context.events(.progress(step: "up", "\(stage), \(Int(seconds))\(limit.map { " of \(Int($0.count))" } ?? "") s"))
            }
            if report.state == .ended { return report }
            // The kubeconfig is available with the first report.
            if wait == .none || report.isReady { return report }
            if let limit, seconds > limit.count { throw NotReady(name: name, limit: limit, stage: stage) }
            return nil
        }
    }
}

/// Facts about a node that help texts mention.
enum NodeWords {
    /// The image that every node contains.
    static let image = "localhost/ninepin/pod:1"
}

/// Keeps a node running. Started by `up`.
struct KeepCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep", abstract: "Keep a node running; 'up' starts this in the background.", shouldDisplay: false)

    @OptionGroup var node: NodeArgument
    @OptionGroup var global: GlobalOptions

    func run(in context: CommandContext) async throws -> ExitStatus {
        let folder = try node.folder(context)
        let plan = try folder.plan()
        // A node uses its binary and its containerd for as long as it is kept.
        let use = try await WorkspaceUse(of: Workspace(context.host), note: { context.events(.note($0)) })
        defer { use.end() }
        let supervisor: NodeSupervisor
        switch plan.layout {
        case .here:
            let prerequisites = try await InPlacePrerequisites(on: context.host, for: plan.node)
            supervisor = NodeSupervisor(
                of: folder, at: .inPlace(prerequisites.place), profile: prerequisites.profile, on: context.host)
        case .sandbox(let layout):
            let demand = SandboxDemand(runsc: plan.runsc.map { FilePath($0) }, layouts: [layout], node: plan.node, level: .ready)
            let prerequisites = try await BootPrerequisites(on: context.host, for: demand)
            supervisor = NodeSupervisor(
                of: folder, at: .sandbox(prerequisites.runsc, layout), profile: prerequisites.profile, on: context.host)
        }
        return try await supervisor.run().grade == .clean ? .good : .no
    }
}
