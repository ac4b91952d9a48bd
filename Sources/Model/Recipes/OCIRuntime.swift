/// What starts the containers of a node's pods.
package enum OCIRuntime: String, Codable, Sendable, CaseIterable {
    /// The one that containerd has where nobody says otherwise.
    case runc
    /// The one that can do without a device filter of cgroup v2. It wants `/proc/self/setgroups`, which runsc 20240729 has not.
    case crun

    /// Which one runs pods in gVisor: on cgroup v2 runc attaches a program of bpf(2) to each container, and gVisor has only a stub of that
    /// (measured 2026-11-26 with runc 1.1.5, crun 1.8.1 and release-20260817.0).
    package static func standard(on cgroup: CgroupVersion) -> OCIRuntime { cgroup == .v2 ? .crun : .runc }
}

extension NodeSpec {
    /// What starts the containers of its pods, on cgroups of a version.
    package func runtime(on cgroup: CgroupVersion) -> OCIRuntime { runtime ?? OCIRuntime.standard(on: cgroup) }
}
