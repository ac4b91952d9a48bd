import Host
import Model
import SystemPackage

/// A node that is kept up, as `ninepin nodes` tells of it.
package struct KeptNode: Codable, Sendable {
    /// Its name.
    package let name: String
    /// The recipe's name; empty when the binary is from elsewhere.
    package let recipe: String
    /// The patches in it.
    package let series: [PatchName]
    /// How it sees its file systems.
    package let layout: Layout
    /// When it was asked for, as ISO 8601 in UTC.
    package let since: String
    /// `starting`, `up`, `ended`; or `lost`, when its keeper was killed.
    package let state: String
    /// Whether the API server says that it is Ready.
    package let isReady: Bool
    /// The verdict so far; null before there is one.
    package let verdict: Verdict?
    /// Bytes of memory that all its processes hold, the control plane's among them.
    package let memoryBytes: UInt64
    /// Where its kubeconfig is.
    package let kubeconfig: String

    /// Looks at a node's folder; nil when there is none, or its plan is not written yet.
    ///
    /// - Throws: `SupervisorError` when its plan or its report cannot be read; `FileError` when nobody can tell whether its keeper lives.
    package init?(_ folder: NodeFolder) throws {
        guard folder.exists else { return nil }
        let plan = try folder.plan()
        let report = try folder.report()
        let keeper = try folder.keeper
        name = folder.name
        recipe = plan.recipe
        series = plan.series
        layout = plan.layout
        since = plan.since
        let told = report?.state ?? .starting
        state = keeper == nil && told != .ended ? "lost" : told.rawValue
        isReady = keeper != nil && report?.isReady == true
        verdict = report?.verdict
        memoryBytes = keeper.map { ProcessTree(below: $0).memoryBytes } ?? 0
        kubeconfig = folder.kubeconfig.string
    }
}
