import Cluster
import Host
import SystemPackage

/// The paths of a node's files. Each path is one shell word.
struct NodePaths: Sendable {
    /// The value of `PATH`.
    let search: String
    let kubelet: String
    /// kubelet's configuration.
    let configuration: String
    /// containerd's configuration.
    let containerd: String
    /// The kubeconfig with which the node joins a control plane.
    let kubeconfig: String
    /// The archive of the pods' images.
    let images: String

    private static let system = "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"

    /// The paths in a sandbox that was created for the node.
    static let sandbox = NodePaths(
        search: system, kubelet: "/usr/local/bin/kubelet", configuration: "/etc/kubelet.yaml", containerd: "/etc/containerd.toml",
        kubeconfig: ControlPlane.nodeKubeconfig, images: PodImages.path)

    /// The paths of a node whose files are in a folder.
    static func below(_ folder: FilePath) -> NodePaths {
        func word(_ path: FilePath) -> String { path.string.shellQuoted }
        return NodePaths(
            search: "\(word(folder.appending("bin"))):\(system)", kubelet: word(folder.appending("bin/kubelet")),
            configuration: word(folder.appending("kubelet.yaml")), containerd: word(folder.appending("containerd.toml")),
            kubeconfig: word(folder.appending(FilePath(ControlPlane.nodeKubeconfig).lastComponent?.string ?? "kubeconfig")),
            images: word(folder.appending("images.tar")))
    }
}
