import Foundation
import Glibc

/// An HTTPS server whose certificate is trusted only by the test. It answers every request with `hello`, or with the request's
/// Authorization field if there is one.
///
/// The program must not close inherited descriptors: Foundation detects the program's end only by the closing of such a socket.
package final class TLSServer {
    package let port: UInt16
    package let certificate: String
    private let process = Process()

    /// Creates the certificate too.
    ///
    /// - Parameters:
    ///   - folder: a test's own folder for the server's files.
    ///   - name: the host name in the certificate.
    package convenience init(in folder: String, name: String) throws {
        let (certificate, key) = ("\(folder)/cert.pem", "\(folder)/key.pem")
        let kind = name.allSatisfy { $0.isNumber || $0 == "." } ? "IP" : "DNS"
        try Self.run([
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-keyout", key,
            "-out", certificate, "-addext", "subjectAltName=\(kind):\(name)",
        ])
        try self.init(in: folder, certificate: certificate, key: key)
    }

    /// Uses an existing certificate.
    package init(in folder: String, certificate: String, key: String) throws {
        self.certificate = certificate
        let script = "\(folder)/server.py"
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

    /// Kills the program: SIGTERM does not work, because the process inherited a thread's signal mask that blocks it. The test must call
    /// this, because Swift may release a value after its last use.
    package func end() {
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
            words = (self.headers.get("Authorization") or "hello").encode()
            self.send_header("Content-Length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)
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
