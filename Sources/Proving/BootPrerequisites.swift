import Building
import ExitCodes
import Host
import Model
import Node
import Sandbox
import SystemPackage

/// Thrown if a boot is attempted without root.
package struct NotRoot: ExitStatusError, Sendable, CustomStringConvertible {

    package init() {}

    /// - Throws: `NotRoot` if a host's user is not root.
    package static func check(on host: Host) throws(NotRoot) {
        guard host.isRoot else { throw NotRoot() }
    }

    /// What needs root, and why.
    package var description: String {
        "booting requires root, because runsc creates namespaces and mounts\n    Run this as root. fetch, patch, build and grade do not need root."
    }

    package var exitStatus: ExitStatus { .missing }
}

/// The prerequisites of a boot, checked before an hour of work begins.
package struct BootPrerequisites: Sendable {
    /// gVisor's runtime.
    package let runsc: Runsc
    /// The source of the node's root file system.
    package let profile: KubeletProfile
    /// The node's containerd.
    let containerd: NodeContainerd

    /// The versions of what the harness brings: `runsc`, `containerd`, and its package if it is not the machine's own.
    package var tools: [String: String] { ["runsc": runsc.version].merging(containerd.words) { $1 } }

    /// The approximate size of a root file system with everything that a node writes.
    static let neededBytes: Int64 = 1 << 30

    /// Checks all prerequisites.
    ///
    /// - Parameter demand: the requirements of the sandboxes.
    /// - Throws: `NotRoot`; `RunscMissing` and `RunscLacks`; `KubeletProfile.Missing`; `CommandError` if containerd does not run;
    ///   `NotEnoughSpace`; any error of fetching the containerd that the node requests.
    package init(on host: Host, for demand: SandboxDemand = SandboxDemand(), events: @escaping EventSink = { _ in }) async throws {
        try NotRoot.check(on: host)
        try BuildPrerequisites.checkSpace(Self.neededBytes, on: host)
        runsc = try await Runsc.find(on: host, named: demand.runsc, for: demand.layouts)
        (profile, containerd) = try await KubeletProfile.provided(with: demand.containerd, on: host, events: events)
        for runtime in demand.runtimes { try profile.require(runtime) }
    }
}

/// The properties of the requested sandboxes that determine their prerequisites.
package struct SandboxDemand: Sendable {
    /// The requested runsc; nil for the default one.
    package let runsc: FilePath?
    package let layouts: [Layout]
    /// The runtimes that start the containers of pods; empty if no pods will run.
    package let runtimes: Set<OCIRuntime>
    /// The containerd that the node requests; nil for the machine's own.
    let containerd: ContainerdSpec?

    /// Creates a demand.
    ///
    /// - Parameters:
    ///   - node: the node to boot; nil if none.
    ///   - level: the level, which decides whether pods will run.
    package init(runsc: FilePath? = nil, layouts: [Layout] = [], node: NodeSpec? = nil, level: Level = .boot) {
        self.runsc = runsc
        self.layouts = layouts
        containerd = node?.containerd
        runtimes = level.isJoined ? Set(node.map { node in layouts.map { node.runtime(on: $0.cgroup) } } ?? []) : []
    }
}
