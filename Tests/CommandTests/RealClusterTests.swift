import Foundation
import Model
import Testing

/// Complete worker nodes: they join a control plane built from the same source, become Ready, run pods, stay up, and fail in known ways.
@Suite("Real worker nodes, joined and kept", .real(minutes: 2))
struct RealClusterTests {
    /// Runs a scenario in its own folder, and checks that nothing remains of it.
    private func scenario(_ body: (ClusterFixture) async throws -> Void) async throws {
        let place = ClusterFixture(place: try await RealWorkspace.withControlPlane())
        try await Joining.scenario { try await scenario(in: place, body) }
    }

    private func scenario(in place: ClusterFixture, _ body: (ClusterFixture) async throws -> Void) async throws {
        let before = Machine.now(place.tool.workspace)
        do { try await body(place) } catch {
            _ = try? place.tool.run(["down", "--all"])
            throw error
        }
        #expect(try place.tool.run(["nodes", "--json"]).json()["nodes"] as? [String] == [], "a node is still up")
        _ = try place.tool.run(["down", "--all"])
        // The kernel ends a namespace's processes and removes its links promptly, but not instantly.
        for _ in 0..<100 where Machine.now(place.tool.workspace) != before { try await Task.sleep(for: .seconds(0.1)) }
        #expect(Machine.now(place.tool.workspace) == before)
    }

    @Test("a stock node that joins is fatal at once: nobody waits for Ready")
    func stock() async throws {
        try await scenario { place in
            _ = try await RealWorkspace.build(place.tool, "kubelet-1.20", ["--series", "none"])
            let run = try place.tool.run(["run", "--level", "pod", "--series", "none", "--json"])
            #expect(run.status == 1)
            let verdict = try #require(try run.json()["verdict"] as? [String: Any])
            #expect(verdict["grade"] as? String == "fatal")
            #expect(verdict["cause"] as? String == "memory cache")
        }
    }

    @Test("a node joins and goes Ready; at this level nothing more is asked")
    func ready() async throws {
        try await scenario { place in
            let run = try place.tool.run(["run", "--level", "ready", "--json"])
            #expect(run.status == 0, "\(run.output)\(run.errors)")
            #expect((try run.json()["verdict"] as? [String: Any])?["level"] as? String == "ready")
        }
    }

