import FileSystem
import Grading
import Host
import Model
import Sandbox
import SystemPackage

/// The contents of a probe's sandbox: busybox and no other program of the host.
package struct ComponentProfile: Sendable {
    private let busybox: FilePath
    private let host: Host

    /// Finds the required programs before anything is built.
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

    /// The first program in the sandbox. The probe's answer goes to standard output, everything else to standard error.
    private static let script = """
        \(NodeScript.signs)
        say stage probe
        /usr/local/bin/probe < /dev/null
        say exit "$?"

        """
}

/// A probe to run in a sandbox: the program's path and its expected digest.
package struct ComponentBoot: Sendable {
    private let artifact: Artifact
    private let probe: String
    private let layout: Layout
    private let runsc: Runsc
    private let profile: ComponentProfile
    private let host: Host

    /// Creates a boot without starting anything.
    ///
    /// - Parameter probe: the probe's name in evidence.
    package init(_ artifact: Artifact, probe: String, layout: Layout, runsc: Runsc, profile: ComponentProfile, on host: Host) {
        self.artifact = artifact
        self.probe = probe
        self.layout = layout
        self.runsc = runsc
        self.profile = profile
        self.host = host
    }

    /// Runs the program in its own sandbox.
    ///
    /// - Parameters:
    ///   - scratch: where the sandbox's files go; they are always removed.
    ///   - logs: a folder for the output of the program and the sandbox; a log that exceeds its limit keeps its beginning and its end.
    ///   - name: the base name of the logs: `NAME.log` and `NAME.sandbox.log`.
    /// - Returns: the verdict, and the seconds between the deciding event and the end of the sandbox. A failure of the harness is an
    ///   `inconclusive` verdict, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func run(scratch: Scratch, logs: FilePath, name: String) async throws -> (verdict: Verdict, toVerdict: Double) {
        let folder = scratch.place("component")
        defer { try? Files.remove(folder) }
        do {
            let bundle = try await prepare(folder)
            let state = folder.appending("state")
            for path in [state, logs] { try Files.makeDirectory(path) }
            let (run, seconds) = try await SandboxRun(
                ComponentGrader(probe: probe, layout: layout, deadlines: host.deadlines), output: logs.appending("\(name).log"),
                error: logs.appending("\(name).sandbox.log")
            ).over(try runsc.run(bundle, state: state, layout: layout, on: host))
            guard let verdict = run.grader.finding, let decided = run.grader.decided else {
                return (.failed("the grader reached no verdict", level: .component), 0)
            }
            return (run.logs.settled(verdict), max(0, seconds - decided))
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            return (.failed("the sandbox could not be made: \(error)", level: .component), 0)
        }
    }

    private func prepare(_ folder: FilePath) async throws -> Bundle {
        let bundle = try Bundle(at: folder)
        let root = RootFileSystem(at: bundle.root, on: host)
        try await profile.fill(root)
        try artifact.place(into: root, as: "/usr/local/bin/probe")
        try bundle.configure(
            arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/bin"],
            volumes: try Bundle.Mount.volumes(of: layout, in: folder))
        return bundle
    }
}
