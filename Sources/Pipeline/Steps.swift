import FoundationEssentials
import Git
import GoToolchain
import Host
import Model
import Patches
import Sources
import SystemPackage

/// Recipe to lock: asks the suite's signed index once, and keeps the answer.
struct ResolveStep: Step {
    static let name = "resolve"

    let source: SourceSpec

    func run(in context: StepContext, folder: FilePath) async throws -> Resolution {
        context.progress("asking the index of \(source.suite)")
        let apt = context.scratch.place("apt")
        defer { try? Files.remove(apt) }
        return try await DebianIndex(suite: source.suite, in: apt, on: context.host).resolve(source)
    }
}

/// A source's tree, or a patched one's.
struct TreeResult: Codable, Sendable {
    let tree: ObjectID
    var applied: [AppliedPatch] = []
}

/// Lock to tree: fetches, unpacks, imports.
struct FetchStep: Step {
    static let name = "fetch"

    let lock: Lock
    /// A tree's id says what it is; where the files came from does not matter.
    let addresses: Unkeyed<[String: String]>

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let source = DebianSource(lock, mirrors: context.workspace.mirrors, on: context.host)
        let tell: @Sendable (SourceProgress) -> Void = { context.progress($0.words) }
        try await source.fetch(from: addresses.value, progress: tell)
        let tree = try await source.importTree(into: context.workspace.trees, scratch: context.scratch, progress: tell)
        try Repository.open(at: context.workspace.trees.string).keep(tree, as: "refs/ninepin/trees/\(tree)")
        return TreeResult(tree: tree)
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// Tree to patched tree.
struct PatchStep: Step {
    static let name = "patch"

    let tree: ObjectID
    let patches: [PatchName]
    /// The bytes of every variant: a patch that is edited is another patch.
    let texts: [Data]
    let upstreams: [String: Upstream]
    let series: Unkeyed<Series>

    init(tree: ObjectID, series: Series, recipe: Recipe) throws {
        self.tree = tree
        patches = series.names
        texts = try series.texts().map { Data($0) }
        upstreams = recipe.upstreams
        self.series = Unkeyed(series)
    }

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let repository = try Repository.open(at: context.workspace.trees.string)
        let (tree, applied) = try series.value.apply(to: tree, in: repository)
        try repository.keep(tree, as: "refs/ninepin/trees/\(tree)")
        return TreeResult(tree: tree, applied: applied)
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// A binary in the store, and what tells in a moment that it is still the one that was made.
struct BuiltBinary: Codable, Sendable {
    let name: String
    let digest: Digest
    let bytes: Int64
    let stamp: FileStamp?
}

/// Patched tree to binary.
struct BuildStep: Step {
    static let name = "build"

    let tree: ObjectID
    /// Release and architecture; the folder does not matter, because paths are trimmed.
    let toolchain: String
    let target: Target
    let go: Unkeyed<GoToolchain>
    /// Which work tree is brought to this tree: one for a recipe, so that a variant changes only the files that it changes.
    let workTree: Unkeyed<String>

    /// Go's cache, the work tree and the binary of a Kubernetes component come to about this.
    static let neededBytes: Int64 = 3 << 30

    func run(in context: StepContext, folder: FilePath) async throws -> BuiltBinary {
        let cache = context.workspace.cache
        let gopath = cache.appending("work").appending(workTree.value)
        let build = GoBuild(target, with: go.value, path: gopath, cache: cache.appending("go-build"), on: context.host)
        try Files.makeDirectory(build.tree)
        try Files.makeDirectory(cache.appending("go-build"))
        let lock = try await FileLock.take(gopath.appending(".lock")) { context.progress("waiting for another build in \(gopath)") }
        defer { lock.release() }
        context.progress("bringing the work tree to \(tree)")
        let repository = try Repository.open(at: context.workspace.trees.string)
        let stamps = gopath.appending("stamps").string
        _ = try repository.checkOut(tree, to: build.tree.string, cache: stamps) { files in
            try Task.checkCancellation()
            context.progress("bringing the work tree to \(tree): \(files) files")
        }
        try await compile(build, into: folder, context)
        let binary = folder.appending(target.binary)
        return BuiltBinary(
            name: target.binary, digest: try Files.digest(of: binary), bytes: Files.bytes(of: binary) ?? 0, stamp: FileStamp(of: binary))
    }

    private func compile(_ build: GoBuild, into folder: FilePath, _ context: StepContext) async throws {
        context.progress("compiling")
        let count = Counter()
        try await build.run(output: folder.appending(target.binary)) { package in
            context.progress("compiling, package \(count.next()): \(package)")
        }
    }

    func isWhole(_ output: BuiltBinary, in place: FilePath, workspace: Workspace) -> Bool {
        let binary = place.appending(output.name)
        // A copied workspace keeps no stamp, and is hashed. Before a boot every binary is hashed.
        guard let stamp = FileStamp(of: binary) else { return false }
        return output.stamp == stamp || (try? Files.digest(of: binary)) == output.digest
    }
}

extension Workspace {
    func has(_ tree: ObjectID) -> Bool { (try? Repository.open(at: trees.string))?.contains(tree) ?? false }
}

extension SourceProgress {
    fileprivate var words: String {
        switch self {
        case .receiving(let file, let bytes, let total): "\(file): \(total > 0 ? bytes * 100 / total : 100) %"
        case .unpacking(let file): "unpacking \(file)"
        case .importing(let files): "importing: \(files) files"
        }
    }
}
