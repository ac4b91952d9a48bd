import Foundation
import Testing

/// Whole worker nodes: they join a control plane that was built from the same source, go Ready, run pods, stay up, and die in known ways.
@Suite("Real worker nodes, joined and kept", .serialized)
struct RealClusterTests {
    @Test("a node runs pods, two nodes stay up beside each other, each way to die has its own name, and nothing is left of any of them")
    func everything() throws {
        let place = Room(tool: try Tool.sharing(), place: try Place())
        // A run that was killed may have left some.
        _ = try place.tool.run(["down", "--all"])
        defer { _ = try? place.tool.run(["down", "--all"]) }
        let before = Machine.now(place.tool.workspace)
        let long = try Kept("long", place)
        try stock(place)
        try pods(place)
        try twoAtOnce(place, long)
        try evicted(place)
        try notEvicted(place)
        try serverGone(place)
        try fullDisk(place)
        try killedAfterFiveMinutes(place, long, since: long.up)
        // The kernel ends a namespace's processes and takes its links at once, but not in no time.
        for _ in 0..<100 where Machine.now(place.tool.workspace) != before { Thread.sleep(forTimeInterval: 0.1) }
        #expect(Machine.now(place.tool.workspace) == before)
    }

    /// The stock node is fatal at once: nobody waits for Ready.
    private func stock(_ place: Room) throws {
        let run = try place.tool.run(["run", "--level", "pod", "--series", "none", "--json"])
        #expect(run.status == 1)
        let verdict = try #require(try run.json()["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "fatal")
        #expect(verdict["cause"] as? String == "memory cache")
    }

