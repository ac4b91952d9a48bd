import Cluster
import FileSystem
import Glibc
import Grading
import Host
import Model
import Sandbox
import SystemPackage

/// The progress of a boot, for display.
package enum BootProgress: Hashable, Sendable {
    /// The sandbox is being filled.
    case preparing
    /// The sandbox's first program has reached a stage: `containerd`, `kubelet`.
    case stage(String)
    /// The node is being watched: seconds since the sandbox's start, and those at which watching ends if nothing else happens; nil if unknown.
    case watching(seconds: Int, end: Int?)
    /// A note for users.
    case note(String)
    /// A part of the boot that is not the node's own work has finished.
    case spent(BootPart, seconds: Double)
}

/// When a boot may use the machine for its start. Boots that are only being watched do not slow each other down; two that start at the same
/// time do.
package struct BootTurn: Sendable {
    /// Waits until the boot may start. Throws `CancellationError`.
    package let enter: @Sendable () async throws -> Void
    /// Reports that the node has started, or never will. Repeated calls do nothing.
    package let leave: @Sendable () -> Void

    package init(enter: @escaping @Sendable () async throws -> Void, leave: @escaping @Sendable () -> Void) {
        self.enter = enter
        self.leave = leave
    }

    /// The turn of a boot that has the machine to itself.
    package static let free = BootTurn(enter: {}, leave: {})
}

/// The result of a boot.
package struct BootOutcome: Sendable {
    package let verdict: Verdict
    /// Seconds between the deciding event and the end of the sandbox.
    package let toVerdict: Double
    /// How the rest of the machine affected the boot; nil if no sandbox was started.
    package let conditions: BootConditions?
    /// When the boot reached its milestones (``Milestone``), by name, in seconds after it began; nil if no sandbox was started.
    package var milestones: [String: Double]?
    /// The node program's output of `--version`; nil if it was not run.
    package var version: String?
}

/// The status of a kept node.
package struct KeptStatus: Sendable {
    /// The stage that the sandbox's first program has reached.
    package let stage: String
    /// Whether the API server says that the node is Ready, and accepts pods.
    package let isReady: Bool
    /// The verdict so far; nil before there is one.
    package let verdict: Verdict?
    /// The version that the node's program reports.
    package let version: String?
    /// A kubeconfig with all rights; nil if the node joined no control plane.
    package let kubeconfig: String?
}

