import Git
import GoToolchain
import Model
import Patches
import SystemPackage

/// A source tree, and what went before it.
package struct Fetched: Sendable {
    /// What the recipe's source was resolved to.
    package let lock: Lock
    /// The tree.
    package let tree: ObjectID
    /// The steps so far.
    package let steps: [StepRecord]
    /// The libraries that it is compiled with; nil when it needs none.
    var libraries: Libraries?
}

/// Go libraries beside a source tree.
struct Libraries: Sendable {
    /// What they are.
    let files: [LockedFile]
    /// A `GOPATH` that holds them.
    let path: FilePath
}

/// A source that is ready to be patched and built: all that patch, build, probes, the control plane and upstream's tests need to know of it.
package struct PreparedSource: Sendable {
    /// The recipe as it holds for this tree: the tree's import path and the lock's commit and date in its flags, and the places and versions of its
    /// upstreams.
    package let recipe: Recipe
    /// What the recipe's source was resolved to.
    package let lock: Lock
    /// The tree.
    package let tree: ObjectID
    /// How Go finds packages, the tree's import path, and the releases of Go that it names.
    package let layout: GoLayout
    /// The libraries that it is compiled with; nil when it needs none.
    let libraries: Libraries?
    /// The Go that builds it.
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
    /// The patches.
    package let series: Series
    /// The tree.
    package let tree: ObjectID
    /// Which variant of each patch fitted, and which files it changed.
    package let applied: [AppliedPatch]
    /// The step.
    package let record: StepRecord

    /// The files that the series changed.
    package var touched: [String] { applied.flatMap(\.files) }

    /// The same with a file added, such as a probe's program.
    package func with(_ tree: ObjectID) -> PatchedTree { PatchedTree(series: series, tree: tree, applied: applied, record: record) }
}

/// A binary that was built.
package struct Built: Sendable {
    /// The binary.
    package let artifact: Artifact
    /// What it was made of.
    package let pedigree: Pedigree
    /// The import paths of the packages that the series touched; each is compiled into the binary from the patched files.
    package let reached: [String]
    /// The step.
    package let record: StepRecord
}
