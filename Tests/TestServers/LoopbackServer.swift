import Foundation
import Glibc
import Synchronization

/// A client's request.
package struct Request: Sendable {
    package let method: String
    package let target: String
    /// The header fields; names are in lower case.
    package let fields: [String: String]
    /// The body, as long as Content-Length says.
    package let body: [UInt8]

    package init(method: String, target: String, fields: [String: String], body: [UInt8]) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
    }

    /// The first byte requested by Range; nil if there is no Range.
    package var offset: Int? {
        fields["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
    }
}

/// The answer to a client: header fields, then steps; then the connection is closed.
package struct Reply: Sendable {
    package enum Step: Sendable {
        case bytes([UInt8])
        case wait(Double)
    }

    package var status: Int
    package var fields: [String: String]
    package var steps: [Step]

    package init(status: Int = 200, fields: [String: String] = [:], steps: [Step] = []) {
        self.status = status
        self.fields = fields
        self.steps = steps
    }

    /// A complete body with its length.
    package static func body(_ bytes: [UInt8], status: Int = 200) -> Reply {
        Reply(status: status, fields: ["Content-Length": "\(bytes.count)"], steps: [.bytes(bytes)])
    }

    /// A status with a short body.
    package static func status(_ status: Int, _ fields: [String: String] = [:]) -> Reply {
        var reply = body(Array("words about it".utf8), status: status)
        reply.fields.merge(fields) { $1 }
        return reply
    }

    /// A file, or the end of it requested by Range.
    package static func file(_ bytes: [UInt8], _ request: Request) -> Reply {
        guard let offset = request.offset else { return body(bytes) }
        guard offset < bytes.count else { return status(416) }
        var reply = body(Array(bytes[offset...]), status: 206)
        reply.fields["Content-Range"] = "bytes \(offset)-\(bytes.count - 1)/\(bytes.count)"
        return reply
    }

    /// The same reply, cut off after some bytes of the body, either immediately or after a wait.
    package func cut(after count: Int, wait: Double = 0) -> Reply {
        var reply = self
        guard case .bytes(let bytes)? = steps.first else { return reply }
        reply.steps = [.bytes(Array(bytes.prefix(count))), .wait(wait)]
        return reply
    }
}

/// An HTTP/1.1 server on a free loopback port, for one test.
package final class LoopbackServer: Sendable {
    package typealias Handler = @Sendable (_ request: Request, _ number: Int) -> Reply

    package let port: UInt16
    private let socket: Int32
    private let handler: Handler
    private let isEnded = Atomic(false)
    private let log = Mutex<[Request]>([])
    private let threads = DispatchGroup()

    private init(_ handler: @escaping Handler) throws {
        self.handler = handler
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Runs a server while the body runs.
    package static func run<T>(_ handler: @escaping Handler, _ body: (LoopbackServer) async throws -> T) async throws -> T {
        let server = try LoopbackServer(handler)
        server.thread { server.accept() }
        defer {
            server.isEnded.store(true, ordering: .relaxed)
            _ = server.threads.wait(timeout: .now() + 5)
            close(server.socket)
        }
        return try await body(server)
    }

    /// The requests so far.
    package var requests: [Request] { log.withLock { $0 } }

    package func address(_ path: String = "/file") -> String { "http://127.0.0.1:\(port)\(path)" }

    private func thread(_ work: @escaping @Sendable () -> Void) {
        threads.enter()
        Thread.detachNewThread { [threads] in
            work()
            threads.leave()
        }
    }

    /// Whether there is something to read; false after the server has ended.
    private func isReadable(_ descriptor: Int32) -> Bool {
        while !isEnded.load(ordering: .relaxed) {
            var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&item, 1, 20) > 0 { return true }
        }
        return false
    }

    private func nextByte(of client: Int32) -> UInt8? {
        var byte: UInt8 = 0
        return isReadable(client) && recv(client, &byte, 1, 0) == 1 ? byte : nil
    }

    private func accept() {
        while isReadable(socket) {
            let client = Glibc.accept(socket, nil, nil)
            guard client >= 0 else { continue }
            var limit = timeval(tv_sec: 5, tv_usec: 0)
            setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            thread { [self] in
                answer(client)
                close(client)
            }
        }
    }

    private func answer(_ client: Int32) {
        var head: [UInt8] = []
        while !head.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            guard let byte = nextByte(of: client) else { return }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n").filter { !$0.isEmpty }
        let words = lines[0].split(separator: " ").map(String.init)
        let fields = lines.dropFirst().map { line in
            let halves = line.split(separator: ":", maxSplits: 1)
            return (halves[0].lowercased(), halves[1].trimmingCharacters(in: .whitespaces))
        }
        let named = Dictionary(fields) { $1 }
        var body: [UInt8] = []
        for _ in 0..<(named["content-length"].flatMap { Int($0) } ?? 0) {
            guard let byte = nextByte(of: client) else { return }
            body.append(byte)
        }
        let request = Request(method: words[0], target: words[1], fields: named, body: body)
        let number = log.withLock {
            $0.append(request)
            return $0.count
        }
        let reply = handler(request, number)
        let start = "HTTP/1.1 \(reply.status) Status\r\nConnection: close\r\n"
        let text = start + reply.fields.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
        guard send(Array(text.utf8), to: client) else { return }
        for step in reply.steps {
            switch step {
            case .bytes(let bytes): guard send(bytes, to: client) else { return }
            case .wait(let seconds):
                let end = Date.now + seconds
                while Date.now < end, !isEnded.load(ordering: .relaxed) { usleep(10_000) }
            }
        }
    }

    private func send(_ bytes: [UInt8], to client: Int32) -> Bool {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            left = left.dropFirst(count)
        }
        return true
    }
}
