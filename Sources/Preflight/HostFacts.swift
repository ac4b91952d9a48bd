import Model

/// Facts about the environment of this process that can be read without root and without changing anything. All results are derived from
/// this value alone.
package struct HostFacts: Sendable {
    /// `/proc/self/mountinfo`.
    package var mounts: [Mount] = []
    /// kubelet's directory, with links resolved.
    package var kubeletDirectory = NodePath.kubelet
    /// containerd's directory, where it stores images.
    package var imageDirectory = "/var/lib/containerd"
    /// The devices of kubelet's and containerd's directories, or of their nearest existing parents, and of each btrfs mount point.
    package var devices: [String: DeviceNumber] = [:]
    /// The beginning of the kernel log; empty if it cannot be read.
    package var kernelLog = ""
    /// `/proc/version`.
    package var kernel = ""
    /// The names in the mount point of each cgroup v1 controller, by controller; nil if it cannot be listed.
    package var cgroupFiles: [String: Set<String>?] = [:]
    /// Huge page sizes, as in the names of cgroup files: `2MB`.
    package var hugePageSizes: [String] = []
    /// Those of the files in `HostFacts.asked` that exist.
    package var present: Set<String> = []
    /// `/proc/self/cgroup`.
    package var cgroupPaths = ""
    /// sysctl values, by path in `/proc/sys`.
    package var tunables: [String: String] = [:]
    /// The inode of `/proc/self/ns/pid`.
    package var pidNamespace: UInt64?
    /// The capabilities that no process here can exceed (`CapBnd`, proc(5)).
    package var boundingSet: UInt64?
    /// Whether the CPU reports that it is virtual.
    package var hasHypervisor = false
    /// Whether swap is enabled.
    package var hasSwap = false
    /// Whether the environment is in its own user namespace (user_namespaces(7)). Its root is not the kernel's root, whatever it may do
    /// inside.
    package var isOwnUserNamespace = false
    /// Paths that kubelet opens and that this process, as root, tried to open in the same way and could not. Nothing was written. Empty if
    /// it is not root, because then the result would say nothing about root's permissions.
    package var refused: Set<String> = []

    /// Creates an empty set of facts.
    package init() {}

    /// Files whose existence is informative.
    package static let asked = [
        "/dev/kmsg", "/proc/sentry-meminfo", "/.dockerenv", "/run/.containerenv", "/sys/hypervisor/type",
    ]

    /// The values that kubelet sets at its start if they differ (Kubernetes, `pkg/util/sysctl/sysctl.go`, `setupKernelTunables`).
    package static let wantedTunables: [(name: String, value: String)] = [
        ("vm/overcommit_memory", "1"), ("vm/panic_on_oom", "0"), ("kernel/panic", "10"), ("kernel/panic_on_oops", "1"),
        ("kernel/keys/root_maxkeys", "1000000"), ("kernel/keys/root_maxbytes", "25000000"),
    ]

    /// Whether `/sys/fs/cgroup` itself is a cgroup2 file system, which is how the readers distinguish the versions (libcontainer,
    /// `IsCgroup2UnifiedMode`).
    package var isUnified: Bool { mounts.holding("/sys/fs/cgroup")?.type == "cgroup2" }

    /// 1 or 2; nil if no cgroup file system is mounted.
    package var cgroupVersion: Int? {
        if isUnified { return 2 }
        return mounts.contains { $0.type == "cgroup" } ? 1 : nil
    }

    /// Whether an existing directory cannot be written to, according to its mount or to root's attempt.
    func isSealed(_ path: String) -> Bool { refused.contains(path) || mounts.holding(path)?.isReadOnly == true }

    /// The mount of a cgroup v1 controller. It is the first one, which the readers use.
    package func mount(of controller: String) -> Mount? {
        mounts.first { $0.type == "cgroup" && $0.superOptions.contains(Substring(controller)) }
    }
}
