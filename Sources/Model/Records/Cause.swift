/// The name of a known fault that decided a verdict, such as `memory cache`. In JSON it is the plain string.
///
/// The set is open: runs recorded by other releases, and the rules of patches, may use causes that this release does not know.
package struct Cause: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// The name as shown in verdicts and tables.
    package var description: String { rawValue }
}

/// Causes found in a node's log or by a probe.
extension Cause {
    /// cAdvisor never had statistics of `/`.
    package static let memoryCache = Cause(rawValue: "memory cache")
    /// cAdvisor counts no device for the file system of `/` or of kubelet's directory.
    package static let noDevice = Cause(rawValue: "could not find device")
    /// The device was found, and no file system of it is counted.
    package static let filesystemInfo = Cause(rawValue: "filesystem info")
    /// kubelet 1.35 or newer refuses cgroup v1.
    package static let cgroupV1 = Cause(rawValue: "cgroup v1")
    /// The statistics of the cgroups above the pods no longer change.
    package static let podStats = Cause(rawValue: "stats of pods")
    /// The statistics of `/` no longer change.
    package static let rootStats = Cause(rawValue: "stats of /")
    /// `cpuacct.usage_percpu` is missing.
    package static let percpu = Cause(rawValue: "percpu")
    /// A probe read 0 as the memory in use.
    package static let memoryUsage = Cause(rawValue: "memory usage")
    /// reflect2 broke memory.
    package static let mapIteration = Cause(rawValue: "map iteration")
}

/// Causes found during a boot.
extension Cause {
    /// The node logged more than once that it started.
    package static let restarted = Cause(rawValue: "restarted")
    /// The node is alive, but did not do everything that its level requires.
    package static let notJoined = Cause(rawValue: "not a worker")
    /// `/` is an overlay without a size, so the node's ephemeral storage has none either.
    package static let endlessStorage = Cause(rawValue: "ephemeral storage")
    /// A pod failed.
    package static let pod = Cause(rawValue: "pod")
    /// The node's condition MemoryPressure.
    package static let outOfMemory = Cause(rawValue: "out of memory")
    /// The disk is full, whether the node, the control plane or a log notices it first.
    package static let outOfDisk = Cause(rawValue: "out of disk")
    /// The node's condition PIDPressure.
    package static let outOfProcesses = Cause(rawValue: "out of processes")
}

/// Causes of an inconclusive verdict.
extension Cause {
    /// The log's times disagree with the boot's own clock.
    package static let clocks = Cause(rawValue: "clocks")
    /// Something outside the node killed its program.
    package static let nodeKilled = Cause(rawValue: "node killed")
    /// The sandbox ended before the node.
    package static let sandboxGone = Cause(rawValue: "sandbox gone")
    /// The API server, which the harness runs, ended or stopped answering.
    package static let serverGone = Cause(rawValue: "API server gone")
    /// Another part of the control plane ended.
    package static let controlPlaneGone = Cause(rawValue: "control plane gone")
    /// A log file is incomplete.
    package static let logNotWritten = Cause(rawValue: "log not written")
}

extension Cause {
    /// All causes that this release can find, sorted.
    package static let known: [Cause] = {
        let declared: [Cause] = [
            .memoryCache,
            .noDevice,
            .filesystemInfo,
            .cgroupV1,
            .podStats,
            .rootStats,
            .percpu,
            .memoryUsage,
            .mapIteration,
            .restarted,
            .notJoined,
            .endlessStorage,
            .pod,
            .outOfMemory,
            .outOfDisk,
            .outOfProcesses,
            .clocks,
            .nodeKilled,
            .sandboxGone,
            .serverGone,
            .controlPlaneGone,
            .logNotWritten,
        ]
        let found = (Signal.written + Signal.probe).filter { ![.started, .kubelet].contains($0.meaning) }.map(\.cause)
        return Set(declared + found).sorted { $0.rawValue < $1.rawValue }
    }()
}