/// One boot of an artifact in an environment, up to a level.
package struct NodeBoot: Sendable {
    private let artifact: Artifact
    private let node: NodeSpec
    private let level: Level
    private let plane: ControlPlaneKind?
    private let site: BootSite
    private let profile: KubeletProfile
    private let host: Host
    private let modification: NodeModification
    private let observer: (any BootObserver)?
    private let turn: BootTurn
    private let logLimit: LineFile.Limit

    /// Creates a boot without starting anything.
    ///
    /// - Parameters:
    ///   - level: the level that the node is tested at.
    ///   - plane: the kind of control plane; required for a level at which the node joins one.
    ///   - modification: changes to the node besides its binary.
    ///   - observer: receives every event, in addition to the grader.
    ///   - turn: when the boot may start.
    ///   - logLimit: the maximum size of each log of a measured boot.
    package init(
        _ artifact: Artifact, node: NodeSpec, level: Level = .boot, plane: ControlPlaneKind? = nil, at site: BootSite,
        profile: KubeletProfile, modification: NodeModification = NodeModification(), observer: (any BootObserver)? = nil,
        turn: BootTurn = .free, logLimit: LineFile.Limit = .run, on host: Host
    ) {
        self.artifact = artifact
        // The recipe's times are for a machine of typical speed.
        self.node = node.stretched(by: host.deadlines)
        self.level = level
        self.plane = plane
        self.site = site
        self.profile = profile
        self.modification = modification
        self.observer = observer
        self.turn = turn
        self.logLimit = logLimit
        self.host = host
    }

    /// Boots the node, watches it, and ends it as soon as the verdict is certain.
    ///
    /// - Parameters:
    ///   - scratch: where the boot's files go; they are always removed.
    ///   - logs: a folder for `kubelet.log`, `sandbox.log`, and a log for each process of the control plane. A log that exceeds its limit
    ///     keeps its beginning and its end.
    /// - Returns: the verdict and the conditions of the boot. A failure of the harness is an `inconclusive` verdict, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func run(
        scratch: Scratch, logs: FilePath, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        try await run(.measure, in: BootFiles(folder: scratch.place("boot"), logs: logs), progress: progress)
    }

    /// Boots the node and keeps it running until it ends or the task is canceled.
    ///
    /// - Parameters:
    ///   - folder: where the boot's files go; it is always removed.
    ///   - logs: as in `run`.
    ///   - status: receives the node's status about once a second.
    /// - Returns: the verdict at the node's end.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func keep(
        in folder: FilePath, logs: FilePath, status: @escaping @Sendable (KeptStatus) -> Void
    ) async throws -> Verdict {
        try await run(.keep(status), in: BootFiles(folder: folder, logs: logs), progress: { _ in }).verdict
    }

    private func run(
        _ mode: BootMode, in files: BootFiles, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        defer {
            turn.leave()
            clear(files.folder, progress: progress)
        }
        do {
            try Files.makeDirectory(files.logs)
            guard node.joins(at: level) else { return try await boot(mode, joining: nil, in: files, progress: progress) }
            guard let plane else { return failed("the level \(level.rawValue) needs a control plane, but there is none") }
            try await turn.enter()
            return try await withControlPlane(plane, mode, in: files) { joined in
                try await boot(mode, joining: joined, in: files, progress: progress)
            }
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            return failed("the sandbox could not be made: \(error)")
        }
    }

    private func withControlPlane(
        _ plane: ControlPlaneKind, _ mode: BootMode, in files: BootFiles,
        _ body: @escaping @Sendable (JoinedPlane) async throws -> BootOutcome
    ) async throws -> BootOutcome {
        let (notices, trial) = (ClusterNotices(), PodTrial())
        let server = ServerSandbox(artifact: artifact, runsc: site.runsc, profile: profile, host: host)
        return try await ControlPlane.with(
            plane, node: KubeletProfile.nodeName, folder: files.folder.appending("control-plane"), logs: files.logs, notices: notices,
            logLimit: mode.logLimit(logLimit), isShared: site.sharesNetwork,
            sandbox: { try await server.command($0, in: $1, network: $2) }, on: host
        ) { plane in
            let observer = ClusterObserver(
                of: plane, trial: level == .pod ? trial : nil, notices: notices, interval: mode.observerInterval)
            return try await withBackgroundTasks([{ try await observer.run() }]) {
                try await body(JoinedPlane(plane: plane, notices: notices, trial: trial))
            }
        }
    }

    private func boot(
        _ mode: BootMode, joining joined: JoinedPlane?, in files: BootFiles, progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        progress(.preparing)
        try Files.makeDirectory(files.state)
        let grader = BootGrader(
            node: node, in: site.environment, level: level, word: joined?.trial.word ?? "", isKept: mode.isKept,
            deadlines: host.deadlines)
        let watch = Watch(
            try SandboxRun(
                grader, output: files.logs.appending("kubelet.log"), error: files.logs.appending("sandbox.log"),
                limit: mode.logLimit(logLimit)),
            conditions: ConditionsReader(deadlines: host.deadlines), joined: joined)
        let run: @Sendable (Command) async throws -> BootOutcome = {
            try await self.run($0, watched: watch, mode, in: files, progress: progress)
        }
        switch site {
        case .sandbox(let runsc, let layout):
            let bundle = try await prepare(layout, joining: joined?.plane, mode, in: files, progress: progress)
            return try await run(
                try runsc.run(bundle, state: files.state, network: joined?.plane.network.node, layout: layout, on: host))
        case .container(let runc, let layout):
            guard !level.isJoined else { return failed("a node in runc cannot join a control plane") }
            let group = ContainerGroup("\(getpid())-\(UInt32.random(in: 0...UInt32.max))", within: host.deadlines)
            let bundle = try await prepare(layout, joining: nil, mode, group: group, in: files, progress: progress)
            do {
                let outcome = try await run(runc.run(bundle, state: files.state, on: host))
                await group.remove()
                return outcome
            } catch {
                await group.remove()
                throw error
            }
        case .inPlace(let place):
            guard node.profile == .kubelet || node.profile == .node else { return failed("only a kubelet can be booted here") }
            return try await place.hold(
                artifact, node: node, profile: profile, folder: files.folder, joining: joined?.plane, isKept: mode.isKept, on: host,
                body: run)
        }
    }

    private func clear(_ folder: FilePath, progress: (BootProgress) -> Void) {
        let start = ContinuousClock.now
        try? Files.remove(folder)
        progress(.spent(.clearing, seconds: start.duration(to: .now).seconds))
    }

    private func failed(_ reason: String) -> BootOutcome {
        BootOutcome(verdict: .failed(reason, level: level), toVerdict: 0, conditions: nil)
    }

    /// Fills a bundle with the node.
    ///
    /// - Parameter group: the cgroup of a container on the machine's own kernel; nil for a sandbox.
    private func prepare(
        _ layout: Layout, joining plane: ControlPlane?, _ mode: BootMode, group: ContainerGroup? = nil, in files: BootFiles,
        progress: (BootProgress) -> Void
    ) async throws -> Bundle {
        let start = ContinuousClock.now
        defer { progress(.spent(.preparing, seconds: start.duration(to: .now).seconds)) }
        // A node that runs no pods does not need the runtime.
        let runtime = node.runtime(on: group == nil ? layout.cgroup : .v1)
        if level.isJoined { try profile.require(runtime) }
        // A container uses the machine's own file system and no overlay, because it is the baseline for a comparison with sandboxes.
        let (bundle, refusal) = try await profile.bundle(at: files.folder, runtime: runtime, isCopied: group != nil)
        if let refusal { progress(.note("the node's programs are copied, because an overlay cannot be mounted here: \(refusal)")) }
        let root = RootFileSystem(at: bundle.own, on: host)
        let program = plane == nil ? node.profile : node.profile.joined
        try await profile.fill(
            root, for: program, joining: plane, isKept: mode.isKept, settings: node.kubelet, runtime: runtime, modification: modification,
            scratch: files.folder.appending("images"))
        try artifact.place(into: root, as: NodeProgram.of(program).path)
        try await root.libraries(of: [FilePath(artifact.path)])
        try bundle.configure(
            arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin"],
            volumes: try Bundle.Mount.volumes(of: layout, in: files.folder), in: group)
        return bundle
    }

    private func run(
        _ command: Command, watched watch: Watch, _ mode: BootMode, in files: BootFiles,
        progress: @escaping @Sendable (BootProgress) -> Void
    ) async throws -> BootOutcome {
        // The turn of a joined node began with its control plane.
        if watch.isAlone { try await turn.enter() }
        let clock = ContinuousClock()
        let start = clock.now
        let (final, ended) = try await command.watch(watch, tick: mode.tick) { [observer, turn] watch, event, time in
            let read = watch.run.read(event)
            observer?.take(read, bundle: files.folder, at: time.seconds)
            let directive = watch.take(read, at: time.seconds, progress: progress)
            if watch.run.grader.isStarted { turn.leave() }
            if case .tick = event { mode.tell(watch.status) }
            return observer?.isSatisfied == true ? .stop : directive
        }
        var watched = final
        let whole = start.duration(to: clock.now).seconds
        watched.release(at: whole, progress: progress)
        watched.run.grader.finish("\(ended)", at: whole)
        let grader = watched.run.grader
        guard let verdict = grader.verdict, let decided = grader.decided else { return failed("the grader reached no verdict") }
        return BootOutcome(
            verdict: watched.run.logs.settled(verdict), toVerdict: whole - decided,
            conditions: watched.conditions.conditions(at: decided), milestones: watched.milestones, version: grader.nodeVersion)
    }
}

