/// A text in a node's log that is relevant to a verdict.
package struct Signal: Hashable, Sendable {
    /// The meaning of the text.
    package enum Meaning: Hashable, Sendable {
        /// The text must not occur after warm-up.
        case forbidden
        /// Also forbidden, but logged only about once a minute while a fault persists. It becomes the cause of the verdict if nothing else
        /// does.
        case sparse
        /// A node that logs this ends.
        case fatal
        /// The text explains a forbidden line.
        case cause
        /// The node has started.
        case started
        /// Only a kubelet writes this.
        case kubelet
    }

    /// The name in verdicts and tables.
    package let name: String
    /// The bytes that a line must contain.
    package let text: [UInt8]
    package let meaning: Meaning

    /// Creates a signal from a text that a line must contain literally.
    package init(_ name: String, _ text: String, _ meaning: Meaning) {
        self.name = name
        self.text = Array(text.utf8)
        self.meaning = meaning
    }

    /// A signal of a known fault, with the cause's name.
    package init(_ cause: Cause, _ text: String, _ meaning: Meaning) { self.init(cause.rawValue, text, meaning) }

    /// The cause of a verdict that this signal decides.
    package var cause: Cause { Cause(rawValue: name) }
}

extension Signal {
    /// The known signals in kubelet logs, from the years 2020 to 2026.
    package static let kubelet: [Signal] = known + podGroups

    /// cAdvisor, manager/container.go: the groups above the pods exist as long as kubelet, and so do their files. It is a race whether
    /// their first figures are recorded before the reader stops at a missing file; after that, the figures do not change and nothing else
    /// is logged.
    private static let podGroups: [Signal] = [
        "/kubepods", "/kubepods/burstable", "/kubepods/besteffort", "/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice",
        "/kubepods.slice/kubepods-besteffort.slice",
    ].flatMap { failedUpdate(of: $0).map { Signal(.podStats, $0, .sparse) } }

    /// cAdvisor's message about a group whose figures are not updated; a structured line has a backslash before each quotation mark.
    private static func failedUpdate(of group: String) -> [String] {
        ["\"", "\\\""].map { "\(failedUpdateStem)\($0)\(group)\($0)" }
    }

    /// The common beginning of these messages: a line without it contains none of them.
    package static let failedUpdateStem = "Failed to update stats for container "

    private static let known: [Signal] = [
        // cAdvisor, manager/manager.go and fs/fs.go.
        Signal(.memoryCache, "unable to find data in memory cache", .forbidden),
        Signal(.noDevice, "could not find device with major", .forbidden),
        // The same since cAdvisor 0.55 (Kubernetes 1.36), where the device numbers precede the text.
        Signal(.noDevice, "could not find device in cached partitions map", .forbidden),
        // cAdvisor, fs/fs.go: the device was found, but it has no known file system.
        Signal(.filesystemInfo, "cannot find filesystem info for device", .forbidden),
        // Kubernetes from 1.35 on, pkg/kubelet/apis/config/validation: kubelet exits unless failCgroupV1 is false.
        Signal(.cgroupV1, "kubelet is configured to not run on a host using cgroup v1", .forbidden),
        // Kubernetes, pkg/kubelet/kubelet.go and cmd/kubelet/app/server.go; k3s logs with logrus.
        Signal("container manager", "Failed to start ContainerManager", .fatal),
        Signal("kubelet", "failed to run Kubelet", .fatal),
        Signal("kubelet", "\"command failed\" err=", .fatal),
        Signal("kubelet", "command failed\",\"err\":", .fatal),
        Signal("k3s", "level=fatal ", .fatal),
        // libcontainer, cgroups/fs/cpuacct.go.
        Signal(.percpu, "cpuacct.usage_percpu: no such file", .cause),
        // cAdvisor, manager/container.go: any error of the cgroup reader.
        Signal(.rootStats, failedUpdate(of: "/")[0], .cause),
        Signal(.rootStats, failedUpdate(of: "/")[1], .cause),
        Signal("started", "Started kubelet", .started),
        Signal("kubelet", "ubelet version", .kubelet),
        Signal("kubelet", " kubelet.go:", .kubelet),
        Signal("kubelet", "\"caller\":\"kubelet/", .kubelet),
        Signal("kubelet", "failed to validate kubelet configuration", .kubelet),
        Signal("kubelet", "kubelet_node_status.go:", .kubelet),
        Signal("kubelet", "container_manager_linux.go:", .kubelet),
        Signal("kubelet", "cri_stats_provider.go:", .kubelet),
        Signal("kubelet", "failed to run Kubelet", .kubelet),
        Signal("kubelet", "Started kubelet", .kubelet),
    ]

    /// The signals for a recorded log, where only the lines show the end of a node and whose log it is.
    package static let written: [Signal] = kubelet + refusals + places

    /// Kubernetes, cmd/kubelet/app/server.go and pkg/kubelet/kubelet.go, 1.16 to 1.36: kubelet's messages before it exits with an error
    /// status. Up to 1.20 klog writes the line with severity fatal.
    private static let refusals: [Signal] = [
        "Failed to parse kubelet flag", "failed to parse kubelet flag", "Failed to validate kubelet flags",
        "failed to validate kubelet flags",
        "Failed to load kubelet config file", "failed to load kubelet config file", "failed to load Kubelet config file",
        "Failed to set feature gates from initial flags-based config", "failed to set feature gates from initial flags-based config",
        "Failed to construct kubelet dependencies", "failed to construct kubelet dependencies", "Failed to run kubelet",
        "Failed to initialize internal modules", "Failed to start cAdvisor",
    ].flatMap { [Signal("kubelet", $0, .fatal), Signal("kubelet", $0, .kubelet)] }

    /// Source files of Kubernetes that only kubelet contains, and messages of k3s releases.
    private static let places: [Signal] = [
        " kubelet_getters.go:", " kubelet_pods.go:", " kubelet_volumes.go:", " kubelet_network_linux.go:", " eviction_manager.go:",
        " cadvisor_stats_provider.go:", " kuberuntime_manager.go:", " kuberuntime_sandbox.go:", " kuberuntime_container.go:",
        " pod_workers.go:", " image_gc_manager.go:", " desired_state_of_world_populator.go:", "invalid configuration: cgroup-root",
        "Starting k3s ",
    ].map { Signal("kubelet", $0, .kubelet) }

    /// Output of the probes in `patches/` themselves, where the tested package returns a figure instead of an error.
    package static let probe: [Signal] = [
        Signal(.memoryUsage, "memory usage of / reads 0", .cause),
        Signal(.mapIteration, "map iteration breaks memory", .cause),
    ]
}
