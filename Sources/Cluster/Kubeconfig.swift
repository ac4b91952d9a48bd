import FoundationEssentials

/// A kubeconfig file with one cluster and one user (k8s.io/client-go, tools/clientcmd/api/v1).
struct Kubeconfig: Encodable {
    private struct Named<Value: Encodable>: Encodable {
        let name: String
        let key: String
        let value: Value

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(name, forKey: Key(stringValue: "name"))
            try values.encode(value, forKey: Key(stringValue: key))
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static let name = "ninepin"
    private let cluster: [String: String]
    private let user: String
    private let token: String

    /// - Parameters:
    ///   - authority: the path of the CA certificate; nil to embed it.
    ///   - certificate: the embedded certificate.
    init(server: String, authority: String?, certificate: Data?, user: String, token: String) {
        var cluster = ["server": server]
        cluster["certificate-authority"] = authority
        cluster["certificate-authority-data"] = certificate?.base64EncodedString()
        (self.cluster, self.user, self.token) = (cluster, user, token)
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode("v1", forKey: Key(stringValue: "apiVersion"))
        try values.encode("Config", forKey: Key(stringValue: "kind"))
        try values.encode([Named(name: Self.name, key: "cluster", value: cluster)], forKey: Key(stringValue: "clusters"))
        try values.encode([Named(name: user, key: "user", value: ["token": token])], forKey: Key(stringValue: "users"))
        let context = ["cluster": Self.name, "user": user]
        try values.encode([Named(name: Self.name, key: "context", value: context)], forKey: Key(stringValue: "contexts"))
        try values.encode(Self.name, forKey: Key(stringValue: "current-context"))
    }
}
