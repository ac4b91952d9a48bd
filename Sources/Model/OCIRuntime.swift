/// What starts the containers of a node's pods.
public enum OCIRuntime: String, Codable, Sendable, CaseIterable {
    /// The one that containerd has where nobody says otherwise.
    case runc
    /// The one that can do without a device filter of cgroup v2.
    case crun

    /// Which one runs pods in gVisor: on cgroup v2 runc attaches a program of bpf(2) to each container, and gVisor has only a stub of that
    /// (measured 2026-11-26 with runc 1.1.5, crun 1.8.1 and release-20260817.0).
    public static func standard(on cgroup: CgroupVersion) -> OCIRuntime { cgroup == .v2 ? .crun : .runc }
}

extension NodeSpec {
    /// What starts the containers of its pods, on cgroups of a version.
    public func runtime(on cgroup: CgroupVersion) -> OCIRuntime { runtime ?? OCIRuntime.standard(on: cgroup) }

    /// The node as cgroups of a version ask for it; what the recipe says itself stays.
    ///
    /// On v2 kubelet asks for `memory.oom.group`, which gVisor has not, and no container starts; from 1.32 on it can be told not to
    /// (Kubernetes, `KubeletConfiguration.singleProcessOOMKill`). An older one ends of a field that it does not know.
    ///
    /// - Parameter version: the kubelet's version; nil when nobody knows it, and then nothing is added.
    public func fitted(to cgroup: CgroupVersion, kubelet version: Version?) -> NodeSpec {
        let field = "singleProcessOOMKill"
        guard cgroup == .v2, let version, kubelet[field] == nil, version.numbers.first == 1, version.numbers.dropFirst().first ?? 0 >= 32
        else { return self }
        return NodeSpec(
            profile: profile, warmUp: warmUp, observe: observe, startTimeout: startTimeout, joinTimeout: joinTimeout,
            kubelet: kubelet.merging([field: "true"]) { own, _ in own }, runtime: runtime)
    }
}
