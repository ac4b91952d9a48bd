import Cluster
import Glibc
import Grading
import Host
import Model
import Sandbox
import SystemPackage

/// How far a boot has come, for people who wait.
package enum BootProgress: Hashable, Sendable {
    /// The sandbox is being filled.
    case preparing
    /// The sandbox's first program has come to a stage: `containerd`, `kubelet`.
    case stage(String)
    /// The node is being watched: seconds so far.
    case watching(seconds: Int)
    /// What a user should know.
    case note(String)
    /// A part of the boot that is not the node's own is over.
    case spent(BootPart, seconds: Double)
}

/// When a boot may use the machine for its start. Boots that are only watched do not disturb each other; two that start at once do.
package struct BootTurn: Sendable {
    /// Waits until the boot may start; throws `CancellationError`.
    package let enter: @Sendable () async throws -> Void
    /// The node has started, or never will. May be called again; then it does nothing.
    package let leave: @Sendable () -> Void

    /// Makes a turn of what begins and ends it.
    package init(enter: @escaping @Sendable () async throws -> Void, leave: @escaping @Sendable () -> Void) {
        self.enter = enter
        self.leave = leave
    }

    /// The turn of a boot that has the machine to itself.
    package static let free = BootTurn(enter: {}, leave: {})
}

/// What came of a boot.
package struct BootOutcome: Sendable {
    /// How good the node is.
    package let verdict: Verdict
    /// Seconds between the deciding event and the end of the sandbox.
    package let toVerdict: Double
    /// What the boot suffered from the rest of the machine; nil when no sandbox was started.
    package let conditions: BootConditions?
    /// What the node's program answered to `--version`; nil when it was not asked.
    package var version: String?
}

/// What is known of a node that is kept.
package struct KeptStatus: Sendable {
    /// How far the sandbox's first program has come.
    package let stage: String
    /// Whether the API server says that the node is Ready.
    package let isReady: Bool
    /// The verdict so far; nil before there is one.
    package let verdict: Verdict?
    /// What the node's program answers to `--version`.
    package let version: String?
    /// A kubeconfig with all rights; nil when the node joined no control plane.
    package let kubeconfig: String?
}

