import Cluster
import FileSystem
import GoToolchain
import Host
import Model
import Patches
import SystemPackage

/// A binary to be graded, with its origin and how to boot it.
package struct Candidate: Sendable {
    /// The recipe's name; empty for a binary that no recipe built.
    package var recipe = ""
    /// The version that the recipe asked for; nil for a binary that no recipe built.
    package var version: Version?
    /// The patches in it.
    package var series: [PatchName] = []
    /// The locked source.
    package var lock: Lock?
    /// The patched tree's ID.
    package var tree: String?
    /// The versions of the upstreams in it; nil for a binary that no recipe built.
    package var upstreams: [String: Version]?
    /// The steps that built it.
    package var steps: [StepRecord] = []
    /// The kind of control plane that it joins; nil if it joins none.
    package var plane: ControlPlaneKind?
    /// How to boot it.
    package var node: NodeSpec
    package let artifact: Artifact
    /// The release of Go that built it.
    package var go: String?
    /// The releases of Go that its tree names.
    package var named: [NamedGo] = []
    /// The inputs of its build; nil for a binary that no recipe built.
    package var pedigree: Pedigree?
    /// The pedigree as recorded in the binary.
    package var buildID: String?
    /// The packages that the series changed; each is compiled into it from the patched files.
    package var reached: [String] = []
    /// Notes for users that do not depend on the result of a boot.
    package var notes: [String] = []
    /// The rules that decide which patches it needs; nil for a binary that no recipe built.
    var rules: PatchRules?

    /// Takes a binary of any origin.
    ///
    /// - Parameter recipe: the recipe that describes how to boot it; if nil, it boots as a kubelet.
    /// - Throws: `FileError` if it cannot be read.
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

/// The rules of the patches that apply to a recipe's source, and the versions that the rules depend on.
struct PatchRules: Sendable {
    private let entries: [PatchEntry]
    private let versions: [String: Version]

    /// - Parameter recipe: the recipe, with the versions of its upstreams if the tree contains them.
    init(_ registry: Registry, _ recipe: Recipe) {
        entries = registry.entries.filter { recipe.upstreams[$0.name.upstream] != nil }
        versions = recipe.upstreams.compactMapValues(\.version)
    }

    /// The patches that are needed in an environment.
    func needs(in place: Surroundings) -> [Need] { entries.compactMap { $0.need(in: place, version: versions[$0.name.upstream]) } }
}
