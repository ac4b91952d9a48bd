import Cluster
import GoToolchain
import Host
import Model
import Patches
import SystemPackage

/// A binary on its way to a verdict: what is to be booted, and where it comes from.
package struct Candidate: Sendable {
    /// The recipe's name; empty when the binary is from elsewhere.
    package var recipe = ""
    /// The patches in it.
    package var series: [PatchName] = []
    /// The source.
    package var lock: Lock?
    /// The patched tree's id.
    package var tree: String?
    /// The versions of the upstreams in it; nil when the binary is from elsewhere.
    package var upstreams: [String: Version]?
    /// The steps that made it.
    package var steps: [StepRecord] = []
    /// What makes the control plane that it joins; nil when it joins none.
    package var plane: ControlPlaneKind?
    /// How it is booted.
    package var node: NodeSpec
    /// The binary.
    package let artifact: Artifact
    /// The Go that built it.
    package var go: String?
    /// Which releases of Go its tree names.
    package var named: [NamedGo] = []
    /// What it was made of; nil when it is from elsewhere.
    package var pedigree: Pedigree?
    /// The pedigree as it stands in the binary.
    package var buildID: String?
    /// The packages that the series touched; each is compiled into it from the patched files.
    package var reached: [String] = []
    /// What a user must know of it, whatever comes of its boot.
    package var notes: [String] = []
    /// What says which patches it needs; nil when the binary is from elsewhere.
    var rules: PatchRules?

    /// A binary from anywhere.
    ///
    /// - Parameter recipe: says how it is booted; a kubelet is taken for granted when nil.
    /// - Throws: `FileError` when it cannot be read.
    package init(binary: FilePath, for recipe: Recipe? = nil) throws(FileError) {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        node = recipe?.node ?? .kubelet
    }

    init(_ artifact: Artifact, recipe: Recipe, node: NodeSpec) {
        self.artifact = artifact
        self.recipe = recipe.name
        self.node = node
    }
}

/// The rules of the patches that a recipe's source can have, and the versions that they ask for.
struct PatchRules: Sendable {
    private let entries: [PatchEntry]
    private let versions: [String: Version]

    /// - Parameter recipe: with the versions of its upstreams, where the tree tells them.
    init(_ registry: Registry, _ recipe: Recipe) {
        entries = registry.entries.filter { recipe.upstreams[$0.name.upstream] != nil }
        versions = recipe.upstreams.compactMapValues(\.version)
    }

    /// Which of the patches a place needs.
    func needs(in place: Surroundings) -> [Need] { entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream]) } }
}
