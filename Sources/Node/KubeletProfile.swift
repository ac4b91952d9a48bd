import Cluster
import ExitCodes
import Host
import Model
import Sandbox
import SystemPackage

/// A node made of containerd and a kubelet that runs standalone, or within k3s: what its root file system holds.
package struct KubeletProfile: Sendable {
    /// A program of the host's that the node needs, and where it goes.
    struct Program: Sendable {
        let name: String
        let place: String
        let package: String
        /// Where Debian puts it, when that is not on PATH.
        var folders: [String] = []
    }

    /// A program that is not on this machine.
    package struct Missing: ExitStatusError, Sendable, CustomStringConvertible {
        /// The programs' names.
        package let names: [String]
        /// The Debian packages that have them.
        package let packages: [String]

        package init(names: [String], packages: [String]) { (self.names, self.packages) = (names, packages) }

        /// What is missing and how to get it.
        package var description: String {
            "a node needs \(names.joined(separator: ", ")), which are not installed\n    Run ./setup, or: apt-get install \(packages.joined(separator: " "))"
        }

        package var exitStatus: ExitStatus { .missing }
    }

    static let programs = [
        Program(name: "containerd", place: "/usr/bin", package: "containerd"),
        Program(name: "containerd-shim-runc-v2", place: "/usr/bin", package: "containerd"),
        Program(name: "ctr", place: "/usr/bin", package: "containerd"), Program(name: "runc", place: "/usr/bin", package: "runc"),
        Program(name: "xtables-legacy-multi", place: "/usr/bin", package: "iptables"),
        Program(name: "mount", place: "/bin", package: "mount"), Program(name: "umount", place: "/bin", package: "mount"),
        Program(
            name: "loopback", place: "/opt/cni/bin", package: "containernetworking-plugins", folders: ["/usr/lib/cni", "/opt/cni/bin"]),
    ]

    let found: [(place: String, path: FilePath)]
    let busybox: FilePath
    /// crun, where it is on this machine: only some sandboxes need it (``OCIRuntime/standard(on:)``).
    private let crun: FilePath?
    let host: Host

    /// Looks for all programs that the node needs, before an hour's work is begun.
    ///
    /// - Parameter containerd: the folder that has containerd's programs; nil for the machine's own.
    /// - Throws: `Missing`, which names all that are not there.
    package init(on host: Host, containerd: FilePath? = nil) throws(Missing) {
        self.host = host
        let busybox = host.program("busybox")
        let found = Self.programs.map { program in
            let given = program.package == ContainerdSpec.package ? containerd?.appending(program.name) : nil
            return (program, given ?? host.program(program.name, alsoIn: program.folders))
        }
        let missing = found.filter { $0.1 == nil }.map(\.0)
        guard let busybox, missing.isEmpty else {
            let packages = Set(missing.map(\.package) + (busybox == nil ? ["busybox-static"] : []))
            throw Missing(names: missing.map(\.name) + (busybox == nil ? ["busybox"] : []), packages: packages.sorted())
        }
        self.busybox = busybox
        crun = host.program(OCIRuntime.crun.rawValue)
        self.found = found.compactMap { program, path in path.map { ("\(program.place)/\(program.name)", $0) } }
    }

    /// Looks whether what starts a node's containers is here.
    ///
    /// - Throws: `Missing`.
    package func require(_ runtime: OCIRuntime) throws(Missing) {
        guard runtime == .runc || crun != nil else { throw Missing(names: [runtime.rawValue], packages: [runtime.rawValue]) }
    }

    /// The name by which a control plane knows the node.
    package static let nodeName = "node"

    /// Makes a bundle that has the machine's programs.
    ///
    /// - Parameters:
    ///   - runtime: what starts the containers of its pods.
    ///   - isCopied: whether it gets copies of them in any case.
    /// - Returns: the bundle, and why it got copies of them; nil when it shares them with other nodes, or was not to.
    /// - Throws: `FileError`; `CommandError`; `SharedRoot.SourceChanged`; `CancellationError`.
    func bundle(at folder: FilePath, runtime: OCIRuntime = .runc, isCopied: Bool = false) async throws -> (bundle: Bundle, refusal: String?)
    {
        var shared = SharedRoot(on: host)
        for (place, path) in found { shared.program(path, as: place) }
        let other = runtime == .crun ? crun.map { [$0] } ?? [] : []
        for path in other { shared.program(path, as: "/usr/bin/\(runtime.rawValue)") }
        try await shared.libraries(of: found.map(\.path) + other)
        shared.program(busybox, as: "/bin/busybox")
        var list = Command(busybox, ["--list"], environment: host.plainEnvironment, on: host)
        list.isContained = false
        // mount(8) and umount(8) are the full ones: busybox's know no propagation.
        for applet in try await list.output().split(separator: "\n") { shared.link("/bin/\(applet)", to: "busybox") }
        for name in ["iptables", "ip6tables"] { shared.link("/usr/bin/\(name)", to: "xtables-legacy-multi") }
        if isCopied { return (try shared.copied(at: folder), nil) }
        return try await shared.bundle(at: folder, cache: host.workspace.appending("cache/roots"))
    }

    /// Fills a root file system with all but the machine's programs and the node's own binary.
    ///
    /// - Parameters:
    ///   - plane: the control plane that the node joins; nil when it runs standalone.
    ///   - isKept: whether it is watched for long, and so more seldom.
    ///   - settings: fields of kubelet's configuration, each value as YAML.
    ///   - runtime: what starts the containers of its pods.
    ///   - scratch: a folder to work in, which is removed.
    /// - Throws: `FileError`; `CommandError`; `CancellationError`.
    func fill(
        _ root: RootFileSystem, for profile: NodeSpec.Profile, joining plane: ControlPlane? = nil, isKept: Bool = false,
        settings: [String: String] = [:], runtime: OCIRuntime = .runc, modification: NodeModification = NodeModification(),
        scratch: FilePath
    ) async throws {
        try root.directories([
            "bin", "proc", "sys", "dev", "tmp", "run", "root", "var/lib/kubelet", "var/log", "etc/kubernetes/manifests", "usr/local/bin",
        ])
        try root.file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        try root.file("/etc/hosts", "127.0.0.1 localhost node\n")
        try root.file("/etc/resolv.conf", "nameserver 127.0.0.1\n")
        try root.file("/etc/machine-id", "00000000000000000000000000000001\n")
        try root.file("/etc/cni/net.d/10-loopback.conflist", #"{"cniVersion":"0.4.0","name":"lo","plugins":[{"type":"loopback"}]}"# + "\n")
        try root.file("/etc/containerd.toml", Self.containerd + Self.containerd(starting: runtime))
        let own = plane == nil ? Self.standalone : Self.joined
        try root.file("/etc/kubelet.yaml", Self.kubelet + own + Self.lines(settings) + modification.kubeletConfiguration)
        if let plane {
            for (path, bytes) in try plane.nodeFiles { try root.file(path, bytes, mode: 0o600) }
            try await PodImages.write(into: root, as: PodTrial.image, busybox: busybox, scratch: scratch, on: host)
        }
        try root.file("/init", NodeScript.text(interval: isKept ? 5 : 1, deadlines: host.deadlines), mode: 0o755)
        try root.file("/init-node", NodeScript.node(for: profile, modification: modification, deadlines: host.deadlines), mode: 0o755)
        try await modification.fill(root, host)
    }

    static func lines(_ settings: [String: String]) -> String {
        settings.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }.joined()
    }

    /// gVisor has no overlay for containerd to stack images with: the native snapshotter copies them.
    static let containerd = """
        version = 2
        [plugins."io.containerd.grpc.v1.cri"]
          sandbox_image = "\(PodImages.pause)"
        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "native"

        """

    /// What makes containerd start containers with another program than runc; nothing for runc, which it starts by itself.
    static func containerd(starting runtime: OCIRuntime) -> String {
        guard runtime != .runc else { return "" }
        return """
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
              BinaryName = "\(runtime.rawValue)"

            """
    }

    /// With the read-only port for `/stats/summary`.
    static let kubelet = """
        kind: KubeletConfiguration
        apiVersion: kubelet.config.k8s.io/v1beta1
        failSwapOn: false
        cgroupDriver: cgroupfs
        readOnlyPort: 10255
        authorization: {mode: AlwaysAllow}
        staticPodPath: /etc/kubernetes/manifests

        """

    /// Nobody but the sandbox itself reaches it.
    static let standalone = "authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}\n"

    /// Only who has a certificate of the cluster's, which is the API server, may ask it for logs or to run something.
    static let joined = """
        authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: \(ControlPlane.nodeAuthority)}}

        """
}
