import Git
import Sanitizing

/// git(1) as a replacement for libgit2 1.5, for what that does not support: a shallow repository or mirror ("shallow-line" in
/// gitprotocol-pack(5)), and a folder that lacks objects not needed here (a partial clone).
///
/// git may only use the address's own protocol, runs without hooks, garbage collection and submodules, and writes only to the mirror.
struct GitProgram {
    private let session: FetchSession
    /// The address as requested: git applies `insteadOf` itself, and must not apply it twice.
    private let url: String
    private let mirror: String
    private let environment: [String: String]

    /// How much of the repository's history to fetch.
    enum History {
        /// All that the repository has.
        case whole
        /// Only the commit, because earlier commits may lack objects.
        case none
    }

    /// - Parameters:
    ///   - address: the address after `insteadOf`.
    ///   - real: the same address as text.
    ///   - url: the address as requested.
    ///   - sshCommand: git's setting `core.sshCommand`.
    /// - Throws: `FetchError` if the address may contain a secret: git passes it on in its arguments, which everyone can see in `/proc`.
    init(_ address: Address, _ real: String, for url: String, sshCommand: String?, mirror: String, _ session: FetchSession) throws {
        self.session = session
        self.mirror = mirror
        self.url = url
        let ways =
            switch address.way {
            case .folder: "file"
            case .ssh: "ssh"
            case .network(let scheme): scheme == "git" ? "git" : "http:https"
            }
        // ssh addresses were checked earlier. A folder has no password, but the address that it replaces may contain one.
        if [url, real].contains(where: { $0.contains("://") && Redaction.bare($0) != $0 }) {
            throw FetchError.unreachable(
                remote: session.remote,
                reason:
                    "only git itself can read this repository, and running it would show the address's password to every user of this machine; "
                    + "remove it from the address and use a credential helper (git help credentials)")
        }
        var environment = session.environment.filter { name, _ in !name.hasPrefix("GIT_") || Self.passed.contains(name) }
        environment["GIT_ALLOW_PROTOCOL"] = ways
        environment["GIT_TERMINAL_PROMPT"] = "0"
        // Nobody may be there to type a passphrase.
        if sshCommand == nil, environment["GIT_SSH"] == nil, environment["GIT_SSH_COMMAND"] == nil {
            environment["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
        }
        self.environment = environment
    }

    private static let passed = ProgramTransport.passed.union(["GIT_SSH_COMMAND", "GIT_SSH", "GIT_SSL_CAINFO"])

    /// All references of the repository, in its order.
    ///
    /// - Throws: `FetchError`, also for a repository that does not use SHA-1.
    func references() throws -> [Reference] {
        let child = try Child(
            ["git", "--git-dir=\(mirror)", "ls-remote", "--quiet", "--symref", "--", url], environment: environment, session)
        session.listed = 0
        defer { session.listed = nil }
        guard let list = child.allOutput() else { throw session.failure ?? unreachable(child.message()) }
        let said = child.message()
        if list.isEmpty, !said.isEmpty { throw unreachable(said) }
        return try Self.references(in: list, of: session.remote)
    }

    /// Parses the output of `git ls-remote --symref` (git-ls-remote(1), "OUTPUT"). Names that are not UTF-8 are left out.
    static func references(in list: [UInt8], of remote: String) throws(FetchError) -> [Reference] {
        var targets: [String: String] = [:]
        var references: [Reference] = []
        for line in list.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: "\t"), maxSplits: 1)
            guard words.count == 2, let name = String(validating: words[1], as: UTF8.self) else { continue }
            let first = String(decoding: words[0], as: UTF8.self)
            if first.hasPrefix("ref: ") {
                targets[name] = String(first.dropFirst(5))
            } else if let id = ObjectID(first) {
                references.append(Reference(name: name, id: id, target: targets[name]))
            } else if first.utf8.count == 64 {
                throw FetchError.otherDigest(remote: remote)
            }
        }
        return references
    }

    /// Fetches a reference, or a commit by its ID. No reference is written.
    ///
    /// - Throws: `FetchError` with git's own message. The caller must check that the requested object arrived.
    /// - Returns: git's messages to its user.
    func bring(_ wanted: String, history: History) throws -> String {
        let settings = [
            "core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false", "fetch.writeCommitGraph=false", "fetch.unpackLimit=1",
            "transfer.unpackLimit=1", "fetch.recurseSubmodules=false", "fetch.prune=false",
        ].flatMap { ["-c", $0] }
        let depth = history == .none ? "--depth=1" : "--update-shallow"
        let options = ["--progress", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules", depth]
        let arguments = ["git", "--git-dir=\(mirror)"] + settings + ["fetch"] + options + ["--", url, wanted]
        let child = try Child(arguments, environment: environment, session)
        guard child.allOutput() != nil else { throw session.failure ?? unreachable(child.message()) }
        if let failure = session.failure { throw failure }
        return words(child.message())
    }

    private func unreachable(_ said: String) -> FetchError { .unreachable(remote: session.remote, reason: words(said)) }

    /// git's final messages, without progress and secrets.
    private func words(_ said: String) -> String {
        let lines = said.split(whereSeparator: \.isNewline).filter { line in
            !["remote: ", "Receiving ", "Resolving "].contains(where: line.hasPrefix)
        }
        return session.secrets.removed(from: lines.joined(separator: "\n")).trimmedEnd
    }
}
