import Foundation
import Glibc

/// A program that serves an origin's repositories on a loopback port until it is stopped.
final class LocalServer {
    let port: UInt16
    private let process = Process()

    /// Starts `git daemon`.
    static func gitDaemon(_ origin: Origin) throws -> LocalServer {
        try LocalServer(origin) { port in
            let served = "\(origin.path)/served"
            return [
                "/usr/lib/git-core/git-daemon", "--base-path=\(served)", "--export-all", "--listen=127.0.0.1", "--port=\(port)",
                "--reuseaddr", served,
            ]
        }
    }

    /// Starts `git http-backend` behind TLS, for the user `someone` with a password; the certificate is `cert.pem` in the origin's folder.
    static func https(_ origin: Origin, password: String) throws -> LocalServer {
        let folder = origin.path
        try origin.run(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout",
            "\(folder)/key.pem", "-out", "\(folder)/cert.pem", "-addext", "subjectAltName=DNS:localhost")
        try origin.write("server.py", program)
        return try LocalServer(origin) { port in
            ["python3", "\(folder)/server.py", "\(port)", "\(folder)/served", "\(folder)/cert.pem", "\(folder)/key.pem", password]
        }
    }

    private init(_ origin: Origin, _ command: (UInt16) -> [String]) throws {
        port = try freePort()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command(port)
        process.environment = origin.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if withSocket(port, { connect($0, $1, $2) == 0 }) { return }
            usleep(20_000)
        }
        throw Origin.Failed("no server")
    }

    /// Kills the program. SIGTERM does not work, because the process inherited a thread's signal mask that blocks it.
    func end() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { end() }
}

private let program = """
    import base64, http.server, os, ssl, subprocess, sys
    port, root, cert, key, password = sys.argv[1:6]
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_): pass
        def answer(self):
            wanted = "Basic " + base64.b64encode(("someone:" + password).encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self.send_response(401); self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0"); self.end_headers(); return
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)),
                HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "")
            done = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment)
            head, _, rest = done.stdout.partition(b"\\r\\n\\r\\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\\r\\n") if line]
            self.send_response(next((int(value.split()[0]) for name, value in fields if name == "Status"), 200))
            for name, value in fields:
                if name != "Status": self.send_header(name, value)
            self.send_header("Content-Length", str(len(rest))); self.end_headers(); self.wfile.write(rest)
        do_GET = do_POST = answer
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()
    """

private func withSocket<Value>(_ port: UInt16, _ body: (Int32, UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Value) -> Value {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(file) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
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
    guard let port else { throw Origin.Failed("no port") }
    return port
}
