import Model

/// What a sandbox showed of itself. A program in another sandbox, or on other file systems, than were asked for proves nothing.
package struct SandboxSigns: Sendable {
    /// The line by which gVisor's kernel names itself.
    package var gvisor: String?
    /// Types by mount point.
    package var mounts: [String: String] = [:]

    package init(gvisor: String? = nil, mounts: [String: String] = [:]) {
        self.gvisor = gvisor
        self.mounts = mounts
    }

    /// What is not as the layout asks, or, in a container of the machine's own kernel, where no layout asks anything; or, where no sandbox was
    /// made, as the place showed itself before. nil when all is well.
    package func fault(in layout: Layout, runtime: ContainerRuntime = .runsc, place: HostSigns? = nil) -> String? {
        if let place { return fault(in: place) }
        if layout == .here { return "the environment was not examined before" }
        guard runtime == .runsc else {
            if let gvisor { return "the container's kernel identifies itself as gVisor: \(gvisor)" }
            return mounts["/"].map { $0 == "9p" ? "'/' is 9p in the container, not the machine's own file system" : nil }
                ?? "'/' is not a mount in the container"
        }
        let volume = mounts["/var/lib/kubelet"]
        if gvisor == nil { return "the sandbox does not look like gVisor: its kernel log does not say so" }
        if mounts["/"] != layout.rootType {
            return "'/' is \(mounts["/"] ?? "no mount") in the sandbox, not \(layout.rootType) as \(layout.rawValue) requires"
        }
        if layout.hasVolume, volume != "9p" { return "/var/lib/kubelet is \(volume ?? "no mount"), not a 9p volume" }
        if !layout.hasVolume, volume != nil {
            return "/var/lib/kubelet is a separate mount, which \(layout.rawValue) does not have"
        }
        return cgroupFault(in: layout)
    }

    /// With cgroup v2 one file system is mounted where v1 has a folder of mounts.
    private func cgroupFault(in layout: Layout) -> String? {
        let found = mounts["/sys/fs/cgroup"]
        guard (found == "cgroup2") != (layout.cgroup == .v2) else { return nil }
        return "/sys/fs/cgroup is \(found ?? "no mount") in the sandbox, but \(layout.rawValue) requires cgroup \(layout.cgroup.rawValue)"
    }

    private func fault(in place: HostSigns) -> String? {
        if (gvisor != nil) != place.isGvisor {
            return "the kernel \(gvisor == nil ? "no longer identifies" : "now identifies") itself as gVisor"
        }
        for (point, type) in [("/", place.rootType), ("/var/lib/kubelet", place.kubeletType)] where mounts[point] != type {
            return "\(point) is \(mounts[point] ?? "no mount") for the node, but \(type ?? "no mount") for Ninepin"
        }
        return nil
    }
}

/// What a place shows of itself in which a node is booted without a sandbox of its own.
package struct HostSigns: Hashable, Codable, Sendable {
    /// Whether its kernel's log says that it is gVisor.
    package let isGvisor: Bool
    /// The type of `/`; nil when no mount table says it.
    package let rootType: String?
    /// The type of kubelet's directory; nil when it is no mount of its own.
    package let kubeletType: String?

    /// Makes signs of their parts.
    package init(isGvisor: Bool, rootType: String?, kubeletType: String?) {
        self.isGvisor = isGvisor
        self.rootType = rootType
        self.kubeletType = kubeletType
    }
}
