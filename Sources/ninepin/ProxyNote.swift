import FileSystem
import FoundationEssentials
import SystemPackage

/// What a user behind a proxy must set so that kubectl reaches a node's API server, which only this machine can reach.
///
/// Go, in which kubectl is written, uses the proxy of the environment for every address that is not a loopback address and not in
/// `NO_PROXY` (golang.org/x/net/http/httpproxy). A kubeconfig's `proxy-url` names another proxy, and cannot say that there is none.
struct ProxyNote: CustomStringConvertible {
    private let address: String

    /// - Parameters:
    ///   - kubeconfig: the file for kubectl, in JSON.
    ///   - environment: the variables that name proxies.
    /// - Returns: nil if kubectl reaches the server as it is.
    /// - Throws: `FileError`; `DecodingError` if the file is not a kubeconfig of ours.
    init?(kubeconfig: FilePath, in environment: [String: String]) throws {
        let bytes = try Files.read(kubeconfig, from: 0, count: 1 << 20)
        let clusters = try JSONDecoder().decode(Config.self, from: Data(bytes)).clusters
        guard let server = clusters.first?.cluster.server, let host = URL(string: server)?.host() else { return nil }
        self.init(host: host, in: environment)
    }

    init?(host: String, in environment: [String: String]) {
        func value(_ name: String) -> String? {
            [name.uppercased(), name].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        guard value("https_proxy") != nil, !host.hasPrefix("127."), host != "localhost" else { return nil }
        let exceptions = (value("no_proxy") ?? "").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        guard !exceptions.contains(where: { $0 == "*" || $0 == host || Self.block($0, has: host) }) else { return nil }
        address = host
    }

    var description: String {
        "a proxy is set, and kubectl would ask it for the node's API server; first run: export NO_PROXY=\"\(address),${NO_PROXY:-}\""
    }

    private struct Config: Decodable {
        struct Entry: Decodable { let cluster: Cluster }
        struct Cluster: Decodable { let server: String }
        let clusters: [Entry]
    }

    /// Whether a block such as `10.0.0.0/8` has an IPv4 address (RFC 4632).
    private static func block(_ block: String, has address: String) -> Bool {
        let parts = block.split(separator: "/")
        guard parts.count == 2, let length = UInt32(parts[1]), length <= 32, let base = number(parts[0]), let own = number(address[...])
        else { return false }
        let mask: UInt32 = length == 0 ? 0 : ~0 << (32 - length)
        return base & mask == own & mask
    }

    private static func number(_ address: Substring) -> UInt32? {
        let parts = address.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
