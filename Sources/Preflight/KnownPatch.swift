import Model

/// A registry patch with a known effect on predictions. A test compares this list with the registry.
package enum KnownPatch: String, CaseIterable, Sendable {
    /// Treats a missing `cpuacct.usage_percpu` as missing data instead of an error.
    case percpu = "libcontainer/percpu"
    /// Without `memory.stat`, reads the usage from `memory.usage_in_bytes`.
    case memoryUsage = "libcontainer/memory-usage"
    /// Supports 9p and distinguishes file systems by mount point.
    case source9p = "cadvisor/9p-source"
    /// Supports 9p and distinguishes file systems by source.
    case line9p = "cadvisor/9p-line"
    /// Without `memory.stat` of cgroup v2, reads the usage from `memory.current`, and that of `/` from /proc/meminfo.
    case memoryUsageV2 = "libcontainer/memory-usage-v2"
    /// Tolerates missing files on cgroup v2 in the oldest readers.
    case missingFilesV2 = "libcontainer/v2-missing-files"

    /// Finds a patch by its full name or without its upstream; nil if unknown.
    package init?(named name: String) {
        guard let patch = Self.allCases.first(where: { $0.rawValue == name || $0.rawValue.hasSuffix("/\(name)") }) else { return nil }
        self = patch
    }

    /// The name in the registry.
    package var name: PatchName? { PatchName(rawValue) }

    /// The name without its upstream.
    var short: String { rawValue.split(separator: "/").last.map(String.init) ?? rawValue }

    /// Why it helps, if it does.
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

    /// Why it does not help, if it does not.
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
