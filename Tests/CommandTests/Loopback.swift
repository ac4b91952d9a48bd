import Foundation

/// A program that serves on a loopback port and ends with the test.
final class Loopback: @unchecked Sendable {
    let port: Int
    private let process = Process()

    /// Starts `git daemon` for a folder of bare repositories.
    static func git(_ folder: String) throws -> Loopback {
        try Loopback { port in
            [
                "/usr/lib/git-core/git-daemon", "--base-path=\(folder)", "--export-all", "--listen=127.0.0.1", "--port=\(port)",
                "--reuseaddr", folder,
            ]
        }
    }

    /// Serves a folder's files and repositories over HTTPS with the test's own certificate, or over HTTP.
    ///
    /// - Parameter certificate: a folder with `cert.pem` and `key.pem`.
    static func web(_ folder: String, script: String, certificate: String? = nil) throws -> Loopback {
        try Data(server.utf8).write(to: URL(filePath: script))
        let files = certificate.map { ["\($0)/cert.pem", "\($0)/key.pem"] } ?? []
        return try Loopback { port in ["/usr/bin/env", "python3", script, "\(port)", folder] + files }
    }

    /// Writes `cert.pem` and `key.pem` for `localhost`.
    static func certify(in folder: String) throws {
        try GitFolder.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", "\(folder)/key.pem",
                "-out",
                "\(folder)/cert.pem", "-addext", "subjectAltName=DNS:localhost",
            ], environment: ["PATH": "/usr/bin:/bin"])
    }

    private init(_ command: (Int) -> [String]) throws {
        port = try Self.freePort()
        let words = command(port)
        process.executableURL = URL(filePath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<1200 where process.isRunning {
            if Self.answers(port) { return }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw GitFolder.Failure(description: "\(words) does not serve")
    }

    deinit { stop() }

    /// Stops the program. Later requests fail to connect.
    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private static func freePort() throws -> Int {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withAddress(0) { address -> UInt16? in
            guard bind(file, address, size) == 0, getsockname(file, address, &size) == 0 else { return nil }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { UInt16(bigEndian: $0.pointee.sin_port) }
        }
        guard let port else { throw GitFolder.Failure(description: "no port is free") }
        return Int(port)
    }

    private static func answers(_ port: Int) -> Bool {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        return withAddress(port) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
    }

    private static func withAddress<Value>(_ port: Int, _ body: (UnsafeMutablePointer<sockaddr>) -> Value) -> Value {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }

    private static let server = """
        import http.server, os, ssl, subprocess, sys
        port, root, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_): pass
            def do_GET(self):
                path = self.path.partition("?")[0]
                if ".git/" in path: return self.git()
                with open(root + path, "rb") as file: content = file.read()
                self.send_response(200); self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
            def do_POST(self): self.git()
            def git(self):
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                environment = dict(os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
                    REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get("Content-Type") or "", CONTENT_LENGTH=str(len(body)),
                    HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "", GIT_CONFIG_COUNT="2",
                    GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*",
                    # The answer is sent when it is whole. Without a search for deltas, it is soon enough on a busy machine too.
                    GIT_CONFIG_KEY_1="pack.window", GIT_CONFIG_VALUE_1="0")
                answer = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment).stdout
                head, _, content = answer.partition(b"\\r\\n\\r\\n")
                fields = [line.split(": ", 1) for line in head.decode().split("\\r\\n") if line]
                self.send_response(next((int(value.split()[0]) for name, value in fields if name == "Status"), 200))
                for name, value in fields:
                    if name != "Status": self.send_header(name, value)
                self.send_header("Content-Length", str(len(content))); self.end_headers(); self.wfile.write(content)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
        if rest:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*rest)
            # In the connection's own thread, so that a client that waits does not keep the others waiting.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.serve_forever()
        """
}
