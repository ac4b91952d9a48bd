import Cluster
import Model

/// The program that makes a sandbox a node: where it lies there, and how it is started.
struct NodeProgram: Sendable {
    /// Where it lies in the sandbox.
    let path: String
    /// Lines of shell that come before containerd's start; they may set `$runtime`.
    let preparation: String
    /// Lines of shell that come between containerd's start and its own.
    var loading = ""
    /// The words that start it, for the shell.
    let start: String

    /// The program of a profile.
    static func of(_ profile: NodeSpec.Profile) -> NodeProgram {
        switch profile {
        case .kubelet: kubelet
        case .node: node
        case .k3sServer: k3sServer
        }
    }

    private static let endpoint = "unix:///run/containerd/containerd.sock"

    /// Pods need images, and there is no registry.
    private static let loadImages = """
        say stage images
        ctr -n k8s.io images import --snapshotter native \(PodImages.path) > /run/images.log 2>&1 || fail "the images: $(tail -n 1 /run/images.log)"
        """

    /// The address is named, because kubelet would look for one among interfaces that gVisor does not show.
    private static let node = NodeProgram(
        path: kubelet.path, preparation: kubelet.preparation, loading: loadImages,
        start: """
            \(kubelet.start) --kubeconfig=\(ControlPlane.nodeKubeconfig) --node-ip=\(ClusterNetwork.nodeAddress) \
            --hostname-override=\(KubeletProfile.nodeName)
            """)

    private static let kubelet = NodeProgram(
        path: "/usr/local/bin/kubelet",
        preparation: """
            # Until 1.26 kubelet had to be told that the runtime is no docker; later ones do not know the flag. A kubelet built by hand does not
            # know its own version, so its help is asked.
            runtime=
            /usr/local/bin/kubelet --help 2>&1 < /dev/null | grep -q -e '--container-runtime ' && runtime=--container-runtime=remote
            """,
        start: "/usr/local/bin/kubelet --config /etc/kubelet.yaml $runtime --container-runtime-endpoint=\(endpoint) --v=2")

    /// k3s unpacks itself first, and hands the kubelet in it what `--kubelet-arg` says (docs.k3s.io, `k3s server`). No network is set up: the
    /// sandbox has none.
    private static let k3sServer = NodeProgram(
        path: "/usr/local/bin/k3s", preparation: "",
        start: """
            /usr/local/bin/k3s server --data-dir /var/lib/rancher/k3s --container-runtime-endpoint \(endpoint) --snapshotter native \
            --flannel-backend=none --disable-network-policy --token ninepin \
            --kubelet-arg=config=/etc/kubelet.yaml --kubelet-arg=v=2
            """)
}
