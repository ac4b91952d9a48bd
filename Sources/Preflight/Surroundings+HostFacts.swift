import Model

extension Surroundings {
    /// The facts that decide which patches are needed; nil outside gVisor or if nothing was read, because the rules do not apply then.
    package init?(_ place: HostFacts) {
        guard place.sandbox.kind == .gvisor, let version = place.cgroupVersion, let root = place.mounts.holding("/") else { return nil }
        let kubelet = place.mounts.holding(place.kubeletDirectory)
        self.init(cgroup: version == 2 ? .v2 : .v1, root: root.type, kubelet: kubelet?.point == "/" ? nil : kubelet?.type)
    }
}
