import Model

/// What can be read of the place that this process runs in, without root and without changing anything. What follows from it is computed from
/// this value alone.
package struct HostFacts: Sendable {
    /// `/proc/self/mountinfo`.
    package var mounts: [Mount] = []
    /// kubelet's directory, without links in it.
    package var kubeletDirectory = NodePath.kubelet
    /// containerd's, where its images lie.
    package var imageDirectory = "/var/lib/containerd"
    /// The devices of directories: of kubelet's and of containerd's, or of the nearest above that is there, and of each btrfs mount point.
    package var devices: [String: DeviceNumber] = [:]
    /// The beginning of the kernel's log; empty where it cannot be read.
    package var kernelLog = ""
    /// `/proc/version`.
    package var kernel = ""
    /// The names in the mount point of each cgroup v1 controller, by controller; nil where one cannot be listed.
    package var cgroupFiles: [String: Set<String>?] = [:]
    /// Sizes of huge pages, as cgroup files name them: `2MB`.
    package var hugePageSizes: [String] = []
    /// Of the files that are asked for (`HostFacts.asked`), those that are there.
    package var present: Set<String> = []
    /// `/proc/self/cgroup`.
    package var cgroupPaths = ""
    /// Switches of `/proc/sys`, by path below it.
    package var tunables: [String: String] = [:]
    /// The inode of `/proc/self/ns/pid`.
    package var pidNamespace: UInt64?
    /// The capabilities that no process here can exceed (`CapBnd`, proc(5)).
    package var boundingSet: UInt64?
    /// Whether the processor says that it is a virtual one.
    package var hasHypervisor = false
    /// Whether there is swap.
    package var hasSwap = false
    /// Whether the place is in a user namespace of its own (user_namespaces(7)): its root is not the kernel's, whatever it may do in the place.
    package var isOwnUserNamespace = false
    /// Of what a kubelet opens, by path, that which this process, as root, tried to open in the same way and could not. Nothing was written. Empty
    /// where it was not tried, since who is not root learns nothing of what root may do.
    package var refused: Set<String> = []

    /// A place of which nothing was read yet.
    package init() {}

    /// Files whose being there says something.
    package static let asked = [
        "/dev/kmsg", "/proc/sentry-meminfo", "/.dockerenv", "/run/.containerenv", "/sys/hypervisor/type",
    ]

    /// What kubelet sets at its start where it is not so yet (Kubernetes, `pkg/util/sysctl/sysctl.go`, `setupKernelTunables`).
    package static let wantedTunables: [(name: String, value: String)] = [
        ("vm/overcommit_memory", "1"), ("vm/panic_on_oom", "0"), ("kernel/panic", "10"), ("kernel/panic_on_oops", "1"),
        ("kernel/keys/root_maxkeys", "1000000"), ("kernel/keys/root_maxbytes", "25000000"),
    ]

    /// Whether `/sys/fs/cgroup` itself is a cgroup2 file system, which is how the readers tell the versions apart (libcontainer,
    /// `IsCgroup2UnifiedMode`).
    package var isUnified: Bool { mounts.holding("/sys/fs/cgroup")?.type == "cgroup2" }

    /// 1 or 2; nil when no cgroup file system is mounted.
    package var cgroupVersion: Int? {
        if isUnified { return 2 }
        return mounts.contains { $0.type == "cgroup" } ? 1 : nil
    }

    /// Whether nothing can be written to a directory that is there: by its mount, or because root tried.
    func isSealed(_ path: String) -> Bool { refused.contains(path) || mounts.holding(path)?.isReadOnly == true }

    /// The mount of a cgroup v1 controller: the first, which is the one that the readers take.
    package func mount(of controller: String) -> Mount? {
        mounts.first { $0.type == "cgroup" && $0.superOptions.contains(Substring(controller)) }
    }
}
