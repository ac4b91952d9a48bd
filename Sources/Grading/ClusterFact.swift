/// A fact about a cluster, observed from the host.
package enum ClusterFact: Sendable {
    /// The API server's readiness, with its answer or the error of the request.
    case apiServer(isReady: Bool, String)
    /// A control plane process has ended, with its last lines.
    case ended(process: String, how: String, lastLines: [String])
    /// The log of a control plane process cannot be written.
    case unlogged(process: String, reason: String)
    /// The node's state in the API server; nil if it has no such node.
    case node(NodeStatus?)
    /// The `default` namespace has its service account, so that the API server accepts pods. kube-controller-manager makes it, often after
    /// the node is Ready; until then the API server refuses every pod that names no other account.
    case acceptsPods
    /// A pod's state in the API server.
    case pod(TrialPod, PodStatus)
    /// A pod's log, read through the API server.
    case podLog(TrialPod, String)
    /// A pod was deleted and is no longer in the API server.
    case podGone(TrialPod)
    /// kubelet's `/stats/summary`, read through the API server.
    case summary(String)
    /// A request that failed.
    case refused(String)
}
