import Foundation
import Testing

/// The claims of docs/reach.md, and the actual state.
struct Reach {
    /// One of the three networks.
    enum Network: String, CaseIterable {
        case machine
        case controlPlane = "control plane"
        case node
    }

    /// The rows of the table with these columns, without code markup.
    static func rows(under header: String) throws -> [[String]] {
        let text = try String(contentsOf: Tool.project.appending(path: "docs/reach.md"), encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let start = try #require(lines.firstIndex { $0.hasPrefix("| \(header)") })
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").map { $0.replacingOccurrences(of: "`", with: "").trimmingCharacters(in: .whitespaces) }
        }
    }

    /// The allowed listeners according to the page.
    static func documented() throws -> Set<String> {
        Set(try rows(under: "place | listens on").map { "\($0[0]) \($0[1])" })
    }

    /// One process in each network except the machine's, of all that name a path.
    static func processes(naming path: String) -> [Network: Int32] {
        var found: [Network: Int32] = [:]
        for process in numbers(naming: path) {
            guard let link = namespace(of: process), link != namespace(of: nil) else { continue }
            let links = text("/proc/\(process)/net/dev")
            if links.contains("machine:") { found[.controlPlane] = process }
            if links.contains("eth0:") { found[.node] = process }
        }
        return found
    }

    /// All listeners in the networks of the processes that name a path, and what those processes themselves listen on in the machine's
    /// network.
    static func listening(naming path: String) -> Set<String> {
        var all: Set<String> = []
        for (network, process) in processes(naming: path) {
            let folder = "/proc/\(process)/net"
            for socket in sockets(in: folder) { all.insert("\(network.rawValue) \(socket.name)") }
        }
        let own = numbers(naming: path).filter { namespace(of: $0) == namespace(of: nil) }.flatMap(inodes)
        for socket in sockets(in: "/proc/self/net") where own.contains(socket.inode) { all.insert("machine \(socket.name)") }
        return all
    }

    private static func numbers(naming path: String) -> [Int32] {
        CommandTests.processes(naming: path).compactMap { Int32($0.prefix { $0.isNumber }) }
    }

    private static func namespace(of process: Int32?) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process.map(String.init) ?? "self")/ns/net")
    }

    private static func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }

    private static func inodes(of process: Int32) -> [String] {
        let folder = "/proc/\(process)/fd"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).compactMap { name in
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(name)"),
                target.hasPrefix("socket:[")
            else { return nil }
            return String(target.dropFirst(8).dropLast())
        }
    }

    private static func sockets(in folder: String) -> [(name: String, inode: String)] {
        var found: [(String, String)] = []
        for (file, kind) in [("tcp", ""), ("tcp6", ""), ("udp", "udp "), ("udp6", "udp ")] {
            for line in text("\(folder)/\(file)").split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ").map(String.init)
                // Listening TCP sockets (tcp_states.h), and UDP sockets without a peer.
                guard fields.count > 9, fields[3] == "0A" || (!kind.isEmpty && fields[3] == "07") else { continue }
                found.append((kind + address(fields[1]), fields[9]))
            }
        }
        for line in text("\(folder)/unix").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ").map(String.init)
            // __SO_ACCEPTCON (net.h); an abstract socket's name begins with a null, shown as '@'.
            guard fields.count > 7, fields[3] == "00010000", fields[7].hasPrefix("@") else { continue }
            found.append(("unix \(fields[7])", fields[6]))
        }
        return found
    }

    /// Parses `0100007F:0929` from /proc/net/tcp: four-byte words, last byte first.
    static func address(_ text: String) -> String {
        let parts = text.split(separator: ":")
        let port = Int(parts[1], radix: 16) ?? -1
        let hex = Array(parts[0])
        if hex.allSatisfy({ $0 == "0" }) { return "*:\(port)" }
        guard hex.count == 8 else { return "[\(parts[0])]:\(port)" }
        let bytes = stride(from: 6, through: 0, by: -2).map { Int(String(hex[$0...($0 + 1)]), radix: 16) ?? -1 }
        let address = bytes.map(String.init).joined(separator: ".")
        // Ports chosen by the kernel (ip(7), ip_local_port_range), as opposed to those in the table.
        return "\(address):\(port >= 32768 ? "any" : String(port))"
    }

    /// A busybox shell script that tries a connection and prints `NAME|yes` or `NAME|no`.
    static func trial(_ name: String, _ address: String, _ port: Int) -> String {
        "if timeout 4 busybox nc -w 2 \(address) \(port) -e /bin/true > /dev/null 2>&1; then echo '\(name)|yes'; else echo '\(name)|no'; fi"
    }

    /// The results of a script's trials.
    static func answers(_ output: String) -> [String: String] {
        Dictionary(
            output.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: "|").map(String.init)
                return parts.count == 2 ? (parts[0], parts[1]) : nil
            }, uniquingKeysWith: { first, other in first == other ? first : "both" })
    }
}

/// A service on an address of this machine that never answers: the kernel alone accepts connections.
final class Service {
    let port: Int
    private let descriptor: Int32

    init(on address: String) throws {
        (descriptor, port) = try Self.listening(on: address)
    }

    private static func listening(on address: String) throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        try #require(inet_pton(AF_INET, address, &place.sin_addr) == 1)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafePointer(to: &place) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) } }
        try #require(bound == 0 && listen(descriptor, 16) == 0)
        let named = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        try #require(named == 0)
        return (descriptor, Int(UInt16(bigEndian: place.sin_port)))
    }

    deinit { close(descriptor) }
}
