import Cluster
import GoToolchain
import Here
import Host
import Model
import Node
import Sandbox
import SystemPackage

/// The disk of the workspace has too little room for what is to come.
public struct NotEnoughSpace: Error, Sendable, CustomStringConvertible {
    /// The workspace.
    public let path: FilePath
    /// Bytes that are free.
    public let free: Int64
    /// Bytes that are needed.
    public let needed: Int64

    /// How much there is, how much is needed, and what to do.
    public var description: String {
        """
        \(path) has \(free >> 20) MiB free; a build needs about \(needed >> 20) MiB
            Make room, or move the workspace with --workspace DIR or NINEPIN_WORKSPACE.
        """
    }
}

/// A boot needs root.
public struct NotRoot: Error, Sendable, CustomStringConvertible {
    /// What needs it, and why.
    public var description: String {
        "a boot needs root: runsc makes namespaces and mounts\n    Run it as root; fetch, patch, build and grade do not need it."
    }
}

/// What a build needs, looked for before an hour's work.
public struct BuildNeeds: Sendable {
    /// The Go that builds.
    public let go: GoToolchain
    /// Whether a download of which nobody has said what it must be is taken as it comes.
    public let trustsDownloads: Bool

    /// Looks for all of it.
    ///
    /// - Parameters:
    ///   - range: the Go releases that are asked for; the recipe's own when nil.
    ///   - allowsCode: whether the recipe may tell Go more than settings.
    ///   - trustsDownloads: whether a download of which nobody has said what it must be is taken as it comes.
    ///   - isPacked: whether the recipe's package is made, if it has one: a component's probe and upstream's tests need none of its downloads.
    /// - Throws: `RecipeIsCode` when it does, and may not; `PackageError` for a download that nobody knows; `GoWheelError`, `TransferError` and others when no Go of the range is here and none can
    ///   be installed; `NotEnoughSpace`.
    public init(
        _ recipe: Recipe, go range: VersionRange? = nil, allowsCode: Bool = false, trustsDownloads: Bool = false,
        isPacked: Bool = true, on host: Host, events: @escaping EventSink
    ) async throws {
        self.trustsDownloads = trustsDownloads
        try RecipeIsCode.check(recipe, isAllowed: allowsCode)
        if isPacked { try Pipeline.checkDownloads(recipe, areTrusted: trustsDownloads) }
        try Self.checkSpace(BuildStep.neededBytes, on: host)
        let scratch = try await Scratch(in: Workspace(host).unfinished)
        defer { scratch.remove() }
        var go = try await GoToolchain.provide(range ?? recipe.toolchain, on: host, scratch: scratch) {
            events(.progress(step: "go", $0.words))
        }
        go.isToldAnything = allowsCode
        self.go = go
    }

    static func checkSpace(_ needed: Int64, on host: Host) throws(NotEnoughSpace) {
        guard let free = Files.freeBytes(at: host.workspace), free < needed else { return }
        throw NotEnoughSpace(path: host.workspace, free: free, needed: needed)
    }
}

extension GoProgress {
    fileprivate var words: String {
        switch self {
        case .asking: "asking for a release"
        case .receiving(let version, let bytes, let total):
            "Go \(version): \(total.map { $0 > 0 ? "\(bytes * 100 / $0) %" : "" } ?? "\(bytes >> 20) MiB")"
        case .unpacking(let version, let files): "Go \(version): unpacking, \(files) files"
        }
    }
}

/// What a boot needs, looked for before an hour's work.
public struct BootNeeds: Sendable {
    /// gVisor's runtime.
    public let runsc: Runsc
    /// What the node's root file system is made of.
    public let profile: KubeletProfile
    /// The containerd in it.
    let containerd: NodeContainerd

    /// A root file system with all that a node writes comes to about this.
    static let neededBytes: Int64 = 1 << 30

    /// Looks for all of it.
    ///
    /// - Parameter demand: what the sandboxes are to be.
    /// - Throws: `NotRoot`; `RunscMissing` and `RunscLacks`; `KubeletProfile.Missing`; `CommandError` when containerd does not run;
    ///   `NotEnoughSpace`; what fetching the containerd that the node asks for throws.
    public init(on host: Host, for demand: SandboxDemand = SandboxDemand(), events: @escaping EventSink = { _ in }) async throws {
        guard host.isRoot else { throw NotRoot() }
        try BuildNeeds.checkSpace(Self.neededBytes, on: host)
        runsc = try await Runsc.find(on: host, named: demand.runsc, for: demand.layouts)
        (profile, containerd) = try await KubeletProfile.provided(with: demand.containerd, on: host, events: events)
        for runtime in demand.runtimes { try profile.require(runtime) }
    }
}

