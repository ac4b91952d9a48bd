import Model

extension Surroundings {
    /// What was read of a place, as far as it decides which patches are needed; nil outside of gVisor and where nothing was read, since the rules
    /// are about neither.
    package init?(_ place: HostFacts) {
        guard place.sandbox.kind == .gvisor, let version = place.cgroupVersion, let root = place.mounts.holding("/") else { return nil }
        let kubelet = place.mounts.holding(place.kubeletDirectory)
        self.init(cgroup: version == 2 ? .v2 : .v1, root: root.type, kubelet: kubelet?.point == "/" ? nil : kubelet?.type)
    }
}
