import Building
import ExitCodes
import Host
import Model
import Node
import Sandbox
import SystemPackage

/// A boot needs root.
package struct NotRoot: ExitStatusError, Sendable, CustomStringConvertible {

    package init() {

    }
    /// What needs it, and why.
    package var description: String {
        "booting requires root, because runsc creates namespaces and mounts\n    Run this as root. fetch, patch, build and grade do not need root."
    }

    package var exitStatus: ExitStatus { .missing }
}

/// What a boot needs, looked for before an hour's work.
package struct BootPrerequisites: Sendable {
    /// gVisor's runtime.
    package let runsc: Runsc
    /// What the node's root file system is made of.
    package let profile: KubeletProfile
    /// The containerd in it.
    let containerd: NodeContainerd

    /// A root file system with all that a node writes comes to about this.
    static let neededBytes: Int64 = 1 << 30

    /// Looks for all of it.
    ///
    /// - Parameter demand: what the sandboxes are to be.
    /// - Throws: `NotRoot`; `RunscMissing` and `RunscLacks`; `KubeletProfile.Missing`; `CommandError` when containerd does not run;
    ///   `NotEnoughSpace`; what fetching the containerd that the node asks for throws.
    package init(on host: Host, for demand: SandboxDemand = SandboxDemand(), events: @escaping EventSink = { _ in }) async throws {
        guard host.isRoot else { throw NotRoot() }
        try BuildPrerequisites.checkSpace(Self.neededBytes, on: host)
        runsc = try await Runsc.find(on: host, named: demand.runsc, for: demand.layouts)
        (profile, containerd) = try await KubeletProfile.provided(with: demand.containerd, on: host, events: events)
        for runtime in demand.runtimes { try profile.require(runtime) }
    }
}

/// What sandboxes are to be, as far as it decides what is needed for them.
package struct SandboxDemand: Sendable {
    /// The runsc that is named; nil for the usual one.
    package let runsc: FilePath?
    /// The layouts.
    package let layouts: [Layout]
    /// What starts the containers of pods, where there are to be pods.
    package let runtimes: Set<OCIRuntime>
    /// The containerd that the node asks for; nil for the machine's own.
    let containerd: ContainerdSpec?

    /// Makes a demand.
    ///
    /// - Parameters:
    ///   - node: the node that is booted; nil when none is.
    ///   - level: only at some levels pods are run.
    package init(runsc: FilePath? = nil, layouts: [Layout] = [], node: NodeSpec? = nil, level: Level = .boot) {
        self.runsc = runsc
        self.layouts = layouts
        containerd = node?.containerd
        runtimes = level.isJoined ? Set(node.map { node in layouts.map { node.runtime(on: $0.cgroup) } } ?? []) : []
    }
}
