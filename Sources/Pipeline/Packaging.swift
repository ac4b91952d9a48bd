import Git
import GoToolchain
import Host
import Model
import Patches
import Paths
import SystemPackage

extension Pipeline {
    /// The artifact of a recipe that packs itself as k3s does: downloads, the other programs, the archive of all, and the wrapper with it inside.
    ///
    /// - Parameter inner: the target as it was built from the patched tree.
    /// - Returns: the wrapper, with the pedigree of what is in it.
    /// - Throws: `PackageError`; what fetching and building throw.
    func package(
        _ inner: Built, _ patched: Patched, of lock: Lock, recipe: Recipe, needs: BuildNeeds, layout: GoLayout
    ) async throws -> (Built, [StepRecord]) {
        guard let spec = recipe.package else { return (inner, []) }
        let go = needs.go
        let received = try await receive(recipe, areTrusted: needs.trustsDownloads)
        let download = try DownloadStep(received)
        let downloaded = try await perform(download, subject: download.downloads.keys.sorted().joined(separator: ", ")) {
            "tree \($0.tree)"
        }
        var steps = received.records + [downloaded.record]
        var binaries = [spec.program: inner.artifact]
        for (name, program) in spec.programs.sorted(by: { $0.key < $1.key }) {
            let built = try await build(name, program, from: downloaded.output.tree, recipe: recipe, go: go)
            binaries[program.output] = built.artifact
            steps.append(built.record)
        }
        let step = PackStep(
            tree: patched.tree, downloads: downloaded.output.tree, spec: spec, binaries: binaries.mapValues(\.digest), date: lock.time ?? 0,
            paths: Unkeyed(binaries.mapValues(\.path)))
        let packed = try await perform(step, subject: spec.folders.map(\.description).joined(separator: ", ")) {
            "archive \($0.archive.short)"
        }
        var pedigree = inner.pedigree
        pedigree.downloads = received.locked.isEmpty ? nil : received.locked
        pedigree.leftOut = recipe.leftOut.isEmpty ? nil : recipe.leftOut.keys.sorted()
        let wrapper = BuildStep(
            tree: packed.output.tree, pedigree: pedigree, target: spec.wrapper, importPath: layout.importPath, touched: [],
            go: Unkeyed(go), workTree: Unkeyed(recipe.name), source: Unkeyed(patched.source))
        let built = try await perform(wrapper, subject: "\(spec.wrapper.binary), the wrapper") {
            "\($0.name) \($0.digest.short), \($0.bytes) bytes"
        }
        let artifact = Artifact(
            digest: built.output.digest, path: built.place.appending(built.output.name).string, bytes: built.output.bytes)
        let outer = Built(artifact: artifact, pedigree: pedigree, reached: inner.reached, record: built.record)
        return (outer, steps + [packed.record])
    }

    /// A program whose source was downloaded. It is a tree of its own, and no patch has a part in it.
    private func build(
        _ name: String, _ program: ProgramSpec, from downloads: ObjectID, recipe: Recipe, go: GoToolchain
    ) async throws -> Built {
        let repository = try Repository.open(at: workspace.trees.string)
        guard let tree = try repository.subtree(at: program.source.description, of: downloads) else {
            throw PackageError("no download has the source of '\(name)': \(program.source)", advice: "Look at the recipe's 'downloads'.")
        }
        let layout = try facts(of: tree).layout(
            mode: program.target.mode, importPath: program.importPath, recipe: "\(recipe.name)/\(name)")
        try layout.check(go.version)
        guard layout.mode != .modules else {
            throw PackageError("'\(name)' would need modules from the network", advice: "Say 'mode: gopath' or 'vendor' for it.")
        }
        let pedigree = Pedigree(
            recipe: "\(recipe.name)/\(name)", version: recipe.version.plain, tree: tree.description, series: [], toolchain: go.identity,
            mode: layout.mode, flags: program.target.flags)
        let step = BuildStep(
            tree: tree, pedigree: pedigree, target: program.target, importPath: program.importPath, touched: [], go: Unkeyed(go),
            workTree: Unkeyed("\(recipe.name)-\(name)"), source: Unkeyed(tree))
        let done = try await perform(step, subject: name) { "\($0.name) \($0.digest.short), \($0.bytes) bytes" }
        let path = done.place.appending(done.output.name).string
        return Built(
            artifact: Artifact(digest: done.output.digest, path: path, bytes: done.output.bytes), pedigree: pedigree, reached: [],
            record: done.record)
    }
}
