import CLibgit2
import Sanitizing

/// Credentials from git's credential helpers (git-credential(1), gitcredentials(7)). git itself queries them, so a user who can run `git
/// fetch` can fetch here.
enum Credentials {
    /// The callback for `git_remote_callbacks.credentials`; its payload is the session.
    static let acquire: git_credential_acquire_cb = { out, url, user, allowed, payload in
        guard let payload, let url else { return -1 }
        let session = Unmanaged<FetchSession>.fromOpaque(payload).takeUnretainedValue()
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0 else { return GIT_PASSTHROUGH.rawValue }
        session.credentialsAsked += 1
        guard session.credentialsAsked == 1 else {
            return refuse(session, "the server rejected the user and password from git's credential helper")
        }
        guard let (name, password) = ask(String(cString: url), user.map { String(cString: $0) }, session) else {
            return refuse(
                session,
                "the server requires a user and password, but git's credential helpers have none; set one up (git help credentials)")
        }
        return git_credential_userpass_plaintext_new(out, name, password)
    }

    private static func refuse(_ session: FetchSession, _ reason: String) -> Int32 {
        session.fail(FetchError.credentials(remote: session.remote, reason: reason))
        return GIT_EAUTH.rawValue
    }

    private static func ask(_ url: String, _ user: String?, _ session: FetchSession) -> (name: String, password: String)? {
        var environment = session.environment
        environment["GIT_TERMINAL_PROMPT"] = "0"
        guard let child = try? Child(["git", "credential", "fill"], environment: environment, session) else { return nil }
        let question = "url=\(url)\n" + (user.map { "username=\($0)\n" } ?? "") + "\n"
        guard !url.contains("\n"), Array(question.utf8).withUnsafeBytes(child.write) else { return nil }
        child.endInput()
        guard let answer = child.allOutput() else { return nil }
        var fields: [Substring: Substring] = [:]
        for line in String(decoding: answer, as: UTF8.self).split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            fields[line[..<equals]] = line[line.index(after: equals)...]
        }
        guard let name = fields["username"], let password = fields["password"] else { return nil }
        session.secrets.note(String(password))
        return (String(name), String(password))
    }
}
