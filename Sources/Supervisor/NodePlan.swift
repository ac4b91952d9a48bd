import Cluster
import FoundationEssentials
import Host
import Model
import SystemPackage

/// The plan for a kept node: everything that its keeper needs to know.
package struct NodePlan: Codable, Sendable {
    /// The node's name in `ninepin nodes` and `down`.
    package let name: String
    /// The recipe's name; empty for an external binary.
    package let recipe: String
    /// The patches in it.
    package let series: [PatchName]
    /// How it sees its file systems.
    package let layout: RunLayout
    /// How it is booted.
    package let node: NodeSpec
    package let artifact: Artifact
    /// The control plane that it joins.
    package let controlPlane: ControlPlaneKind
    /// When it was requested, in ISO 8601 format, UTC.
    package let since: String
    /// What the user must know about it, whatever its verdict; nil if there is nothing, and in a plan from an older version.
    package let notes: [String]?
    /// The path of the runsc that the user named for it; nil for the default.
    package let runsc: String?

    package init(
        name: String, recipe: String, series: [PatchName], layout: RunLayout, node: NodeSpec, artifact: Artifact,
        controlPlane: ControlPlaneKind,
        since: String, notes: [String]? = nil, runsc: String? = nil
    ) {
        self.notes = notes
        self.name = name
        self.recipe = recipe
        self.series = series
        self.layout = layout
        self.node = node
        self.artifact = artifact
        self.controlPlane = controlPlane
        self.since = since
        self.runsc = runsc
    }
}

/// A keeper's report about its node, stored in a file.
package struct NodeReport: Codable, Sendable {
    /// The state of the node.
    package enum State: String, Codable, Sendable {
        /// It is starting.
        case starting
        /// It is running.
        case up
        /// It has ended by itself; the verdict says how.
        case ended
    }

    package var state: State
    /// The current stage of its start.
    package var stage: String
    /// Whether the API server reports it as Ready.
    package var isReady: Bool
    /// The verdict so far; nil if there is none yet.
    package var verdict: Verdict?
    /// The version that it reports.
    package var version: String?
}