    private func pods(_ place: Room) throws {
        let run = try place.tool.run(["run", "--level", "pod", "--json"])
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        try validate(run.output, schema: "run")
        let document = try run.json()
        let verdict = try #require(document["verdict"] as? [String: Any])
        #expect(verdict["grade"] as? String == "clean" && verdict["level"] as? String == "pod")
        let evidence = try #require(verdict["evidence"] as? [[String: Any]])
        let words = try #require(evidence.first?["text"] as? String)
        #expect(words.hasPrefix("ninepin-"), "the pod's own output comes first: \(words)")
        // The word was written by the pod: kubelet's log, which the harness does not write, names its container.
        let folder = "\(place.tool.workspace)/runs/\(try #require(document["id"] as? String))"
        #expect(try String(contentsOfFile: "\(folder)/kubelet.log", encoding: .utf8).contains("ninepin-task"))
        for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
            #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name).log"))
        }
    }

    /// A second node beside the first, with kubectl from anywhere.
    private func twoAtOnce(_ place: Room, _ long: Kept) throws {
        let other = try Kept("other", place)
        #expect(try place.tool.run(["up", "--name", "other"]).status == 64, "a name is taken once")
        for node in [long, other] {
            #expect(try node.kubectl(["get", "nodes", "--no-headers"]).contains(" Ready "))
        }
        try other.pod("by-hand", "echo said by hand; sleep 600")
        try other.wait { try other.kubectl(["get", "pod", "by-hand", "-o", "jsonpath={.status.phase}"]) == "Running" }
        #expect(try other.kubectl(["get", "pods", "-A"]).contains("by-hand"))
        #expect(!(try long.kubectl(["get", "pods", "-A"]).contains("by-hand")), "they do not meet")
        #expect(try other.kubectl(["logs", "by-hand"]).trimmed == "said by hand")
        #expect(try place.tool.run(["logs", "other"]).output.contains("Started kubelet"))
        #expect(try place.tool.run(["logs", "other", "--process", "nobody"]).status == 64)
        let listed = try place.tool.run(["exec", "other", "--", "ctr", "-n", "k8s.io", "images", "ls", "-q"])
        #expect(listed.output.contains("localhost/ninepin/pod:1"), "\(listed.errors)")
        #expect(try place.tool.run(["exec", "other", "--", "sh", "-c", "exit 7"]).status == 7)
        let down = try place.tool.run(["down", "other"])
        #expect(down.status == 0, "\(down.errors)")
        #expect(try place.tool.run(["down", "other"]).status == 64)
        #expect(!processes(naming: "\(place.tool.workspace)/nodes").contains { $0.contains("nodes/other") })
    }

    /// A pod that takes more than the threshold leaves: with memory-usage kubelet sees it.
    private func evicted(_ place: Room) throws {
        let node = try Kept("evicting", place, arguments: [try Self.tight(place)])
        try node.hog()
        try node.wait { try node.kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.reason}"]) == "Evicted" }
        try node.wait { try node.verdict()?["cause"] as? String == "out of memory" }
        #expect(try node.verdict()?["grade"] as? String == "degraded")
        try node.down()
    }

    /// The same pod on a node without memory-usage: it reads 0, sees nothing, and says so in its notes.
    private func notEvicted(_ place: Room) throws {
        let node = try Kept("blind", place, arguments: [try Self.tight(place), "--series", "percpu,9p-source"])
        try node.hog()
        try node.wait { try node.verdict() != nil }
        // Kubelet looks every ten seconds.
        Thread.sleep(forTimeInterval: 30)
        #expect(try node.kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.phase}"]) == "Running")
        let verdict = try #require(try node.verdict())
        #expect(verdict["grade"] as? String == "clean")
        #expect((verdict["notes"] as? [String])?.contains { $0.contains("memory reads 0") } == true, "\(verdict)")
        try node.down()
    }

    private func serverGone(_ place: Room) throws {
        let node = try Kept("headless", place)
        let servers = processes(naming: "\(place.tool.workspace)/nodes/headless/").filter {
            $0.contains("/kube-apiserver --etcd-servers") && !$0.contains("unshare")
        }
        let server = try #require(servers.first.flatMap { Int32($0.prefix { $0.isNumber }) })
        kill(server, SIGKILL)
        try node.wait { try node.state() == "ended" }
        #expect(try node.verdict()?["grade"] as? String == "inconclusive")
        #expect(try node.verdict()?["cause"] as? String == "API server gone")
        #expect(try place.tool.run(["nodes"]).status == 1)
        try node.down()
    }

    /// A disk of its own, made small and filled.
    private func fullDisk(_ place: Room) throws {
        let small = "\(place.path)/small"
        try FileManager.default.createDirectory(atPath: small, withIntermediateDirectories: true)
        try GitFolder.run("/bin/mount", ["-t", "tmpfs", "-o", "size=4g", "tmpfs", small], environment: [:])
        defer { _ = try? GitFolder.run("/bin/umount", [small], environment: [:]) }
        for name in ["store", "cache", "mirrors", "tools"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(small)/\(name)", withDestinationPath: "\(place.tool.workspace)/\(name)")
        }
        var tool = place.tool
        tool.workspace = small
        let node = try Kept("full", place, tool: tool)
        try GitFolder.run(
            "/bin/sh", ["-c", "dd if=/dev/zero of=\(small)/filling bs=1M 2> /dev/null || true"], environment: ["PATH": "/bin:/usr/bin"])
        // By kubelet's own word, or by that of the control plane's store, which lies on the same disk and may die of it first.
        try node.wait { try node.verdict()?["cause"] as? String == "out of disk" }
        #expect(["degraded", "inconclusive"].contains(try node.verdict()?["grade"] as? String))
        try FileManager.default.removeItem(atPath: "\(small)/filling")
        try node.down()
    }

    private func killedAfterFiveMinutes(_ place: Room, _ node: Kept, since up: Date) throws {
        #expect(try node.verdict()?["grade"] as? String == "clean")
        while Date().timeIntervalSince(up) < 300 { Thread.sleep(forTimeInterval: 1) }
        #expect(try node.verdict()?["grade"] as? String == "clean")
        let killed = try place.tool.run(["exec", "long", "--", "sh", "-c", "kill -9 $(pidof kubelet)"])
        #expect(killed.status == 0, "\(killed.errors)")
        try node.wait { try node.state() == "ended" }
        #expect(try node.verdict()?["grade"] as? String == "inconclusive")
        #expect(try node.verdict()?["cause"] as? String == "node killed")
        try node.down()
    }

    /// A recipe whose node must keep all but 500 MiB of the machine's memory free.
    private static func tight(_ place: Room) throws -> String {
        let text = try String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        let total = try #require(text.split(separator: "\n").first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return try place.place.write(
            "recipes/tight.yaml",
            """
            extends: \(Tool.project.path)/recipes/kubelet-1.20.yaml
            node:
              kubelet:
                evictionHard: '{memory.available: "\(total - 500 * 1024)Ki"}'
                evictionPressureTransitionPeriod: 60s

            """)
    }
}