/// What sandboxes are to be, as far as it decides what is needed for them.
public struct SandboxDemand: Sendable {
    /// The runsc that is named; nil for the usual one.
    public let runsc: FilePath?
    /// The layouts.
    public let layouts: [Layout]
    /// What starts the containers of pods, where there are to be pods.
    public let runtimes: Set<OCIRuntime>
    /// The containerd that the node asks for; nil for the machine's own.
    let containerd: ContainerdSpec?

    /// Makes a demand.
    ///
    /// - Parameters:
    ///   - node: the node that is booted; nil when none is.
    ///   - level: only at some levels pods are run.
    public init(runsc: FilePath? = nil, layouts: [Layout] = [], node: NodeSpec? = nil, level: Level = .boot) {
        self.runsc = runsc
        self.layouts = layouts
        containerd = node?.containerd
        runtimes = level.isJoined ? Set(node.map { node in layouts.map { node.runtime(on: $0.cgroup) } } ?? []) : []
    }
}

/// One thing that Ninepin needs, and whether it is here.
public struct Finding: Hashable, Codable, Sendable {
    /// What is needed.
    public let name: String
    /// Whether it is here.
    public let isHere: Bool
    /// What was found, or what is missing and how to get it.
    public let detail: String
}

/// Looks for all that Ninepin needs.
public enum Doctor {
    /// What is here and what is missing, in the order in which it is needed.
    public static func look(at host: Host) async throws -> [Finding] {
        var findings: [Finding] = []
        func look(_ name: String, _ find: () async throws -> String) async throws {
            do { findings.append(Finding(name: name, isHere: true, detail: try await find())) } catch let error as CancellationError {
                throw error
            } catch {
                findings.append(Finding(name: name, isHere: false, detail: "\(error)"))
            }
        }
        for recipe in Catalogue(host).recipeNames {
            try await look("Go for \(recipe)") {
                let go = try GoToolchain.find(try Catalogue(host).recipe(recipe).toolchain, on: host)
                return "\(go.version) in \(go.root)"
            }
        }
        for program in ["apt-get", "dpkg-source", "unshare", "setpriv"] {
            try await look(program) {
                guard let path = host.program(program) else { throw Absent(program: program) }
                return path.string
            }
        }
        try await look("root") {
            guard host.isRoot else { throw NotRoot() }
            return "yes"
        }
        try await look("namespaces") {
            _ = try await Command("/bin/true", [], environment: host.plainEnvironment, on: host).output()
            return host.isRoot ? "can be made" : "not needed without root"
        }
        try await look("runsc") {
            let runsc = try await Runsc.find(on: host)
            return "\(runsc.version), \(runsc.program)"
        }
        try await look("node programs") {
            let release = try await KubeletProfile(on: host).containerd()
            return
                "all there; containerd \(release)\(ContainerdRelease.lacksRuntimeConfig(release) ? ", which has no RuntimeConfig for kubelet 1.31 and later: they warn" : "")"
        }
        try await look("crun, for pods on cgroup v2") {
            // A run that makes a sandbox with cgroup v2 looks for it before it begins (KubeletProfile.require).
            let reading = Place.reading(kubeletDirectory: "/var/lib/kubelet")
            return try crun(at: host.program(OCIRuntime.crun.rawValue), in: Surroundings(reading)?.cgroup)
        }
        try await look("approaches") {
            let catalogue = Catalogue(host)
            let approaches = try catalogue.approaches(named: [])
            // Which kubelet it is decides only what it is told.
            let version = try catalogue.recipe(catalogue.recipeNames.first ?? "").version
            for approach in approaches { _ = try ApproachPlan(approach, version: version, folder: catalogue.approaches, on: host) }
            return "\(approaches.count), all can be tried"
        }
        try await look("control plane programs") { "etcd is \(try ControlPlanePrograms.etcd(on: host))" }
        try await look("disk") {
            try BuildNeeds.checkSpace(BuildStep.neededBytes, on: host)
            return "\((Files.freeBytes(at: host.workspace) ?? 0) >> 30) GiB free in \(host.workspace)"
        }
        return findings
    }

    /// What is said of crun: it is missing only where the place that ninepin runs in is itself a sandbox whose pods need it.
    static func crun(at path: FilePath?, in cgroup: CgroupVersion?) throws -> String {
        if let path { return path.string }
        guard cgroup.map(OCIRuntime.standard) != .crun else { throw Absent(program: OCIRuntime.crun.rawValue) }
        return "not here; needed for that alone: apt-get install crun"
    }

    struct Absent: Error, CustomStringConvertible {
        let program: String
        var description: String { "\(program) is not on PATH\n    Run ./setup." }
    }
}
