import FoundationEssentials
import Host
import Model
import SystemPackage

/// A node that is to be kept up: all that its keeper needs to know.
public struct NodePlan: Codable, Sendable {
    /// What its control plane is made of.
    public enum ControlPlane: Codable, Sendable {
        /// etcd and the three programs of Kubernetes.
        case kubernetes(programs: Programs)
        /// `k3s`, by its path.
        case k3s(program: String)
    }

    /// The programs of a control plane, by their paths.
    public struct Programs: Codable, Sendable {
        /// etcd.
        public let etcd: String
        /// kube-apiserver.
        public let apiServer: String
        /// kube-controller-manager.
        public let controllerManager: String
        /// kube-scheduler.
        public let scheduler: String

        /// Names the programs.
        public init(etcd: String, apiServer: String, controllerManager: String, scheduler: String) {
            self.etcd = etcd
            self.apiServer = apiServer
            self.controllerManager = controllerManager
            self.scheduler = scheduler
        }
    }

    /// The node's name: what `ninepin nodes` and `down` call it.
    public let name: String
    /// The recipe's name; empty when the binary is from elsewhere.
    public let recipe: String
    /// The patches in it.
    public let series: [PatchName]
    /// How it sees its file systems.
    public let layout: Layout
    /// How it is booted.
    public let node: NodeSpec
    /// The binary.
    public let artifact: Artifact
    /// What it joins.
    public let controlPlane: ControlPlane
    /// When it was asked for, as ISO 8601 in UTC.
    public let since: String
    /// What a user must know of it, whatever its verdict is; nil where there is nothing, and in a plan of an older version.
    public let notes: [String]?

    /// Makes a plan.
    public init(
        name: String, recipe: String, series: [PatchName], layout: Layout, node: NodeSpec, artifact: Artifact, controlPlane: ControlPlane,
        since: String, notes: [String]? = nil
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
    }
}

/// What a keeper tells of its node, in a file.
public struct NodeReport: Codable, Sendable {
    /// How far the node is.
    public enum State: String, Codable, Sendable {
        /// It is being started.
        case starting
        /// It lives.
        case up
        /// It has ended by itself; the verdict says how.
        case ended
    }

    /// How far the node is.
    public var state: State
    /// The stage that its start has come to.
    public var stage: String
    /// Whether the API server says that it is Ready.
    public var isReady: Bool
    /// The verdict so far; nil before there is one.
    public var verdict: Verdict?
    /// The version that it says it is.
    public var version: String?
}