/// Where the nodes of the test are.
private struct Room {
    let tool: Tool
    let place: Place

    var path: String { place.path }
}

/// A node that is kept up.
private struct Kept {
    let name: String
    let place: Room
    let tool: Tool
    let up: Date
    private let kubeconfig: String

    init(_ name: String, _ place: Room, tool: Tool? = nil, arguments: [String] = []) throws {
        (self.name, self.place, self.tool) = (name, place, tool ?? place.tool)
        let started = try self.tool.run(["up"] + arguments + ["--name", name, "--json"])
        #expect(started.status == 0, "\(started.output)\(started.errors)")
        kubeconfig = try #require(try started.json()["kubeconfig"] as? String)
        up = Date()
    }

    @discardableResult
    func kubectl(_ arguments: [String]) throws -> String {
        try GitFolder.run(
            "/usr/bin/env", ["kubectl", "--request-timeout=20s"] + arguments,
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin", "KUBECONFIG": kubeconfig, "HOME": place.path])
    }

    func pod(_ name: String, _ script: String) throws {
        try kubectl([
            "run", name, "--image=localhost/ninepin/pod:1", "--image-pull-policy=Never", "--restart=Never",
            #"--overrides={"spec":{"hostNetwork":true}}"#, "--", "sh", "-c", script,
        ])
    }

    /// A pod that holds 700 MiB.
    func hog() throws {
        try pod("hog", "dd if=/dev/zero bs=700M count=1 | sleep 1000")
        try wait { ["Running", "Failed"].contains(try kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.phase}"])) }
    }

    func wait(for condition: () throws -> Bool) throws {
        for _ in 0..<240 {
            if (try? condition()) == true { return }
            Thread.sleep(forTimeInterval: 0.5)
        }
        Issue.record("what was waited for did not happen in two minutes: \(name): \(try tool.run(["nodes"]).output)")
    }

    private func listed() throws -> [String: Any]? {
        (try tool.run(["nodes", "--json"]).json()["nodes"] as? [[String: Any]])?.first { $0["name"] as? String == name }
    }

    func verdict() throws -> [String: Any]? { try listed()?["verdict"] as? [String: Any] }
    func state() throws -> String? { try listed()?["state"] as? String }

    func down() throws {
        let down = try tool.run(["down", name])
        #expect(down.status == 0, "\(down.errors)")
    }
}

/// What of a machine a node could leave something in.
private struct Machine: Equatable {
    let processes: [String]
    let mounts: [String]
    let links: [String]
    let namespaces: [String]
    let files: [String]

    static func now(_ workspace: String) -> Machine {
        let text = { (file: String) in (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        let names = { (folder: String) in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
        return Machine(
            processes: CommandTests.processes(naming: workspace),
            mounts: text("/proc/mounts").split(separator: "\n").map(String.init).filter { $0.contains(workspace) },
            links: names("/sys/class/net").filter { $0.hasPrefix("ninepin") }, namespaces: names("/run/netns"),
            files: names("\(workspace)/nodes") + names("\(workspace)/tmp").filter { !$0.hasPrefix(".") })
    }
}
