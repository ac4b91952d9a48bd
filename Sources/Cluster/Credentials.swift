import FoundationEssentials
import Host
import Model
import SystemPackage

/// Keys, certificates and tokens made for one cluster, and worth nothing after it.
package struct Credentials: Sendable {
    /// Who talks to the API server with a token. Groups and names are those that Kubernetes' own roles are bound to
    /// (kubernetes.io/docs/reference/access-authn-authz/rbac, "Core component roles").
    enum User: String, CaseIterable {
        case admin
        case node
        case controllerManager = "controller-manager"
        case scheduler

        func name(node: String) -> String {
            switch self {
            case .admin: "ninepin"
            case .node: "system:node:\(node)"
            case .controllerManager: "system:kube-controller-manager"
            case .scheduler: "system:kube-scheduler"
            }
        }

        var group: String? {
            switch self {
            case .admin: "system:masters"
            case .node: "system:nodes"
            case .controllerManager, .scheduler: nil
            }
        }
    }

    /// The folder that has the files.
    package let folder: FilePath
    /// The node's name.
    package let node: String
    private let tokens: [User: String]
    /// The authority's certificate as it was made: a kubeconfig that is to hold it does not depend on a file.
    private var certificate: [UInt8] = []

    /// The certificate of the authority that signs all others.
    package var authority: FilePath { folder.appending("ca.crt") }
    /// The file that tells the API server whose token is whose.
    var tokenFile: FilePath { folder.appending("tokens.csv") }
    /// The key that signs the tokens of service accounts.
    var serviceAccountKey: FilePath { folder.appending("service-accounts.key") }
    /// The key that such tokens are checked with.
    var serviceAccountPublicKey: FilePath { folder.appending("service-accounts.pub") }
    /// What may do anything.
    package var adminToken: String { tokens[.admin] ?? "" }
    /// What makes its bearer the node.
    var nodeToken: String { tokens[.node] ?? "" }
    /// The file that has the token with which an agent joins k3s.
    var joinTokenFile: FilePath { folder.appending("join-token") }

    /// The same, with its files in another folder, as a sandbox sees them.
    func moved(to folder: FilePath) -> Credentials {
        Credentials(folder: folder, node: node, tokens: tokens, certificate: certificate)
    }

    func certificate(_ name: String) -> FilePath { folder.appending("\(name).crt") }
    func key(_ name: String) -> FilePath { folder.appending("\(name).key") }

    /// Makes them in a folder.
    ///
    /// - Parameters:
    ///   - addresses: where the API server is reached.
    ///   - node: the node's name.
    /// - Throws: `ClusterError` without openssl(1); `CommandError`; `FileError`.
    package static func make(in folder: FilePath, addresses: [String], node: String, on host: Host) async throws -> Credentials {
        let tokens = Dictionary(uniqueKeysWithValues: User.allCases.map { ($0, newToken()) })
        var made = Credentials(folder: folder, node: node, tokens: tokens)
        try Files.makeDirectory(folder)
        let lines = User.allCases.map { user in
            [made.tokens[user] ?? "", user.name(node: node), user.rawValue].joined(separator: ",")
                + (user.group.map { ",\"\($0)\"" } ?? "")
        }
        try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: made.tokenFile, mode: 0o600)
        try Files.write(Array(configuration(addresses).utf8), to: folder.appending("openssl.cnf"))
        try await made.sign("ca", as: "ninepin", extensions: "authority", isAuthority: true, on: host)
        made.certificate = try Files.read(made.authority)
        try await made.sign("server", as: "kube-apiserver", extensions: "server", on: host)
        // The group lets it ask the node's kubelet for logs and the like.
        try await made.sign("kubelet-client", as: "kube-apiserver/O=system:masters", extensions: "client", on: host)
        try await made.openssl(["genpkey"] + curve + ["-out", made.serviceAccountKey.string], on: host)
        try await made.openssl(
            ["pkey", "-in", made.serviceAccountKey.string, "-pubout", "-out", made.serviceAccountPublicKey.string], on: host)
        return made
    }

    /// A kubeconfig file for one of the users, as JSON, which every reader of such files takes: it is YAML too.
    ///
    /// - Parameter authority: where its reader finds the authority's certificate; nil puts the certificate itself into the file.
    func kubeconfig(for user: User, server: String, authority: String?) throws -> String {
        let file = Kubeconfig(
            server: server, authority: authority, certificate: authority == nil ? Data(certificate) : nil, user: user.rawValue,
            token: tokens[user] ?? "")
        return String(decoding: try JSONDocument.bytes(of: file), as: UTF8.self)
    }

    private static let curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]

    private func sign(_ name: String, as subject: String, extensions: String, isAuthority: Bool = false, on host: Host) async throws {
        let signer = isAuthority ? [] : ["-CA", authority.string, "-CAkey", key("ca").string]
        try await openssl(
            [
                "req", "-x509", "-config", folder.appending("openssl.cnf").string, "-extensions", extensions, "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-noenc", "-days", "3650", "-subj", "/CN=\(subject)", "-keyout", key(name).string, "-out",
                certificate(name).string,
            ] + signer, on: host)
    }

    private func openssl(_ arguments: [String], on host: Host) async throws {
        guard let program = host.program("openssl") else { throw ClusterError.missing(program: "openssl", package: "openssl") }
        let command = Command.uncontained(program, arguments, environment: host.plainEnvironment, directory: folder, on: host)
        _ = try await command.output()
    }

    /// openssl-req(1) and x509v3_config(5).
    private static func configuration(_ addresses: [String]) -> String {
        """
        [req]
        distinguished_name = name
        prompt = no
        [name]
        [authority]
        basicConstraints = critical, CA:TRUE
        keyUsage = critical, keyCertSign, digitalSignature
        subjectKeyIdentifier = hash
        [server]
        extendedKeyUsage = serverAuth
        subjectAltName = \((addresses.map { "IP:\($0)" } + ["DNS:localhost", "DNS:kubernetes.default.svc"]).joined(separator: ", "))
        [client]
        extendedKeyUsage = clientAuth

        """
    }

    private static func newToken() -> String {
        // The system's own source of randomness is good enough for keys (getrandom(2)).
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
