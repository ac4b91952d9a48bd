import FileSystem
import Foundation
import Host
import Model
import SystemPackage
import Testing

@testable import Node

@Suite("What kubelet is told, by its release")
struct KubeletReleaseTests {
    /// The result of the script's lines: the command's arguments, and the configuration.
    private struct Told: Hashable {
        let words: String
        let added: [String]
    }

    /// Runs the lines with a fake kubelet in a separate folder.
    private func told(_ version: String, help: [String] = [], isV1: Bool = true, configuration: String = "kind: KubeletConfiguration\n")
        throws
        -> Told
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-release-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: "\(folder)/cgroup", withIntermediateDirectories: true)
        if !isV1 { try "cpu".write(toFile: "\(folder)/cgroup/cgroup.controllers", atomically: true, encoding: .utf8) }
        try configuration.write(toFile: "\(folder)/kubelet.yaml", atomically: true, encoding: .utf8)
        let flags = help.map { "      \($0) string   what it does" }.joined(separator: "\n")
        try Files.write(
            "#!/bin/sh\ncat << 'END'\nUsage:\n  kubelet [flags]\n\(flags)\nEND\n", to: FilePath("\(folder)/kubelet"), mode: 0o755)
        var lines = KubeletRelease.settings(endpoint: "unix:///run/socket")
        for (old, new) in ["/usr/local/bin/kubelet": "kubelet", "/etc/kubelet.yaml": "kubelet.yaml", "/sys/fs/cgroup": "cgroup"] {
            lines = lines.replacing(old, with: "\(folder)/\(new)")
        }
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-euc", "version='\(version)'\n\(lines)\necho $runtime $endpoint"]
        shell.standardOutput = output
        try shell.run()
        let words = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let after = try String(contentsOfFile: "\(folder)/kubelet.yaml", encoding: .utf8)
        #expect(after.hasPrefix(configuration))
        return Told(
            words: words.trimmingCharacters(in: .whitespacesAndNewlines),
            added: after.dropFirst(configuration.count).split(separator: "\n").map(String.init))
    }

    private static let flags = "--container-runtime=remote --container-runtime-endpoint=unix:///run/socket"
    private static let flag = "--container-runtime-endpoint=unix:///run/socket"
    private static let field = "containerRuntimeEndpoint: unix:///run/socket"

    @Test(
        "the runtime is named by two flags until 1.26 and by a field from 1.27; a refusal of cgroup v1 is taken back from 1.35, where they are v1",
        arguments: [
            ("Kubernetes v1.20.2", flags, []), ("Kubernetes v1.26.15", flags, []), ("Kubernetes v1.27.0", "", [field]),
            ("Kubernetes v1.34.9", "", [field]), ("Kubernetes v1.35.0-rc.1", "", [field, "failCgroupV1: false"]),
            ("Kubernetes v1.36.2", "", [field, "failCgroupV1: false"]), ("Kubernetes v1.100.0", "", [field, "failCgroupV1: false"]),
        ])
    func byVersion(_ version: String, _ words: String, _ added: [String]) throws {
        #expect(try told(version) == Told(words: words, added: added))
        let onV2 = try told(version, isV1: false)
        #expect(onV2.words == words && onV2.added.filter { $0 != Self.oomKill } == added.filter { $0 != "failCgroupV1: false" })
    }

    private static let oomKill = "singleProcessOOMKill: true"

    @Test(
        "from 1.32 on kubelet does not ask for memory.oom.group, on cgroup v2 alone; one that does not know the field is not told of it",
        arguments: [
            ("Kubernetes v1.20.2", false), ("Kubernetes v1.31.14", false), ("Kubernetes v1.32.0", true), ("Kubernetes v1.36.2", true),
            ("Kubernetes v1.100.0", true), ("Kubernetes v0.0.0", false), ("no version", false),
        ])
    func oomKill(_ version: String, _ isTold: Bool) throws {
        #expect(try told(version, isV1: false).added.contains(Self.oomKill) == isTold)
        #expect(try !told(version).added.contains(Self.oomKill))
        let own = "singleProcessOOMKill: false\n"
        #expect(try !told(version, isV1: false, configuration: own).added.contains(Self.oomKill))
    }

    @Test(
        "k3s 1.32 and later get the same in a file of the folder that their kubelet reads, on cgroup v2 alone; 1.35 and later a flag on v1",
        arguments: [
            ("k3s version v1.20.8+k3s1 (bbe62aec)", false, ""), ("k3s version v1.31.14+k3s1 (0)", false, ""),
            ("k3s version v1.32.1+k3s1 (0)", true, ""), ("k3s version v1.34.9+k3s1 (0)", true, ""),
            ("k3s version v1.35.0-rc1+k3s1 (0)", true, "--kubelet-arg=fail-cgroupv1=false"), ("k3s version dev", false, ""),
        ])
    func k3s(_ version: String, _ isTold: Bool, _ onV1: String) throws {
        for isV1 in [true, false] {
            let folder = FileManager.default.temporaryDirectory.appending(path: "ninepin-k3s-\(UUID())").path
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: "\(folder)/cgroup", withIntermediateDirectories: true)
            if !isV1 { try "cpu".write(toFile: "\(folder)/cgroup/cgroup.controllers", atomically: true, encoding: .utf8) }
            let lines = NodeProgram.cgroups.replacing("/var/lib/rancher", with: "\(folder)/rancher")
                .replacing("/sys/fs/cgroup", with: "\(folder)/cgroup")
            let shell = Process()
            let output = Pipe()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = ["-euc", "version='\(version)'\n\(lines)\necho $cgroups"]
            shell.standardOutput = output
            try shell.run()
            let words = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0 && words == (isV1 ? onV1 : "") + "\n")
            let more = FilePath("\(folder)/rancher/k3s/agent/etc/kubelet.conf.d")
            #expect(Files.names(in: more) == (isTold && !isV1 ? ["90-ninepin.conf"] : []))
            guard isTold, !isV1 else { continue }
            let text = try Files.readText(more.appending("90-ninepin.conf"))
            #expect(text == "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nsingleProcessOOMKill: true\n")
        }
    }

    @Test(
        "a kubelet that does not tell its release is asked for its help",
        arguments: ["Kubernetes v0.0.0-master+$Format:%H$", "Kubernetes v0.0.0", "Kubernetes v1.x", "no version", ""])
    func byHelp(_ version: String) throws {
        let old = ["--container-runtime", "--container-runtime-endpoint"]
        #expect(try told(version, help: old) == Told(words: Self.flags, added: []))
        #expect(try told(version, help: [old[1], "--fail-cgroupv1"]) == Told(words: Self.flag, added: ["failCgroupV1: false"]))
        #expect(try told(version, help: ["--fail-cgroupv1"]) == Told(words: "", added: [Self.field, "failCgroupV1: false"]))
        #expect(try told(version, help: []) == Told(words: "", added: [Self.field]))
    }

    @Test("what a recipe says of these fields stays")
    func said() throws {
        let own = "failCgroupV1: true\ncontainerRuntimeEndpoint: unix:///other\n"
        #expect(try told("Kubernetes v1.36.2", configuration: own) == Told(words: "", added: []))
    }
}

