/// Paths in a node's file system that several modules share.
package enum NodePath {
    /// kubelet's default `--root-dir`.
    package static let kubelet = "/var/lib/kubelet"
}
