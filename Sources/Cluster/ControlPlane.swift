import Glibc
import Grading
import Host
import Model
import SystemPackage
import Transfer

/// etcd and the three programs of Kubernetes that a worker node joins, running in a network of their own.
package struct ControlPlane: Sendable {
    /// Where the API server listens.
    static let port = 6443
    /// The network.
    package let network: ClusterNetwork
    /// Keys, certificates and tokens.
    package let credentials: Credentials
    private let kind: ControlPlaneKind
    let deadlines: Deadlines

    /// The API server's address as seen from this machine.
    package var server: String { Self.server(network) }
    /// Asks the API server as somebody who may do anything.
    package var client: APIClient {
        APIClient(server: server, authority: credentials.authority, token: credentials.adminToken, deadlines: deadlines)
    }

    /// A kubeconfig for this machine, with all rights.
    package let adminKubeconfig: String

    private init(network: ClusterNetwork, credentials: Credentials, kind: ControlPlaneKind, deadlines: Deadlines) throws {
        (self.network, self.credentials, self.kind, self.deadlines) = (network, credentials, kind, deadlines)
        adminKubeconfig = try credentials.kubeconfig(for: .admin, server: Self.server(network), authority: nil)
    }

    private static func server(_ network: ClusterNetwork) -> String { "https://\(network.address):\(port)" }

    /// The files that the node needs to join, by their paths in its root file system.
    package var nodeFiles: [String: [UInt8]] {
        get throws {
            if case .k3s = kind { return [Self.joinToken: Array(credentials.nodeToken.utf8)] }
            let kubeconfig = try credentials.kubeconfig(
                for: .node, server: Self.joinAddress, authority: nil)
            return [Self.nodeKubeconfig: Array(kubeconfig.utf8), Self.nodeAuthority: try Files.read(credentials.authority)]
        }
    }

    /// Where a node reaches the API server.
    package static let joinAddress = "https://\(ClusterNetwork.inner):\(port)"
    /// Where a node of k3s has the token with which it joins.
    package static let joinToken = "/etc/kubernetes/join-token"
    /// Where the node has its kubeconfig.
    package static let nodeKubeconfig = "/etc/kubernetes/kubeconfig"
    /// Where the node has the authority's certificate.
    package static let nodeAuthority = "/etc/kubernetes/ca.crt"

    /// Starts a control plane, works with it, and ends it, in every path out.
    ///
    /// - Parameters:
    ///   - node: the node's name.
    ///   - folder: gets keys, tokens and the store; the caller's to remove.
    ///   - logs: a folder that gets a log for each process.
    ///   - notices: is told when a process ends by itself.
    ///   - logLimit: how long each log may grow.
    ///   - isShared: whether it runs in this process's own network.
    ///   - sandbox: puts a program that is under test itself into a sandbox in a network.
    /// - Throws: `ClusterError`, `CommandError`, `FileError` when it cannot be made; what the work throws.
    package static func with<Value: Sendable>(
        _ kind: ControlPlaneKind, node: String, folder: FilePath, logs: FilePath, notices: ClusterNotices,
        logLimit: LineFile.Limit = .kept, isShared: Bool = false, sandbox: @escaping Sandbox = noSandbox, on host: Host,
        _ body: @escaping @Sendable (ControlPlane) async throws -> Value
    ) async throws -> Value {
        let work: @Sendable (ClusterNetwork) async throws -> Value = { network in
            try await run(
                kind, node: node, folder: folder, logs: logs, notices: notices, logLimit: logLimit, in: network, sandbox: sandbox,
                on: host, body)
        }
        return isShared ? try await ClusterNetwork.shared(on: host, work) : try await ClusterNetwork.with(on: host, work)
    }

    /// The same in a network that is there.
    ///
    /// - Parameter isReady: says whether the API server is ready, for those that need it.
    static func run<Value: Sendable>(
        _ kind: ControlPlaneKind, node: String, folder: FilePath, logs: FilePath, notices: ClusterNotices, logLimit: LineFile.Limit = .kept,
        in network: ClusterNetwork, sandbox: @escaping Sandbox = noSandbox, on host: Host,
        isReady: @escaping @Sendable (ControlPlane) async throws -> Bool = { try await $0.isReady() },
        _ body: @escaping @Sendable (ControlPlane) async throws -> Value
    ) async throws -> Value {
        // Keys, tokens and the store are nobody else's business.
        try Files.makeDirectory(folder)
        chmod(folder.string, 0o700)
        let addresses = ["127.0.0.1", network.address, ClusterNetwork.inner, "10.96.0.1"]
        let credentials = try await Credentials.make(in: folder.appending("credentials"), addresses: addresses, node: node, on: host)
        let data = folder.appending("data")
        let plane = try ControlPlane(network: network, credentials: credentials, kind: kind, deadlines: host.deadlines)
        try plane.writeKubeconfigs()
        try Files.makeDirectory(data)
        try Files.makeDirectory(logs)
        let user = Jail.newUser()
        let processes = try kind.processes(credentials, addresses: addresses, data: data).map { process in
            { @Sendable () async throws -> Void in
                // How long that may take is for whoever waits for the node to say.
                while process.needsServer, try await !isReady(plane) { try await Task.sleep(for: .milliseconds(250)) }
                let command =
                    process.sandboxed == nil
                    ? try plane.command(process, data: data, user: user, on: host)
                    : try await sandbox(process, folder, network.controlPlane)
                try await plane.run(command, of: process, logs: logs, logLimit: logLimit, notices: notices)
            }
        }
        return try await withBackgroundTasks(processes) { try await body(plane) }
    }

    /// Whether the API server says that it is ready. One that does not answer is not.
    private func isReady() async throws -> Bool {
        do { _ = try await client.text("/readyz") } catch is TransferError { return false } catch is ClusterError { return false }
        return true
    }

    private func writeKubeconfigs() throws {
        for user in [Credentials.User.controllerManager, .scheduler] {
            let text = try credentials.kubeconfig(
                for: user, server: "https://127.0.0.1:\(Self.port)", authority: credentials.authority.string)
            try Files.write(text, to: credentials.folder.appending("\(user.rawValue).kubeconfig"), mode: 0o600)
        }
    }

    /// Makes the command that runs a process in a sandbox.
    package typealias Sandbox = @Sendable (ControlPlaneProcess, _ folder: FilePath, NetworkNamespace?) async throws -> Command

    /// For a control plane that needs none.
    package static let noSandbox: Sandbox = { process, _, _ in throw ClusterError.needsSandbox(program: process.name) }

    /// A process that was built from a source, or is the machine's: it is shown its own files and its own folder, and may do what any user may.
    private func command(_ process: ControlPlaneProcess, data: FilePath, user: UInt32, on host: Host) throws -> Command {
        let own = data.appending(process.name)
        try Files.makeDirectory(own)
        chmod(own.string, 0o700)
        let words = process.words
        var command = Command(FilePath(words[0]), Array(words.dropFirst()), environment: host.plainEnvironment, directory: own, on: host)
        command.network = network.controlPlane
        // Without a network of its own it is in a sandbox already, with all of the cluster.
        guard host.isRoot, network.controlPlane != nil else { return command }
        let named = process.arguments.compactMap { $0.split(separator: "=", maxSplits: 1).last.map { FilePath(String($0)) } }
        let keys = Set(named.filter { $0.starts(with: credentials.folder) } + [credentials.authority]).sorted { $0.string < $1.string }
        let place = data.appending("\(process.name).root")
        try Files.makeDirectory(place)
        let jail = Jail(in: place, user: user, readable: [process.program] + keys, writable: [own], hasNetwork: true)
        try jail.give(keys + [own])
        return jail.confined(command)
    }

    private func run(
        _ command: Command, of process: ControlPlaneProcess, logs: FilePath, logLimit: LineFile.Limit, notices: ClusterNotices
    ) async throws {
        struct Heard: Sendable {
            let log: LineFile
            var last = RecentLines()
            /// The line by which klog tells that the program ends; the stacks of all its threads follow.
            var fatal: String?
            var isTold = false

            var words: [String] {
                guard let fatal, !last.lines.contains(fatal) else { return last.lines }
                return [fatal] + last.lines
            }
        }
        let heard = Heard(log: try LineFile(logs.appending("\(process.name).log"), limit: logLimit))
        let (left, ended) = try await command.watch(heard) { heard, event, _ in
            guard case .line(_, let line) = event else { return .proceed }
            heard.log.append(line)
            if !heard.isTold, let fault = heard.log.fault {
                heard.isTold = true
                notices.post(.unlogged(process: process.name, reason: "\(fault)"))
            }
            let text = String(decoding: line.prefix(4096), as: UTF8.self)
            if heard.fatal == nil, text.prefixMatch(of: /F[0-9]{4}\s/) != nil { heard.fatal = text }
            heard.last.append(text)
            return .proceed
        }
        notices.post(.ended(process: process.name, how: "\(ended)", lastLines: left.words))
    }
}
