import FileSystem
import FoundationEssentials
import Grading
import Host
import Synchronization
import SystemPackage
import Testing

@testable import Cluster

@Suite("The processes of a control plane", .timeLimit(.minutes(2)))
struct ControlPlaneTests {
    private let folder: Folder
    private let network = ClusterNetwork(controlPlane: nil, node: nil, address: "127.0.0.1", link: "lo")

    init() throws { folder = try Folder() }

    private func credentials() async throws -> Credentials {
        try await Credentials.make(in: folder.path.appending("credentials"), addresses: ["127.0.0.1"], node: "n", on: folder.host)
    }

    private let programs = ControlPlanePrograms(
        etcd: "/p/etcd", apiServer: "/p/kube-apiserver", controllerManager: "/p/kube-controller-manager", scheduler: "/p/kube-scheduler")

    /// A program that prints its name, records its arguments, and runs until it is stopped; the one named `ending` ends by itself. It
    /// supports the flag `--port`, and no other flag that a release may lack.
    private func standIn(_ name: String, ending: String = "", body: String = "") throws -> FilePath {
        let path = folder.path.appending(name)
        let known = "[ \"${2-}\" != --version ] || { [ \"$1\" = --port=0 ]; exit; }"
        let last = name == ending ? "echo last words >&2; exit 3" : "exec sleep 600"
        try Files.write(
            "#!/bin/sh\n\(known)\nprintf '%s\\n' \"$@\" > '\(path).arguments'\necho $$ > '\(path).pid'\necho \(name) runs\n\(body)\n\(last)\n",
            to: path,
            mode: 0o755)
        return path
    }

    private func standIns(ending: String = "") throws -> ControlPlanePrograms {
        ControlPlanePrograms(
            etcd: try standIn("etcd", ending: ending), apiServer: try standIn("kube-apiserver", ending: ending),
            controllerManager: try standIn("kube-controller-manager", ending: ending),
            scheduler: try standIn("kube-scheduler", ending: ending))
    }

