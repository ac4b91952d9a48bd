import CLibgit2
import Git
import Glibc
import Net
import Synchronization

/// The certificate authorities trusted for HTTPS. libgit2 has one set for the whole process, so a fetch that needs another set waits until
/// nobody uses the current one.
enum Certificates {
    private static let used = Mutex<(count: Int, places: Places?)>((0, nil))

    private struct Places: Hashable {
        var file: String?
        var directory: String?
    }

    /// Runs `work` with the certificate authorities that the environment and git's configuration select.
    ///
    /// - Parameter setting: git's setting `http.sslCAInfo`.
    static func hold<Value>(_ session: FetchSession, setting: String?, _ work: () throws -> Value) throws -> Value {
        let set = { (name: String) in session.environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let file = set("GIT_SSL_CAINFO") ?? setting ?? set("SSL_CERT_FILE")
        let wanted = Places(file: file, directory: file == nil ? set("SSL_CERT_DIR") : nil)
        while try !take(wanted, session) {
            guard session.goesOn() else { break }
            usleep(20_000)
        }
        if let failure = session.failure { throw failure }
        defer { used.withLock { $0.count -= 1 } }
        return try work()
    }

    private static func take(_ wanted: Places, _ session: FetchSession) throws -> Bool {
        try used.withLock { used in
            if used.places != wanted {
                guard used.count == 0 else { return false }
                try set(wanted, session)
                used.places = wanted
            }
            used.count += 1
            return true
        }
    }

    private static func set(_ places: Places, _ session: FetchSession) throws {
        let file = places.file ?? (places.directory == nil ? CertificateAuthorities.file() : nil)
        // If neither exists, libgit2 keeps its default.
        guard file != nil || places.directory != nil else { return }
        guard ninepin_git_set_certificates(file, places.directory) < 0 else { return }
        let reason = git_error_last().map { String(cString: $0.pointee.message) } ?? "libgit2 rejects them"
        let name = file ?? places.directory ?? ""
        throw FetchError.unreachable(remote: session.remote, reason: "cannot read the CA certificates in \(name): \(reason)")
    }
}