private struct BootFiles: Sendable {
    /// Contains all files of the boot. It is removed when the boot is over.
    let folder: FilePath
    let logs: FilePath

    /// The container runtime's state.
    var state: FilePath { folder.appending("state") }
}

/// The control plane that a node joins, with its notices and the trial pod.
private struct JoinedPlane: Sendable {
    let plane: ControlPlane
    let notices: ClusterNotices
    let trial: PodTrial
}

/// The state of a boot while it is being watched.
private struct Watch: Sendable {
    var run: SandboxRun<BootGrader>
    var conditions: ConditionsReader
    private let joined: JoinedPlane?
    private let kubeconfig: String?
    private var shown = -1
    private var stage = "sandbox"
    /// When each milestone was reached for the first time, by name.
    private(set) var milestones = [Milestone.sandbox.rawValue: 0.0]
    private var held = HeldEnd()

    init(_ run: SandboxRun<BootGrader>, conditions: ConditionsReader, joined: JoinedPlane?) {
        self.run = run
        self.conditions = conditions
        self.joined = joined
        kubeconfig = joined?.plane.adminKubeconfig
    }

    /// Whether the node joins no control plane.
    var isAlone: Bool { joined == nil }

    var status: KeptStatus {
        KeptStatus(
            stage: stage, isReady: run.grader.isUsable, verdict: run.grader.standing, version: run.grader.nodeVersion,
            kubeconfig: kubeconfig)
    }

