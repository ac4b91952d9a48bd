import Model

/// Properties observed in a sandbox. A program in a sandbox or on file systems other than the requested ones proves nothing.
package struct SandboxSigns: Sendable {
    /// The kernel log line in which gVisor identifies itself.
    package var gvisor: String?
    /// File system types by mount point.
    package var mounts: [String: String] = [:]

    package init(gvisor: String? = nil, mounts: [String: String] = [:]) {
        self.gvisor = gvisor
        self.mounts = mounts
    }

    /// The first mismatch between the observed and the expected environment; nil if none.
    package func fault(in environment: BootEnvironment) -> String? {
        switch environment {
        case .sandbox(let layout): fault(in: layout)
        case .container: containerFault
        case .inPlace(let signs): fault(in: signs)
        }
    }

    private var containerFault: String? {
        if let gvisor { return "the container's kernel identifies itself as gVisor: \(gvisor)" }
        guard let root = mounts["/"] else { return "'/' is not a mount in the container" }
        return root == "9p" ? "'/' is 9p in the container, not the machine's own file system" : nil
    }

    private func fault(in layout: Layout) -> String? {
        let volume = mounts[NodePath.kubelet]
        if gvisor == nil { return "the sandbox does not look like gVisor: its kernel log does not say so" }
        if mounts["/"] != layout.rootType {
            return "'/' is \(mounts["/"] ?? "no mount") in the sandbox, not \(layout.rootType) as \(layout.rawValue) requires"
        }
        if layout.hasVolume, volume != "9p" { return "\(NodePath.kubelet) is \(volume ?? "no mount"), not a 9p volume" }
        if !layout.hasVolume, volume != nil {
            return "\(NodePath.kubelet) is a separate mount, which \(layout.rawValue) does not have"
        }
        return cgroupFault(in: layout)
    }

    /// The mismatch in the cgroup mounts. cgroup v2 has one mounted file system where v1 has a directory of mounts.
    private func cgroupFault(in layout: Layout) -> String? {
        let found = mounts["/sys/fs/cgroup"]
        guard (found == "cgroup2") != (layout.cgroup == .v2) else { return nil }
        return "/sys/fs/cgroup is \(found ?? "no mount") in the sandbox, but \(layout.rawValue) requires cgroup \(layout.cgroup.rawValue)"
    }

    private func fault(in place: HostSigns) -> String? {
        if (gvisor != nil) != place.isGvisor {
            return "the kernel \(gvisor == nil ? "no longer identifies" : "now identifies") itself as gVisor"
        }
        for (point, type) in [("/", place.rootType), (NodePath.kubelet, place.kubeletType)] where mounts[point] != type {
            return "\(point) is \(mounts[point] ?? "no mount") for the node, but \(type ?? "no mount") for Ninepin"
        }
        return nil
    }
}

/// Properties of an environment in which a node boots without a sandbox of its own.
package struct HostSigns: Hashable, Codable, Sendable {
    /// Whether its kernel log says that it is gVisor.
    package let isGvisor: Bool
    /// The type of `/`; nil if no mount table contains it.
    package let rootType: String?
    /// The type of kubelet's directory; nil if it is not a mount point.
    package let kubeletType: String?

    package init(isGvisor: Bool, rootType: String?, kubeletType: String?) {
        self.isGvisor = isGvisor
        self.rootType = rootType
        self.kubeletType = kubeletType
    }
}
