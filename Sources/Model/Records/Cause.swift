/// The name of a known fault that decided a verdict, such as `memory cache`. In JSON it is the plain string.
///
/// The set is open: a run that another release recorded may name a cause that this one does not know, and a patch's rules may as well.
package struct Cause: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    /// The name, as verdicts and tables have it.
    package var description: String { rawValue }
}

/// What a node's log or a probe says.
extension Cause {
    /// cAdvisor never had figures of `/`.
    package static let memoryCache = Cause(rawValue: "memory cache")
    /// cAdvisor counts no device for the file system of `/` or of kubelet's directory.
    package static let noDevice = Cause(rawValue: "could not find device")
    /// The device was found, and no file system of it is counted.
    package static let filesystemInfo = Cause(rawValue: "filesystem info")
    /// kubelet 1.35 or newer refuses cgroup v1.
    package static let cgroupV1 = Cause(rawValue: "cgroup v1")
    /// The figures of the groups above the pods stand still.
    package static let podStats = Cause(rawValue: "stats of pods")
    /// The figures of `/` stand still.
    package static let rootStats = Cause(rawValue: "stats of /")
    /// `cpuacct.usage_percpu` is missing.
    package static let percpu = Cause(rawValue: "percpu")
    /// A probe read 0 as the memory in use.
    package static let memoryUsage = Cause(rawValue: "memory usage")
    /// reflect2 broke memory.
    package static let mapIteration = Cause(rawValue: "map iteration")
}

/// What a boot showed of the node.
extension Cause {
    /// The node said more than once that it started.
    package static let restarted = Cause(rawValue: "restarted")
    /// The node lives, and has not shown all that its level asks for.
    package static let notJoined = Cause(rawValue: "not a worker")
    /// `/` is an overlay without a size, and so is the node's ephemeral storage.
    package static let endlessStorage = Cause(rawValue: "ephemeral storage")
    /// A pod failed.
    package static let pod = Cause(rawValue: "pod")
    /// The node's condition MemoryPressure.
    package static let outOfMemory = Cause(rawValue: "out of memory")
    /// The disk is full: the node, the control plane or a log noticed it first.
    package static let outOfDisk = Cause(rawValue: "out of disk")
    /// The node's condition PIDPressure.
    package static let outOfProcesses = Cause(rawValue: "out of processes")
}

/// What keeps the harness from a verdict.
extension Cause {
    /// The log tells another time than the boot's own clock.
    package static let clocks = Cause(rawValue: "clocks")
    /// Something from outside killed the node's program.
    package static let nodeKilled = Cause(rawValue: "node killed")
    /// The sandbox ended before the node.
    package static let sandboxGone = Cause(rawValue: "sandbox gone")
    /// The API server, which the harness runs, ended or no longer answers.
    package static let serverGone = Cause(rawValue: "API server gone")
    /// Another part of the control plane ended.
    package static let controlPlaneGone = Cause(rawValue: "control plane gone")
    /// A log file is not whole.
    package static let logNotWritten = Cause(rawValue: "log not written")
}
