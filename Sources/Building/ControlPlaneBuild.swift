import ExitCodes
import FileSystem
import Git
import GoToolchain
import GoTree
import Host
import Model
import Patches
import Store
import SystemPackage

extension StepContext {
    /// Checks out a tree in a recipe's worktree, and locks the worktree for the duration of the work.
    ///
    /// - Parameter body: receives the repository of all trees, and a folder for temporary files.
    func inWorkTree<Value>(
        _ tree: ObjectID, at place: GoPlace, _ body: (Repository, FilePath) async throws -> Value
    ) async throws -> Value {
        return try await inPlace(of: "go") { temporary in
            for directory in [place.tree.removingLastComponent(), place.cache, temporary] { try Files.makeDirectory(directory) }
            let lock = try await FileLock.take(place.path.appending(".lock")) { note("waiting for another build in \(place.path)") }
            defer { lock.release() }
            let repository = try Repository.open(at: workspace.trees.string)
            let work = WorkTree(directory: place.tree.string, note: place.path.appending("holds").string)
            guard work.holds(try work.checkOut(tree, from: repository, progress: { _ in try Task.checkCancellation() })) else {
                throw WorkTreeInUse(directory: place.tree)
            }
            return try await body(repository, temporary)
        }
    }
}

/// Adds the generated file that kube-apiserver needs to a source tree.
struct GenerateStep: Step {
    static let name = "generate"

    let tree: ObjectID
    let openapi: String
    let importPath: String
    let go: Unkeyed<GoToolchain>
    let workTree: Unkeyed<String>
    /// How Go resolves packages.
    let mode: Target.Mode

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let place = context.workspace.place(of: workTree.value, importPath: importPath, mode: mode)
        try Files.makeDirectory(place.tree.removingLastComponent())
        try UnpackedTree(tree, in: context.workspace).move(to: place.tree, note: place.path.appending("holds"))
        return try await context.inWorkTree(tree, at: place) { repository, temporary in
            context.progress("making \(openapi)")
            if !context.host.isRoot {
                context.note("openapi-gen is code from the source and runs as you: only root can run it in a jail (SECURITY.md)")
            }
            let generator = OpenAPI(at: place, with: go.value, temporary: temporary, on: context.host)
            let bytes = try await generator.write(FilePath(openapi))
            let generated = try repository.tree(tree, with: [:], files: [openapi: bytes])
            try repository.keepTree(generated)
            return TreeResult(tree: generated)
        }
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// A recipe has no control plane that its node could join.
package struct NoControlPlane: ExitStatusError, Sendable, CustomStringConvertible {
    package let recipe: String

    package init(recipe: String) {
        self.recipe = recipe
    }

    /// The problem, the reason, and what to do.
    package var description: String {
        "recipe '\(recipe)' has no 'controlPlane', so its node has nothing to join\n    Add 'controlPlane' to the recipe, or use --level boot."
    }

    package var exitStatus: ExitStatus { .usage }
}

/// A tree lacks a generated file, and its generator cannot find the tree's packages.
package struct OpenAPINeedsGOPATH: ExitStatusError, Sendable, CustomStringConvertible {
    /// The missing file.
    package let path: String

    /// The problem, the reason, and what to do.
    package var description: String {
        "cannot generate \(path): its generator supports only GOPATH, and this tree is a workspace\n    Use a source that contains the file: Kubernetes has included it since 1.24."
    }

    package var exitStatus: ExitStatus { .data }
}

/// The programs of a control plane, built from a recipe's source.
package struct BuiltControlPlane: Sendable {
    package let apiServer: FilePath
    package let controllerManager: FilePath
    package let scheduler: FilePath
    /// The steps that produced them.
    package let steps: [StepRecord]
}

extension SourceBuilder {
    /// Builds a recipe's control plane. It has the patches that the recipe names for the control plane, not the node's: all variants of the
    /// node join the same control plane.
    ///
    /// - Throws: `NoControlPlane`; `OpenAPINeedsGOPATH`; errors from the steps.
    package func controlPlane(
        _ recipe: Recipe, with prerequisites: BuildPrerequisites, from folder: FilePath? = nil
    ) async throws -> BuiltControlPlane {
        guard let spec = recipe.controlPlane, recipe.target != nil else { throw NoControlPlane(recipe: recipe.name) }
        let prepared = try await prepare(recipe, with: prerequisites, from: folder)
        let source = try await generatingOpenAPI(spec, in: prepared)
        let patched = try await patch(source, try series(of: spec, for: source))
        func program(_ package: String) async throws -> Built {
            guard let target = source.recipe.target else { throw NoControlPlane(recipe: recipe.name) }
            let one = Target(package: package, flags: target.flags, environment: target.environment, mode: target.mode)
            return try await build(one, of: source, patched, touched: patched.touched)
        }
        let apiServer = try await program(spec.apiServer)
        let controllerManager = try await program(spec.controllerManager)
        let scheduler = try await program(spec.scheduler)
        return BuiltControlPlane(
            apiServer: FilePath(apiServer.artifact.path), controllerManager: FilePath(controllerManager.artifact.path),
            scheduler: FilePath(scheduler.artifact.path),
            steps: source.steps.suffix(source.steps.count - prepared.steps.count)
                + [patched.record, apiServer.record, controllerManager.record, scheduler.record])
    }

    /// The control plane's patches, without those whose upstream is not in the tree or has a version without the fault.
    private func series(of spec: ControlPlaneSpec, for source: PreparedSource) throws -> Series {
        let registry = try Catalogue(host).registry()
        let text = SourceText(tree: source.tree, of: try trees())
        let needed = try spec.series.filter { name in
            guard let upstream = source.recipe.upstreams[name.upstream] else { return true }
            return try registry.needlessness(of: registry.entry(named: name.description), at: upstream, in: text) == nil
        }
        return try Series(needed.map(\.description), recipe: source.recipe, registry: registry)
    }

    /// The source with the generated file that kube-apiserver needs. Later releases include the file.
    private func generatingOpenAPI(_ spec: ControlPlaneSpec, in source: PreparedSource) async throws -> PreparedSource {
        guard let openapi = spec.openapi, try trees().blob(at: openapi, of: source.tree) == nil else { return source }
        guard source.layout.mode != .workspace else { throw OpenAPINeedsGOPATH(path: openapi) }
        let step = GenerateStep(
            tree: source.tree, openapi: openapi, importPath: source.layout.importPath, go: Unkeyed(source.toolchain),
            workTree: Unkeyed(source.recipe.name), mode: source.layout.mode)
        let done = try await runner.perform(step, subject: openapi) { "tree \($0.tree)" }
        return source.with(source.recipe, tree: done.output.tree, after: done.record)
    }
}
