import Cluster
import ExitCodes
import Host
import Model
import Sandbox
import SystemPackage

/// The root file system of a node that consists of containerd and a kubelet, either standalone or within k3s.
package struct KubeletProfile: Sendable {
    /// A program of the host that the node needs, and its directory in the node.
    struct Program: Sendable {
        let name: String
        let place: String
        let package: String
        /// The directories that Debian and Fedora install it in, if they are not on PATH.
        var folders: [String] = []
    }

    /// Required programs are missing on this machine.
    package struct Missing: ExitStatusError, Sendable, CustomStringConvertible {
        package let names: [String]
        /// The Debian packages that contain them.
        package let packages: [String]

        package init(names: [String], packages: [String]) { (self.names, self.packages) = (names, packages) }

        /// The missing programs and how to install them.
        package var description: String {
            "a node needs \(names.notInstalled)\n    Run ./setup, or: apt-get install \(packages.joined(separator: " "))"
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
            name: "loopback", place: "/opt/cni/bin", package: "containernetworking-plugins",
            folders: ["/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin"]),
    ]

    let found: [(place: String, path: FilePath)]
    let busybox: FilePath
    /// crun, if installed. Only some sandboxes need it (``OCIRuntime/standard(on:)``).
    private let crun: FilePath?
    let host: Host

    /// Finds all programs that the node needs, before an hour of work begins.
    ///
    /// - Parameter containerd: the folder with containerd's programs; nil for the machine's own.
    /// - Throws: `Missing`, with the names of all missing programs.
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

    /// Checks that the runtime that starts the node's containers is installed.
    ///
    /// - Throws: `Missing`.
    package func require(_ runtime: OCIRuntime) throws(Missing) {
        guard runtime == .runc || crun != nil else { throw Missing(names: [runtime.rawValue], packages: [runtime.rawValue]) }
    }

    /// The node's name in the control plane.
    package static let nodeName = "node"

    /// Creates a bundle with the machine's programs.
    ///
    /// - Parameters:
    ///   - runtime: the runtime that starts the containers of the node's pods.
    ///   - isCopied: whether the bundle always gets copies of the programs.
    /// - Returns: the bundle, and the reason why it has copies; nil if it shares the programs with other nodes, or if copies were
    ///   requested.
    /// - Throws: `FileError`; `CommandError`; `SharedRoot.SourceChanged`; `CancellationError`.
    func bundle(at folder: FilePath, runtime: OCIRuntime = .runc, isCopied: Bool = false) async throws -> (bundle: Bundle, refusal: String?)
    {
        var shared = SharedRoot(on: host)
        for (place, path) in found { shared.program(path, as: place) }
        let other = runtime == .crun ? crun.map { [$0] } ?? [] : []
        for path in other { shared.program(path, as: "/usr/bin/\(runtime.rawValue)") }
        try await shared.libraries(of: found.map(\.path) + other)
        shared.program(busybox, as: "/bin/busybox")
        let list = Command.uncontained(busybox, ["--list"], environment: host.plainEnvironment, on: host)
        // mount(8) and umount(8) are the full programs, because busybox's versions do not support propagation.
        for applet in try await list.output().split(separator: "\n") { shared.link("/bin/\(applet)", to: "busybox") }
        for name in ["iptables", "ip6tables"] { shared.link("/usr/bin/\(name)", to: "xtables-legacy-multi") }
        if isCopied { return (try shared.copied(at: folder), nil) }
        return try await shared.bundle(at: folder, cache: host.workspace.appending("cache/roots"))
    }

    /// Fills a root file system with everything except the machine's programs and the node's own binary.
    ///
    /// - Parameters:
    ///   - plane: the control plane that the node joins; nil for a standalone node.
    ///   - isKept: whether the node is watched for long and is therefore probed less often.
    ///   - settings: fields of kubelet's configuration, each value as YAML. They replace the profile's own.
    ///   - runtime: the runtime that starts the containers of the node's pods.
    ///   - scratch: a working folder, which is removed.
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
        try root.file("/etc/containerd.toml", Self.containerd() + Self.containerd(starting: runtime))
        let own = plane == nil ? Self.standalone : Self.joined()
        let configuration = KubeletConfiguration(Self.kubelet).adding(own).adding(Self.lines(settings)).adding(
            modification.kubeletConfiguration)
        try root.file("/etc/kubelet.yaml", try configuration.yaml)
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

    /// gVisor does not support the overlay that containerd uses for image layers, so the native snapshotter copies them.
    ///
    /// - Parameter options: further options of containerd's CRI plugin, such as `a = true`.
    static func containerd(options: [String] = []) -> String {
        """
        version = 2
        [plugins."io.containerd.grpc.v1.cri"]
        \((options + ["sandbox_image = \"\(PodImages.pause)\""]).map { "  \($0)" }.joined(separator: "\n"))
        [plugins."io.containerd.grpc.v1.cri".containerd]
          snapshotter = "native"

        """
    }

    /// Configuration that makes containerd start containers with a runtime other than runc; empty for runc, the default.
    static func containerd(starting runtime: OCIRuntime) -> String {
        guard runtime != .runc else { return "" }
        return """
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
              runtime_type = "io.containerd.runc.v2"
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
              BinaryName = "\(runtime.rawValue)"

            """
    }

    /// Includes the read-only port for `/stats/summary`.
    ///
    /// The limits for evictions are amounts, because the disk is the machine's: kubelet's own limits are shares (`nodefs.available<10%`,
    /// `imagefs.available<15%`; pkg/kubelet/apis/config/v1beta1/defaults_linux.go), so that a machine whose disk is 86% full would make any node
    /// report DiskPressure. For the same reason kubelet removes no images at some share of the disk: 100 disables that
    /// (`imageGCHighThresholdPercent`).
    static let kubelet = """
        kind: KubeletConfiguration
        apiVersion: kubelet.config.k8s.io/v1beta1
        failSwapOn: false
        cgroupDriver: cgroupfs
        readOnlyPort: 10255
        authorization: {mode: AlwaysAllow}
        staticPodPath: /etc/kubernetes/manifests
        evictionHard: {memory.available: 100Mi, nodefs.available: 100Mi, nodefs.inodesFree: "1000", imagefs.available: 100Mi}
        imageGCHighThresholdPercent: 100

        """

    /// Only the sandbox itself can reach this kubelet.
    static let standalone = "authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}\n"

    /// Only a client with a certificate of the cluster, which is the API server, may request logs or run commands.
    ///
    /// - Parameter authority: the path of the cluster's certificate authority, as YAML.
    static func joined(authority: String = ControlPlane.nodeAuthority) -> String {
        "authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: \(authority)}}\n"
    }
}
