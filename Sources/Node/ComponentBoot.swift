import Grading
import Host
import Model
import Sandbox
import SystemPackage

/// What a probe's sandbox is made of: busybox, and nothing else of the host's.
package struct ComponentProfile: Sendable {
    private let busybox: FilePath
    private let host: Host

    /// Looks for what is needed, before anything is built.
    ///
    /// - Throws: `KubeletProfile.Missing`.
    package init(on host: Host) throws(KubeletProfile.Missing) {
        guard let busybox = host.program("busybox") else { throw .init(names: ["busybox"], packages: ["busybox-static"]) }
        self.busybox = busybox
        self.host = host
    }

    func fill(_ root: RootFileSystem) async throws {
        try root.directories(["bin", "proc", "sys", "dev", "tmp", "run", "root", "var/lib/kubelet", "usr/local/bin"])
        try root.program(busybox, as: "/bin/busybox")
        try await root.libraries(of: [busybox])
        for applet in ["sh", "dmesg", "grep"] { try root.link("/bin/\(applet)", to: "busybox") }
        try root.file("/init", Self.script, mode: 0o755)
    }

    /// The first program in the sandbox. The probe's answer goes to standard output, all else to standard error.
    private static let script = """
        \(NodeScript.signs)
        say stage probe
        /usr/local/bin/probe < /dev/null
        say exit "$?"

        """
}

/// A probe to be asked in a sandbox: where its program is, and what its bytes must be.
package struct ComponentBoot: Sendable {
    private let artifact: Artifact
    private let probe: String
    private let layout: Layout
    private let runsc: Runsc
    private let profile: ComponentProfile
    private let host: Host

    /// Makes a boot; nothing starts yet.
    ///
    /// - Parameter probe: what evidence calls it.
    package init(_ artifact: Artifact, probe: String, layout: Layout, runsc: Runsc, profile: ComponentProfile, on host: Host) {
        self.artifact = artifact
        self.probe = probe
        self.layout = layout
        self.runsc = runsc
        self.profile = profile
        self.host = host
    }

    /// Runs the program in a sandbox of its own.
    ///
    /// - Parameters:
    ///   - scratch: where the sandbox's files go; they are removed in every path out.
    ///   - logs: a folder that gets what the program and the sandbox wrote; of what is longer than a log may be, the beginning and the end.
    ///   - name: what the logs are called: `NAME.log` and `NAME.sandbox.log`.
    /// - Returns: the verdict, and how many seconds lie between the deciding event and the end of the sandbox. A harness that failed is an
    ///   `inconclusive` verdict, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func run(scratch: Scratch, logs: FilePath, name: String) async throws -> (verdict: Verdict, toVerdict: Double) {
        let folder = scratch.place("component")
        defer { try? Files.remove(folder) }
        do {
            let bundle = try await prepare(folder)
            let state = folder.appending("state")
            try Files.makeDirectory(state)
            try Files.makeDirectory(logs)
            let watch = ComponentWatch(
                grader: ComponentGrader(probe: probe, layout: layout, deadlines: host.deadlines),
                streams: BootStreams(
                    output: try LineFile(logs.appending("\(name).log"), limit: .run),
                    error: try LineFile(logs.appending("\(name).sandbox.log"), limit: .run)))
            return try await watch.over(try runsc.run(bundle, state: state, layout: layout, on: host))
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            let said = Evidence(kind: .harness, text: "\(error)", source: "ninepin")
            return (
                Verdict(grade: .inconclusive, level: .component, summary: "the sandbox could not be made: \(error)", evidence: [said]), 0
            )
        }
    }

    private func prepare(_ folder: FilePath) async throws -> Bundle {
        let bundle = try Bundle(at: folder)
        let root = RootFileSystem(at: bundle.root, on: host)
        try await profile.fill(root)
        let source = FilePath(artifact.path)
        let digest = try root.program(source, as: "/usr/local/bin/probe")
        guard digest == artifact.digest else { throw ArtifactChanged(path: source, expected: artifact.digest, found: digest) }
        var volumes: [Bundle.Mount] = []
        if layout.hasVolume {
            let volume = folder.appending("volume")
            try Files.makeDirectory(volume)
            volumes = [.volume(volume, at: "/var/lib/kubelet")]
        }
        try bundle.configure(arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/bin"], volumes: volumes)
        return bundle
    }
}

/// A probe as it is watched.
private struct ComponentWatch: Sendable {
    var grader: ComponentGrader
    var streams: BootStreams

    func over(_ command: Command) async throws -> (verdict: Verdict, toVerdict: Double) {
        let clock = ContinuousClock()
        let start = clock.now
        var (watched, ended) = try await command.watch(self, tick: .milliseconds(250)) { watch, event, time in
            watch.take(event, at: time.seconds)
        }
        let whole = start.duration(to: clock.now).seconds
        watched.grader.finish("\(ended)", at: whole)
        guard let verdict = watched.grader.verdict, let decided = watched.grader.decided else {
            let said = Evidence(kind: .harness, text: "the grader reached no verdict", source: "ninepin")
            return (Verdict(grade: .inconclusive, level: .component, summary: said.text, evidence: [said]), 0)
        }
        return (streams.logs.settled(verdict), max(0, whole - decided))
    }

    private mutating func take(_ event: Command.Event, at now: Double) -> Command.Directive {
        switch streams.read(event) {
        case .log(let line): grader.take(.answer(String(decoding: line, as: UTF8.self)), at: now)
        case .fact(let fact): grader.take(.fact(fact), at: now)
        case .runtime(let text): grader.take(.runtime(text), at: now)
        case .tick: grader.take(.tick, at: now)
        // An answer is one short line.
        case .more, .silent: break
        }
        return grader.verdict == nil && streams.logs.fault == nil ? .proceed : .stop
    }
}