    @Test("a node joins, goes Ready, and runs pods: the pod's own output is the first piece of evidence")
    func pods() async throws {
        try await scenario { place in
            let (run, listening) = try watched(["run", "--level", "pod", "--json"], place)
            #expect(listening == (try Reach.documented()), "docs/reach.md")
            #expect(run.status == 0, "\(run.output)\(run.errors)")
            try expectDocument(run.output, is: "run.schema.json")
            let document = try run.json()
            let verdict = try #require(document["verdict"] as? [String: Any])
            #expect(verdict["grade"] as? String == "clean" && verdict["level"] as? String == "pod")
            let evidence = try #require(verdict["evidence"] as? [[String: Any]])
            let words = try #require(evidence.first?["text"] as? String)
            #expect(words.hasPrefix("ninepin-"), "the pod's own output comes first: \(words)")
            // The pod wrote the message: kubelet's log, which the harness does not write, names its container.
            let folder = "\(place.tool.workspace)/runs/\(try #require(document["id"] as? String))"
            #expect(try String(contentsOfFile: "\(folder)/kubelet.log", encoding: .utf8).contains("ninepin-task"))
            for name in ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/\(name).log"))
            }
        }
    }

    /// Runs a command, and records all listeners in the meantime.
    private func watched(_ arguments: [String], _ place: ClusterFixture) throws -> (Tool.Outcome, Set<String>) {
        let (process, output, errors) = try place.tool.start(arguments, in: URL(filePath: place.path))
        var listening: Set<String> = []
        while process.isRunning {
            listening.formUnion(Reach.listening(naming: "\(place.tool.workspace)/tmp"))
            Thread.sleep(forTimeInterval: 0.5)
        }
        let text = { (file: URL) in (try? String(contentsOf: file, encoding: .utf8)) ?? "" }
        return (Tool.Outcome(status: process.terminationStatus, output: text(output), errors: text(errors)), listening)
    }

    @Test("two nodes stay up beside each other and do not meet, with kubectl from anywhere; down leaves nothing")
    func twoAtOnce() async throws {
        try await scenario { place in
            let long = try Kept("long", place)
            let other = try Kept("other", place)
            #expect(try place.tool.run(["up", "--name", "other"]).status == 64, "a name is taken once")
            try expectDocument(try place.tool.run(["nodes", "--json"]).output, is: "nodes")
            try expectDocument(try place.tool.run(["kubeconfig", "other", "--json"]).output, is: "kubeconfig")
            for node in [long, other] {
                #expect(try node.kubectl(["get", "nodes", "--no-headers"]).contains(" Ready "))
            }
            try other.pod("by-hand", "echo said by hand; sleep 600")
            try other.wait { try other.kubectl(["get", "pod", "by-hand", "-o", "jsonpath={.status.phase}"]) == "Running" }
            #expect(try other.kubectl(["get", "pods", "-A"]).contains("by-hand"))
            #expect(!(try long.kubectl(["get", "pods", "-A"]).contains("by-hand")), "they do not meet")
            #expect(try other.kubectl(["logs", "by-hand"]).trimmed == "said by hand")
            try other.indented()
            try other.reach()
            #expect(try place.tool.run(["logs", "other"]).output.contains("Started kubelet"))
            #expect(try place.tool.run(["logs", "other", "--process", "nobody"]).status == 64)
            let listed = try place.tool.run(["exec", "other", "--", "ctr", "-n", "k8s.io", "images", "ls", "-q"])
            #expect(listed.output.contains("localhost/ninepin/pod:1"), "\(listed.errors)")
            #expect(try place.tool.run(["exec", "other", "--", "sh", "-c", "exit 7"]).status == 7)
            try other.down()
            #expect(try place.tool.run(["down", "other"]).status == 64)
            #expect(!processes(naming: "\(place.tool.workspace)/nodes").contains { $0.contains("nodes/other") })
            try long.down()
        }
    }

    @Test("a pod that takes more than the threshold leaves, since with memory-usage kubelet sees it; the cause is out of memory")
    func evicted() async throws {
        try await scenario { place in
            let recipe = try Self.tight(place)
            _ = try await RealWorkspace.build(place.tool, recipe, ["--level", "pod"])
            let node = try Kept("evicting", place, arguments: [recipe])
            try node.hog()
            try node.wait { try node.kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.reason}"]) == "Evicted" }
            try node.wait { try node.verdict()?["cause"] as? String == "out of memory" }
            #expect(try node.verdict()?["grade"] as? String == "degraded")
            try node.down()
        }
    }

    @Test("a node without memory-usage reads 0, keeps the same pod, and says so in its notes")
    func notEvicted() async throws {
        try await scenario { place in
            let recipe = try Self.tight(place)
            let series = ["--series", "percpu,9p-source"]
            _ = try await RealWorkspace.build(place.tool, recipe, ["--level", "pod"] + series)
            let node = try Kept("blind", place, arguments: [recipe] + series)
            try node.hog()
            try node.wait { try node.verdict() != nil }
            // kubelet checks every ten seconds.
            try await Task.sleep(for: .seconds(30))
            #expect(try node.kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.phase}"]) == "Running")
            let verdict = try #require(try node.verdict())
            #expect(verdict["grade"] as? String == "clean")
            #expect((verdict["notes"] as? [String])?.contains { $0.contains("memory reads 0") } == true, "\(verdict)")
            try node.down()
        }
    }

    @Test("when kube-apiserver is killed, the node's verdict is inconclusive: API server gone")
    func serverGone() async throws {
        try await scenario { place in
            let node = try Kept("headless", place)
            let servers = processes(naming: "\(place.tool.workspace)/nodes/headless/").filter {
                $0.contains("/kube-apiserver --etcd-servers") && !$0.contains("unshare")
            }
            let server = try #require(servers.first.flatMap { Int32($0.prefix { $0.isNumber }) })
            kill(server, SIGKILL)
            try node.wait { try node.state() == "ended" }
            #expect(try node.verdict()?["grade"] as? String == "inconclusive")
            #expect(try node.verdict()?["cause"] as? String == "API server gone")
            let nodes = try place.tool.run(["nodes", "--json"])
            #expect(nodes.status == 1)
            try expectDocument(nodes.output, is: "nodes")
            try node.down()
        }
    }

    @Test("when its disk is full, the cause is out of disk")
    func fullDisk() async throws {
        try await scenario { place in
            // A separate disk, kept small and filled.
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
            // Either kubelet reports it, or the control plane's store does, which is on the same disk and may fail first.
            try node.wait { try node.verdict()?["cause"] as? String == "out of disk" }
            #expect(["degraded", "inconclusive"].contains(try node.verdict()?["grade"] as? String))
            try FileManager.default.removeItem(atPath: "\(small)/filling")
            try node.down()
        }
    }

    @Test("a node that was up for five minutes is clean all the time, and inconclusive when it is killed: node killed", .real(minutes: 6))
    func killedAfterFiveMinutes() async throws {
        try await scenario { place in
            let node = try Kept("long", place)
            try node.wait { try node.verdict() != nil }
            #expect(try node.verdict()?["grade"] as? String == "clean")
            while Date().timeIntervalSince(node.up) < 300 { try await Task.sleep(for: .seconds(1)) }
            #expect(try node.verdict()?["grade"] as? String == "clean")
            let killed = try place.tool.run(["exec", "long", "--", "sh", "-c", "kill -9 $(pidof kubelet)"])
            #expect(killed.status == 0, "\(killed.errors)")
            try node.wait { try node.state() == "ended" }
            #expect(try node.verdict()?["grade"] as? String == "inconclusive")
            #expect(try node.verdict()?["cause"] as? String == "node killed")
            try node.down()
        }
    }

    /// A recipe whose node must keep all but 500 MiB of the machine's memory free. It has the same name as the one that it extends, and
    /// therefore the same binaries.
    private static func tight(_ place: ClusterFixture) throws -> String {
        let text = try String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        let total = try #require(text.split(separator: "\n").first?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return try place.place.write(
            "recipes/kubelet-1.20.yaml",
            """
            extends: \(Tool.project.path)/recipes/kubelet-1.20.yaml
            node:
              kubelet:
                evictionHard: '{memory.available: "\(total - 500 * 1024)Ki"}'
                evictionPressureTransitionPeriod: 60s

            """)
    }
}

