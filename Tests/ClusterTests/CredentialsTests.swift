import FileSystem
import FoundationEssentials
import Host
import SystemPackage
import Testing
import Yams

@testable import Cluster

@Suite("Keys, certificates and tokens of a cluster", .timeLimit(.minutes(2)))
struct CredentialsTests {
    private let folder: Folder
    private let made: Credentials

    init() async throws {
        folder = try Folder()
        made = try await Credentials.make(
            in: folder.path.appending("credentials"), addresses: ["127.0.0.1", "192.0.2.1"], node: "a-node", on: folder.host)
    }

    private func openssl(_ arguments: String...) async throws -> String {
        var command = Command("/usr/bin/openssl", arguments, environment: folder.host.plainEnvironment, on: folder.host)
        command.isContained = false
        return try await command.output()
    }

    @Test("all that is secret is for the owner alone")
    func modes() async throws {
        let modes = try Folder.modes(in: made.folder)
        let secret = ["ca.key", "server.key", "kubelet-client.key", "service-accounts.key", "tokens.csv"]
        for name in secret { #expect(modes[name] == 0o600, "\(name)") }
        let known = Set(secret + ["ca.crt", "server.crt", "kubelet-client.crt", "service-accounts.pub", "openssl.cnf"])
        #expect(Set(modes.keys) == known, "a file that nobody has looked at")
        let configuration = try Files.readText(made.folder.appending("openssl.cnf"))
        #expect(!configuration.contains(made.adminToken) && !configuration.contains(made.nodeToken))
    }

    @Test("the server's certificate is good for every address, and for nothing but a server")
    func serverCertificate() async throws {
        for address in ["127.0.0.1", "192.0.2.1"] {
            let said = try await openssl(
                "verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", address, "-CAfile", made.authority.string,
                made.certificate("server").string)
            #expect(said.contains("OK"))
        }
        _ = try await openssl(
            "verify", "-verify_hostname", "kubernetes.default.svc", "-CAfile", made.authority.string, made.certificate("server").string)
        for wrong in [["-verify_ip", "192.0.2.2"], ["-purpose", "sslclient"]] {
            let arguments = ["verify"] + wrong + ["-CAfile", made.authority.string, made.certificate("server").string]
            var command = Command("/usr/bin/openssl", arguments, environment: folder.host.plainEnvironment, on: folder.host)
            command.isContained = false
            await #expect(throws: CommandError.self) { try await command.output() }
        }
    }

    @Test("the API server is a client of kubelet's in the group that may do anything, and no server")
    func clientCertificate() async throws {
        let certificate = made.certificate("kubelet-client").string
        _ = try await openssl("verify", "-purpose", "sslclient", "-CAfile", made.authority.string, certificate)
        let subject = try await openssl("x509", "-in", certificate, "-noout", "-subject", "-nameopt", "RFC2253")
        #expect(subject == "subject=O=system:masters,CN=kube-apiserver\n")
        let authority = try await openssl("x509", "-in", made.authority.string, "-noout", "-ext", "basicConstraints,keyUsage")
        #expect(authority.contains("CA:TRUE") && authority.contains("Certificate Sign"))
    }

    @Test("service accounts' tokens are checked with the key that belongs to the one they are signed with")
    func serviceAccounts() async throws {
        let own = try await openssl("pkey", "-in", made.serviceAccountKey.string, "-pubout")
        #expect(try Files.readText(made.serviceAccountPublicKey) == own)
    }

    @Test("each user has a token of its own, with the name and group that Kubernetes' roles are bound to")
    func tokens() async throws {
        let rows = try Files.readText(made.tokenFile).split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        #expect(
            rows.map { Array($0.dropFirst()) } == [
                ["ninepin", "admin", #""system:masters""#], ["system:node:a-node", "node", #""system:nodes""#],
                ["system:kube-controller-manager", "controller-manager"], ["system:kube-scheduler", "scheduler"],
            ])
        #expect(Set(rows.map { $0[0] }).count == 4)
        #expect(rows.allSatisfy { $0[0].count == 64 && $0[0].allSatisfy(\.isHexDigit) })
        #expect(rows[0][0] == made.adminToken && rows[1][0] == made.nodeToken)
        let again = try await Credentials.make(in: folder.path.appending("more"), addresses: [], node: "a-node", on: folder.host)
        #expect(again.adminToken != made.adminToken)
    }

    @Test("a kubeconfig names server, user and token, and has the authority in it or says where it is")
    func kubeconfig() async throws {
        for user in Credentials.User.allCases {
            let inside = try YAML(try made.kubeconfig(for: user, server: "https://192.0.2.1:6443", authority: nil))
            let data = try #require(Data(base64Encoded: inside.cluster["certificate-authority-data"] ?? ""))
            #expect(Array(data) == (try Files.read(made.authority)))
            #expect(inside.cluster["server"] == "https://192.0.2.1:6443")
            let row = try Files.readText(made.tokenFile).split(separator: "\n").first { $0.contains(",\(user.rawValue)") }
            #expect(inside.token.map { row?.hasPrefix("\($0),") == true } == true)
            #expect(inside.context == ["cluster": "ninepin", "user": user.rawValue])
            let beside = try YAML(try made.kubeconfig(for: user, server: "s", authority: "/etc/kubernetes/a: b.crt"))
            #expect(beside.cluster == ["server": "s", "certificate-authority": "/etc/kubernetes/a: b.crt"])
        }
    }

    @Test("a kubeconfig holds what has quotation marks and backslashes as it is")
    func kubeconfigQuotes() async throws {
        let odd = "/a\"b\\c: {d}"
        let found = try YAML(try made.kubeconfig(for: .node, server: odd, authority: odd))
        #expect(found.cluster == ["server": odd, "certificate-authority": odd])
    }

    @Test("a kubeconfig has the authority in it also when its file is gone")
    func kubeconfigWithoutFile() async throws {
        let certificate = try Files.read(made.authority)
        try Files.remove(made.authority)
        let found = try YAML(try made.kubeconfig(for: .admin, server: "s", authority: nil))
        #expect(Data(base64Encoded: found.cluster["certificate-authority-data"] ?? "").map(Array.init) == certificate)
        #expect(found.cluster["certificate-authority"] == nil)
    }

    @Test("moved credentials have the same names and tokens in another folder")
    func moved() async throws {
        let there = made.moved(to: "/sandbox/keys")
        #expect(there.authority == "/sandbox/keys/ca.crt" && there.key("server") == "/sandbox/keys/server.key")
        #expect(there.adminToken == made.adminToken && there.node == made.node)
    }

    @Test("without openssl it is said what is missing and where it comes from")
    func missing() async throws {
        let bare = Host(environment: ["PATH": "/nowhere"], workspace: folder.path, project: folder.path, isRoot: false)
        // The system administration folders are always searched, whatever PATH says; openssl is in none of them.
        try #require(bare.program("openssl") == nil)
        let error = await #expect(throws: ClusterError.self) {
            try await Credentials.make(in: folder.path.appending("none"), addresses: [], node: "n", on: bare)
        }
        #expect(error?.description.contains("apt-get install openssl") == true)
        #expect(throws: ClusterError.self) { try ControlPlanePrograms.look(on: bare) }
        #expect(throws: ClusterError.self) { try ControlPlanePrograms.etcd(on: bare) }
    }
}

/// The parts of a kubeconfig, read with an independent YAML parser.
private struct YAML {
    let cluster: [String: String]
    let token: String?
    let context: [String: String]

    init(_ text: String) throws {
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        func only(_ list: String, _ key: String) throws -> [String: String] {
            let items = try #require(document[list] as? [[String: Any]])
            try #require(items.count == 1)
            return try #require(items[0][key] as? [String: String])
        }
        cluster = try only("clusters", "cluster")
        token = try only("users", "user")["token"]
        context = try only("contexts", "context")
        #expect(document["current-context"] as? String == "ninepin")
    }
}
