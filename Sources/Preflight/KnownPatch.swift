import Model

/// A patch of the registry whose effect on a prediction is known. A test compares this list with the registry.
package enum KnownPatch: String, CaseIterable, Sendable {
    /// A missing `cpuacct.usage_percpu` is no data, and no error.
    case percpu = "libcontainer/percpu"
    /// Without `memory.stat` the usage is read from `memory.usage_in_bytes`.
    case memoryUsage = "libcontainer/memory-usage"
    /// 9p is supported, and told apart by mount point.
    case source9p = "cadvisor/9p-source"
    /// 9p is supported, and told apart by source.
    case line9p = "cadvisor/9p-line"
    /// Without `memory.stat` of cgroup v2 the usage is read from `memory.current`, and that of `/` from /proc/meminfo.
    case memoryUsageV2 = "libcontainer/memory-usage-v2"
    /// Files that are missing on cgroup v2 are no error of the oldest readers.
    case missingFilesV2 = "libcontainer/v2-missing-files"

    /// The patch that a name means, in full or without its upstream; nil when no known one does.
    package init?(named name: String) {
        guard let patch = Self.allCases.first(where: { $0.rawValue == name || $0.rawValue.hasSuffix("/\(name)") }) else { return nil }
        self = patch
    }

    /// Its name in the registry.
    package var name: PatchName? { PatchName(rawValue) }

    /// The name without its upstream.
    var short: String { rawValue.split(separator: "/").last.map(String.init) ?? rawValue }

    /// Why it helps where it does.
    var help: String {
        switch self {
        case .percpu: "a missing cpuacct.usage_percpu is no longer an error, so '/' has statistics"
        case .memoryUsage: "the node's memory is read from memory.usage_in_bytes if there is no memory.stat"
        case .source9p: "kubelet's directory, on 9p, has a device"
        case .line9p: "kubelet's directory, on 9p with its own source, has a device"
        case .memoryUsageV2: "if cgroup v2 has no memory.stat, the node's memory is what /proc/meminfo does not list as free"
        case .missingFilesV2: "a missing memory.stat and missing huge pages are no longer errors"
        }
    }

    /// Why it does not help where it does not.
    func uselessness(in place: HostFacts) -> String {
        let is9p = place.mounts.holding(place.kubeletDirectory)?.type == "9p"
        return switch self {
        case .percpu: place.cgroupVersion == 1 ? "cpuacct.usage_percpu exists" : "it is for cgroup v1"
        case .memoryUsage: CgroupReader(place).readsMemory ? "memory.stat exists" : "cgroup v1 has no memory.usage_in_bytes"
        case .source9p: is9p ? "kubelet's directory has a device without it" : "kubelet's directory is not a 9p file system"
        case .line9p:
            is9p
                ? "all 9p mounts share one source, and only the first counts, or the device is found without the patch"
                : "kubelet's directory is not a 9p file system"
        case .memoryUsageV2, .missingFilesV2:
            place.cgroupVersion == 2 ? "only its probe was run; no node was booted with it" : "it is for cgroup v2"
        }
    }
}
