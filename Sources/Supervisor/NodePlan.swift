import FoundationEssentials
import Host
import Model
import SystemPackage

/// A node that is to be kept up: all that its keeper needs to know.
package struct NodePlan: Codable, Sendable {
    /// What its control plane is made of.
    package enum ControlPlane: Codable, Sendable {
        /// etcd and the three programs of Kubernetes.
        case kubernetes(programs: Programs)
        /// `k3s`, by its path.
        case k3s(program: String)
    }

    /// The programs of a control plane, by their paths.
    package struct Programs: Codable, Sendable {
        /// etcd.
        package let etcd: String
        /// kube-apiserver.
        package let apiServer: String
        /// kube-controller-manager.
        package let controllerManager: String
        /// kube-scheduler.
        package let scheduler: String

        /// Names the programs.
        package init(etcd: String, apiServer: String, controllerManager: String, scheduler: String) {
            self.etcd = etcd
            self.apiServer = apiServer
            self.controllerManager = controllerManager
            self.scheduler = scheduler
        }
    }

    /// The node's name: what `ninepin nodes` and `down` call it.
    package let name: String
    /// The recipe's name; empty when the binary is from elsewhere.
    package let recipe: String
    /// The patches in it.
    package let series: [PatchName]
    /// How it sees its file systems.
    package let layout: RunLayout
    /// How it is booted.
    package let node: NodeSpec
    /// The binary.
    package let artifact: Artifact
    /// What it joins.
    package let controlPlane: ControlPlane
    /// When it was asked for, as ISO 8601 in UTC.
    package let since: String
    /// What a user must know of it, whatever its verdict is; nil where there is nothing, and in a plan of an older version.
    package let notes: [String]?
    /// The path of the runsc that was named for it; nil where the usual one is taken.
    package let runsc: String?

    /// Makes a plan.
    package init(
        name: String, recipe: String, series: [PatchName], layout: RunLayout, node: NodeSpec, artifact: Artifact,
        controlPlane: ControlPlane,
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

/// What a keeper tells of its node, in a file.
package struct NodeReport: Codable, Sendable {
    /// How far the node is.
    package enum State: String, Codable, Sendable {
        /// It is being started.
        case starting
        /// It lives.
        case up
        /// It has ended by itself; the verdict says how.
        case ended
    }

    /// How far the node is.
    package var state: State
    /// The stage that its start has come to.
    package var stage: String
    /// Whether the API server says that it is Ready.
    package var isReady: Bool
    /// The verdict so far; nil before there is one.
    package var verdict: Verdict?
    /// The version that it says it is.
    package var version: String?
}
