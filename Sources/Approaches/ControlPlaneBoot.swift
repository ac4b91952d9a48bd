import Cluster
import FileSystem
import Grading
import Host
import Model
import Node
import Sandbox
import SystemPackage

/// A boot of etcd and kube-apiserver in a sandbox, without a worker node.
package struct ControlPlaneBoot: Sendable {
    private let programs: ControlPlanePrograms
    private let layout: Layout
    private let watch: Double
    private let runsc: Runsc
    private let host: Host

    /// Creates a boot without starting anything.
    ///
    /// - Parameter watch: seconds after its first answer for which the API server must continue to answer.
    package init(_ programs: ControlPlanePrograms, layout: Layout, watch: Double, runsc: Runsc, on host: Host) {
        (self.programs, self.layout, self.watch, self.runsc, self.host) = (programs, layout, watch, runsc, host)
    }

    /// Boots the control plane, watches it, and ends it.
    ///
    /// - Parameters:
    ///   - scratch: where the sandbox's files go; they are always removed.
    ///   - logs: a folder for `kube-apiserver.log` and `sandbox.log`.
    /// - Returns: the attempt. A failure of the harness is `inconclusive`, not an error.
    /// - Throws: `CancellationError`, after the sandbox is gone.
    package func run(scratch: Scratch, logs: FilePath) async throws -> ApproachAttempt {
        let folder = scratch.place("control-plane")
        defer { try? Files.remove(folder) }
        let witness = BootWitness()
        do {
            let bundle = try await prepare(folder)
            let state = folder.appending("state")
            for path in [state, logs] { try Files.makeDirectory(path) }
            let (run, _) = try await SandboxRun(
                ControlPlaneGrader(layout: layout, watch: watch, deadlines: host.deadlines), output: logs.appending("kube-apiserver.log"),
                error: logs.appending("sandbox.log")
            ).over(try runsc.run(bundle, state: state, layout: layout, on: host)) { witness.take($0, bundle: folder, at: $1) }
            if let fault = run.logs.finish() { return Self.failed(BootLogs.words(fault), witness) }
            if let found = run.grader.finding {
                return ApproachAttempt(
                    outcome: found.outcome, summary: found.summary, evidence: found.evidence, measures: witness.measures)
            }
            return Self.failed("the grader reached no verdict", witness)
        } catch let error as CancellationError { throw error } catch {
            try Task.checkCancellation()
            return Self.failed("the sandbox could not be made: \(error)", witness)
        }
    }

    private static func failed(_ reason: String, _ witness: BootWitness) -> ApproachAttempt {
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        return ApproachAttempt(outcome: .inconclusive, summary: reason, evidence: [said], measures: witness.measures)
    }

    private func prepare(_ folder: FilePath) async throws -> Bundle {
        guard let busybox = host.program("busybox"), let openssl = host.program("openssl") else {
            throw KubeletProfile.Missing(names: ["busybox", "openssl"], packages: ["busybox-static", "openssl"])
        }
        let credentials = try await Credentials.make(
            in: folder.appending("credentials"), addresses: ["127.0.0.1"], node: KubeletProfile.nodeName, on: host)
        let commands = programs.answering(credentials, at: Self.credentials, data: Self.data)
        let bundle = try Bundle(at: folder)
        let root = RootFileSystem(at: bundle.root, on: host)
        try root.directories(["bin", "proc", "sys", "dev", "tmp", "run", "root", "usr/local/bin"])
        try root.directories([Self.data.string])
        try root.program(busybox, as: "/bin/busybox")
        for applet in ["sh", "dmesg", "grep", "sed", "tr", "head", "tail", "timeout", "sleep", "printf", "mkdir"] {
            try root.link("/bin/\(applet)", to: "busybox")
        }
        for command in commands { try root.program(command.program, as: "/usr/local/bin/\(command.name)") }
        try root.program(openssl, as: "/usr/local/bin/openssl")
        try await root.libraries(of: commands.map(\.program) + [openssl])
        for name in Files.names(in: credentials.folder) {
            try root.file("\(Self.credentials)/\(name)", try Files.read(credentials.folder.appending(name)), mode: 0o600)
        }
        try root.file("/etc/hosts", "127.0.0.1 localhost node\n")
        try root.file("/init", Self.script(commands, token: credentials.adminToken, deadlines: host.deadlines), mode: 0o700)
        try bundle.configure(arguments: ["/bin/sh", "/init"], environment: ["PATH": "/usr/local/bin:/bin"])
        return bundle
    }

    private static let credentials: FilePath = "/etc/kubernetes/credentials"
    private static let data: FilePath = "/var/lib/control-plane"

    /// The first program in the sandbox. The API server's log goes to standard output; reports for the harness go to standard error,
    /// marked.
    static func script(_ commands: [ControlPlaneProcess], token: String, deadlines: Deadlines = Deadlines()) -> String {
        func start(_ name: String) -> String {
            commands.filter { $0.name == name }.map { "/usr/local/bin/\($0.name) \($0.arguments.joined(separator: " "))" }.joined()
        }
        return """
            \(NodeScript.signs)
            fail() { say failed "$*"; exit 125; }
            lives() { read -r _ _ state _ 2>/dev/null < "/proc/$1/stat" && [ "$state" != Z ]; }
            # The server closes the connection after an answer of HTTP 1.0. The answer's head ends with an empty line.
            ask() {
              printf 'GET %s HTTP/1.0\\r\\nAuthorization: Bearer \(token)\\r\\n\\r\\n' "$1" \\
                | OPENSSL_CONF=/dev/null timeout \(deadlines.whole(.probeAnswer)) openssl s_client -quiet -connect \(ControlPlanePrograms.address) 2>/dev/null \\
                | sed -e '1,/^\\r*$/d' | tr '\\n' ' ' | head -c 20000
            }
            say stage etcd
            \(start("etcd")) > /run/etcd.log 2>&1 &
            etcd=$!
            say stage kube-apiserver
            \(start("kube-apiserver")) 2>&1 &
            server=$!
            (
              while sleep 1; do
                say ask healthz
                say probe healthz "$(ask /healthz)"
                say ask nodes
                say probe nodes "$(ask /api/v1/nodes)"
                lives "$etcd" || fail "etcd, which the harness starts, ended: $(tail -n 1 /run/etcd.log | head -c 300)"
              done
            ) &
            probes=$!
            wait "$server"
            status=$?
            kill "$probes"
            wait "$probes"
            echo >&2
            say exit "$status"

            """
    }
}
