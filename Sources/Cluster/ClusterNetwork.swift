import Host
import SystemPackage

/// Three places and two cables: a control plane in a network namespace of its own, joined to a node's, which has no other way out, and to this
/// machine. Nothing of it can be reached from beyond the machine, and nothing of the machine from it: the machine may ask the API server, and
/// nobody may ask the machine (docs/reach.md).
package struct ClusterNetwork: Sendable {
    /// The control plane's namespace; nil when it shares this process's.
    package let controlPlane: NetworkNamespace?
    /// The node's namespace; nil when it shares this process's.
    package let node: NetworkNamespace?
    /// Where the machine reaches the control plane.
    package let address: String
    /// The machine's end of the cable.
    package let link: String

    /// The control plane's address on the cable to the node. Namespaces are their own worlds: every cluster has the same (RFC 5737).
    package static let inner = "192.0.2.1"
    /// The node's address.
    package static let nodeAddress = "192.0.2.2"

    /// Makes the namespaces and cables, works with them, and takes them away.
    ///
    /// - Throws: `CommandError` when they cannot be made; what the work throws.
    package static func with<Value: Sendable>(
        on host: Host, _ body: @escaping @Sendable (ClusterNetwork) async throws -> Value
    ) async throws -> Value {
        try await NetworkNamespace.with(on: host) { plane in
            try await NetworkNamespace.with(on: host) { node in
                let block = try await join(plane, on: host)
                let network = ClusterNetwork(controlPlane: plane, node: node, address: block.far, link: block.link)
                let result: Result<Value, any Error>
                do {
                    try await network.handle(on: host)
                    result = .success(try await body(network))
                } catch { result = .failure(error) }
                // The kernel takes the cable away with its namespace, but in its own time; a cancelled task must do it too.
                await Task { try? await ip(["link", "delete", block.link], on: host) }.value
                return try result.get()
            }
        }
    }

    /// All three places in one: both ends of a cable lie in this process's own namespace. gVisor makes cables, and moves none of their ends to
    /// another namespace (`RTNETLINK answers: Operation not supported`); beyond a sandbox nobody reaches what listens in it.
    ///
    /// - Throws: `CommandError` when the cable cannot be made: then another node may be here; what the work throws.
    package static func shared<Value: Sendable>(
        on host: Host, _ body: @escaping @Sendable (ClusterNetwork) async throws -> Value
    ) async throws -> Value {
        let (near, far) = ("ninepin", "ninepin-node")
        try await ip(["link", "add", near, "type", "veth", "peer", "name", far], on: host)
        let result: Result<Value, any Error>
        do {
            for (link, address) in [(near, inner), (far, nodeAddress)] {
                try await ip(["address", "add", "\(address)/30", "dev", link], on: host)
                try await ip(["link", "set", link, "up"], on: host)
            }
            result = .success(try await body(ClusterNetwork(controlPlane: nil, node: nil, address: inner, link: near)))
        } catch { result = .failure(error) }
        await Task { try? await ip(["link", "delete", near], on: host) }.value
        return try result.get()
    }

    /// Lays the cable to the machine. Its name holds its block of addresses, and the kernel takes a name only once: two clusters never meet.
    private static func join(_ plane: NetworkNamespace, on host: Host) async throws -> Block {
        var last: any Error = CancellationError()
        for _ in 0..<20 {
            let block = Block(number: Int.random(in: 0..<Block.count))
            do {
                try await ip(["link", "add", block.link, "type", "veth", "peer", "name", "machine", "netns", "\(plane.holder)"], on: host)
            } catch let error as CommandError {
                guard error.lastLines.contains(where: { $0.contains("File exists") }) else { throw error }
                last = error
                continue
            }
            try await close(plane, on: host)
            try await raise(block.link, address: block.near, on: host)
            try await raise("machine", address: block.far, in: plane, on: host)
            return block
        }
        throw last
    }

    private func handle(on host: Host) async throws {
        guard let controlPlane, let node else { return }
        for place in [controlPlane, node] { try await Self.ip(["link", "set", "lo", "up"], in: place, on: host) }
        try await Self.ip(
            ["link", "add", "node", "type", "veth", "peer", "name", "eth0", "netns", "\(node.holder)"], in: controlPlane, on: host)
        try await Self.raise("node", address: Self.inner, in: controlPlane, on: host)
        try await Self.raise("eth0", address: Self.nodeAddress, in: node, on: host)
        // kubelet takes the address of the interface with the default route where none is named.
        try await Self.ip(["route", "add", "default", "via", Self.inner], in: node, on: host)
    }

    /// Brings a cable's end up, with the one address that it is to have: what listens on all addresses would be reached by an IPv6 one too.
    private static func raise(_ link: String, address: String, in place: NetworkNamespace? = nil, on host: Host) async throws {
        if Files.exists("/proc/net/if_inet6") { try await ip(["link", "set", link, "addrgenmode", "none"], in: place, on: host) }
        try await ip(["address", "add", "\(address)/30", "dev", link], in: place, on: host)
        try await ip(["link", "set", link, "up"], in: place, on: host)
    }

    /// What goes in and out of the control plane's namespace: the API server may be asked, it may ask the node's kubelet, and answers may leave.
    /// No packet goes through. It holds for whatever listens there, since nobody there may change it.
    static let rules = [
        "-P FORWARD DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp --dport \(ControlPlane.port) -j ACCEPT",
        "-A INPUT -i node -p tcp ! --syn -j ACCEPT", "-A INPUT -j DROP", "-A OUTPUT -o lo -j ACCEPT",
        "-A OUTPUT -p tcp --sport \(ControlPlane.port) ! --syn -j ACCEPT", "-A OUTPUT -o node -p tcp --dport 10250 -j ACCEPT",
        "-A OUTPUT -j DROP",
    ]

    private static func close(_ plane: NetworkNamespace, on host: Host) async throws {
        // A machine has one or both kinds of netfilter.
        let programs = ["iptables", "iptables-legacy", "iptables-nft"].compactMap { host.program($0) }
        guard !programs.isEmpty else { throw ClusterError.missing(program: "iptables", package: "iptables") }
        var reasons: [String] = []
        for program in programs {
            let script = (["set -e"] + rules.map { "\"$0\" \($0)" }).joined(separator: "\n")
            var command = Command.uncontained("/bin/sh", ["-c", script, program.string], environment: host.plainEnvironment, on: host)
            command.network = plane
            do {
                _ = try await command.output()
                return
            } catch let error as CommandError { reasons.append(error.lastLines.first ?? "\(program) \(error.ended.map { "\($0)" } ?? "")") }
        }
        throw ClusterError.open(reason: reasons.joined(separator: "; "))
    }

    private static func ip(_ arguments: [String], in place: NetworkNamespace? = nil, on host: Host) async throws {
        guard let program = host.program("ip") else { throw ClusterError.missing(program: "ip", package: "iproute2") }
        var command = Command.uncontained(program, arguments, environment: host.plainEnvironment, on: host)
        command.network = place
        _ = try await command.output()
    }

    /// Four addresses of 198.18.0.0/15, which RFC 2544 keeps for tests of machines that are joined directly.
    struct Block: Sendable {
        static let count = 1 << 15
        let number: Int

        var near: String { address(1) }
        var far: String { address(2) }
        var link: String { "ninepin\(String(number, radix: 16))" }

        private func address(_ host: Int) -> String {
            let offset = number * 4 + host
            return "198.\(18 + offset >> 16).\(offset >> 8 & 255).\(offset & 255)"
        }
    }
}
