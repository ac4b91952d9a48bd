import Foundation
import Model
import SystemPackage
import Testing

@testable import Node

@Suite("The first program in a node's sandbox")
struct NodeScriptTests {
    /// Whether a shell can parse a script.
    private func isReadable(_ script: String) throws -> Bool {
        let shell = Process()
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-n", "-c", script]
        try shell.run()
        shell.waitUntilExit()
        return shell.terminationStatus == 0
    }

    @Test("the script of every profile is whole, and a shell can read it", arguments: NodeSpec.Profile.allCases)
    func whole(_ profile: NodeSpec.Profile) throws {
        for script in [NodeScript.text(), NodeScript.node(for: profile)] {
            #expect(script.firstMatch(of: /@[A-Z_]+@/) == nil)
            #expect(try isReadable(script))
        }
    }

    @Test("what it waits for it waits for longer where the machine is slow")
    func patience() {
        func both(_ deadlines: Deadlines) -> String {
            NodeScript.text(deadlines: deadlines) + NodeScript.node(for: .kubelet, deadlines: deadlines)
        }
        let (plain, slow) = (both(Deadlines()), both(Deadlines(patience: 5)))
        for (text, seconds) in [(plain, (30, 10, 300)), (slow, (150, 50, 1500))] {
            #expect(text.contains("$(timeout \(seconds.0) /usr/local/bin/kubelet --version"))
            #expect(text.contains("timeout \(seconds.1) wget") && text.contains("\"$tries\" -gt \(seconds.2) ]"))
        }
    }

    @Test("a folder with an apostrophe, a blank and a placeholder in its name is one word in every program, and a shell can read it")
    func oddFolder() throws {
        let (folder, quoted) = ("/root/o'brien @NODE@", "'/root/o'\\''brien @NODE@")
        let first = NodeScript.text(folder: "\(folder)/ask", busybox: "\(folder)/busybox", node: "\(folder)/init-node")
        let node = InPlaceNode.script(FilePath(folder), kubelet: FilePath("\(folder)/k"), images: FilePath("\(folder)/i"))
        #expect(first.contains("sh \"$2\"' \(quoted)/ask' \(quoted)/busybox' \(quoted)/init-node' "))
        #expect(
            node.contains("umount \(quoted)/ask' ") && node.contains("mount --bind \(quoted)/k' ")
                && node.contains("\(quoted)/bin/kubelet' "))
        for script in [first, node] {
            #expect(!script.replacing(quoted, with: "").contains("brien"))
            #expect(try isReadable(script))
        }
    }

    @Test("k3s copies images, opens the port that is asked, and joins with a token from a file, so that it stands in no list of processes")
    func k3s() {
        let (server, agent) = (NodeScript.node(for: .k3sServer), NodeScript.node(for: .k3sAgent))
        for script in [server, agent] {
            #expect(script.contains("--snapshotter native"))
            #expect(script.contains("--kubelet-arg=read-only-port=10255"))
            #expect(script.contains("--node-ip 192.0.2.2"))
            #expect(script.contains("cgroups=--kubelet-arg=fail-cgroupv1=false") && script.contains("--kubelet-arg=v=2 $cgroups"))
        }
        #expect(server.contains("k3s server "))
        // k3s passes the value to cAdvisor unchanged, and cAdvisor does not accept a URL.
        for script in [server, agent] { #expect(script.contains("--container-runtime-endpoint /run/containerd/containerd.sock ")) }
        #expect(NodeScript.node(for: .kubelet).contains("endpoint=--container-runtime-endpoint=unix:///run/containerd/containerd.sock\n"))
        #expect(agent.contains("k3s agent --server https://192.0.2.1:6443 --token-file "))
    }

    @Test("the first program touches neither /dev nor /tmp of the place, and starts all from its own folder")
    func here() {
        let text = InPlaceNode.script(
            "/some/boot", kubelet: "/var/lib/kubelet/.ninepin/1/node", images: "/var/lib/containerd/.ninepin/1/node")
        // What is mounted there is mounted for the boot alone, and where nothing can be opened.
        let log = text.split(separator: "\n").filter { $0.contains("/dev/kmsg") }.map { $0.drop { $0 == " " } }
        #expect(
            log == [
                "(: < /dev/kmsg) 2>/dev/null || mount --bind /dev/null /dev/kmsg || fail \"/dev/kmsg cannot be opened\""
            ])
        #expect(!text.contains("work=/tmp"))
        for path in [" /usr/local/bin/kubelet", "/etc/kubelet.yaml", "/etc/containerd.toml", "@"] {
            let lines = text.split(separator: "\n").filter { $0.contains(path) && !$0.contains("@ninepin ") }
            #expect(lines.isEmpty, "\(path): \(lines)")
        }
        #expect(text.contains("'/some/boot/bin/kubelet' --config '/some/boot/kubelet.yaml'"))
        #expect(text.contains("mount --bind '/var/lib/kubelet/.ninepin/1/node' /var/lib/kubelet"))
    }

    @Test("containerd starts containers with runc by itself, and with crun where it is told to")
    func runtime() {
        #expect(KubeletProfile.containerd(starting: .runc).isEmpty)
        let told = KubeletProfile.containerd(starting: .crun)
        #expect(told.contains(#"BinaryName = "crun""#) && told.contains(#"runtime_type = "io.containerd.runc.v2""#))
    }

    @Test("a sandbox tells what is mounted at the cgroups' own place, by which v2 is known")
    func cgroups() {
        #expect(NodeScript.signs.contains("| /sys/fs/cgroup |"))
    }
}