/// Where the test's nodes are.
private struct ClusterFixture {
    let place: ProjectFixture

    var tool: Tool { place.tool }
    var path: String { place.path }
}

/// A node that is kept running.
private struct Kept {
    let name: String
    let place: ClusterFixture
    let tool: Tool
    let up: Date
    private let kubeconfig: String
    /// The machine's end of the link to its control plane.
    private let link: String
    /// The API server's address.
    private let server: String

    init(_ name: String, _ place: ClusterFixture, tool: Tool? = nil, arguments: [String] = []) throws {
        (self.name, self.place, self.tool) = (name, place, tool ?? place.tool)
        let started = try self.tool.run(["up"] + arguments + ["--name", name, "--json"])
        #expect(started.status == 0, "\(started.output)\(started.errors)")
        try expectDocument(started.output, is: "up")
        kubeconfig = try #require(try started.json()["kubeconfig"] as? String)
        up = Date()
        // The link's name contains its block of four addresses below 198.18.0.0 (Sources/Cluster/ClusterNetwork.swift).
        let text = try String(contentsOfFile: kubeconfig, encoding: .utf8)
        let address = try #require(text.firstMatch(of: /https:\/\/198\.(\d+)\.(\d+)\.(\d+):/), "\(text)")
        server = "198.\(address.1).\(address.2).\(address.3)"
        let parts = [address.1, address.2, address.3].compactMap { Int($0) }
        link = "ninepin\(String((((parts[0] - 18) << 16) + (parts[1] << 8) + parts[2]) / 4, radix: 16))"
        #expect(FileManager.default.fileExists(atPath: "/sys/class/net/\(link)"), "\(link)")
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

    /// A pod that uses 700 MiB of memory.
    func hog() throws {
        try pod("hog", "dd if=/dev/zero bs=700M count=1 | sleep 1000")
        try wait { ["Running", "Failed"].contains(try kubectl(["get", "pod", "hog", "-o", "jsonpath={.status.phase}"])) }
    }

    func wait(for condition: () throws -> Bool) throws {
        // Each check runs a program or two, and other nodes need the CPUs.
        for _ in 0..<80 {
            if (try? condition()) == true { return }
            Thread.sleep(forTimeInterval: 1.5)
        }
        Issue.record("what was waited for did not happen in two minutes: \(name): \(try tool.run(["nodes"]).output)")
    }

    private func listed() throws -> [String: Any]? {
        (try tool.run(["nodes", "--json"]).json()["nodes"] as? [[String: Any]])?.first { $0["name"] as? String == name }
    }

    func verdict() throws -> [String: Any]? { try listed()?["verdict"] as? [String: Any] }
    func state() throws -> String? { try listed()?["state"] as? String }

    /// The API server answers curl, which gets indented responses unless it asks otherwise, and is still the same process afterwards.
    func indented() throws {
        func running() -> [String] {
            processes(naming: "\(tool.workspace)/nodes/\(name)/").filter { $0.contains("/kube-apiserver --etcd-servers") }
        }
        let before = running()
        let token = try kubectl(["config", "view", "--raw", "-o", "jsonpath={.users[0].user.token}"]).trimmed
        for path in ["/apis", "/api/v1/nodes", "/api/v1/namespaces", "/api/v1/pods?pretty=true"] {
            let answer = try said(
                "/usr/bin/curl", ["-sk", "--max-time", "20", "-H", "Authorization: Bearer \(token)", "https://\(server):6443\(path)"])
            #expect(try JSONSerialization.jsonObject(with: Data(answer.utf8)) is [String: Any], "\(path): \(answer.prefix(300))")
            #expect(answer.hasPrefix("{\n  \""), "\(path) is not indented: \(answer.prefix(300))")
        }
        #expect(!before.isEmpty && running() == before)
        #expect(try kubectl(["get", "nodes", "--no-headers"]).contains(" Ready "))
    }

    /// Who can reach what according to docs/reach.md; each row is tried.
    func reach() throws {
        let folder = "\(tool.workspace)/nodes/\(name)"
        #expect(Reach.listening(naming: "\(folder)/boot") == (try Reach.documented()), "docs/reach.md")
        let plane = server.components(separatedBy: ".").dropLast() + [String((Int(server.split(separator: ".").last ?? "") ?? 0) - 1)]
        let machine = plane.joined(separator: ".")
        let service = try Service(on: machine)
        let port = "control plane, another port"
        let inside = [
            Reach.trial("API server", "192.0.2.1", 6443), Reach.trial("machine", machine, service.port),
            Reach.trial(port, "192.0.2.1", 2379), Reach.trial(port, "192.0.2.1", 10257), Reach.trial(port, server, 10259),
        ].joined(separator: "\n")
        var found: [String: [String: String]] = [:]
        found["node"] = Reach.answers(try tool.run(["exec", name, "--", "sh", "-c", inside]).output)
        try pod("reach", inside.replacingOccurrences(of: "timeout", with: "busybox timeout"))
        try wait { try kubectl(["get", "pod", "reach", "-o", "jsonpath={.status.phase}"]) == "Succeeded" }
        found["pod"] = Reach.answers(try kubectl(["logs", "reach"]))
        let places = Reach.processes(naming: "\(folder)/boot")
        let beside = [
            Reach.trial("kubelet, 10250", "192.0.2.2", 10250), Reach.trial("kubelet, 10255", "192.0.2.2", 10255),
            Reach.trial("machine", machine, service.port),
        ].joined(separator: "\n")
        let process = try #require(places[.controlPlane])
        found["control plane"] = Reach.answers(try said("/usr/bin/nsenter", ["--net=/proc/\(process)/ns/net", "sh", "-c", beside]))
        found["another user"] = try otherUser(folder)
        for row in try Reach.rows(under: "from | to") { #expect(found[row[0]]?[row[1]] == row[2], "docs/reach.md: \(row): \(found)") }
        // An allowed client can reach the service, so a 'no' is meaningful.
        #expect(Reach.answers(try said("/bin/sh", ["-c", Reach.trial("machine", machine, service.port)]))["machine"] == "yes")
        try modes(of: folder)
    }

    /// The API server's answers to the user nobody.
    private func otherUser(_ folder: String) throws -> [String: String] {
        let script = """
            for path in / /api /api/v1/secrets /version /healthz /metrics /openapi/v2 /logs; do
              echo "API server, without a token|$(curl -sk -o /dev/null -w '%{http_code}' --max-time 20 https://\(server):6443$path)"
            done
            \(Reach.trial("kubelet, 10250", "192.0.2.2", 10250))
            if cat '\(kubeconfig)' > /dev/null 2>&1; then echo 'kubeconfig|yes'; else echo 'kubeconfig|no'; fi
            for file in ca.key tokens.csv server.key; do
              if cat "\(folder)/boot/control-plane/credentials/$file" > /dev/null 2>&1; then r=yes; else r=no; fi
              echo "keys and tokens|$r"
            done
            """
        return Reach.answers(
            try said("/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "--", "/bin/sh", "-c", script]))
    }

    private func said(_ program: String, _ arguments: [String]) throws -> String {
        try GitFolder.run(program, arguments, environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
    }

    /// A node's folders are accessible only to their owner, and so is each file that grants access to the cluster.
    private func modes(of folder: String) throws {
        func mode(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int }
        for path in [folder, "\(folder)/boot/control-plane"] { #expect(try mode(path) == 0o700, "\(path)") }
        #expect(try mode(kubeconfig) == 0o600)
        let keys = "\(folder)/boot/control-plane/credentials"
        let secret = try FileManager.default.contentsOfDirectory(atPath: keys).filter {
            $0.hasSuffix(".key") || $0.hasSuffix(".kubeconfig") || $0.hasSuffix(".csv")
        }
        #expect(secret.count == 7, "\(secret)")
        for name in secret { #expect(try mode("\(keys)/\(name)") == 0o600, "\(name)") }
        for name in ["kubeconfig", "ca.crt"] {
            let paths = ["rootfs", "upper"].map { "\(folder)/boot/\($0)/etc/kubernetes/\(name)" }
            for path in paths where FileManager.default.fileExists(atPath: path) { #expect(try mode(path) == 0o600, "\(path)") }
        }
    }

    func down() throws {
        let down = try tool.run(["down", name, "--json"])
        #expect(down.status == 0, "\(down.errors)")
        try expectDocument(down.output, is: "down")
        // The kernel removes a link promptly, but not instantly.
        for _ in 0..<100 where FileManager.default.fileExists(atPath: "/sys/class/net/\(link)") { Thread.sleep(forTimeInterval: 0.1) }
        #expect(!FileManager.default.fileExists(atPath: "/sys/class/net/\(link)"), "\(link)")
    }
}

/// The parts of the machine where a node could leave something behind. Links are checked when a node stops, and by `.ci/test` at the end,
/// because other tests' nodes have some too.
private struct Machine: Equatable {
    let processes: [String]
    let mounts: [String]
    let namespaces: [String]
    let files: [String]

    static func now(_ workspace: String) -> Machine {
        let text = { (file: String) in (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        let names = { (folder: String) in ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted() }
        return Machine(
            processes: CommandTests.processes(naming: workspace),
            mounts: text("/proc/mounts").split(separator: "\n").map(String.init).filter { $0.contains(workspace) },
            namespaces: names("/run/netns"),
            files: names("\(workspace)/nodes") + names("\(workspace)/tmp").filter { !$0.hasPrefix(".") })
    }
}
