import SystemPackage

/// A network namespace (network_namespaces(7)) that one process holds: it has no name, so that the kernel takes it away, with all links in it,
/// when the last process in it is gone.
package struct NetworkNamespace: Hashable, Sendable {
    /// The process that holds it, by its id here.
    package let holder: Int32

    /// Names the namespace of a process.
    package init(of holder: Int32) { self.holder = holder }

    /// Where the kernel shows it (proc(5)).
    package var path: String { "/proc/\(holder)/ns/net" }

    /// Makes a namespace, works in it, and ends its holder.
    ///
    /// - Throws: `CommandError` when it cannot be made; what the work throws.
    package static func with<Value: Sendable>(
        on host: Host, _ body: @escaping @Sendable (NetworkNamespace) async throws -> Value
    ) async throws -> Value {
        // The shell's number for itself is the one that this process knows it by: it is in no namespace of process ids.
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
