import ArgumentParser
import Building
import ExitCodes
import Host
import Model
import Proving
import Report
import SystemPackage

struct VerifyCommand: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Boot a binary as a node, in a gVisor sandbox or in the current environment, and report a verdict.",
        discussion: """
            Without --binary, the recipe's own binary is used, from the store if present. With it, the recipe determines how the binary is booted and
            what it joins.

            With --sandbox here, no sandbox is made: the node is booted in the current environment, which can itself be a sandbox. The node gets its \
            own mounts, processes, and network, and leaves nothing behind. This requires root, containerd, and the other programs of a node, but not \
            runsc. `ninepin preflight` predicts the verdict.

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
    @OptionGroup var plan: DryRunOption
    @OptionGroup var level: LevelOption
    @Option(help: ArgumentHelp("The binary to boot: a kubelet, or what the recipe builds.", valueName: "path"), completion: .file())
    var binary: String?
    @Option(help: "How the node sees its file systems. Default: the recipe's first layout, or root-9p.") var layout: Layout?
    @Option(help: "runsc: boot the node in a new gVisor sandbox; here: boot it in the current environment.")
    var sandbox = AskedSandbox.runsc
    @OptionGroup var made: SandboxOptions
    @OptionGroup var expected: ExpectOption
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard sandbox == .runsc || layout == nil else {
            throw ValidationError("--layout cannot be used with --sandbox here: the node uses the current environment's file systems")
        }
        guard !plan.dryRun || binary == nil else { throw ValidationError("--dry-run cannot be used with --binary: nothing is built") }
        if sandbox == .here { try made.refuse(because: "with --sandbox here: no sandbox is made") }
        guard binary == nil || series.series == nil else {
            throw ValidationError("--series cannot be used with --binary: the binary is already built")
        }
        guard level.level != .component else {
            throw ValidationError("--level component boots no node; use 'ninepin run --level component'")
        }
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
                try NotRoot.check(on: context.host)
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
            let request = BuildRequest(
                recipe: recipe, series: [series], level: self.level.level ?? .boot,
                layouts: [try made.layout(layout ?? recipe.layouts.first ?? .root9p)], source: sourceOptions, go: goOption,
                sandbox: sandbox == .here ? nil : made)
            if plan.dryRun { return try await context.plan(request) }
            let build = try await context.prerequisites(for: request)
            let boot = try await boot(try made.layout(layout ?? recipe.layouts[0]), recipe.node, level, in: context)
            (run, place) = try await context.withBuilder { builder in
                let prover = NodeProver(builder)
                return try await boot(
                    prover, try await prover.prepare(recipe, series, level: level, with: build, from: sourceOptions.folder))
            }
        }
        try context.show(run) { $0.run(run, place: "\(place)") }
        return expected.status(of: run.verdict, usually: run.exitStatus)
    }

    /// The requested boot, after a check of all its prerequisites.
    private func boot(
        _ layout: Layout, _ node: NodeSpec?, _ level: Level, in context: CommandContext
    ) async throws -> @Sendable (NodeProver, Candidate) async throws -> (Run, FilePath) {
        switch sandbox {
        case .runsc:
            let prerequisites = try await BootPrerequisites(
                on: context.host, for: made.demand([layout], node: node, level: level, in: context), events: context.events)
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
