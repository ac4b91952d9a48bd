import Building
import ExitCodes
import Git
import GitRemote
import GoToolchain
import GoTree
import Host
import Model
import Node
import Patches
import Proving
import Sandbox
import Sources
import Store
import SystemPackage

/// How the candidates of a bisection are tested.
package struct BisectOptions: Sendable {
    package let level: Level
    /// The probe to ask, at level `component`; nil for all that test the series.
    package let probe: String?
    package let layout: Layout
    /// The runsc to use; nil for the usual one.
    package let runsc: FilePath?
    /// Go releases to build with; nil for the recipe's range.
    package let go: VersionRange?
    package let allowsCode: Bool
    package let trustsDownloads: Bool

    package init(
        level: Level, probe: String?, layout: Layout, runsc: FilePath?, go: VersionRange?, allowsCode: Bool, trustsDownloads: Bool
    ) {
        self.level = level
        self.probe = probe
        self.layout = layout
        self.runsc = runsc
        self.go = go
        self.allowsCode = allowsCode
        self.trustsDownloads = trustsDownloads
    }
}

/// Builds and boots the candidates of a plan. All of them share one work tree and one cache of Go's with `run`, so that only what differs from
/// the candidate before is compiled.
package struct BisectProver: Sendable {
    private let plan: BisectPlan
    private let options: BisectOptions
    private let catalogue: Catalogue
    private let builder: SourceBuilder

    package init(_ plan: BisectPlan, _ options: BisectOptions, in catalogue: Catalogue, with builder: SourceBuilder) {
        self.plan = plan
        self.options = options
        self.catalogue = catalogue
        self.builder = builder
    }

    private var runner: StepRunner { builder.runner }

    /// The search with these tests.
    package var search: BisectSearch {
        BisectSearch(plan, events: runner.events) { candidate in
            do {
                let (run, place) = try await test(candidate)
                return .ran(run, place: place)
            } catch let error where Self.isCandidates(error) { return .untestable(error) }
        }
    }

    /// Builds and boots one candidate.
    ///
    /// - Returns: the run, and the folder that it is recorded in.
    private func test(_ candidate: BisectCandidate) async throws -> (run: Run, place: FilePath) {
        let recipe = try recipe(for: candidate)
        let registry = try catalogue.registry()
        let series = try Series((candidate.series ?? recipe.series).map(\.description), recipe: recipe, registry: registry)
        let (host, events) = (runner.host, runner.events)
        try NotRoot.check(on: host)
        let build = try await BuildPrerequisites(
            recipe, go: options.go, allowsCode: options.allowsCode, trustsDownloads: options.trustsDownloads,
            isPacked: options.level != .component, on: host, events: events)
        let demand = SandboxDemand(runsc: options.runsc, layouts: [options.layout], node: recipe.node, level: options.level)
        try await refresh(recipe, for: candidate)
        guard options.level != .component else {
            let prerequisites = try await ComponentPrerequisites(on: host, for: demand)
            let probes = try probes(for: series, of: recipe, registry)
            let prover = ProbeProver(builder)
            let probed = try await preparing { try await prover.prepare(recipe, series, probes: probes, with: build) }
            return try await prover.ask(probed, layout: options.layout, with: prerequisites)
        }
        let prerequisites = try await BootPrerequisites(on: host, for: demand, events: events)
        let prover = NodeProver(builder)
        let ready = try await preparing { try await prover.prepare(recipe, series, level: options.level, with: build) }
        return try await prover.verify(ready, layout: options.layout, level: options.level, with: prerequisites)
    }

    /// A program that ended with an error while a source was prepared, such as `go mod download` because of the tree's go.mod.
    private struct Unprepared: ExitStatusError, CustomStringConvertible {
        let error: CommandError

        var description: String { error.description }

        var exitStatus: ExitStatus { error.exitStatus }
    }

    private func preparing<Value>(_ work: () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let error as CommandError { throw Unprepared(error: error) }
    }

    /// The recipe that builds a candidate.
    private func recipe(for candidate: BisectCandidate) throws -> Recipe {
        switch plan.axis {
        case .series: return try catalogue.recipe(plan.recipe)
        case .versions: return try catalogue.recipe("\(Catalogue.split(plan.recipe).name)@\(candidate.name)")
        case .commits:
            var recipe = try catalogue.recipe(plan.recipe)
            guard case .git(let spec) = recipe.source else { throw BisectError.noCommits(recipe: recipe.name) }
            recipe.source = .git(GitSpec(url: spec.url, reference: candidate.name))
            return recipe
        }
    }

    /// Asks the repository again if the stored answer is about another commit than the one that the tag is at now.
    private func refresh(_ recipe: Recipe, for candidate: BisectCandidate) async throws {
        guard plan.axis == .versions, let commit = candidate.commit, case .git = recipe.source else { return }
        let stored = try await builder.resolve(recipe).0.lock
        if stored.version != commit.description { _ = try await builder.resolve(recipe, isFresh: true) }
    }

    /// The probes. All beginnings of a series are asked those of the whole series.
    private func probes(for series: Series, of recipe: Recipe, _ registry: Registry) throws -> [Probe] {
        if let name = options.probe { return [try registry.probe(named: name, of: recipe)] }
        let asked = try plan.longest.map { try Series($0.map(\.description), recipe: recipe, registry: registry) } ?? series
        let probes = try registry.probes(for: asked, of: recipe)
        guard !probes.isEmpty else { throw PatchesError.noProbe(series: asked.label, recipe: recipe.name) }
        return probes
    }

    /// Whether an error is about the candidate: its tag is gone, its tree cannot be used, its source does not build, or a patch does not
    /// apply. Any other error, such as a server that is not reached, would be the same for the next one.
    static func isCandidates(_ error: any Error) -> Bool {
        switch error {
        case is GoBuildError, is PatchNotReached, is FlagNotReached, is OpenAPIError, is OpenAPINeedsGOPATH, is GoLayoutError, is GoTooOld,
            is ModuleError, is PackageError, is TreeFault, is Unprepared:
            true
        case let error as PatchesError:
            switch error {
            case .doesNotApply, .ambiguous, .doesNotFit, .inUpstream, .noProbe: true
            case .unknown, .noUpstream, .noSuchUpstream, .malformed, .unreadable, .twice: false
            }
        case let error as FetchError:
            switch error {
            case .unknownReference, .noCommit, .unknownCommit: true
            default: false
            }
        default: false
        }
    }
}
