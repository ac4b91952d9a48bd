/// What kubelet's cgroup v1 reader (libcontainer, `cgroups/fs`) reads for the statistics of the container `/`, according to runc
/// 1.0.0-rc92. `pids` is not included, because cAdvisor skips it for `/` (`container/raw/handler.go`).
struct CgroupReader {
    /// A missing file.
    struct Gap: Hashable {
        /// The file's name.
        let name: String
        /// Whether the reader treats this as an error, in which case there are no statistics at all.
        let isError: Bool
    }

    private let place: HostFacts

    init(_ place: HostFacts) { self.place = place }

    /// Controllers without which kubelet does not start on cgroup v1 (`cm/container_manager_linux.go`, `validateSystemRequirements`).
    static let wanted = ["cpu", "cpuacct", "cpuset", "memory"]

    /// The required controllers that are not mounted.
    var unmounted: [String] {
        place.cgroupVersion == 1 ? Self.wanted.filter { place.mount(of: $0) == nil } : []
    }

    /// Controllers whose files cannot be listed, so nothing is known about them.
    var unknown: [String] {
        ["cpuacct", "memory", "hugetlb"].filter { name in
            guard let listed = place.cgroupFiles[name] else { return place.mount(of: name) != nil }
            return listed == nil
        }
    }

    /// All missing files, errors first.
    var gaps: [Gap] {
        guard place.cgroupVersion == 1 else { return [] }
        let all = processor + memory + hugePages
        return all.filter(\.isError) + all.filter { !$0.isError }
    }

    /// Whether the node's memory can be read without a patch. Without `memory.stat` the reader skips memory and reports 0 (`fs/memory.go`).
    var readsMemory: Bool { files("memory").map { $0.contains("memory.stat") } ?? false }

    /// Whether the file exists that the patch `memory-usage` reads instead.
    var hasMemoryUsage: Bool { files("memory").map { $0.contains("memory.usage_in_bytes") } ?? false }

    /// `fs/cpuacct.go`: all three files, or an error. `cpuacct.usage_all` may be missing since runc #2449.
    private var processor: [Gap] {
        missing("cpuacct", ["cpuacct.usage_percpu", "cpuacct.stat", "cpuacct.usage"]).map { Gap(name: $0, isError: true) }
    }

    /// `fs/memory.go`: if `memory.stat` exists, the others must exist; otherwise they are not read.
    private var memory: [Gap] {
        let counters = missing(
            "memory", ["usage_in_bytes", "max_usage_in_bytes", "failcnt", "limit_in_bytes", "use_hierarchy"].map { "memory.\($0)" })
        return missing("memory", ["memory.stat"]).map { Gap(name: $0, isError: false) }
            + counters.map { Gap(name: $0, isError: readsMemory) }
    }

    /// `fs/hugetlb.go`: three files for each huge page size of the kernel.
    private var hugePages: [Gap] {
        let names = place.hugePageSizes.flatMap { size in
            ["usage_in_bytes", "max_usage_in_bytes", "failcnt"].map { "hugetlb.\(size).\($0)" }
        }
        return missing("hugetlb", names).map { Gap(name: $0, isError: true) }
    }

    private func missing(_ controller: String, _ names: [String]) -> [String] {
        guard let files = files(controller) else { return [] }
        return names.filter { !files.contains($0) }
    }

    /// The names in a controller's mount point; nil if it is not mounted or cannot be listed.
    private func files(_ controller: String) -> Set<String>? { place.cgroupFiles[controller] ?? nil }
}