/// A binary to boot as a node: where it is, and what its bytes must be.
package struct NodeBoot: Sendable {
    private let artifact: Artifact
    private let node: NodeSpec
    private let layout: Layout
    private let level: Level
    private let plane: ControlPlaneKind?
    private let runsc: Runsc?
    private let here: NodeHere?
    private let profile: KubeletProfile
    private let host: Host
    private let modification: NodeModification
    private let observer: (any BootObserver)?
    private let turn: BootTurn
    private let logLimit: LineFile.Limit

    /// Makes a boot; nothing starts yet.
    ///
    /// - Parameters:
    ///   - level: how much is asked of the node.
    ///   - plane: what makes the control plane; needed for a level at which the node joins one.
    ///   - runsc: makes the sandbox; nil for the layout `here`.
    ///   - here: the place that the node is booted in where the layout is `here`.
    ///   - modification: what is changed about the node beside its binary.
    ///   - observer: told of all that happens, beside the grader.
    ///   - turn: when the boot may start.
    ///   - logLimit: how long each log of a boot that is not kept may grow.
    package init(
        _ artifact: Artifact, node: NodeSpec, layout: Layout, level: Level = .boot, plane: ControlPlaneKind? = nil, runsc: Runsc?,
        here: NodeHere? = nil, profile: KubeletProfile, modification: NodeModification = NodeModification(),
        observer: (any BootObserver)? = nil,
        turn: BootTurn = .free, logLimit: LineFile.Limit = .run, on host: Host
    ) {
        self.artifact = artifact
        // What the recipe says holds for a machine that is as fast as most.
        self.node = node.stretched(by: host.deadlines)
        self.layout = layout
        self.level = level
        self.plane = plane
        self.runsc = runsc
        self.here = here
        self.profile = profile
        self.modification = modification
        self.observer = observer
        self.turn = turn
        self.logLimit = logLimit
        self.host = host
    }

    /// Boots the node in a sandbox of its own, watches it, and ends it as soon as the verdict is certain.
    ///
    /// - Parameters:
    ///   - scratch: where the sandbox's files go; they are removed in every path out.
    ///   - logs: a folder that gets `kubelet.log`, `sandbox.log`, and a log for each process of the control plane. Of one that is longer than its
    ///     limit it has the beginning and the end.
    /// - Returns: the verdict, and what the boot was like. A harness that failed is an `inconclusive` verdict, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func run(
        scratch: Scratch, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        try await run(in: scratch.place("boot"), logs: logs, progress: progress, status: nil)
    }

    /// Boots the node and keeps it: it is watched until it ends or the task is cancelled.
    ///
    /// - Parameters:
    ///   - folder: where the sandbox's files go; it is removed in every path out.
    ///   - logs: as with `run`.
    ///   - status: told about once a second what is known of the node.
    /// - Returns: the verdict that came with the node's end.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func keep(
        in folder: FilePath, logs: FilePath, status: @escaping @Sendable (KeptStatus) -> Void
    ) async throws -> Verdict {
        try await run(in: folder, logs: logs, progress: { _ in }, status: status).verdict
    }

    private func run(
        in folder: FilePath, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void,
        status: (@Sendable (KeptStatus) -> Void)?
    ) async throws -> BootOutcome {
        defer {
            turn.leave()
            clear(folder, progress: progress)
        }
        do {
            try Files.makeDirectory(logs)
            guard node.joins(at: level) else {
                return try await boot(in: folder, joining: nil, logs: logs, progress: progress, status: status)
            }
            guard let plane else { return failed("the level \(level.rawValue) needs a control plane, but there is none") }
            try await turn.enter()
            let notices = ClusterNotices()
            let trial = PodTrial()
            let server = ServerSandbox(artifact: artifact, runsc: runsc, profile: profile, host: host)
            return try await ControlPlane.with(
                plane, node: KubeletProfile.nodeName, folder: folder.appending("control-plane"), logs: logs, notices: notices,
                logLimit: limit(isKept: status != nil), isShared: here?.signs.isGvisor ?? false,
                sandbox: { try await server.command($0, in: $1, network: $2) }, on: host
            ) { plane in
                let observer = ClusterObserver(
                    of: plane, trial: level == .pod ? trial : nil, notices: notices, interval: .seconds(status == nil ? 1 : 5))
                return try await withBackgroundTasks([{ try await observer.run() }]) {
                    try await boot(in: folder, joining: (plane, notices, trial), logs: logs, progress: progress, status: status)
                }
            }
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            return failed("the sandbox could not be made: \(error)")
        }
    }

    /// A run's log is evidence and stays whole, but for one without end; a node that is kept may live for months.
    private func limit(isKept: Bool) -> LineFile.Limit { isKept ? .kept : logLimit }

    fileprivate typealias Joined = (plane: ControlPlane, notices: ClusterNotices, trial: PodTrial)

    private func boot(
        in folder: FilePath, joining joined: Joined?, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void,
        status: (@Sendable (KeptStatus) -> Void)?
    ) async throws -> BootOutcome {
        progress(.preparing)
        let state = folder.appending("state")
        try Files.makeDirectory(state)
        let grader = BootGrader(
            node: node, layout: layout, level: level, word: joined?.trial.word ?? "", isKept: status != nil, runtime: modification.runtime,
            place: here?.signs, deadlines: host.deadlines)
        let limit = limit(isKept: status != nil)
        let watch = Watch(
            grader: grader, conditions: ConditionsReader(deadlines: host.deadlines), joined: joined,
            streams: BootStreams(
                output: try LineFile(logs.appending("kubelet.log"), limit: limit),
                error: try LineFile(logs.appending("sandbox.log"), limit: limit)))
        if let here {
            guard node.profile == .kubelet || node.profile == .node else { return failed("only a kubelet can be booted here") }
            return try await here.hold(
                artifact, node: node, profile: profile, folder: folder, joining: joined?.plane, isKept: status != nil, on: host
            ) { command in
                try await run(command, in: folder, watched: watch, progress: progress, status: status)
            }
        }
        guard modification.runtime == .runsc else {
            return try await runInContainer(folder, state: state, watch: watch, progress: progress)
        }
        guard let runsc else { return failed("there is no runsc to make a sandbox") }
        let bundle = try await prepare(folder, joining: joined?.plane, isKept: status != nil, progress: progress)
        let command = try runsc.run(
            bundle, state: state, network: joined?.plane.network.node, layout: layout, on: host)
        return try await run(command, in: folder, watched: watch, progress: progress, status: status)
    }

    /// The control: no sandbox, but a container of the machine's own kernel.
    private func runInContainer(
        _ folder: FilePath, state: FilePath, watch: Watch, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        guard !level.isJoined else { return failed("a node in runc cannot join a control plane") }
        let runc = try await Runc.find(on: host)
        let group = ContainerGroup("\(getpid())-\(UInt32.random(in: 0...UInt32.max))", within: host.deadlines)
        let bundle = try await prepare(folder, joining: nil, isKept: false, group: group, progress: progress)
        do {
            let command = runc.run(bundle, state: state, on: host)
            let outcome = try await run(command, in: folder, watched: watch, progress: progress, status: nil)
            await group.remove()
            return outcome
        } catch {
            await group.remove()
            throw error
        }
    }

    private func clear(_ folder: FilePath, progress: (BootProgress) -> Void) {
        let start = ContinuousClock.now
        try? Files.remove(folder)
        progress(.spent(.clearing, seconds: start.duration(to: .now).seconds))
    }

    private func failed(_ reason: String) -> BootOutcome {
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        let verdict = Verdict(grade: .inconclusive, level: level, summary: reason, evidence: [said])
        return BootOutcome(verdict: verdict, toVerdict: 0, conditions: nil)
    }

    private func prepare(
        _ folder: FilePath, joining plane: ControlPlane?, isKept: Bool, group: ContainerGroup? = nil,
        progress: (BootProgress) -> Void
    ) async throws -> Bundle {
        let start = ContinuousClock.now
        defer { progress(.spent(.preparing, seconds: start.duration(to: .now).seconds)) }
        // A node that runs no pods lives without it.
        let runtime = node.runtime(on: group == nil ? layout.cgroup : .v1)
        if level.isJoined { try profile.require(runtime) }
        // A container's file system is the machine's own, and no overlay: it is what a sandbox is compared with.
        let (bundle, refusal) = try await profile.bundle(at: folder, runtime: runtime, isCopied: group != nil)
        if let refusal { progress(.note("the node's programs are copied, because an overlay cannot be mounted here: \(refusal)")) }
        let root = RootFileSystem(at: bundle.own, on: host)
        let program = plane == nil ? node.profile : node.profile.joined
        try await profile.fill(
            root, for: program, joining: plane, isKept: isKept, settings: node.kubelet, runtime: runtime, modification: modification,
            scratch: folder.appending("images"))
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
            arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"], volumes: volumes,
            in: group)
        return bundle
    }

    private func run(
        _ command: Command, in folder: FilePath, watched watch: Watch, progress: @escaping @Sendable (BootProgress) -> Void,
        status: (@Sendable (KeptStatus) -> Void)?
    ) async throws -> BootOutcome {
        // A joined node's turn began with its control plane.
        if watch.isAlone { try await turn.enter() }
        let clock = ContinuousClock()
        let start = clock.now
        let pace = Duration.milliseconds(status == nil ? 250 : 1000)
        let (final, ended) = try await command.watch(watch, tick: pace) { [observer, turn] watch, event, time in
            let read = watch.streams.read(event)
            observer?.take(read, bundle: folder, at: time.seconds)
            let directive = watch.take(read, at: time.seconds, progress: progress)
            if watch.grader.isStarted { turn.leave() }
            if case .tick = event { status?(watch.status) }
            return observer?.isSatisfied == true ? .stop : directive
        }
        var watched = final
        let whole = start.duration(to: clock.now).seconds
        watched.release(at: whole, progress: progress)
        watched.grader.finish("\(ended)", at: whole)
        guard let verdict = watched.grader.verdict, let decided = watched.grader.decided else {
            return failed("the grader reached no verdict")
        }
        return BootOutcome(
            verdict: watched.streams.logs.settled(verdict), toVerdict: whole - decided,
            conditions: watched.conditions.conditions(at: decided), version: watched.grader.nodeVersion)
    }
}

