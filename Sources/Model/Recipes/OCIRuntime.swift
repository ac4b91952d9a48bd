/// The runtime that starts the containers of a node's pods.
package enum OCIRuntime: String, Codable, Sendable, CaseIterable {
    /// containerd's default.
    case runc
    /// The one that works without a cgroup v2 device filter. It needs `/proc/self/setgroups`, which runsc 20240729 does not have.
    case crun

    /// The runtime that can run pods in gVisor: on cgroup v2, runc attaches a bpf(2) program to each container, and gVisor implements that
    /// only as a stub (measured 2026-11-26 with runc 1.1.5, crun 1.8.1 and release-20260817.0).
    package static func standard(on cgroup: CgroupVersion) -> OCIRuntime { cgroup == .v2 ? .crun : .runc }
}

extension NodeSpec {
    /// The runtime for the containers of its pods, given a cgroup version.
    package func runtime(on cgroup: CgroupVersion) -> OCIRuntime { runtime ?? OCIRuntime.standard(on: cgroup) }
}
