import Building
import ExitCodes
import FoundationEssentials
import Grading
import Host
import Model
import Node
import Preflight
import Store
import SystemPackage

/// What a boot in the very place that Ninepin runs in needs, looked for before an hour's work.
package struct InPlacePrerequisites: Sendable {
    /// The place.
    package let place: NodeHere
    /// What the node is made of.
    package let profile: KubeletProfile
    /// The containerd in it.
    let containerd: NodeContainerd
    /// What the place is, for the record.
    let words: [String: String]
    /// What decides which patches are needed; nil outside of gVisor, and where there are no cgroups.
    let surroundings: Surroundings?

    /// Looks for all of it.
    ///
    /// - Parameter node: the node that is booted; nil when none is.
    /// - Throws: `NotRoot`; `KubeletProfile.Missing` and `HereLacks`, which name all that is not there; `NotEnoughSpace`; `CommandError` when
    ///   containerd does not run; what fetching the containerd that the node asks for throws.
    package init(on host: Host, for node: NodeSpec? = nil, events: @escaping EventSink = { _ in }) async throws {
        guard host.isRoot else { throw NotRoot() }
        let absent = ["unshare", "setpriv"].map { "/usr/bin/\($0)" }.filter { !Files.exists(FilePath($0)) }
        guard absent.isEmpty else { throw HereLacks(programs: absent) }
        try BuildPrerequisites.checkSpace(BootPrerequisites.neededBytes, on: host)
        (profile, containerd) = try await KubeletProfile.provided(with: node?.containerd, on: host, events: events)
        let reading = HostFacts.reading(kubeletDirectory: Self.directory)
        let (root, kubelet) = (reading.mounts.holding("/"), reading.mounts.holding(reading.kubeletDirectory))
        place = NodeHere(
            HostSigns(
                isGvisor: reading.kernelLog.lowercased().contains("gvisor"), rootType: root?.type,
                kubeletType: kubelet?.point == Self.directory ? kubelet?.type : nil))
        surroundings = Surroundings(reading)
        words = [
            "sandbox": reading.sandbox.kind.rawValue, "root": root?.type ?? "unknown", "kubelet directory": kubelet?.type ?? "unknown",
        ]
    }

    private static let directory = "/var/lib/kubelet"

    /// A candidate's node, as the place asks for it.
    package func node(of candidate: Candidate) -> NodeSpec {
        guard let cgroup = surroundings?.cgroup else { return candidate.node }
        return candidate.node.starting(pods: cgroup)
    }
}

extension NodeSpec {
    /// The node with what starts containers on cgroups of a version named, where that is not containerd's own.
    fileprivate func starting(pods cgroup: CgroupVersion) -> NodeSpec {
        guard runtime(on: cgroup) != .runc else { return self }
        var starting = self
        starting.runtime = runtime(on: cgroup)
        return starting
    }
}

/// Programs are missing by which a node's changes are kept to itself.
package struct HereLacks: ExitStatusError, Sendable, CustomStringConvertible {
    /// The programs' paths.
    package let programs: [String]

    /// What is missing and how to get it.
    package var description: String {
        "a node in the current environment needs \(programs.joined(separator: ", ")), which are not installed\n    Install them, for example with: apt-get install util-linux"
    }

    package var exitStatus: ExitStatus { .missing }
}

/// What the outcome of a boot in a place depends on, as far as it can be named.
private struct HereKey: Keyed {
    static let name = "verify"

    let artifact: Digest
    let node: NodeSpec
    let level: Level
    let place: HostSigns
    let words: [String: String]
    /// The package's version; nil for the machine's own.
    let containerd: String?
}

extension NodeProver {
    /// Boots a binary in the place that this process runs in, without a sandbox of its own, grades it, and records the run.
    ///
    /// - Returns: the run, and the folder it is recorded in.
    /// - Throws: `FileError` when the run cannot be recorded; `CancellationError`.
    package func verify(_ candidate: Candidate, level: Level = .boot, with prerequisites: InPlacePrerequisites) async throws -> (
        run: Run, place: FilePath
    ) {
        let node = prerequisites.node(of: candidate)
        if level.isJoined { try prerequisites.profile.require(node.runtime ?? .runc) }
        let key = try HereKey(
            artifact: candidate.artifact.digest, node: node.stretched(by: host.deadlines), level: level, place: prerequisites.place.signs,
            words: prerequisites.words, containerd: prerequisites.containerd.package?.version
        ).key()
        let boot = PlannedBoot(
            candidate: candidate.with(prerequisites.containerd), layout: .here, level: level, surroundings: prerequisites.surroundings,
            key: key,
            tools: prerequisites.words.merging(prerequisites.containerd.words) { $1 }
        ) { turn in
            NodeBoot(
                candidate.artifact, node: node, layout: .here, level: level, plane: candidate.plane, runsc: nil,
                here: prerequisites.place, profile: prerequisites.profile, turn: turn, on: host)
        }
        return try await believed(boot)
    }
}
