/// What a cluster tells of itself, as seen from the machine.
package enum ClusterFact: Sendable {
    /// The API server's word on its own readiness; nil when it does not answer.
    case apiServer(isReady: Bool, String)
    /// A process of the control plane has ended, with its last lines.
    case ended(process: String, how: String, lastLines: [String])
    /// The log of a process of the control plane cannot be written.
    case unlogged(process: String, reason: String)
    /// The node as the API server knows it; nil when it does not know it.
    case node(NodeStatus?)
    /// A pod as the API server knows it.
    case pod(TrialPod, PodStatus)
    /// A pod's log, read back through the API server.
    case podLog(TrialPod, String)
    /// A pod was deleted, and the API server knows it no more.
    case podGone(TrialPod)
    /// kubelet's `/stats/summary`, through the API server.
    case summary(String)
    /// A question that got no good answer.
    case refused(String)
}
