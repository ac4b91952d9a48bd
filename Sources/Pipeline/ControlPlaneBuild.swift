import Cluster
import Git
import GoToolchain
import Host
import Model
import Patches
import SystemPackage

extension StepContext {
    /// Brings a recipe's work tree to a tree, and keeps others out of it for as long as the work goes on.
    ///
    /// - Parameter body: gets the repository of all trees, and a folder for what is not done yet.
    func inWorkTree<Value>(
        _ tree: ObjectID, at place: GoPlace, _ body: (Repository, FilePath) async throws -> Value
    ) async throws -> Value {
        let temporary = scratch.place("go")
        defer { try? Files.remove(temporary) }
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

/// Source tree to one that has the generated file which kube-apiserver needs.
struct GenerateStep: Step {
    static let name = "generate"

    let tree: ObjectID
    let openapi: String
    let importPath: String
    let go: Unkeyed<GoToolchain>
    let workTree: Unkeyed<String>
    /// Where the tree was unpacked, if it was not built yet.
    let mode: Target.Mode

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let place = context.workspace.place(of: workTree.value, importPath: importPath, mode: mode)
        try Files.makeDirectory(place.tree.removingLastComponent())
        try UnpackedTree(tree, in: context.workspace).move(to: place.tree, note: place.path.appending("holds"))
        return try await context.inWorkTree(tree, at: place) { repository, temporary in
            context.progress("making \(openapi)")
            if !context.host.isRoot {
                context.note("openapi-gen is the source's own code, and runs as you: only root can put it into a jail (SECURITY.md)")
            }
            let generator = OpenAPI(at: place, with: go.value, temporary: temporary, on: context.host)
            let bytes = try await generator.write(FilePath(openapi))
            let generated = try repository.tree(tree, with: [:], files: [openapi: bytes])
            try repository.keep(generated, as: "refs/ninepin/trees/\(generated)")
            return TreeResult(tree: generated)
        }
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// A recipe has no control plane that its node could join.
public struct NoControlPlane: Error, Sendable, CustomStringConvertible {
    /// The recipe.
    public let recipe: String

    /// What, why, and what to do.
    public var description: String {
        "recipe '\(recipe)' does not say what its control plane is made of: its node can join none\n    Say 'controlPlane' in it, or ask for --level boot."
    }
}

/// A generated file is lacking in a tree in which its generator would find nothing.
public struct OpenAPINeedsGOPATH: Error, Sendable, CustomStringConvertible {
    /// The file.
    public let path: String

    /// What, why, and what to do.
    public var description: String {
        "cannot make \(path): its generator knows GOPATH only, and this tree is a workspace\n    Take a source that has the file: Kubernetes keeps it since 1.24."
    }
}

extension Pipeline {
    /// A candidate, with the control plane that it joins at a level.
    ///
    /// - Parameters:
    ///   - recipe: says what the control plane is made of; k3s is its own.
    ///   - needs: builds it.
    /// - Throws: `NoControlPlane`; `ClusterError` when this machine lacks what a control plane needs; what the steps throw.
    public func joining(
        _ candidate: Candidate, _ recipe: Recipe?, at level: Level, needs: BuildNeeds?, from folder: FilePath? = nil
    ) async throws -> Candidate {
        var joining = candidate
        guard candidate.node.joins(at: level) else { return joining }
        if candidate.node.profile.isK3s {
            try ControlPlanePrograms.look(on: host)
            joining.plane = .k3s(FilePath(candidate.artifact.path))
            return joining
        }
        guard let recipe, let needs else { throw NoControlPlane(recipe: candidate.recipe) }
        let (programs, steps) = try await controlPlane(recipe, needs: needs, from: folder)
        joining.plane = .kubernetes(programs)
        joining.steps += steps
        return joining
    }

    /// A recipe's control plane. It has the patches that the recipe names for it, and not the node's: every variant of the node joins the same one.
    ///
    /// - Returns: the programs, and the steps that made them.
    /// - Throws: `NoControlPlane`; `ClusterError` when this machine has no etcd; what the steps throw.
    func controlPlane(
        _ recipe: Recipe, needs: BuildNeeds, from folder: FilePath? = nil
    ) async throws -> (programs: ControlPlanePrograms, steps: [StepRecord]) {
        guard let spec = recipe.controlPlane, recipe.target != nil else { throw NoControlPlane(recipe: recipe.name) }
        let etcd = try ControlPlanePrograms.etcd(on: host)
        let (fetched, exposed, layout) = try await expose(try await fetch(recipe, from: folder), recipe: recipe, go: needs.go)
        let (tree, generated) = try await generated(spec, fetched, recipe: recipe, layout: layout, go: needs.go)
        let whole = Fetched(lock: fetched.lock, tree: tree, steps: fetched.steps, libraries: fetched.libraries)
        let patched = try await patch(whole, try planeSeries(spec, of: exposed, in: tree), recipe: exposed)
        let filled = exposed.filled(by: fetched.lock)
        guard let target = filled.target else { throw NoControlPlane(recipe: recipe.name) }
        var programs: [FilePath] = []
        var steps = generated + [patched.record]
        for package in spec.packages {
            let one = Target(package: package, flags: target.flags, environment: target.environment, mode: target.mode)
            let built = try await build(
                patched, target: one, touched: patched.applied.flatMap(\.files), recipe: filled, go: needs.go, layout: layout)
            programs.append(FilePath(built.artifact.path))
            steps.append(built.record)
        }
        return (
            ControlPlanePrograms(etcd: etcd, apiServer: programs[0], controllerManager: programs[1], scheduler: programs[2]), steps
        )
    }

    /// The control plane's patches, but for those whose upstream the tree does not have, or has in a version without the fault.
    private func planeSeries(_ spec: ControlPlaneSpec, of recipe: Recipe, in tree: ObjectID) throws -> Series {
        let registry = try Catalogue(host).registry()
        let settled = try settled(recipe, in: tree)
        let source = SourceText(tree: tree, of: try Repository.open(at: workspace.trees.string))
        let needed = try spec.series.filter { name in
            guard let upstream = settled.upstreams[name.upstream] else { return true }
            return try registry.needlessness(of: registry.entry(named: name.description), at: upstream, in: source) == nil
        }
        return try Series(needed.map(\.description), recipe: recipe, registry: registry)
    }

    private func generated(
        _ spec: ControlPlaneSpec, _ fetched: Fetched, recipe: Recipe, layout: GoLayout, go: GoToolchain
    ) async throws -> (ObjectID, [StepRecord]) {
        guard let openapi = spec.openapi else { return (fetched.tree, []) }
        let repository = try Repository.open(at: workspace.trees.string)
        // Later sources have the file themselves.
        if try repository.blob(at: openapi, of: fetched.tree) != nil { return (fetched.tree, []) }
        guard layout.mode != .workspace else { throw OpenAPINeedsGOPATH(path: openapi) }
        let step = GenerateStep(
            tree: fetched.tree, openapi: openapi, importPath: layout.importPath, go: Unkeyed(go),
            workTree: Unkeyed(recipe.name), mode: layout.mode)
        let done = try await perform(step, subject: openapi) { "tree \($0.tree)" }
        return (done.output.tree, [done.record])
    }
}
