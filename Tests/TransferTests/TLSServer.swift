import Foundation
import Glibc
import SystemPackage

/// An HTTPS server that answers every request with `hello`, with a certificate that the test made: nobody vouches for it but the test.
///
/// The program must not close what it inherited: Foundation takes one of these sockets' end for the program's, and then waits for it, and for no other.
final class TLSServer {
    let port: UInt16
    let certificate: String
    private let process = Process()

    /// - Parameter name: the host that the certificate is for.
    init(in place: Place, name: String) throws {
        certificate = place.directory.appending("cert.pem").string
        let key = place.directory.appending("key.pem").string
        let script = place.directory.appending("server.py").string
        let kind = name.allSatisfy { $0.isNumber || $0 == "." } ? "IP" : "DNS"
        try Self.run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", key,
            "-out", certificate, "-addext", "subjectAltName=\(kind):\(name)",
        ])
        try Data(program.utf8).write(to: URL(filePath: script))
        port = try freePort()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", script, "\(port)", certificate, key]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if answers(port) { return }
            usleep(20_000)
        }
        throw NoServer()
    }

    /// It has inherited a thread's mask, in which SIGTERM waits for ever. Called by the test: a value that is not used any more may be gone early.
    func end() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
    }

    deinit { end() }

    private static func run(_ command: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<5000 where process.isRunning { usleep(2_000) }
        guard !process.isRunning, process.terminationStatus == 0 else { throw NoServer() }
    }

    private struct NoServer: Error {}
}

private let program = """
    import http.server, ssl, sys
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")
        def log_message(self, *_): pass
    port, certificate, key = sys.argv[1:4]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()
    """

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
}

private func withSocket<Value>(_ port: UInt16, _ body: (Int32, UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value) -> Value {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(file) }
    var address = loopback(port)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body(file, $0, &size) }
    }
}

private func freePort() throws -> UInt16 {
    let port: UInt16? = withSocket(0) { file, address, size in
        guard bind(file, address, size) == 0, getsockname(file, address, &size) == 0 else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
    }
    guard let port else { throw CocoaError(.fileReadUnknown) }
    return port
}

private func answers(_ port: UInt16) -> Bool { withSocket(port) { connect($0, $1, $2) == 0 } }
