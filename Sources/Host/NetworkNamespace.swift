import SystemPackage

/// A network namespace (network_namespaces(7)) held by a process. It has no name, so the kernel removes it and all its links when its last
/// process ends.
package struct NetworkNamespace: Hashable, Sendable {
    /// The process ID of the holder, as seen from here.
    package let holder: Int32

    package init(of holder: Int32) { self.holder = holder }

    /// Its path in /proc (proc(5)).
    package var path: String { "/proc/\(holder)/ns/net" }

    /// Creates a namespace, runs the body, and ends the holder.
    ///
    /// - Throws: `CommandError` if it cannot be created; errors thrown by the body.
    package static func with<Value: Sendable>(
        on host: Host, _ body: @escaping @Sendable (NetworkNamespace) async throws -> Value
    ) async throws -> Value {
        // The shell's own process ID is also valid for this process, because the shell is not in a new PID namespace.
        let command = Command.uncontained(
            "/usr/bin/unshare", ["--net", "--", "/bin/sh", "-c", "echo $$; exec sleep infinity"], environment: host.plainEnvironment,
            on: host)
        return try await command.beside { line in
            Int32(String(decoding: line, as: UTF8.self))
        } body: {
            try await body(Self(of: $0))
        }
    }
}
