import Host
import Model
import SystemPackage

/// A kept node in the output of `ninepin nodes`.
package struct KeptNode: Codable, Sendable {
    package let name: String
    /// The recipe's name; empty for an external binary.
    package let recipe: String
    /// The patches in it.
    package let series: [PatchName]
    /// How it sees its file systems.
    package let layout: RunLayout
    /// When it was asked for, as ISO 8601 in UTC.
    package let since: String
    /// `starting`, `up`, `ended`, or `lost` if its keeper was killed.
    package let state: String
    /// Whether the API server reports it as Ready.
    package let isReady: Bool
    /// The verdict so far; null if there is none yet.
    package let verdict: Verdict?
    /// The memory used by all its processes, including the control plane, in bytes.
    package let memoryBytes: UInt64
    /// The path of its kubeconfig.
    package let kubeconfig: String

    /// Reads a node's directory; nil if it does not exist or its plan is not written yet.
    ///
    /// - Throws: `SupervisorError` if its plan or its report cannot be read; `FileError` if it cannot be determined whether its keeper is alive.
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