    @Test("Kubernetes' is etcd and its three programs, and every key, certificate and token that they are pointed to is there")
    func kubernetes() async throws {
        let credentials = try await credentials()
        let data: FilePath = "/data"
        let processes = try ControlPlaneKind.kubernetes(programs).processes(credentials, addresses: [], data: data)
        #expect(processes.map(\.name) == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"])
        #expect(processes.map(\.program) == ["/p/etcd", "/p/kube-apiserver", "/p/kube-controller-manager", "/p/kube-scheduler"])
        let paths = processes.flatMap(\.arguments).compactMap { $0.split(separator: "=", maxSplits: 1).last.map(String.init) }
            .filter { $0.hasPrefix(credentials.folder.string) && !$0.hasSuffix(".kubeconfig") }
        #expect(paths.count == 10, "\(paths)")
        for path in paths { #expect(Files.exists(FilePath(path)), "\(path)") }
        let server = processes[1].arguments
        #expect(server.contains("--authorization-mode=Node,RBAC") && server.contains("--secure-port=6443"))
        #expect(server.contains("--token-auth-file=\(credentials.tokenFile)"))
        #expect(!server.contains { $0.hasPrefix("--anonymous-auth=true") || $0.hasPrefix("--insecure-port") })
        #expect(server.contains("--anonymous-auth=false"))
        for process in processes[2...] {
            #expect(process.arguments.contains("--bind-address=127.0.0.1"), "\(process.name)")
            #expect(process.whereKnown == ["--port=0"])
        }
        #expect(processes[1].whereKnown == ["--insecure-port=0"])
        #expect(processes.allSatisfy { $0.sandboxed == nil })
        // Servers that do not authenticate clients listen only on the loopback interface.
        let store = processes[0].arguments.filter { $0.hasPrefix("--listen") }
        #expect(store.count == 2 && store.allSatisfy { $0.contains("=http://127.0.0.1:") })
    }

    @Test("k3s is one process for a sandbox, with the cluster's own authority in it and every address in its certificate")
    func k3s() async throws {
        let credentials = try await credentials()
        let data = folder.path.appending("data")
        let processes = try ControlPlaneKind.k3s("/p/k3s").processes(credentials, addresses: ["127.0.0.1", "198.18.0.2"], data: data)
        #expect(processes.map(\.name) == ["k3s-server"] && processes.map(\.program) == ["/p/k3s"])
        let process = try #require(processes.first)
        #expect(process.arguments.prefix(2) == ["server", "--disable-agent"])
        for expected in [
            "--tls-san=127.0.0.1", "--tls-san=198.18.0.2", "--data-dir=/var/lib/rancher/k3s", "--https-listen-port=6443",
            "--kube-apiserver-arg=token-auth-file=/etc/kubernetes/credentials/tokens.csv",
            "--token-file=/etc/kubernetes/credentials/join-token",
        ] { #expect(process.arguments.contains(expected), "\(expected)") }
        #expect(!process.arguments.joined().contains(folder.path.string), "it is told of no place on the machine")
        let files = try #require(process.sandboxed)
        let keys = "/var/lib/rancher/k3s/server/tls"
        #expect(files["\(keys)/server-ca.crt"] == (try Files.read(credentials.authority)))
        #expect(files["\(keys)/server-ca.key"] == (try Files.read(credentials.key("ca"))))
        #expect(files["/etc/kubernetes/credentials/join-token"] == Array(credentials.nodeToken.utf8))
        #expect(files["/etc/kubernetes/credentials/tokens.csv"] == (try Files.read(folder.path.pushing("credentials/tokens.csv"))))
        #expect(files.count == 4)
    }

    @Test("the program under test is started by its sandbox or not at all")
    func sandboxed() async throws {
        let program = try standIn("k3s")
        let (notices, place, host) = (ClusterNotices(), folder.path, folder.host)
        let error = await #expect(throws: ClusterError.self) {
            try await ControlPlane.run(
                .k3s(program), node: "n", folder: place.appending("plane"), logs: place.appending("logs"), notices: notices, in: network,
                on: host
            ) { _ in try await Task.sleep(for: .seconds(60)) }
        }
        #expect(error?.description.contains("sandbox") == true)
        #expect(!Files.exists(place.appending("k3s.arguments")))
        let words = try await ControlPlane.run(
            .k3s(program), node: "n", folder: place.appending("plane"), logs: place.appending("logs"), notices: notices, in: network,
            sandbox: { process, folder, _ in
                Command("/bin/echo", [process.name, folder.lastComponent?.string ?? ""], environment: [:], on: host)
            }, on: host
        ) { _ in
            try await soon { () -> [String]? in
                let words = notices.take().map(\.words)
                return words.isEmpty ? nil : words
            }
        }
        #expect(words?.first?.contains("k3s-server plane") == true, "\(String(describing: words))")
        #expect(!Files.exists(place.appending("k3s.arguments")))
    }

    @Test("in a sandbox the store and the API server alone run, with the sandbox's paths")
    func answering() async throws {
        let credentials = try await credentials()
        let commands = programs.answering(credentials, at: "/sandbox/keys", data: "/sandbox/data")
        #expect(commands.map(\.name) == ["etcd", "kube-apiserver"])
        let words = commands.flatMap { $0.arguments }
        #expect(!words.contains { $0.contains(credentials.folder.string) })
        #expect(commands[1].arguments.contains("--tls-private-key-file=/sandbox/keys/server.key"))
    }

    @Test("all of them run beside the work, with files for their owner alone, and are gone when it ends")
    func runs() async throws {
        let notices = ClusterNotices()
        let logs = folder.path.appending("logs")
        let programs = try standIns()
        let names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        let (place, test) = (folder.path, self)
        let plane = try await ControlPlane.run(
            .kubernetes(programs), node: "n", folder: place.appending("plane"), logs: logs, notices: notices, in: network, on: folder.host,
            isReady: { _ in true }
        ) { plane in
            let all = try await soon { names.allSatisfy { test.said($0, in: logs) } ? true : nil }
            #expect(all == true)
            return plane
        }
        for name in names {
            let pid = try #require(Int32(try Files.readText(place.appending("\(name).pid")).filter(\.isNumber)))
            let isGone = try await soon { ProcessTree.isRunning(pid) ? nil : true }
            #expect(isGone == true, "\(name)")
        }
        #expect(notices.take().isEmpty, "what was ended did not end by itself")
        let modes = try Folder.modes(in: plane.credentials.folder)
        for name in ["controller-manager", "scheduler"] { #expect(modes["\(name).kubeconfig"] == 0o600) }
        let arguments = try Files.readText(place.appending("kube-scheduler.arguments"))
        #expect(arguments.contains("--kubeconfig=\(plane.credentials.folder)/scheduler.kubeconfig\n"))
        #expect(arguments.hasSuffix("\n--port=0\n"), "plain HTTP is off where the program knows how: \(arguments)")
        let server = try Files.readText(place.appending("kube-apiserver.arguments"))
        #expect(!server.contains("--insecure-port"), "a program is not told what it does not know: \(server)")
        for (name, mode) in try Folder.modes(in: place) where name == "plane" { #expect(mode == 0o700) }
        for (name, mode) in try Folder.modes(in: place.pushing("plane/data")) { #expect(mode == 0o700, "\(name)") }
        #expect(plane.server == "https://127.0.0.1:6443")
        #expect(try plane.nodeFiles.keys.sorted() == [ControlPlane.nodeAuthority, ControlPlane.nodeKubeconfig].sorted())
        let kubeconfig = try String(decoding: #require(plane.nodeFiles[ControlPlane.nodeKubeconfig]), as: UTF8.self)
        #expect(kubeconfig.contains(plane.credentials.nodeToken) && !kubeconfig.contains(plane.credentials.adminToken))
    }

    private func said(_ name: String, in logs: FilePath) -> Bool {
        ((try? Files.readText(logs.appending("\(name).log"))) ?? "").contains("\(name) runs")
    }

    /// The first notices from the running processes.
    private func firstNotices(_ programs: ControlPlanePrograms) async throws -> [String]? {
        let notices = ClusterNotices()
        return try await ControlPlane.run(
            .kubernetes(programs), node: "n", folder: folder.path.appending("plane"), logs: folder.path.appending("logs"), notices: notices,
            in: network, on: folder.host, isReady: { _ in true }
        ) { _ in
            try await soon { () -> [String]? in
                let words = notices.take().map(\.words)
                return words.isEmpty ? nil : words
            }
        }
    }

    @Test("what ends when the API server is not healthy soon enough is started once it is ready, and not before")
    func waits() async throws {
        let isServing = Mutex(false)
        let logs = folder.path.appending("logs")
        let test = self
        let early = ["etcd", "kube-apiserver"]
        let late = ["kube-controller-manager", "kube-scheduler"]
        try await ControlPlane.run(
            .kubernetes(standIns()), node: "n", folder: folder.path.appending("plane"), logs: logs, notices: ClusterNotices(), in: network,
            on: folder.host, isReady: { _ in isServing.withLock { $0 } }
        ) { _ in
            #expect(try await soon { early.allSatisfy { test.said($0, in: logs) } ? true : nil } == true)
            // Several times as long as a request takes.
            try await Task.sleep(for: .seconds(1))
            #expect(!late.contains { test.said($0, in: logs) })
            isServing.withLock { $0 = true }
            #expect(try await soon { late.allSatisfy { test.said($0, in: logs) } ? true : nil } == true)
        }
    }

    @Test("an API server that does not answer is not ready, and one that never is ends nothing but with the work")
    func silent() async throws {
        let logs = folder.path.appending("logs")
        let test = self
        let programs = try standIns()
        try await ControlPlane.run(
            .kubernetes(programs), node: "n", folder: folder.path.appending("plane"), logs: logs, notices: ClusterNotices(),
            in: ClusterNetwork(controlPlane: nil, node: nil, address: "127.0.0.77", link: "lo"), on: folder.host
        ) { _ in
            #expect(try await soon { test.said("kube-apiserver", in: logs) ? true : nil } == true)
            try await Task.sleep(for: .seconds(1))
            #expect(!test.said("kube-scheduler", in: logs))
        }
    }

    @Test("of a program that ended with a fatal line, that line is told before the last ones of its stacks")
    func fatalLine() async throws {
        let stack = "for n in $(seq 100); do echo \"goroutine $n [select]:\"; done >&2; exit 255"
        let programs = ControlPlanePrograms(
            etcd: try standIn("etcd"), apiServer: try standIn("kube-apiserver"),
            controllerManager: try standIn(
                "kube-controller-manager", body: "echo 'F1127 02:37:15.000000      11 controllermanager.go:237] not healthy' >&2; \(stack)"),
            scheduler: try standIn("kube-scheduler"))
        let facts = try await firstNotices(programs)
        #expect(facts?.first?.contains("ended kube-controller-manager exit status 255") == true, "\(String(describing: facts))")
        #expect(facts?.first?.contains("controllermanager.go:237] not healthy") == true, "\(String(describing: facts))")
        #expect(facts?.first?.contains("goroutine 100") == true)
    }

    @Test("one that ends by itself is told of, with its last lines, and does not end the work")
    func ended() async throws {
        let facts = try await firstNotices(standIns(ending: "kube-apiserver"))
        #expect(facts?.count == 1)
        #expect(facts?.first?.hasPrefix("ended kube-apiserver exit status 3") == true, "\(String(describing: facts))")
        #expect(facts?.first?.contains("last words") == true)
    }

    @Test("one whose log cannot be written is told of once, with the file and why, and goes on")
    func unlogged() async throws {
        let logs = folder.path.appending("logs")
        try Files.makeDirectory(logs)
        try Files.link(logs.appending("etcd.log"), to: "/dev/full")
        let notices = ClusterNotices()
        let words = try await ControlPlane.run(
            .kubernetes(standIns()), node: "n", folder: folder.path.appending("plane"), logs: logs, notices: notices, logLimit: .run,
            in: network,
            on: folder.host, isReady: { _ in true }
        ) { _ in
            try await soon { () -> [String]? in
                let words = notices.take().map(\.words)
                return words.isEmpty ? nil : words
            }
        }
        #expect(words?.count == 1)
        #expect(
            words?.first?.hasPrefix("unlogged etcd ") == true && words?.first?.contains("etcd.log") == true, "\(String(describing: words))")
    }

    @Test("one whose program is not there is told of as one that has ended, with why")
    func missing() async throws {
        let programs = try standIns()
        try Files.remove(programs.scheduler)
        let facts = try await firstNotices(programs)
        #expect(facts?.count == 1)
        #expect(facts?.first?.hasPrefix("ended kube-scheduler exit status 127") == true, "\(String(describing: facts))")
        #expect(facts?.first?.contains("not found") == true, "\(String(describing: facts))")
    }
}

@Suite("What goes through a cluster's network")
struct RuleTests {
    @Test("the control plane's network is closed but for the API server's port and the node's kubelet")
    func rules() {
        let rules = ClusterNetwork.rules
        for chain in ["INPUT", "OUTPUT"] { #expect(rules.last { $0.hasPrefix("-A \(chain) ") } == "-A \(chain) -j DROP") }
        #expect(rules.contains("-P FORWARD DROP"))
        // The allowed new connections: everyone to the API server, and the API server to the kubelet.
        let beginning = rules.filter {
            $0.hasSuffix("-j ACCEPT") && !$0.contains("-i lo") && !$0.contains("-o lo") && !$0.contains("! --syn")
        }
        #expect(beginning == ["-A INPUT -p tcp --dport 6443 -j ACCEPT", "-A OUTPUT -o node -p tcp --dport 10250 -j ACCEPT"])
    }
}

@Suite("The addresses of clusters")
struct BlockTests {
    @Test("every block lies in 198.18.0.0/15, and none has an address or a link's name of another")
    func blocks() throws {
        var seen: Set<UInt32> = []
        var links: Set<String> = []
        for number in 0..<ClusterNetwork.Block.count {
            let block = ClusterNetwork.Block(number: number)
            let near = try #require(Self.number(block.near))
            let far = try #require(Self.number(block.far))
            // The two /16 blocks of RFC 2544.
            #expect(near >> 17 == 0xC612_0000 >> 17 && far >> 17 == 0xC612_0000 >> 17)
            // Both are hosts of one /30: neither its network address nor its broadcast address.
            #expect(near >> 2 == far >> 2 && Set([near & 3, far & 3]) == [1, 2])
            #expect(seen.insert(near >> 2).inserted)
            links.insert(block.link)
            // IFNAMSIZ (netdevice(7)) is 16 bytes, including the terminating null.
            #expect(block.link.utf8.count < 16)
        }
        #expect(links.count == ClusterNetwork.Block.count)
        #expect(ClusterNetwork.Block(number: 0).near == "198.18.0.1")
        #expect(ClusterNetwork.Block(number: ClusterNetwork.Block.count - 1).far == "198.19.255.254")
    }

    private static func number(_ address: String) -> UInt32? {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return parts.count == 4 ? parts.reduce(0) { $0 << 8 | UInt32($1) } : nil
    }
}

@Suite("The box of notices")
struct NoticesTests {
    @Test("facts come out once, the oldest first, and none of many tasks' is lost")
    func order() async {
        let notices = ClusterNotices()
        notices.post(.refused("one"))
        notices.post(.refused("two"))
        #expect(notices.take().map(\.words) == ["refused one", "refused two"])
        #expect(notices.take().isEmpty)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<20 { group.addTask { for fact in 0..<50 { notices.post(.refused("\(task) \(fact)")) } } }
        }
        let words = notices.take().map(\.words)
        #expect(Set(words).count == 1000)
        for task in 0..<20 {
            #expect(words.filter { $0.hasPrefix("refused \(task) ") } == (0..<50).map { "refused \(task) \($0)" })
        }
    }
}
