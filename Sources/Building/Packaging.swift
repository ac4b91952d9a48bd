import Git
import GoToolchain
import GoTree
import Host
import Model
import Paths
import Store
import SystemPackage

extension SourceBuilder {
    /// The recipe's artifact: the target, or, for a recipe that packs itself as k3s does, the wrapper with all programs and downloads
    /// inside.
    ///
    /// - Parameter inner: the target, built from the patched tree.
    /// - Returns: the artifact with the pedigree of its content, and the steps that produced it from the target; no steps if nothing is
    ///   packed.
    /// - Throws: `PackageError`; errors from fetching and building.
    package func package(
        _ inner: Built, of source: PreparedSource, _ patched: PatchedTree, trustingDownloads isTrusting: Bool
    ) async throws -> (built: Built, steps: [StepRecord]) {
        let recipe = source.recipe
        guard let spec = recipe.package else { return (inner, []) }
        let received = try await receive(recipe, areTrusted: isTrusting)
        let download = try DownloadStep(received)
        let downloaded = try await runner.perform(download, subject: download.downloads.keys.sorted().joined(separator: ", ")) {
            "tree \($0.tree)"
        }
        var steps = received.records + [downloaded.record]
        var binaries = [spec.program: inner.artifact]
        for (name, program) in spec.programs.sorted(by: { $0.key < $1.key }) {
            let built = try await build(name, program, from: downloaded.output.tree, recipe: recipe, go: source.toolchain)
            binaries[program.output] = built.artifact
            steps.append(built.record)
        }
        let step = PackStep(
            tree: patched.tree, downloads: downloaded.output.tree, spec: spec, binaries: binaries.mapValues(\.digest),
            date: source.lock.time ?? 0, paths: Unkeyed(binaries.mapValues(\.path)))
        let packed = try await runner.perform(step, subject: spec.folders.map(\.description).joined(separator: ", ")) {
            "archive \($0.archive.short)"
        }
        var pedigree = inner.pedigree
        pedigree.downloads = received.locked.isEmpty ? nil : received.locked
        pedigree.leftOut = recipe.leftOut.isEmpty ? nil : recipe.leftOut.keys.sorted()
        let wrapper = BuildStep(
            tree: packed.output.tree, pedigree: pedigree, target: spec.wrapper, importPath: source.layout.importPath, touched: [],
            go: Unkeyed(source.toolchain), workTree: Unkeyed(recipe.name), source: Unkeyed(source.tree))
        let built = try await build(wrapper, subject: "\(spec.wrapper.binary), the wrapper")
        let outer = Built(artifact: built.artifact, pedigree: pedigree, reached: inner.reached, record: built.record)
        return (outer, steps + [packed.record, built.record])
    }

    /// Builds a program whose source was downloaded. Its source is a separate tree, and no patches apply to it.
    private func build(
        _ name: String, _ program: ProgramSpec, from downloads: ObjectID, recipe: Recipe, go: GoToolchain
    ) async throws -> Built {
        guard let tree = try trees().subtree(at: program.source.description, of: downloads) else {
            throw PackageError("no download contains the source of '\(name)': \(program.source)", advice: "Check the recipe's 'downloads'.")
        }
        let layout = try facts(of: tree).layout(
            mode: program.target.mode, importPath: program.importPath, recipe: "\(recipe.name)/\(name)")
        try layout.check(go.version)
        guard layout.mode != .modules else {
            throw PackageError("'\(name)' would need modules from the network", advice: "Set its 'mode' to 'gopath' or 'vendor'.")
        }
        let pedigree = Pedigree(
            recipe: "\(recipe.name)/\(name)", version: recipe.version.plain, tree: tree.description, series: [], toolchain: go.identity,
            mode: layout.mode, flags: program.target.flags)
        let step = BuildStep(
            tree: tree, pedigree: pedigree, target: program.target, importPath: program.importPath, touched: [], go: Unkeyed(go),
            workTree: Unkeyed("\(recipe.name)-\(name)"), source: Unkeyed(tree))
        return try await build(step, subject: name)
    }
}
