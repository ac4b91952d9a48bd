import FileSystem
import Host
import SystemPackage

/// Two network namespaces joined by veth pairs: the control plane's, connected to the node's and to this machine. The node's has no other
/// connection. Nothing in them can be reached from outside the machine, and they cannot reach the machine: the machine can open connections
/// to the API server, but not the other way around (docs/reach.md).
package struct ClusterNetwork: Sendable {
    /// The control plane's namespace; nil if it shares this process's.
    package let controlPlane: NetworkNamespace?
    /// The node's namespace; nil if it shares this process's.
    package let node: NetworkNamespace?
    /// The control plane's address as seen from the machine.
    package let address: String
    /// The machine's end of the veth pair.
    package let link: String

    /// The control plane's address on the link to the node. All clusters use the same one, because their namespaces are separate (RFC
    /// 5737).
    package static let inner = "192.0.2.1"
    /// The node's address.
    package static let nodeAddress = "192.0.2.2"

    /// Creates the namespaces and veth pairs, runs the body, and removes them.
    ///
    /// - Throws: `CommandError` if they cannot be created; errors thrown by the body.
    package static func with<Value: Sendable>(
        on host: Host, _ body: @escaping @Sendable (ClusterNetwork) async throws -> Value
    ) async throws -> Value {
        try await NetworkNamespace.with(on: host) { plane in
            try await NetworkNamespace.with(on: host) { node in
                let block = try await join(plane, on: host)
                let network = ClusterNetwork(controlPlane: plane, node: node, address: block.far, link: block.link)
                let result: Result<Value, any Error>
                do {
                    try await network.connect(on: host)
                    result = .success(try await body(network))
                } catch { result = .failure(error) }
                // The kernel removes the pair with its namespace, but only after a delay. This must also run in a canceled task.
                await Task { try? await ip(["link", "delete", block.link], on: host) }.value
                return try result.get()
            }
        }
    }

    /// Uses this process's namespace for everything, with both ends of a veth pair in it. gVisor supports veth pairs but cannot move an end
    /// to another namespace (`RTNETLINK answers: Operation not supported`). Listeners inside a sandbox cannot be reached from outside it.
    ///
    /// - Throws: `CommandError` if the pair cannot be created, in which case another node may be running here; errors thrown by the body.
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

    /// Creates the veth pair to the machine. Its name contains its address block, and the kernel accepts each name only once, so two
    /// clusters never conflict.
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

    private func connect(on host: Host) async throws {
        guard let controlPlane, let node else { return }
        for place in [controlPlane, node] { try await Self.ip(["link", "set", "lo", "up"], in: place, on: host) }
        try await Self.ip(
            ["link", "add", "node", "type", "veth", "peer", "name", "eth0", "netns", "\(node.holder)"], in: controlPlane, on: host)
        try await Self.raise("node", address: Self.inner, in: controlPlane, on: host)
        try await Self.raise("eth0", address: Self.nodeAddress, in: node, on: host)
        // kubelet uses the address of the interface with the default route if no address is configured.
        try await Self.ip(["route", "add", "default", "via", Self.inner], in: node, on: host)
    }

    /// Brings up one end of a pair with exactly one address. It gets no IPv6 link-local address, through which a listener on all addresses
    /// could also be reached.
    private static func raise(_ link: String, address: String, in place: NetworkNamespace? = nil, on host: Host) async throws {
        if Files.exists("/proc/net/if_inet6") { try await ip(["link", "set", link, "addrgenmode", "none"], in: place, on: host) }
        try await ip(["address", "add", "\(address)/30", "dev", link], in: place, on: host)
        try await ip(["link", "set", link, "up"], in: place, on: host)
    }

    /// The firewall rules of the control plane's namespace: incoming requests to the API server, outgoing requests to the node's kubelet,
    /// and their answers. Nothing is forwarded. The rules apply to all listeners in the namespace, because no process there may change
    /// them.
    static let rules = [
        "-P FORWARD DROP", "-A INPUT -i lo -j ACCEPT", "-A INPUT -p tcp --dport \(ControlPlane.port) -j ACCEPT",
        "-A INPUT -i node -p tcp ! --syn -j ACCEPT", "-A INPUT -j DROP", "-A OUTPUT -o lo -j ACCEPT",
        "-A OUTPUT -p tcp --sport \(ControlPlane.port) ! --syn -j ACCEPT", "-A OUTPUT -o node -p tcp --dport 10250 -j ACCEPT",
        "-A OUTPUT -j DROP",
    ]

    private static func close(_ plane: NetworkNamespace, on host: Host) async throws {
        // A machine has one or both netfilter variants.
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

    /// Four addresses of 198.18.0.0/15, which RFC 2544 reserves for benchmarks of directly connected machines.
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
