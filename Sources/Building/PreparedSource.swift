import Git
import GoToolchain
import GoTree
import Model
import Patches
import SystemPackage

/// A fetched source tree.
package struct Fetched: Sendable {
    /// The resolution of the recipe's source.
    package let lock: Lock
    package let tree: ObjectID
    /// The steps so far.
    package let steps: [StepRecord]
    /// The libraries to compile it with; nil if it needs none.
    var libraries: Libraries?
}

/// Go libraries used together with a source tree.
struct Libraries: Sendable {
    /// The packages that contain them.
    let files: [LockedFile]
    /// The `GOPATH` that contains them.
    let path: FilePath
}

/// A source that is ready to be patched and built, with everything that patching, building, probes, the control plane and upstream's tests
/// need to know about it.
package struct PreparedSource: Sendable {
    /// The recipe adapted to this tree: its flags contain the tree's import path and the lock's commit and date, and its upstreams have
    /// their paths and versions.
    package let recipe: Recipe
    /// The resolution of the recipe's source.
    package let lock: Lock
    package let tree: ObjectID
    /// How Go resolves packages, the tree's import path, and the Go releases that it names.
    package let layout: GoLayout
    /// The libraries to compile it with; nil if it needs none.
    let libraries: Libraries?
    /// The Go toolchain that builds it.
    package let toolchain: GoToolchain
    /// The steps so far.
    package let steps: [StepRecord]

    /// The versions of the recipe's upstreams, as far as they are known.
    package var versions: [String: Version] { recipe.upstreams.compactMapValues(\.version) }

    /// The same source after a step that changed its tree.
    ///
    /// - Parameter recipe: the recipe for the new tree.
    func with(_ recipe: Recipe, tree: ObjectID, after record: StepRecord) -> PreparedSource {
        PreparedSource(
            recipe: recipe, lock: lock, tree: tree, layout: layout, libraries: libraries, toolchain: toolchain, steps: steps + [record])
    }
}

/// A tree with a series applied.
package struct PatchedTree: Sendable {
    package let series: Series
    /// The patched tree.
    package let tree: ObjectID
    /// Which variant of each patch was applied, and which files it changed.
    package let applied: [AppliedPatch]
    /// The record of the step.
    package let record: StepRecord

    /// The files that the series changed.
    package var touched: [String] { applied.flatMap(\.files) }

    /// The same with another tree, for example one with a probe's program added.
    package func with(_ tree: ObjectID) -> PatchedTree { PatchedTree(series: series, tree: tree, applied: applied, record: record) }
}

/// A built binary.
package struct Built: Sendable {
    package let artifact: Artifact
    /// What the binary was made from.
    package let pedigree: Pedigree
    /// The import paths of the packages that the series touched; each was compiled into the binary from the patched files.
    package let reached: [String]
    /// The record of the step.
    package let record: StepRecord
}
