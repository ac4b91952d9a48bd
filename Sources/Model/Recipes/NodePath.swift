/// Places in a node's file system that several parts of Ninepin must agree on.
package enum NodePath {
    /// kubelet's directory, where nothing says otherwise (kubelet's `--root-dir`).
    package static let kubelet = "/var/lib/kubelet"
}
