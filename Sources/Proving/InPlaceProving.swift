import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Grading
import Host
import Model
import Node
import Preflight
import Store
import SystemPackage

/// The prerequisites of a boot in the environment that Ninepin itself runs in, checked before an hour of work begins.
package struct InPlacePrerequisites: Sendable {
    /// The environment.
    package let place: InPlaceNode
    /// The source of the node's files.
    package let profile: KubeletProfile
    /// The node's containerd.
    let containerd: NodeContainerd
    /// A description of the environment for the record.
    let words: [String: String]
    /// The properties that determine which patches are needed; nil outside of gVisor and if there are no cgroups.
    let surroundings: Surroundings?

    /// Checks all prerequisites.
    ///
    /// - Parameter node: the node to boot; nil if none.
    /// - Throws: `NotRoot`; `KubeletProfile.Missing` and `InPlaceLacks`, with the names of everything that is missing; `NotEnoughSpace`;
    ///   `CommandError` if containerd does not run; any error of fetching the containerd that the node requests.
    package init(on host: Host, for node: NodeSpec? = nil, events: @escaping EventSink = { _ in }) async throws {
        try NotRoot.check(on: host)
        let absent = ["unshare", "setpriv"].map { "/usr/bin/\($0)" }.filter { !Files.exists(FilePath($0)) }
        guard absent.isEmpty else { throw InPlaceLacks(programs: absent) }
        try BuildPrerequisites.checkSpace(BootPrerequisites.neededBytes, on: host)
        (profile, containerd) = try await KubeletProfile.provided(with: node?.containerd, on: host, events: events)
        let reading = HostFacts.reading(kubeletDirectory: Self.directory)
        let (root, kubelet) = (reading.mounts.holding("/"), reading.mounts.holding(reading.kubeletDirectory))
        place = InPlaceNode(
            HostSigns(
                isGvisor: reading.kernelLog.lowercased().contains("gvisor"), rootType: root?.type,
                kubeletType: kubelet?.point == Self.directory ? kubelet?.type : nil))
        surroundings = Surroundings(reading)
        words = [
            "sandbox": reading.sandbox.kind.rawValue, "root": root?.type ?? "unknown", "kubelet directory": kubelet?.type ?? "unknown",
        ]
    }

    private static let directory = NodePath.kubelet

    /// A candidate's node, adapted to the environment.
    package func node(of candidate: Candidate) -> NodeSpec {
        guard let cgroup = surroundings?.cgroup else { return candidate.node }
        return candidate.node.starting(pods: cgroup)
    }
}

extension NodeSpec {
    /// The node with an explicit runtime for containers on a version of cgroups, if that runtime is not containerd's default.
    fileprivate func starting(pods cgroup: CgroupVersion) -> NodeSpec {
        guard runtime(on: cgroup) != .runc else { return self }
        var starting = self
        starting.runtime = runtime(on: cgroup)
        return starting
    }
}

/// Programs that isolate a node's changes are missing.
package struct InPlaceLacks: ExitStatusError, Sendable, CustomStringConvertible {
    /// The programs' paths.
    package let programs: [String]

    /// The missing programs and how to install them.
    package var description: String {
        "a node in the current environment needs \(programs.notInstalled)\n    Install them, for example with: apt-get install util-linux"
    }

    package var exitStatus: ExitStatus { .missing }
}

/// The known inputs that determine the result of a boot in this environment.
private struct InPlaceKey: Keyed {
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
    /// Boots a binary in the environment that this process runs in, without a sandbox, grades it, and records the run.
    ///
    /// - Returns: the run, and the folder that it is recorded in.
    /// - Throws: `FileError` if the run cannot be recorded; `CancellationError`.
    package func verify(_ candidate: Candidate, level: Level = .boot, with prerequisites: InPlacePrerequisites) async throws -> (
        run: Run, place: FilePath
    ) {
        let node = prerequisites.node(of: candidate)
        if level.isJoined { try prerequisites.profile.require(node.runtime ?? .runc) }
        let key = try InPlaceKey(
            artifact: candidate.artifact.digest, node: node.stretched(by: host.deadlines), level: level, place: prerequisites.place.signs,
            words: prerequisites.words, containerd: prerequisites.containerd.package?.version
        ).key()
        let boot = PlannedBoot(
            candidate: candidate.with(prerequisites.containerd), layout: .here, level: level, surroundings: prerequisites.surroundings,
            key: key,
            tools: prerequisites.words.merging(prerequisites.containerd.words) { $1 }
        ) { turn in
            NodeBoot(
                candidate.artifact, node: node, level: level, plane: candidate.plane, at: .inPlace(prerequisites.place),
                profile: prerequisites.profile, turn: turn, on: host)
        }
        return try await believed(boot)
    }
}
