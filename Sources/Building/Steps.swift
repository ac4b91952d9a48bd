import ExitCodes
import FileSystem
import FoundationEssentials
import Git
import GoToolchain
import Host
import Model
import Patches
import Sources
import Store
import SystemPackage

/// Resolves a recipe's source to a lock: queries the suite's signed index or the repository once, and stores the answer.
struct ResolveStep: Step {
    static let name = "resolve"

    let source: SourceSpec
    let libraries: LibrariesSpec?

    func run(in context: StepContext, folder: FilePath) async throws -> Resolution {
        var resolution = try await resolveSource(context)
        if let libraries {
            context.progress("querying the index of \(libraries.suite) for libraries")
            let found = try await context.withIndex(of: libraries.suite) { try await $0.resolve(libraries) }
            resolution.lock.libraries = found.files
            resolution.addresses.merge(found.addresses) { one, _ in one }
        }
        return resolution
    }

    private func resolveSource(_ context: StepContext) async throws -> Resolution {
        switch source {
        case .debian(let spec):
            context.progress("querying the index of \(spec.suite)")
            return try await context.withIndex(of: spec.suite) { try await $0.resolve(spec) }
        case .git(let spec):
            let git = GitSource(spec.url, mirrors: context.workspace.mirrors, on: context.host)
            let lock = try await git.resolve(spec.reference) { context.tell($0) }
            return Resolution(lock: lock, addresses: [:])
        case .archive(let spec):
            let file = LockedFile(name: spec.name, bytes: spec.bytes ?? 0, sha256: spec.sha256)
            let lock = Lock(kind: .archive, name: spec.name, version: spec.sha256.hex, files: [file])
            return Resolution(lock: lock, addresses: [:])
        }
    }
}

extension StepContext {
    /// Runs `body` with a suite's index, which the workspace keeps.
    package func withIndex<Value>(of suite: String, _ body: (DebianIndex) async throws -> Value) async throws -> Value {
        return try await inPlace(of: "apt") { own in
            let index = try await DebianIndex(suite: suite, in: workspace.cache.appending("apt"), scratch: own, on: host) {
                note("waiting for another ninepin that is querying the index of \(suite)")
            }
            return try await body(index)
        }
    }
}

/// The tree of a source, or of a patched one.
struct TreeResult: Codable, Sendable {
    let tree: ObjectID
    var applied: [AppliedPatch] = []
    /// The submodules that are not in the tree; nil if there are none.
    var submodules: Submodules?
}

/// Fetches, unpacks and imports a locked source as a tree.
struct FetchStep: Step {
    static let name = "fetch"

