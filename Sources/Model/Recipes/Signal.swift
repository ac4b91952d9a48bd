/// A text in a node's log that means something to a verdict.
package struct Signal: Hashable, Sendable {
    /// What it means.
    package enum Meaning: Hashable, Sendable {
        /// After warm-up it must not come any more.
        case forbidden
        /// Forbidden too, but written about once a minute while a fault lasts: it names the verdict where nothing else does.
        case sparse
        /// A node that says so ends.
        case fatal
        /// It tells why a forbidden one comes.
        case cause
        /// The node has started.
        case started
        /// Only a kubelet writes so.
        case kubelet
    }

    /// Its name in verdicts and tables.
    package let name: String
    /// The bytes that a line must have in it.
    package let text: [UInt8]
    /// What it means.
    package let meaning: Meaning

    /// Makes a signal of a text that a line must have in it, as it is.
    package init(_ name: String, _ text: String, _ meaning: Meaning) {
        self.name = name
        self.text = Array(text.utf8)
        self.meaning = meaning
    }

    /// Makes a signal of a known fault, which has the cause's name.
    package init(_ cause: Cause, _ text: String, _ meaning: Meaning) { self.init(cause.rawValue, text, meaning) }

    /// The cause of a verdict that the signal decides.
    package var cause: Cause { Cause(rawValue: name) }
}

extension Signal {
    /// What is known of kubelet's log, of the years 2020 to 2026.
    package static let kubelet: [Signal] = known + podGroups

    /// cAdvisor, manager/container.go: the groups above the pods last as long as kubelet, and so their files do. Whether their first figures
    /// are there before the reader stops at a missing file is a race; from then on the figures stand still and nothing else is written.
    private static let podGroups: [Signal] = [
        "/kubepods", "/kubepods/burstable", "/kubepods/besteffort", "/kubepods.slice", "/kubepods.slice/kubepods-burstable.slice",
        "/kubepods.slice/kubepods-besteffort.slice",
    ].flatMap { failedUpdate(of: $0).map { Signal(.podStats, $0, .sparse) } }

    /// What cAdvisor says of a group whose figures stand still; a structured line has a backslash before each quotation mark.
    private static func failedUpdate(of group: String) -> [String] {
        ["\"", "\\\""].map { "\(failedUpdateStem)\($0)\(group)\($0)" }
    }

    /// How all of those begin: a line without it has none of them.
    package static let failedUpdateStem = "Failed to update stats for container "

    private static let known: [Signal] = [
        // cAdvisor, manager/manager.go and fs/fs.go.
        Signal(.memoryCache, "unable to find data in memory cache", .forbidden),
        Signal(.noDevice, "could not find device with major", .forbidden),
        // The same since cAdvisor 0.55 (Kubernetes 1.36), where the numbers come before it.
        Signal(.noDevice, "could not find device in cached partitions map", .forbidden),
        // cAdvisor, fs/fs.go: the device was found, and no file system of it is counted.
        Signal(.filesystemInfo, "cannot find filesystem info for device", .forbidden),
        // Kubernetes from 1.35 on, pkg/kubelet/apis/config/validation: it ends, unless failCgroupV1 is false.
        Signal(.cgroupV1, "kubelet is configured to not run on a host using cgroup v1", .forbidden),
        // Kubernetes, pkg/kubelet/kubelet.go and cmd/kubelet/app/server.go; k3s logs with logrus.
        Signal("container manager", "Failed to start ContainerManager", .fatal),
        Signal("kubelet", "failed to run Kubelet", .fatal),
        Signal("kubelet", "\"command failed\" err=", .fatal),
        Signal("kubelet", "command failed\",\"err\":", .fatal),
        Signal("k3s", "level=fatal ", .fatal),
        // libcontainer, cgroups/fs/cpuacct.go.
        Signal(.percpu, "cpuacct.usage_percpu: no such file", .cause),
        // cAdvisor, manager/container.go: whatever it was that the reader of a cgroup stopped at.
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

    /// What is looked for in a log that nobody watched: there a line is all that tells of an end, and of whose log it is.
    package static let written: [Signal] = kubelet + refusals + places

    /// Kubernetes, cmd/kubelet/app/server.go and pkg/kubelet/kubelet.go, 1.16 to 1.36: what kubelet says before it leaves with a status. Up to 1.20 the line
    /// is a fatal one of klog's, and says so itself.
    private static let refusals: [Signal] = [
        "Failed to parse kubelet flag", "failed to parse kubelet flag", "Failed to validate kubelet flags",
        "failed to validate kubelet flags",
        "Failed to load kubelet config file", "failed to load kubelet config file", "failed to load Kubelet config file",
        "Failed to set feature gates from initial flags-based config", "failed to set feature gates from initial flags-based config",
        "Failed to construct kubelet dependencies", "failed to construct kubelet dependencies", "Failed to run kubelet",
        "Failed to initialize internal modules", "Failed to start cAdvisor",
    ].flatMap { [Signal("kubelet", $0, .fatal), Signal("kubelet", $0, .kubelet)] }

    /// Files of Kubernetes that no other program than kubelet is made of, and words of k3s' versions.
    private static let places: [Signal] = [
        " kubelet_getters.go:", " kubelet_pods.go:", " kubelet_volumes.go:", " kubelet_network_linux.go:", " eviction_manager.go:",
        " cadvisor_stats_provider.go:", " kuberuntime_manager.go:", " kuberuntime_sandbox.go:", " kuberuntime_container.go:",
        " pod_workers.go:", " image_gc_manager.go:", " desired_state_of_world_populator.go:", "invalid configuration: cgroup-root",
        "Starting k3s ",
    ].map { Signal("kubelet", $0, .kubelet) }

    /// What a probe of `patches/` says itself, where the package that it asks gives a figure and no error.
    package static let probe: [Signal] = [
        Signal(.memoryUsage, "memory usage of / reads 0", .cause),
        Signal(.mapIteration, "map iteration breaks memory", .cause),
    ]
}
