import ExitCodes
import ArgumentParser
import Building
import Host
import Model
import Proving
import Report
import SystemPackage

struct VerifyCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Boot a binary as a node, in a gVisor sandbox or right here, and say what came of it.",
        discussion: """
            Without --binary: the recipe's own binary, from the store when it is there. With it, the recipe says how the binary is booted, and what
            it joins.

            With --sandbox here no sandbox is made: the node is booted in the very place that ninepin runs in, which may be a sandbox itself. It \
            gets mounts, processes and a network of its own, and nothing of it stays. It needs root and, beside containerd and the other \
            programs of a node, no runsc. `ninepin preflight` predicts what will come of it.

            Examples:
              ninepin verify
              ninepin verify --binary /usr/bin/kubelet --layout root-overlay
              ninepin verify --binary ./kubelet --sandbox here
              ninepin verify --binary ./kubelet --json | jq .verdict.evidence
              ninepin verify k3s --binary ./k3s --level pod
            """)

    @OptionGroup var recipe: RecipeArgument
    @OptionGroup var series: SeriesOption
    @OptionGroup var sourceOptions: SourceOptions
    @OptionGroup var goOption: GoOption
    @OptionGroup var level: LevelOption
    @Option(help: ArgumentHelp("A kubelet, or what the recipe is for, from anywhere.", valueName: "path")) var binary: String?
    @Option(help: "How the node sees its file systems; the recipe's first layout, or root-9p, when missing.") var layout: Layout?
    @Option(help: "runsc: a gVisor sandbox is made for the node; here: none, the node is booted where ninepin runs.")
    var sandbox = AskedSandbox.runsc
    @OptionGroup var made: SandboxOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard sandbox == .runsc || layout == nil else {
            throw ValidationError("--layout has no meaning with --sandbox here: the file systems are those of the place")
        }
        if sandbox == .here { try made.refuse(because: "with --sandbox here: no sandbox is made") }
        guard binary == nil || series.series == nil else {
            throw ValidationError("--series has no meaning with --binary: the binary is built already")
        }
        guard level.level != .component else { throw ValidationError("at level component no node is booted: ask 'ninepin run'") }
    }

    func run(in context: CommandContext) async throws -> ExitStatus {
        let (run, place): (Run, FilePath)
        let level = self.level.level?.level ?? .boot
        if let binary {
            let isNamed = level.isJoined || self.recipe.name != RecipeArgument.standard
            let recipe = isNamed ? try context.catalogue.recipe(self.recipe.name) : nil
            let candidate = try Candidate(binary: FilePath(binary), for: recipe)
            let joins = candidate.node.joins(at: level) && !candidate.node.profile.isK3s
            var build: BuildPrerequisites?
            if let recipe, joins {
                build = try await BuildPrerequisites(
                    recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, trustsDownloads: goOption.trustDownloads,
                    on: context.host,
                    events: context.events)
            }
            let boot = try await boot(try made.layout(layout ?? .root9p), candidate.node, level, in: context)
            (run, place) = try await context.withBuilder { builder in
                let prover = NodeProver(builder)
                return try await boot(prover, try await prover.joining(candidate, recipe, at: level, with: build))
            }
        } else {
            let (recipe, series) = try context.recipe(recipe, series)
            let build = try await BuildPrerequisites(
                recipe, go: goOption.go, allowsCode: goOption.allowRecipeCode, trustsDownloads: goOption.trustDownloads, on: context.host,
                events: context.events)
            let boot = try await boot(try made.layout(layout ?? recipe.layouts[0]), recipe.node, level, in: context)
            (run, place) = try await context.withBuilder { builder in
                let prover = NodeProver(builder)
                return try await boot(
                    prover, try await prover.prepare(recipe, series, level: level, with: build, from: sourceOptions.folder))
            }
        }
        try context.show(run) { $0.run(run, place: "\(place)") }
        return run.exitStatus
    }

    /// The requested boot, after a check of all its prerequisites.
    private func boot(
        _ layout: Layout, _ node: NodeSpec?, _ level: Level, in context: CommandContext
    ) async throws -> @Sendable (NodeProver, Candidate) async throws -> (Run, FilePath) {
        switch sandbox {
        case .runsc:
            let prerequisites = try await BootPrerequisites(
                on: context.host, for: made.demand([layout], node: node, level: level), events: context.events)
            return { try await $0.verify($1, layout: layout, level: level, with: prerequisites) }
        case .here:
            let prerequisites = try await InPlacePrerequisites(on: context.host, for: node, events: context.events)
            return { try await $0.verify($1, level: level, with: prerequisites) }
        }
    }
}

/// Where a node boots.
enum AskedSandbox: String, ExpressibleByArgument, CaseIterable {
    case runsc, here
}
