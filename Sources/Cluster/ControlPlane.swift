import FileSystem
import Glibc
import Grading
import Host
import Model
import SystemPackage
import Transfer

/// etcd and the three Kubernetes programs of a control plane, running in a separate network.
package struct ControlPlane: Sendable {
    /// The API server's port.
    static let port = 6443
    package let network: ClusterNetwork
    /// Keys, certificates and tokens.
    package let credentials: Credentials
    private let kind: ControlPlaneKind
    let deadlines: Deadlines

    /// The API server's address as seen from this machine.
    package var server: String { Self.server(network) }
    /// A client with all permissions.
    package var client: APIClient {
        APIClient(server: server, authority: credentials.authority, token: credentials.adminToken, deadlines: deadlines)
    }

    /// A kubeconfig for this machine with all permissions.
    package let adminKubeconfig: String

    private init(network: ClusterNetwork, credentials: Credentials, kind: ControlPlaneKind, deadlines: Deadlines) throws {
        (self.network, self.credentials, self.kind, self.deadlines) = (network, credentials, kind, deadlines)
        adminKubeconfig = try credentials.kubeconfig(for: .admin, server: Self.server(network), authority: nil)
    }

    private static func server(_ network: ClusterNetwork) -> String { "https://\(network.address):\(port)" }

    /// The files that the node needs to join, by path in its root file system.
    package var nodeFiles: [String: [UInt8]] {
        get throws {
            if case .k3s = kind { return [Self.joinToken: Array(credentials.nodeToken.utf8)] }
            let kubeconfig = try credentials.kubeconfig(
                for: .node, server: Self.joinAddress, authority: nil)
            return [Self.nodeKubeconfig: Array(kubeconfig.utf8), Self.nodeAuthority: try Files.read(credentials.authority)]
        }
    }

    /// The API server's address as seen from a node.
    package static let joinAddress = "https://\(ClusterNetwork.inner):\(port)"
    /// The path of a k3s node's join token.
    package static let joinToken = "/etc/kubernetes/join-token"
    /// The path of the node's kubeconfig.
    package static let nodeKubeconfig = "/etc/kubernetes/kubeconfig"
    /// The path of the CA certificate in the node.
    package static let nodeAuthority = "/etc/kubernetes/ca.crt"

    /// Starts a control plane, runs the body, and always stops the control plane.
    ///
    /// - Parameters:
    ///   - node: the node's name.
    ///   - folder: the directory for keys, tokens and the store; the caller removes it.
    ///   - logs: the directory for the logs of the processes.
    ///   - notices: receives a fact when a process ends by itself.
    ///   - logLimit: the size limit of each log.
    ///   - isShared: whether it uses this process's own network.
    ///   - sandbox: puts a program that is itself under test into a sandbox in a network.
    /// - Throws: `ClusterError`, `CommandError`, `FileError` if it cannot be started; errors thrown by the body.
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

    /// The same, in an existing network.
    ///
    /// - Parameter isReady: checks whether the API server is ready, for the processes that need it.
    static func run<Value: Sendable>(
        _ kind: ControlPlaneKind, node: String, folder: FilePath, logs: FilePath, notices: ClusterNotices, logLimit: LineFile.Limit = .kept,
        in network: ClusterNetwork, sandbox: @escaping Sandbox = noSandbox, on host: Host,
        isReady: @escaping @Sendable (ControlPlane) async throws -> Bool = { try await $0.isReady() },
        _ body: @escaping @Sendable (ControlPlane) async throws -> Value
    ) async throws -> Value {
        // Keys, tokens and the store are private.
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
                // There is no timeout here. The task that waits for the node has one.
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

    /// Whether the API server reports that it is ready. If it does not answer, it is not.
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

    /// Creates the command that runs a process in a sandbox.
    package typealias Sandbox = @Sendable (ControlPlaneProcess, _ folder: FilePath, NetworkNamespace?) async throws -> Command

    /// For a control plane that needs no sandbox.
    package static let noSandbox: Sandbox = { process, _, _ in throw ClusterError.needsSandbox(program: process.name) }

    /// The command for a process that was built from source or belongs to the machine. It sees only its own files and directory, and has
    /// the permissions of an ordinary user.
    private func command(_ process: ControlPlaneProcess, data: FilePath, user: UInt32, on host: Host) throws -> Command {
        let own = data.appending(process.name)
        try Files.makeDirectory(own)
        chmod(own.string, 0o700)
        let words = process.words
        var command = Command(FilePath(words[0]), Array(words.dropFirst()), environment: host.plainEnvironment, directory: own, on: host)
        command.network = network.controlPlane
        // Without its own network, the whole cluster is already in a sandbox.
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
            /// The klog line that announces the program's end; the stacks of all threads follow.
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