@Suite("Which containerd a node has")
struct ContainerdReleaseTests {
    @Test(
        "its own answer tells the release, as Debian and others build it",
        arguments: [
            ("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1", "1.6.20"),
            ("containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7193e4", "2.1.4"),
            ("containerd containerd.io 1.7.27 05044ec", "1.7.27"),
            ("something else", nil),
        ])
    func read(_ said: String, _ release: String?) { #expect(ContainerdRelease.read(said) == release) }

    @Test(
        "kubelet 1.31 and later ask a containerd before 2.0, and kubelet before 1.23 one from 2.0 on, for what it does not know; a user is told",
        arguments: [
            ("1.6.20", "Kubernetes v1.36.2", true), ("1.7.27", "Kubernetes v1.31.0-alpha.1", true),
            ("1.6.20", "k3s version v1.34.9+k3s1 (0)", true),
            ("2.1.4", "Kubernetes v1.36.2", false), ("1.6.20", "Kubernetes v1.30.14", false), ("1.6.20", "Kubernetes v0.0.0", false),
            ("2.0.0", "Kubernetes v1.22.17", true), ("2.1.9", "Kubernetes v1.20.2", true), ("2.1.9", "Kubernetes v1.23.0", false),
            ("1.7.24", "Kubernetes v1.22.17", false), ("unknown", "Kubernetes v1.20.2", false),
            ("unknown", "Kubernetes v1.36.2", false), ("1.6.20", "", false), ("1.6.20", "v1.36.2", true),
        ])
    func note(_ release: String, _ node: String, _ isTold: Bool) {
        #expect((ContainerdRelease.note(release, on: node) != nil) == isTold)
        #expect(ContainerdRelease.note(nil, on: node) == nil)
    }
}
