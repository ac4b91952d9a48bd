/// How the node sees its file systems: what `/` is, and what `/var/lib/kubelet` is.
public enum Layout: String, Codable, Sendable {
    /// `/` is a 9p mount (`runsc --overlay2=none`), and kubelet's directory is a part of it.
    case root9p = "root-9p"
    /// `/` is an overlay (runsc's default), and kubelet's directory is a part of it.
    case rootOverlay = "root-overlay"
    /// `/` is a 9p mount, and kubelet's directory is a second 9p mount, as a Kubernetes volume would be.
    case volume9p = "volume-9p"
    /// The file systems of the place that Ninepin itself runs in, as they are: no sandbox was made.
    case here

    /// The type that `/` must have in `/proc/mounts` of the sandbox.
    public var rootType: String { self == .rootOverlay ? "overlay" : "9p" }

    /// Whether kubelet's directory is a mount of its own.
    public var hasVolume: Bool { self == .volume9p }
}

extension Layout: CaseIterable {
    /// The layouts that a sandbox can be made with.
    public static let allCases: [Layout] = [.root9p, .rootOverlay, .volume9p]
}
