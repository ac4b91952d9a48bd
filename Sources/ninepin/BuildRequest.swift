import Building
import ExitCodes
import FileSystem
import Host
import Model
import Patches
import Proving
import Report
import Sandbox
import Store
import SystemPackage

/// What a command was asked to build and boot.
///
/// All that can be said about it without the network and without a build is checked before either, and by `--dry-run` too.
struct BuildRequest {
    let recipe: Recipe
    let series: [Series]
    let level: AskedLevel
    /// The layouts to boot in; empty if nothing boots.
    var layouts: [Layout] = []
    /// The named probe.
    var probe: String?
    let source: SourceOptions
    let go: GoOption
    /// The sandboxes; nil if none is made.
    var sandbox: SandboxOptions?

    /// Whether a node or a probe is started.
    var isBooted: Bool { !layouts.isEmpty }

    /// Whether the recipe's package, if it has one, is made.
    var isPacked: Bool { level != .component }

    /// The Go releases that may build.
    var range: VersionRange { go.go ?? recipe.toolchain }

    /// - Throws: `NoTarget`; `NoControlPlane`; `PatchesError` for the probe; `RecipeIsCode`; `PackageError` for a download with unknown
    ///   content; `FileError` if there is no such source folder; `RunscMissing` and `RunscLacks` for a runsc that was named.
    func check(in context: CommandContext) async throws {
        if level == .component {
            _ = try context.probes(probe, for: series, of: recipe)
        } else {
            guard let node = recipe.node, recipe.target != nil else { throw NoTarget(recipe: recipe.name) }
            guard !node.joins(at: level.level) || node.profile.isK3s || recipe.controlPlane != nil else {
                throw NoControlPlane(recipe: recipe.name)
            }
        }
        try BuildPrerequisites.check(
            recipe, allowsCode: go.allowRecipeCode, trustsDownloads: go.trustDownloads, isPacked: isPacked)
        if let folder = source.folder { try Self.checkFolder(folder) }
        if let runsc = sandbox?.named(in: context) { _ = try await Runsc.find(on: context.host, named: runsc, for: layouts) }
    }

    private static func checkFolder(_ folder: FilePath) throws(FileError) {
        guard Files.isDirectory(try Files.realPath(folder)) else {
            throw Files.refusal("read", folder, "a source is a folder")
        }
    }
}

extension CommandContext {
    /// The prerequisites of a request's build, after a check of everything that could stop it later: nothing is downloaded for a boot that
    /// cannot happen.
    ///
    /// - Throws: as ``BuildRequest/check(in:)`` and `BuildPrerequisites`; `NotRoot` if it boots and this is not root.
    func prerequisites(for request: BuildRequest) async throws -> BuildPrerequisites {
        try await request.check(in: self)
        try Workspace(host).check()
        if request.isBooted { try NotRoot.check(on: host) }
        return try await BuildPrerequisites(
            request.recipe, go: request.go.go, allowsCode: request.go.allowRecipeCode, trustsDownloads: request.go.trustDownloads,
            isPacked: request.isPacked, on: host, events: events)
    }

    /// Checks a request, and shows what would be built and booted.
    ///
    /// - Throws: as ``BuildRequest/check(in:)``.
    func plan(_ request: BuildRequest) async throws -> ExitStatus {
        try await request.check(in: self)
        let (recipe, layouts) = (request.recipe, request.layouts)
        let steps = ["resolve", "fetch", "patch", "build"] + (layouts.isEmpty ? [] : [request.level == .component ? "probe" : "verify"])
        let source = request.source.folder.map { "folder \($0)" } ?? recipe.redacted.source.words
        let go = BuildPrerequisites.words(of: request.range, on: host)
        let document = PlanDocument(
            recipe: recipe.name, version: recipe.version.plain, source: source, go: go, series: request.series.map(\.names),
            level: request.level.rawValue, layouts: layouts.map(\.rawValue), steps: steps)
        try show(document) { report in
            report.plan(recipe.redacted, source: source, go: go)
            report.text("")
            report.text("would do       \(steps.joined(separator: ", "))")
            for series in request.series { report.text("with series    \(series.label)") }
            if !layouts.isEmpty {
                report.text("in layouts     \(layouts.map(\.rawValue).joined(separator: ", ")), level \(request.level.rawValue)")
            }
        }
        return .good
    }
}
