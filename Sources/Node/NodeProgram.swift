import Cluster
import Model

/// The program that runs as the node in a sandbox: its path there and its start command.
struct NodeProgram: Sendable {
    /// The path in the sandbox.
    let path: String
    /// Shell lines that run before containerd starts; they may set variables that `start` uses.
    let preparation: String
    /// Shell lines that run between the start of containerd and the start of the program.
    var loading = ""
    /// The shell command that starts it.
    let start: String

    /// The program of a profile.
    ///
    /// - Parameter paths: the paths of a kubelet's files. k3s has its own.
    static func of(_ profile: NodeSpec.Profile, at paths: NodePaths = .sandbox) -> NodeProgram {
        switch profile {
        case .kubelet: kubelet(paths)
        case .node: node(paths)
        case .k3sServer: k3sServer
        case .k3sAgent: k3sAgent
        }
    }

    private static let socket = "/run/containerd/containerd.sock"

    /// Pods need images, and there is no registry.
    private static func loadImages(_ paths: NodePaths) -> String {
        """
        say stage images
        # From 2.0 on ctr lets containerd unpack, which knows no snapshotter but its standard one for that.
        here=
        ! ctr images import --help 2>&1 | grep -q -e --local || here=--local
        ctr -n k8s.io images import $here --snapshotter native \(paths.images) > /run/images.log 2>&1 || fail "the images: $(tail -n 1 /run/images.log)"
        """
    }

    /// The address is explicit because kubelet would otherwise look for one on interfaces that gVisor does not show.
    private static func node(_ paths: NodePaths) -> NodeProgram {
        let kubelet = kubelet(paths)
        return NodeProgram(
            path: kubelet.path, preparation: kubelet.preparation, loading: loadImages(paths),
            start: """
                \(kubelet.start) --kubeconfig=\(paths.kubeconfig) --node-ip=\(ClusterNetwork.nodeAddress) \
                --hostname-override=\(KubeletProfile.nodeName)
                """)
    }

    private static func kubelet(_ paths: NodePaths) -> NodeProgram {
        NodeProgram(
            path: paths.kubelet, preparation: KubeletRelease.settings(endpoint: "unix://\(socket)", at: paths),
            start: "\(paths.kubelet) --config \(paths.configuration) $runtime $endpoint --v=2")
    }

    private static let k3s = "/usr/local/bin/k3s"

    /// Flags that server and agent have in common (docs.k3s.io, cli). The values of `--kubelet-arg` come after k3s' own and override them:
    /// k3s closes the port on which `/stats/summary` is queried.
    ///
    /// The socket is a path, without `unix://`. In all releases whose pkg/daemons/agent was read (forms of 2021, which put `unix://` before
    /// any value; those up to 2026, which put it before a value without it) kubelet gets an address, and cAdvisor gets the value unchanged:
    /// as `--containerd`, from 1.37 on in `ArgContainerdEndpoint`. cAdvisor's client accepts only a path (container/containerd/client.go
    /// dials "unix" with it), and without containerd it has no figures for the pods' containers. k3s' own default is also a path. Measured
    /// on k3s 1.20.8 and 1.21.2.
    private static let agentFlags = """
        --data-dir /var/lib/rancher/k3s --container-runtime-endpoint \(socket) --snapshotter native \
        --node-name \(KubeletProfile.nodeName) --node-ip \(ClusterNetwork.nodeAddress) \
        --kubelet-arg=read-only-port=10255 --kubelet-arg=v=2 $cgroups
        """

    /// In k3s 1.35 and later, kubelet exits if cgroups are v1. On v2, gVisor has no `memory.oom.group`; kubelet has a field for that, but
    /// no flag. Since 1.32, the first release that also has the field, k3s starts kubelet with a folder for additional configuration, where
    /// k3s itself writes `00-k3s-defaults.conf` (k3s-io/k3s#2116, k3s-io/docs#433). A k3s that does not read such a folder ignores the
    /// file.
    static let cgroups = """
        \(KubeletRelease.minor)
        \(KubeletRelease.isV1)
        cgroups=
        [ "${minor:-0}" -lt \(KubernetesRelease.firstThatRefusesV1) ] || ! "$v1" || cgroups=--kubelet-arg=fail-cgroupv1=false
        if ! "$v1" && [ "${minor:-0}" -ge \(KubernetesRelease.firstWithSingleOOMKill) ]; then
          more=/var/lib/rancher/k3s/agent/etc/kubelet.conf.d
          mkdir -p "$more"
          printf '%s\\n' 'apiVersion: kubelet.config.k8s.io/v1beta1' 'kind: KubeletConfiguration' 'singleProcessOOMKill: true' > "$more/90-ninepin.conf"
        fi
        """

    /// A complete k3s in one sandbox, which its own agent joins. There is no network, and k3s requires an address that is not a loopback
    /// address, so it gets one that leads nowhere.
    private static let k3sServer = NodeProgram(
        path: k3s, preparation: "\(cgroups)\nip address add \(ClusterNetwork.nodeAddress)/32 dev lo || fail \"no address for k3s\"",
        start: "\(k3s) server --flannel-backend=none --disable-network-policy --disable-kube-proxy --token ninepin \(agentFlags)")

    private static let k3sAgent = NodeProgram(
        path: k3s, preparation: cgroups, loading: loadImages(.sandbox),
        start: "\(k3s) agent --server \(ControlPlane.joinAddress) --token-file \(ControlPlane.joinToken) \(agentFlags)")
}
