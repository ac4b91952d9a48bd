import Cluster
import ExitCodes
import Grading
import Host
import Model
import SystemPackage

/// The very place that Ninepin runs in, as the place for a node: no sandbox is made. What the node changes it changes in namespaces of its
/// own (mounts, processes, network), and what would stay behind all the same is removed.
package struct InPlaceNode: Sendable {
    /// What the place shows of itself.
    package let signs: HostSigns

    /// Takes a place that was looked at.
    package init(_ signs: HostSigns) { self.signs = signs }

    /// Makes all ready for a node, hands on the command that boots it, and removes what is left when that has ended.
    ///
    /// - Parameters:
    ///   - folder: for what the node is made of; somebody else removes it.
    ///   - plane: the control plane that it joins; nil when it runs standalone.
    ///   - isKept: whether it is watched for long.
    /// - Throws: `InPlaceError` when another node is here; `FileError`; what the work throws.
    func hold<Value>(
        _ artifact: Artifact, node: NodeSpec, profile: KubeletProfile, folder: FilePath, joining plane: ControlPlane?,
        isKept: Bool, on host: Host, body: (Command) async throws -> Value
    ) async throws -> Value {
        let traces = try await CleanupJournal(below: "/var/lib/kubelet", within: host.deadlines)
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
        // On the file system that kubelet's directory is on: which one that is decides much.
        let kubelet = try await traces.folder(below: "/var/lib/kubelet")
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
        // Pods have the node's network and no more names than it; a place may have no such file at all.
        try Files.write("nameserver 127.0.0.1\n", to: folder.appending("resolv.conf"))
        try Files.makeDirectory(folder.appending("net"))
        try Files.write("\(network)\n", to: folder.appending("net/10-loopback.conflist"))
        try Files.write(Self.containerd(folder, starting: node.runtime ?? .runc), to: folder.appending("containerd.toml"))
        for (path, bytes) in try plane?.nodeFiles ?? [:] { try Files.write(bytes, to: Self.moved(path, to: folder), mode: 0o600) }
        try Files.write(Self.kubelet(folder, node.kubelet, isJoined: plane != nil), to: folder.appending("kubelet.yaml"))
        let profile: NodeSpec.Profile = plane == nil ? .kubelet : .node
        let own = folder.appending("ask").string
        let first = NodeScript.text(
            interval: isKept ? 5 : 1, folder: own, busybox: busybox, node: folder.appending("init-node").string,
            at: .below(folder), deadlines: host.deadlines)
        try Files.write(first, to: folder.appending("init"))
        try Files.write(
            Self.script(folder, profile: profile, kubelet: kubelet, images: images, busybox: busybox, deadlines: host.deadlines),
            to: folder.appending("init-node"))
        // A network of its own, for its ports and its firewall's rules; the other two so that it can change nobody's host name or memory.
        let alone = plane == nil ? ["--net"] : []
        let words = alone + ["--uts", "--ipc", "--", busybox, "sh", folder.appending("init").string]
        var command = Command("/usr/bin/unshare", words, environment: host.plainEnvironment, on: host)
        command.network = plane?.network.node
        return command
    }

    private static func containerd(_ folder: FilePath, starting runtime: OCIRuntime) -> String {
        // Who runs in a place has not always the right to lower its score (proc(5), oom_score_adj): the pods then have that of the place.
        KubeletProfile.containerd.replacing("  sandbox_image", with: "  restrict_oom_score_adj = true\n  sandbox_image") + """
            [plugins."io.containerd.grpc.v1.cri".cni]
              bin_dir = \(quoted("\(folder)/bin"))
              conf_dir = \(quoted("\(folder)/net"))

            """ + KubeletProfile.containerd(starting: runtime)
    }

    /// Where a file of the node's lies in its folder.
    private static func moved(_ path: String, to folder: FilePath) -> FilePath {
        folder.appending(FilePath(path).lastComponent?.string ?? path)
    }

    private static func kubelet(_ folder: FilePath, _ settings: [String: String], isJoined: Bool) -> String {
        let own = isJoined ? KubeletProfile.joined : KubeletProfile.standalone
        return (KubeletProfile.kubelet + own + KubeletProfile.lines(settings)).replacing(
            "/etc/kubernetes/manifests", with: quoted("\(folder)/manifests")
        )
        .replacing(ControlPlane.nodeAuthority, with: quoted(moved(ControlPlane.nodeAuthority, to: folder).string))
            + "volumePluginDir: /run/ninepin/volume-plugins\nresolvConf: \(quoted("\(folder)/resolv.conf"))\n"
    }

    /// A text as a string of TOML (1.0, basic strings) and of YAML (1.2, 7.3.1) alike.
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
        // `/proc`, because Command gives each program one of its own; it is private here, as all mounts are from now on.
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

/// Why no node can be booted in this place now.
package struct InPlaceError: ExitStatusError, Sendable, CustomStringConvertible {
    /// What is in the way, and what to do.
    package let description: String

    package var exitStatus: ExitStatus { .fault }
}
