import Cluster
import ExitCodes
import FileSystem
import Grading
import Host
import Model
import SystemPackage

/// The environment that Ninepin itself runs in, used for a node without a sandbox. The node makes its changes in its own mount, PID and
/// network namespaces. Anything else that it would leave behind is removed.
package struct InPlaceNode: Sendable {
    /// Properties observed in the environment.
    package let signs: HostSigns

    package init(_ signs: HostSigns) { self.signs = signs }

    /// Prepares the node, passes the command that boots it to the body, and cleans up when the body has ended.
    ///
    /// - Parameters:
    ///   - folder: for the node's files; the caller removes it.
    ///   - plane: the control plane that the node joins; nil for a standalone node.
    ///   - isKept: whether the node is kept and watched for long.
    /// - Throws: `InPlaceError` if another node is running here; `FileError`; any error of the body.
    func hold<Value>(
        _ artifact: Artifact, node: NodeSpec, profile: KubeletProfile, folder: FilePath, joining plane: ControlPlane?,
        isKept: Bool, on host: Host, body: (Command) async throws -> Value
    ) async throws -> Value {
        let traces = try await CleanupJournal(below: NodePath.kubelet, within: host.deadlines)
        do {
            if plane != nil {
                let images = try await PodImages.archive(
                    as: PodTrial.image, busybox: profile.busybox, scratch: folder.appending("images"), on: host)
                _ = try Files.copy(images, to: folder.appending("images.tar"), mode: 0o644)
            }
            let command = try await prepare(
                artifact, node: node, profile: profile, folder: folder, joining: plane, isKept: isKept, traces: traces, on: host)
            let value = try await body(command)
            await traces.remove()
            return value
        } catch {
            await traces.remove()
            throw error
        }
    }

    private func prepare(
        _ artifact: Artifact, node: NodeSpec, profile: KubeletProfile, folder: FilePath, joining plane: ControlPlane?,
        isKept: Bool, traces: CleanupJournal, on host: Host
    ) async throws -> Command {
        for path in ["/run", "/var/log"] { try traces.directory(FilePath(path)) }
        // On the file system of kubelet's directory, because the type of that file system affects the result.
        let kubelet = try await traces.folder(below: NodePath.kubelet)
        let images = try await traces.folder(below: "/var/lib/containerd")
        try traces.cgroups()
        try traces.link("/dev/kmsg", to: "/dev/null")

        let programs = folder.appending("bin")
        try Files.makeDirectory(programs)
        try Files.makeDirectory(folder.appending("manifests"))
        let busybox = profile.busybox.string
        let program = programs.appending("kubelet")
        try artifact.check(try Files.copy(FilePath(artifact.path), to: program, mode: 0o755), of: FilePath(artifact.path))
        for (place, path) in profile.found {
            let name = FilePath(place).lastComponent?.string ?? place
            for link in name == "xtables-legacy-multi" ? ["iptables", "ip6tables"] : [name] {
                try Files.link(programs.appending(link), to: path.string)
            }
        }
        let network = #"{"cniVersion":"0.4.0","name":"lo","plugins":[{"type":"loopback"}]}"#
        // Pods have the node's network and resolve no other names; the environment may have no resolv.conf at all.
        try Files.write("nameserver 127.0.0.1\n", to: folder.appending("resolv.conf"))
        try Files.makeDirectory(folder.appending("net"))
        try Files.write("\(network)\n", to: folder.appending("net/10-loopback.conflist"))
        try Files.write(Self.containerd(folder, starting: node.runtime ?? .runc), to: folder.appending("containerd.toml"))
        for (path, bytes) in try plane?.nodeFiles ?? [:] { try Files.write(bytes, to: Self.moved(path, to: folder), mode: 0o600) }
        try Files.write(try Self.kubelet(folder, node.kubelet, isJoined: plane != nil), to: folder.appending("kubelet.yaml"))
        let profile: NodeSpec.Profile = plane == nil ? .kubelet : .node
        let own = folder.appending("ask").string
        let first = NodeScript.text(
            interval: isKept ? 5 : 1, folder: own, busybox: busybox, node: folder.appending("init-node").string,
            at: .below(folder), deadlines: host.deadlines)
        try Files.write(first, to: folder.appending("init"))
        try Files.write(
            Self.script(folder, profile: profile, kubelet: kubelet, images: images, busybox: busybox, deadlines: host.deadlines),
            to: folder.appending("init-node"))
        // The node has its own network namespace for its ports and firewall rules, and its own UTS and IPC namespaces so that it cannot
        // change the host name or shared memory of others.
        let alone = plane == nil ? ["--net"] : []
        let words = alone + ["--uts", "--ipc", "--", busybox, "sh", folder.appending("init").string]
        var command = Command("/usr/bin/unshare", words, environment: host.plainEnvironment, on: host)
        command.network = plane?.network.node
        return command
    }

    private static func containerd(_ folder: FilePath, starting runtime: OCIRuntime) -> String {
        // A process may lack the right to lower its OOM score (proc(5), oom_score_adj). The pods then have the environment's score.
        KubeletProfile.containerd(options: ["restrict_oom_score_adj = true"]) + """
            [plugins."io.containerd.grpc.v1.cri".cni]
              bin_dir = \(quoted("\(folder)/bin"))
              conf_dir = \(quoted("\(folder)/net"))

            """ + KubeletProfile.containerd(starting: runtime)
    }

    /// The path of a node's file in its folder.
    private static func moved(_ path: String, to folder: FilePath) -> FilePath {
        folder.appending(FilePath(path).lastComponent?.string ?? path)
    }

    /// kubelet's configuration, with the node's files in a folder. The paths in the folder replace those of the recipe: nothing else of this environment is
    /// the node's.
    private static func kubelet(_ folder: FilePath, _ settings: [String: String], isJoined: Bool) throws -> String {
        let authority = quoted(moved(ControlPlane.nodeAuthority, to: folder).string)
        var configuration = KubeletConfiguration(KubeletProfile.kubelet)
        configuration.add(isJoined ? KubeletProfile.joined(authority: authority) : KubeletProfile.standalone)
        configuration.add(KubeletProfile.lines(settings))
        configuration.add(
            """
            staticPodPath: \(quoted("\(folder)/manifests"))
            resolvConf: \(quoted("\(folder)/resolv.conf"))
            volumePluginDir: /run/ninepin/volume-plugins

            """)
        return try configuration.yaml
    }

    /// A quoted string that is valid in both TOML (1.0, basic strings) and YAML (1.2, 7.3.1).
    private static func quoted(_ text: String) -> String {
        let letters = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                "\\u00\(scalar.value < 0x10 ? "0" : "")\(String(scalar.value, radix: 16))"
            default: "\(scalar)"
            }
        }
        return "\"\(letters.joined())\""
    }

    /// The same second program as in a sandbox, with its files in a folder.
    static func script(
        _ folder: FilePath, profile: NodeSpec.Profile = .kubelet, kubelet: FilePath, images: FilePath, busybox: String = "/bin/busybox",
        deadlines: Deadlines = Deadlines()
    ) -> String {
        // `/proc` needs no change because Command gives each program its own. From here on it is private, as all mounts are.
        let clearing = """
            work=/run/ninepin
            ip link set lo up || fail "cannot bring up the loopback interface"
            mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log || fail "cannot mount over /run and /var/log"
            (: < /dev/kmsg) 2>/dev/null || mount --bind /dev/null /dev/kmsg || fail "/dev/kmsg cannot be opened"
            mount --bind \(kubelet.string.shellQuoted) /var/lib/kubelet && mount --bind \(images.string.shellQuoted) /var/lib/containerd || fail "cannot mount over /var/lib"
            """
        return NodeScript.node(
            for: profile, folder: folder.appending("ask").string, busybox: busybox, clearing: clearing, at: .below(folder),
            deadlines: deadlines)
    }
}

/// The reason why no node can boot in this environment now.
package struct InPlaceError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The obstacle and the remedy.
    package let description: String

    package var exitStatus: ExitStatus { .fault }
}
