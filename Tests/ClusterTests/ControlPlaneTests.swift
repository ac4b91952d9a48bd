import FoundationEssentials
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

    /// A program that says its name, writes its arguments down, and goes on until it is ended; the one of the name `ending` ends.
    private func standIn(_ name: String, ending: String = "", body: String = "") throws -> FilePath {
        let path = folder.path.appending(name)
        let last = name == ending ? "echo last words >&2; exit 3" : "exec sleep 600"
        try Files.write(
            "#!/bin/sh\nprintf '%s\\n' \"$@\" > '\(path).arguments'\necho $$ > '\(path).pid'\necho \(name) runs\n\(body)\n\(last)\n",
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
        // What listens without asking who it is listens on the loopback only.
        let store = processes[0].arguments.filter { $0.hasPrefix("--listen") }
        #expect(store.count == 2 && store.allSatisfy { $0.contains("=http://127.0.0.1:") })
    }

    @Test("k3s is one process with the cluster's own authority, for its owner alone, and every address in its certificate")
    func k3s() async throws {
        let credentials = try await credentials()
        let data = folder.path.appending("data")
        let processes = try ControlPlaneKind.k3s("/p/k3s").processes(credentials, addresses: ["127.0.0.1", "198.18.0.2"], data: data)
        #expect(processes.map(\.name) == ["k3s-server"] && processes.map(\.program) == ["/p/k3s"])
        let arguments = try #require(processes.first?.arguments)
        #expect(arguments.prefix(2) == ["server", "--disable-agent"])
        for expected in [
            "--tls-san=127.0.0.1", "--tls-san=198.18.0.2", "--data-dir=\(data)/k3s", "--https-listen-port=6443",
            "--kube-apiserver-arg=token-auth-file=\(credentials.tokenFile)", "--token-file=\(credentials.joinTokenFile)",
        ] { #expect(arguments.contains(expected), "\(expected)") }
        let keys = data.pushing("k3s/server/tls")
        #expect(try Files.read(keys.appending("server-ca.crt")) == Files.read(credentials.authority))
        #expect(try Files.read(keys.appending("server-ca.key")) == Files.read(credentials.key("ca")))
        #expect(try Folder.modes(in: keys)["server-ca.key"] == 0o600)
        #expect(try Files.readText(credentials.joinTokenFile) == credentials.nodeToken)
        #expect(try Folder.modes(in: credentials.folder)["join-token"] == 0o600)
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
            .kubernetes(programs), node: "n", folder: place.appending("plane"), logs: logs, notices: notices, in: network, on: folder.host
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
        #expect(plane.server == "https://127.0.0.1:6443")
        #expect(try plane.nodeFiles.keys.sorted() == [ControlPlane.nodeAuthority, ControlPlane.nodeKubeconfig].sorted())
        let kubeconfig = try String(decoding: #require(plane.nodeFiles[ControlPlane.nodeKubeconfig]), as: UTF8.self)
        #expect(kubeconfig.contains(plane.credentials.nodeToken) && !kubeconfig.contains(plane.credentials.adminToken))
    }

    private func said(_ name: String, in logs: FilePath) -> Bool {
        ((try? Files.readText(logs.appending("\(name).log"))) ?? "").contains("\(name) runs")
    }

    /// The first notices that come while the processes run.
    private func firstNotices(_ programs: ControlPlanePrograms) async throws -> [String]? {
        let notices = ClusterNotices()
        return try await ControlPlane.run(
            .kubernetes(programs), node: "n", folder: folder.path.appending("plane"), logs: folder.path.appending("logs"), notices: notices,
            in: network, on: folder.host
        ) { _ in
            try await soon { () -> [String]? in
                let words = notices.take().map(\.words)
                return words.isEmpty ? nil : words
            }
        }
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
            on: folder.host
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
        #expect(facts?.first?.contains("No such file") == true, "\(String(describing: facts))")
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
            // RFC 2544's two /16.
            #expect(near >> 17 == 0xC612_0000 >> 17 && far >> 17 == 0xC612_0000 >> 17)
            // Both are hosts of one /30: neither its first address nor its last.
            #expect(near >> 2 == far >> 2 && Set([near & 3, far & 3]) == [1, 2])
            #expect(seen.insert(near >> 2).inserted)
            links.insert(block.link)
            // IFNAMSIZ (netdevice(7)) is 16 bytes with the null.
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