/// A boot as it is watched.
private struct Watch: Sendable {
    var grader: BootGrader
    var conditions: ConditionsReader
    var streams: BootStreams
    private let joined: NodeBoot.Joined?
    private let kubeconfig: String?
    private var shown = -1
    private var stage = "sandbox"
    private var held = HeldEnd()

    init(grader: BootGrader, conditions: ConditionsReader, joined: NodeBoot.Joined?, streams: BootStreams) {
        self.grader = grader
        self.conditions = conditions
        self.streams = streams
        self.joined = joined
        kubeconfig = joined?.plane.adminKubeconfig
    }

    /// Whether the node joins no control plane.
    var isAlone: Bool { joined == nil }

    var status: KeptStatus {
        KeptStatus(
            stage: stage, isReady: grader.isReady, verdict: grader.standing, version: grader.nodeVersion,
            kubeconfig: kubeconfig)
    }

    mutating func take(_ event: BootEvent, at now: Double, progress: (BootProgress) -> Void) -> Command.Directive {
        switch event {
        case .log(let line):
            conditions.take(line: line, at: now)
            grader.take(.log(line), at: now)
        case .more(let piece, let overlap): grader.take(.more(piece, overlap: overlap), at: now)
        case .fact(let fact):
            if let fact = held.pass(fact) { take(fact, at: now, progress: progress) }
        case .runtime(let text): grader.take(.runtime(text), at: now)
        case .tick:
            release(at: now, progress: progress)
            beat(at: now, progress: progress)
        case .silent: break
        }
        if grader.hasReason { release(at: now, progress: progress) }
        return grader.verdict == nil && streams.logs.fault == nil ? .proceed : .stop
    }

    /// Nothing more is waited for of a node that has ended.
    mutating func release(at now: Double, progress: (BootProgress) -> Void) {
        if let fact = held.release() { take(fact, at: now, progress: progress) }
    }

    private mutating func take(_ fact: NodeFact, at now: Double, progress: (BootProgress) -> Void) {
        if case .stage(let name) = fact {
            stage = name
            progress(.stage(name))
            if name == "containerd" { progress(.spent(.starting, seconds: now)) }
        }
        conditions.take(fact, at: now)
        grader.take(.fact(fact), at: now)
    }

    private mutating func beat(at now: Double, progress: (BootProgress) -> Void) {
        for fact in joined?.notices.take() ?? [] { grader.take(.cluster(fact), at: now) }
        grader.take(.tick, at: now)
        guard Int(now) > shown else { return }
        shown = Int(now)
        if let waited = MachineLoad.secondsOfPressure() { conditions.take(PressureSample(waited: waited, seconds: now)) }
        progress(.watching(seconds: shown))
    }
}