    let lock: Lock
    /// The addresses are not part of the key: a tree's ID identifies its content, no matter where the files came from.
    let addresses: Unkeyed<[String: String]>

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let tell: @Sendable (SourceProgress) -> Void = { context.tell($0) }
        let repository = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        if lock.kind == .git {
            let source = GitSource(
                addresses.value[Resolution.repository] ?? lock.name, mirrors: context.workspace.mirrors, on: context.host)
            let tree = try await source.copyTree(of: lock, into: context.workspace.trees, progress: tell)
            // Reopen the repository, so that it sees the new objects.
            let trees = try Repository.open(at: context.workspace.trees.string)
            try trees.keepTree(tree)
            let submodules = try trees.submodules(of: tree)
            return TreeResult(tree: tree, submodules: submodules.count > 0 ? submodules : nil)
        }
        return try await context.inPlace(of: "unpacked") { unpacked in
            try Files.makeDirectory(unpacked)
            let directory = unpacked.appending(UnpackedTree.directory)
            try await unpack(into: directory, context, tell)
            let tree = try repository.importTree(from: directory.string) { files in
                try Task.checkCancellation()
                context.progress("importing: \(files) files")
            }
            try repository.keepTree(tree)
            try UnpackedTree(tree, in: context.workspace).keep(unpacked)
            return TreeResult(tree: tree)
        }
    }

    private func unpack(into directory: FilePath, _ context: StepContext, _ tell: @escaping @Sendable (SourceProgress) -> Void) async throws
    {
        if lock.kind == .archive {
            guard let file = lock.files.first else { throw SourceError.unpack(file: lock.name, reason: "the lock lists no files") }
            let source = ArchiveSource(
                name: file.name, bytes: file.bytes > 0 ? file.bytes : nil, sha256: file.sha256, mirrors: context.workspace.mirrors,
                on: context.host)
            let places = (addresses.value[file.name] ?? "").split(separator: "\n").map(String.init)
            try await source.fetch(from: places, progress: tell)
            try source.unpack(into: directory, progress: tell)
        } else if lock.files.allSatisfy({ $0.name.hasSuffix(".deb") }) {
            let source = DebianPackages(lock.files, mirrors: context.workspace.mirrors, on: context.host)
            try await source.fetch(from: addresses.value, progress: tell)
            try await context.inPlace(of: "package") { try await source.unpackProject(into: directory, scratch: $0, progress: tell) }
        } else {
            let source = DebianSource(lock, mirrors: context.workspace.mirrors, on: context.host)
            try await source.fetch(from: addresses.value, progress: tell)
            try await source.unpack(into: directory, progress: tell)
        }
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// Unpacks locked packages into a folder of Go libraries.
struct LibrariesStep: Step {
    static let name = "libraries"

    let files: [LockedFile]
    let addresses: Unkeyed<[String: String]>

    /// The result that is stored next to the folder.
    struct Kept: Codable, Sendable { let packages: Int }

    func run(in context: StepContext, folder: FilePath) async throws -> Kept {
        let source = DebianPackages(files, mirrors: context.workspace.mirrors, on: context.host)
        let tell: @Sendable (SourceProgress) -> Void = { context.tell($0) }
        try await source.fetch(from: addresses.value, progress: tell)
        try await source.unpack(into: folder, progress: tell)
        return Kept(packages: files.count)
    }

    func isWhole(_ output: Kept, in place: FilePath, workspace: Workspace) -> Bool {
        Files.isDirectory(place.pushing(DebianPackages.goPath))
    }
}

/// Adds copies of modules to a source tree, and a `go.mod` that refers to them.
struct ModulesStep: Step {
    static let name = "modules"

    let tree: ObjectID
    let modules: [String]
    let importPath: String
    let environment: [String: String]
    let go: Unkeyed<GoToolchain>
    let target: Unkeyed<Target>
    let workTree: Unkeyed<String>

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let place = context.workspace.place(of: workTree.value, importPath: importPath, mode: .modules)
        return try await context.inWorkTree(tree, at: place) { repository, temporary in
            let source = GoModules(target.value, at: place, with: go.value, temporary: temporary, on: context.host)
            context.progress("downloading modules")
            try await source.download()
            var trees: [String: ObjectID] = [:]
            for module in modules {
                let copy = try await source.folder(of: module)
                trees["\(GoPlace.copies)/\(module)"] = try repository.importTree(from: copy.string) { _ in try Task.checkCancellation() }
            }
            let sumFile = place.tree.appending("go.sum")
            let sums = Files.exists(sumFile) ? try Files.read(sumFile) : []
            var files = [GoPlace.modFile: try await source.modFile(replacing: modules, in: temporary), GoPlace.sumFile: sums]
            // A module from before the time of modules has no go.mod in its files; its proxy generates this one (go.dev/ref/mod, module
            // proxies). A folder needs it.
            for module in modules {
                let place = "\(GoPlace.copies)/\(module)"
                guard let copy = trees[place], try repository.blob(at: "go.mod", of: copy) == nil else { continue }
                files["\(place)/go.mod"] = Array("module \(module)\n".utf8)
            }
            let exposed = try repository.tree(tree, with: trees, files: files)
            try repository.keepTree(exposed)
            return TreeResult(tree: exposed)
        }
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// Applies a series to a tree.
struct PatchStep: Step {
    static let name = "patch"

    /// The version of the rules for parsing and applying patches. It increases when the same patch may produce a different tree. Version 1
    /// lost modes.
    let rules = 2
    let tree: ObjectID
    let patches: [PatchName]
    /// The bytes of every variant, so that an edited patch changes the key.
    let texts: [Data]
    /// The versions that each patch and each variant is for: the result records whether a variant was written for another version.
    let ranges: [[VersionRange]]
    let upstreams: [String: Upstream]
    let series: Unkeyed<Application>

    /// The series to apply, and the recipe with the locations of its upstreams.
    struct Application: Sendable {
        let series: Series
        let recipe: Recipe
    }

    init(tree: ObjectID, series: Series, recipe: Recipe) throws {
        self.tree = tree
        patches = series.names
        texts = try series.texts().map { Data($0) }
        ranges = series.entries.map { [$0.versions] + $0.variants.map(\.versions) }
        upstreams = recipe.upstreams
        self.series = Unkeyed(Application(series: series, recipe: recipe))
    }

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let repository = try Repository.open(at: context.workspace.trees.string)
        let (tree, applied) = try series.value.series.apply(to: tree, of: series.value.recipe, in: repository)
        try repository.keepTree(tree)
        return TreeResult(tree: tree, applied: applied)
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// A binary in the store, with a file stamp for a quick check that it has not changed.
struct BuiltBinary: Codable, Sendable {
    let name: String
    let digest: Digest
    let bytes: Int64
    let stamp: FileStamp?
    /// The touched packages that were verified to be in it.
    var reached: [String] = []
}

/// Builds a binary from a patched tree.
struct BuildStep: Step {
    static let name = "build"

    let tree: ObjectID
    /// The pedigree to embed in the binary. Go's folder is not part of it, because paths are trimmed.
    let pedigree: Pedigree
    let target: Target
    let importPath: String
    /// The files that the series changed.
    let touched: [String]
    /// The libraries that it is compiled with and that are not in the tree.
    var libraries: [LockedFile] = []
    var librariesPath = Unkeyed<FilePath?>(nil)
    let go: Unkeyed<GoToolchain>
    /// The worktree to use for this tree. There is one per recipe, so that switching between variants writes only the files that differ.
    let workTree: Unkeyed<String>
    /// The tree before it was patched.
    let source: Unkeyed<ObjectID>

    /// The approximate space for Go's cache, the worktree and the binary of a Kubernetes component.
    static let neededBytes: Int64 = 3 << 30

    func run(in context: StepContext, folder: FilePath) async throws -> BuiltBinary {
        var place = context.workspace.place(of: workTree.value, importPath: importPath, mode: pedigree.mode)
        place.libraries = librariesPath.value
        return try await context.inPlace(of: "go") { temporary in
            let build = GoBuild(target, at: place, with: go.value, pedigree: pedigree, temporary: temporary, on: context.host)
            for directory in [build.tree.removingLastComponent(), place.cache, temporary] { try Files.makeDirectory(directory) }
            let lock = try await FileLock.take(place.path.appending(".lock")) { context.note("waiting for another build in \(place.path)") }
            defer { lock.release() }
            let note = place.path.appending("holds")
            try UnpackedTree(source.value, in: context.workspace).move(to: build.tree, note: note)
            let reached = try await compile(build, in: WorkTree(directory: build.tree.string, note: note.string), into: folder, context)
            let binary = folder.appending(target.binary)
            return BuiltBinary(
                name: target.binary, digest: try Files.digest(of: binary), bytes: Files.bytes(of: binary) ?? 0,
                stamp: FileStamp(of: binary),
                reached: reached)
        }
    }

    /// Compiles, and verifies every file of the worktree in parallel: a change from outside is found before the binary gets its name.
    private func compile(_ build: GoBuild, in workTree: WorkTree, into folder: FilePath, _ context: StepContext) async throws -> [String] {
        let repository = try Repository.open(at: context.workspace.trees.string)
        let looked: (Int) throws -> Void = { files in
            try Task.checkCancellation()
            context.progress("updating the work tree to \(tree): \(files) files")
        }
        let claim = try workTree.checkOut(tree, from: repository, progress: looked)
        async let holds = workTree.holds(claim)
        let result = try await result(of: build, into: folder, context)
        if await holds { return try result.get() }
        context.progress("the work tree was changed from outside; restoring it and compiling again")
        guard workTree.holds(try workTree.checkOutWhole(tree, from: repository, progress: looked)) else {
            throw WorkTreeInUse(directory: build.tree)
        }
        return try await self.result(of: build, into: folder, context).get()
    }

    /// The compiler's result. If it failed, a change to the worktree from outside may be the reason.
    private func result(of build: GoBuild, into folder: FilePath, _ context: StepContext) async throws -> Result<[String], any Error> {
        context.progress("compiling")
        let count = Counter()
        do {
            let reached = try await build.run(output: folder.appending(target.binary), touched: touched) { package in
                context.progress("compiling, package \(count.next()): \(package)")
            }
            return .success(reached)
        } catch let error as CancellationError { throw error } catch { return .failure(error) }
    }

    func isWhole(_ output: BuiltBinary, in place: FilePath, workspace: Workspace) -> Bool {
        let binary = place.appending(output.name)
        // A copied workspace loses the stamps, so its binaries are hashed. Before a boot, every binary is hashed.
        guard let stamp = FileStamp(of: binary) else { return false }
        return output.stamp == stamp || (try? Files.digest(of: binary)) == output.digest
    }
}

/// Another process writes to a worktree while it is being built.
package struct WorkTreeInUse: ExitStatusError, Sendable, CustomStringConvertible {
    package let directory: FilePath

    /// The problem, where, and what to do.
    package var description: String {
        "\(directory) changed during the build\n    This folder belongs to Ninepin. Stop whatever writes there, and try again."
    }

    package var exitStatus: ExitStatus { .missing }
}

extension Workspace {
    /// The place where a recipe's tree is built.
    func place(of recipe: String, importPath: String, mode: Target.Mode) -> GoPlace {
        GoPlace(
            path: cache.appending("work").appending(recipe), importPath: importPath, mode: mode, cache: cache.appending("go-build"),
            modules: cache.appending("go-modules"))
    }

    func has(_ tree: ObjectID) -> Bool { (try? Repository.open(at: trees.string))?.contains(tree) ?? false }
}

extension StepContext {
    /// Reports the progress of a source.
    package func tell(_ progress: SourceProgress) {
        // These appear only once and may concern a long wait, so show them as notes.
        switch progress {
        case .waiting, .remark: note(progress.description)
        default: self.progress(progress.description)
        }
    }
}

extension SourceProgress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .receiving(let file, let bytes, let total): "\(file): \(total > 0 ? bytes * 100 / total : 100) %"
        case .unpacking(let file): "unpacking \(file)"
        case .objects(let count, let total, let bytes):
            total > 0 ? "\(count) of \(total) objects, \(bytes >> 10) KiB" : "contacting the repository"
        case .waiting(let what): "waiting for \(what)"
        case .remark(let words): words
        }
    }
}
