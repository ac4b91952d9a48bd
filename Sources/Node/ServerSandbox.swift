import Cluster
import FileSystem
import Host
import Model
import Sandbox
import SystemPackage

/// A gVisor sandbox for a k3s server. The server is the same binary that is under test. The sandbox has the control plane's network and no
/// other access to the machine.
struct ServerSandbox: Sendable {
    let artifact: Artifact
    let runsc: Runsc?
    let profile: KubeletProfile
    let host: Host

    /// The command that runs the server.
    ///
    /// - Parameter folder: for the sandbox's files; the caller removes it.
    /// - Throws: `ClusterError` without runsc; `ArtifactChanged`; `FileError`; `CommandError`; `CancellationError`.
    func command(_ process: ControlPlaneProcess, in folder: FilePath, network: NetworkNamespace?) async throws -> Command {
        guard let runsc, let network else { throw ClusterError.needsSandbox(program: process.name) }
        let place = folder.appending(process.name)
        let (bundle, _) = try await profile.bundle(at: place)
        let root = RootFileSystem(at: bundle.own, on: host)
        try root.directories(["proc", "sys", "dev", "tmp", "run", "root", "var/lib", "var/log", "etc", "usr/local/bin"])
        try root.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        try root.file("/etc/hosts", "127.0.0.1 localhost server\n")
        try root.file("/etc/machine-id", "00000000000000000000000000000002\n")
        for (path, bytes) in process.sandboxed ?? [:] { try root.file(path, bytes, mode: 0o600) }
        let program = "/usr/local/bin/k3s"
        try artifact.check(try root.program(process.program, as: program), of: process.program)
        try await root.libraries(of: [process.program])
        try bundle.configure(
            arguments: [program] + process.arguments,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/sbin:/usr/sbin", "HOME": "/root"])
        let state = folder.appending("\(process.name).state")
        try Files.makeDirectory(state)
        // Any runsc can create this sandbox, because the sandbox is not part of the node under test.
        return try runsc.run(bundle, state: state, network: network, layout: .rootOverlay, on: host)
    }
}