    mutating func take(_ event: BootEvent, at now: Double, progress: (BootProgress) -> Void) -> Command.Directive {
        switch event {
        case .log(let line):
            conditions.take(line: line, at: now)
            run.grader.take(event, at: now)
        case .fact(let fact):
            if let fact = held.pass(fact) { take(fact, at: now, progress: progress) }
        case .tick:
            release(at: now, progress: progress)
            beat(at: now, progress: progress)
        case .more, .runtime, .cluster, .silent: run.grader.take(event, at: now)
        }
        if run.grader.hasReason { release(at: now, progress: progress) }
        if run.grader.isMeasuring { reach(.housekeeping, at: now) }
        if run.grader.isReady { reach(.ready, at: now) }
        return run.isOver ? .stop : .proceed
    }

    private mutating func reach(_ milestone: Milestone, at now: Double) {
        milestones[milestone.rawValue] = milestones[milestone.rawValue] ?? now
    }

    /// Releases a held exit, because nothing more is expected after a node has ended.
    mutating func release(at now: Double, progress: (BootProgress) -> Void) {
        if let fact = held.release() { take(fact, at: now, progress: progress) }
    }

    private mutating func take(_ fact: NodeFact, at now: Double, progress: (BootProgress) -> Void) {
        if case .stage(let name) = fact {
            stage = name
            progress(.stage(name))
            if name == "containerd" || name == "kubelet", let milestone = Milestone(rawValue: name) { reach(milestone, at: now) }
            if name == "containerd" { progress(.spent(.starting, seconds: now)) }
        }
        conditions.take(fact, at: now)
        run.grader.take(.fact(fact), at: now)
    }

    private mutating func beat(at now: Double, progress: (BootProgress) -> Void) {
        for fact in joined?.notices.take() ?? [] { run.grader.take(.cluster(fact), at: now) }
        run.grader.take(.tick, at: now)
        guard Int(now) > shown else { return }
        shown = Int(now)
        if let waited = MachineLoad.secondsOfPressure() { conditions.take(PressureSample(waited: waited, seconds: now)) }
        progress(.watching(seconds: shown, end: run.grader.expectedEnd.map { Int($0.rounded(.up)) }))
    }
}
