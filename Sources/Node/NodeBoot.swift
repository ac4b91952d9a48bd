import Cluster
import Host
import Model
import Sandbox
import SystemPackage

/// How far a boot has come, for people who wait.
public enum BootProgress: Hashable, Sendable {
    /// The sandbox is being filled.
    case preparing
    /// The sandbox's first program has come to a stage: `containerd`, `kubelet`.
    case stage(String)
    /// The node is being watched: seconds so far.
    case watching(seconds: Int)
}

/// A binary to boot as a node: where it is, and what its bytes must be.
public struct NodeBoot: Sendable {
    private let artifact: Artifact
    private let node: NodeSpec
    private let layout: Layout
    private let level: Level
    private let programs: ControlPlanePrograms?
    private let runsc: Runsc
    private let profile: KubeletProfile
    private let host: Host

    /// Makes a boot; nothing starts yet.
    ///
    /// - Parameters:
    ///   - level: how much is asked of the node.
    ///   - programs: what makes the control plane; needed for a level at which the node joins one.
    public init(
        _ artifact: Artifact, node: NodeSpec, layout: Layout, level: Level = .boot, programs: ControlPlanePrograms? = nil, runsc: Runsc,
        profile: KubeletProfile, on host: Host
    ) {
        self.artifact = artifact
        self.node = node
        self.layout = layout
        self.level = level
        self.programs = programs
        self.runsc = runsc
        self.profile = profile
        self.host = host
    }

    /// Boots the node in a sandbox of its own, watches it, and ends it as soon as the verdict is certain.
    ///
    /// - Parameters:
    ///   - scratch: where the sandbox's files go; they are removed in every path out.
    ///   - logs: a folder that gets `kubelet.log`, `sandbox.log`, and a log for each process of the control plane, whole.
    /// - Returns: the verdict, and how many seconds lie between the deciding event and the end of the sandbox. A harness that failed is an
    ///   `inconclusive` verdict, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    public func run(
        scratch: Scratch, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> (verdict: Verdict, toVerdict: Double) {
        let folder = scratch.place("boot")
        defer { try? Files.remove(folder) }
        do {
            try Files.makeDirectory(logs)
            guard level.isJoined else { return try await boot(in: folder, joining: nil, logs: logs, progress: progress) }
            guard let programs else { return (failed("the level \(level.rawValue) needs a control plane, and there is none"), 0) }
            let notices = ClusterNotices()
            let trial = PodTrial()
            return try await ControlPlane.with(
                programs, node: KubeletProfile.nodeName, folder: folder.appending("control-plane"), logs: logs, notices: notices, on: host
            ) { plane in
                let observer = ClusterObserver(of: plane, trial: level == .pod ? trial : nil, notices: notices)
                return try await working(beside: [{ try await observer.run() }]) {
                    try await boot(in: folder, joining: (plane, notices, trial), logs: logs, progress: progress)
                }
            }
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            return (failed("the sandbox could not be made: \(error)"), 0)
        }
    }

    private typealias Joined = (plane: ControlPlane, notices: ClusterNotices, trial: PodTrial)

    private func boot(
        in folder: FilePath, joining joined: Joined?, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> (verdict: Verdict, toVerdict: Double) {
        progress(.preparing)
        let bundle = try await prepare(folder, joining: joined?.plane)
        let state = folder.appending("state")
        try Files.makeDirectory(state)
        let command = runsc.run(
            bundle, state: state, network: joined?.plane.network.node, isRootOverlaid: layout == .rootOverlay, on: host)
        return try await watch(command, joining: joined, logs: logs, progress: progress)
    }

    private func failed(_ reason: String) -> Verdict {
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        return Verdict(grade: .inconclusive, level: level, summary: reason, evidence: [said])
    }

    private func prepare(_ folder: FilePath, joining plane: ControlPlane?) async throws -> Bundle {
        let bundle = try Bundle(at: folder)
        let root = RootFileSystem(at: bundle.root, on: host)
        let program = plane == nil ? node.profile : node.profile.joined
        try await profile.fill(root, for: program, joining: plane, scratch: folder.appending("images"))
        let source = FilePath(artifact.path)
        let digest = try root.program(source, as: NodeProgram.of(program).path)
        guard digest == artifact.digest else { throw ArtifactChanged(path: source, expected: artifact.digest, found: digest) }
        try await root.libraries(of: [source])
        var volumes: [Bundle.Mount] = []
        if layout.hasVolume {
            let volume = folder.appending("volume")
            try Files.makeDirectory(volume)
            volumes = [.volume(volume, at: "/var/lib/kubelet")]
        }
        try bundle.configure(
            arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"], volumes: volumes)
        return bundle
    }

    private func watch(
        _ command: Command, joining joined: Joined?, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> (verdict: Verdict, toVerdict: Double) {
        let watch = Watch(
            grader: BootGrader(node: node, layout: layout, level: level, word: joined?.trial.word ?? ""), notices: joined?.notices,
            kubelet: try LineFile(logs.appending("kubelet.log")), sandbox: try LineFile(logs.appending("sandbox.log")))
        let clock = ContinuousClock()
        let start = clock.now
        let (final, ended) = try await command.watch(watch, tick: .milliseconds(250)) { watch, event, time in
            watch.take(event, at: time.seconds, progress: progress)
        }
        var watched = final
        watched.grader.finish("\(ended)", at: start.duration(to: clock.now).seconds)
        let whole = start.duration(to: clock.now).seconds
        guard let verdict = watched.grader.verdict, let decided = watched.grader.decided else {
            return (failed("the grader came to no verdict"), 0)
        }
        return (verdict, whole - decided)
    }
}

/// A boot as it is watched.
private struct Watch: Sendable {
    var grader: BootGrader
    let notices: ClusterNotices?
    let kubelet: LineFile
    let sandbox: LineFile
    private var shown = -1

    init(grader: BootGrader, notices: ClusterNotices?, kubelet: LineFile, sandbox: LineFile) {
        self.grader = grader
        self.notices = notices
        self.kubelet = kubelet
        self.sandbox = sandbox
    }

    mutating func take(_ event: Command.Event, at now: Double, progress: (BootProgress) -> Void) -> Command.Directive {
        switch event {
        case .line(.output, let line):
            kubelet.append(line)
            grader.take(.log(line), at: now)
        case .line(.error, let line):
            sandbox.append(line)
            let text = String(decoding: line, as: UTF8.self)
            if let fact = NodeFact(text) {
                if case .stage(let name) = fact { progress(.stage(name)) }
                grader.take(.fact(fact), at: now)
            } else if !text.isEmpty {
                grader.take(.runtime(text), at: now)
            }
        case .tick:
            for fact in notices?.take() ?? [] { grader.take(.cluster(fact), at: now) }
            grader.take(.tick, at: now)
            if Int(now) > shown {
                shown = Int(now)
                progress(.watching(seconds: shown))
            }
        }
        return grader.verdict == nil ? .proceed : .stop
    }
}
