import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

/// Keys, certificates and tokens for one cluster, useless after its end.
package struct Credentials: Sendable {
    /// The users of the API server with tokens. Kubernetes' own roles are bound to their names and groups
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

    /// The directory of the files.
    package let folder: FilePath
    package let node: String
    private let tokens: [User: String]
    /// The CA certificate as created, for a kubeconfig that embeds it instead of referring to a file.
    private var certificate: [UInt8] = []

    /// The certificate of the CA that signs all others.
    package var authority: FilePath { folder.appending("ca.crt") }
    /// The API server's file with tokens and their users.
    var tokenFile: FilePath { folder.appending("tokens.csv") }
    /// The key that signs service account tokens.
    var serviceAccountKey: FilePath { folder.appending("service-accounts.key") }
    /// The key that verifies service account tokens.
    var serviceAccountPublicKey: FilePath { folder.appending("service-accounts.pub") }
    /// The token with all permissions.
    package var adminToken: String { tokens[.admin] ?? "" }
    /// The node's token.
    var nodeToken: String { tokens[.node] ?? "" }
    /// The file with the token with which a k3s agent joins.
    var joinTokenFile: FilePath { folder.appending("join-token") }

    /// The same credentials with their files in another directory, as seen in a sandbox.
    func moved(to folder: FilePath) -> Credentials {
        Credentials(folder: folder, node: node, tokens: tokens, certificate: certificate)
    }

    func certificate(_ name: String) -> FilePath { folder.appending("\(name).crt") }
    func key(_ name: String) -> FilePath { folder.appending("\(name).key") }

    /// Creates credentials in a directory.
    ///
    /// - Parameters:
    ///   - addresses: the addresses of the API server.
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
        // The group allows it to query the node's kubelet, for example for logs.
        try await made.sign("kubelet-client", as: "kube-apiserver/O=system:masters", extensions: "client", on: host)
        try await made.openssl(["genpkey"] + curve + ["-out", made.serviceAccountKey.string], on: host)
        try await made.openssl(
            ["pkey", "-in", made.serviceAccountKey.string, "-pubout", "-out", made.serviceAccountPublicKey.string], on: host)
        return made
    }

    /// A kubeconfig file for a user, as JSON, which is valid YAML.
    ///
    /// - Parameter authority: the path of the CA certificate for the reader; nil to embed the certificate in the file.
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
        // The system's source of randomness is sufficient for keys (getrandom(2)).
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
