import Foundation
import Glibc
import Synchronization

/// A program that serves on a loopback port and ends with the test.
final class Server {
    let port: UInt16
    private let process = Process()

    /// Starts `git daemon` for everything that an upstream serves.
    static func gitDaemon(_ upstream: Upstream) throws -> Server {
        try Server(upstream) { port in
            [
                "/usr/lib/git-core/git-daemon", "--base-path=\(upstream.path)/served", "--export-all", "--listen=127.0.0.1",
                "--port=\(port)",
                "--reuseaddr", "\(upstream.path)/served",
            ]
        }
    }

    /// Starts `git http-backend` behind TLS, with a certificate signed by the test's own certificate authority.
    ///
    /// - Parameter password: the password that a client must send with the user `someone`.
    static func https(_ upstream: Upstream, password: String? = nil) throws -> Server {
        let folder = upstream.path
        try upstream.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "\(folder)/key.pem",
                "-out", "\(folder)/cert.pem", "-addext", "subjectAltName=DNS:localhost",
            ], in: folder)
        try Data(httpServer.utf8).write(to: URL(filePath: "\(folder)/server.py"))
        return try Server(upstream) { port in
            ["python3", "\(folder)/server.py", "\(port)", "\(folder)/served", "\(folder)/cert.pem", "\(folder)/key.pem", password ?? ""]
        }
    }

    /// A file server without any knowledge of git.
    static func files(_ upstream: Upstream) throws -> Server {
        try Server(upstream) { port in
            ["python3", "-m", "http.server", "\(port)", "--bind", "127.0.0.1", "--directory", "\(upstream.path)/served"]
        }
    }

    private init(_ upstream: Upstream, _ command: (UInt16) -> [String]) throws {
        port = try freePort()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command(port)
        process.environment = ProcessInfo.processInfo.environment.merging(upstream.environment) { own, _ in own }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if answers(port) { return }
            usleep(20_000)
        }
        throw Complaint(description: "no server")
    }

    deinit {
        // SIGTERM does not work, because the process inherited a thread's signal mask that blocks it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

private let httpServer = """
    import base64, http.server, os, ssl, subprocess, sys
    port, root, cert, key, password = sys.argv[1:6]
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_): pass
        def answer(self):
            path, _, query = self.path.partition("?")
            if path.startswith("/to-file/"):
                self.send_response(301); self.send_header("Location", "file://" + root + "/up.git/info/refs?service=git-upload-pack")
                self.send_header("Content-Length", "0"); self.end_headers(); return
            wanted = "Basic " + base64.b64encode(("someone:" + password).encode()).decode()
            if password and self.headers.get("Authorization") != wanted:
                self.send_response(401); self.send_header("WWW-Authenticate", 'Basic realm="x"')
                self.send_header("Content-Length", "0"); self.end_headers(); return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)),
                HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "")
            done = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment)
            head, _, rest = done.stdout.partition(b"\\r\\n\\r\\n")
            fields = [line.split(": ", 1) for line in head.decode().split("\\r\\n") if line]
            status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200)
            self.send_response(status)
            for name, value in fields:
                if name != "Status": self.send_header(name, value)
            self.send_header("Content-Length", str(len(rest))); self.end_headers(); self.wfile.write(rest)
        do_GET = do_POST = answer
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
    """

/// A proxy that forwards all client data to a port, but only a limited number of bytes of the answer; then it closes the connection or
/// falls silent.
final class Middleman: Sendable {
    let port: UInt16
    private let listener: Int32
    private let isEnded = Atomic(false)
    private let threads = DispatchGroup()
    /// The bytes received from the server over all connections.
    let bytes = Atomic(0)
    let connections = Atomic(0)

    /// - Parameter limit: how many of the server's bytes to forward.
    init(to target: UInt16?, limit: Int = .max, thenSilent: Bool = false) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        port = try bound(listener)
        listen(listener, 16)
        threads.enter()
        DispatchQueue.global().async { [self] in
            while !isEnded.load(ordering: .relaxed) {
                guard readable(listener) else { continue }
                let client = accept(listener, nil, nil)
                connections.add(1, ordering: .relaxed)
                threads.enter()
                DispatchQueue.global().async { [self] in
                    serve(client, target, limit, thenSilent)
                    threads.leave()
                }
            }
            threads.leave()
        }
    }

    deinit { close(listener) }

    func end() {
        isEnded.store(true, ordering: .relaxed)
        threads.wait()
    }

    private func serve(_ client: Int32, _ target: UInt16?, _ limit: Int, _ thenSilent: Bool) {
        defer { close(client) }
        guard let target, let server = connected(target) else {
            while !isEnded.load(ordering: .relaxed) { usleep(10_000) }
            return
        }
        defer { close(server) }
        var left = limit
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !isEnded.load(ordering: .relaxed) {
            if readable(client, 5) {
                let count = recv(client, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                send(server, buffer, count, Int32(MSG_NOSIGNAL))
            }
            if left == 0 {
                if thenSilent { continue }
                return
            }
            if readable(server, 5) {
                let count = recv(server, &buffer, min(left, buffer.count), 0)
                guard count > 0 else { return }
                send(client, buffer, count, Int32(MSG_NOSIGNAL))
                bytes.add(count, ordering: .relaxed)
                left -= count
            }
        }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return address
}

private func bound(_ file: Int32) throws -> UInt16 {
    var address = loopback(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(file, $0, size) == 0 ? getsockname(file, $0, &size) : -1 }
    }
    guard code == 0 else { throw Complaint(description: "no port") }
    return UInt16(bigEndian: address.sin_port)
}

private func freePort() throws -> UInt16 {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(file) }
    return try bound(file)
}

private func connected(_ port: UInt16) -> Int32? {
    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = loopback(port)
    let code = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    if code == 0 { return file }
    close(file)
    return nil
}

private func answers(_ port: UInt16) -> Bool {
    guard let file = connected(port) else { return false }
    close(file)
    return true
}

private func readable(_ file: Int32, _ milliseconds: Int32 = 50) -> Bool {
    var wish = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
    return poll(&wish, 1, milliseconds) > 0
}
