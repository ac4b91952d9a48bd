import ExitCodes
import Git
import Sanitizing

/// Why a fetch failed. No message contains a password from an address.
package enum FetchError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The remote has no such tag, branch, reference or commit. `names` are all of the remote's references.
    case unknownReference(name: String, remote: String, names: [String])
    /// The name does not refer to a commit.
    case noCommit(name: String, remote: String)
    /// No tag or branch of the remote leads to the commit; `tried` tells how it was searched for.
    case unknownCommit(id: ObjectID, remote: String, tried: String)
    /// The remote sent nothing for too long.
    case silent(remote: String, seconds: Int, waitingFor: String)
    /// There is no connection, program or repository, or the connection broke.
    case unreachable(remote: String, reason: String)
    /// The server's certificate is not trusted.
    case certificate(remote: String, host: String, reason: String)
    /// The server requires a user and a password, and there are none, or they are wrong.
    case credentials(remote: String, reason: String)
    /// The repository uses SHA-256 object IDs.
    case otherDigest(remote: String)
    /// The server offers a repository's files over the dumb HTTP protocol only.
    case dumb(remote: String)
    /// The server answers, but not with git's protocol.
    case noRepository(remote: String)
    /// A folder that lacks objects of the requested commit; `reason` is git's message.
    case incomplete(remote: String, reason: String)
    /// The system could not create a thread.
    case noThread
    /// The local mirror failed.
    case mirror(GitError)

    /// What failed, where, why, and what to do.
    package var description: String {
        switch self {
        case .unknownReference(let name, let remote, let names): Self.unknown(name, remote, names)
        case .noCommit(let name, let remote): "'\(name)' at \(remote) is neither a commit nor a tag of one; use another reference"
        case .unknownCommit(let id, let remote, let tried):
            "no commit \(id) at \(remote): \(tried); use a tag or branch that contains it, or a repository that has it"
        case .silent(let remote, let seconds, let what):
            "cannot fetch from \(remote): no data for \(seconds) s while waiting for \(what); try again later, or use a mirror"
        case .unreachable(let remote, let reason): "cannot fetch from \(remote): \(reason)"
        case .certificate(let remote, let host, let reason):
            """
            cannot fetch from \(remote): the certificate of \(host) is not trusted: \(reason)
              if it is signed by a private CA, set GIT_SSL_CAINFO or git's http.sslCAInfo to the CA's file
            """
        case .credentials(let remote, let reason): "cannot fetch from \(remote): \(reason)"
        case .otherDigest(let remote):
            """
            cannot fetch from \(remote): it is a SHA-256 repository (extensions.objectFormat), which libgit2 1.5 cannot read
              create an archive ('git archive --prefix=source/ -o source.tar.gz REF' in that repository) and set it as
              source.archive in the recipe; or check it out, remove .git from a copy of the folder, and pass the copy with --source
            """
        case .dumb(let remote):
            """
            cannot fetch from \(remote): the server supports only git's dumb protocol, which serves files but no negotiated packs
              clone it with git ('git clone --mirror URL FOLDER') and use that folder
            """
        case .noRepository(let remote): "cannot fetch from \(remote): the server's answer is not from a git repository; check the address"
        case .incomplete(let remote, let reason):
            """
            cannot fetch from \(remote): it lacks objects of the commit itself, as a partial clone does (git clone --filter): \(reason)
              fetch them there ('git checkout REF' in that clone), clone it again without --filter, or use the repository it was cloned from
            """
        case .noThread: "cannot fetch: the system cannot create a thread"
        case .mirror(let error): error.description
        }
    }

    /// Whether the remote could not be reached, or closed the connection.
    var isUnreachable: Bool { if case .unreachable = self { true } else { false } }

    /// The same error without the secrets of an address.
    func without(_ secrets: Secrets) -> FetchError {
        switch self {
        case .silent(let remote, let seconds, let what): .silent(remote: remote, seconds: seconds, waitingFor: secrets.removed(from: what))
        case .unreachable(let remote, let reason): .unreachable(remote: remote, reason: secrets.removed(from: reason))
        case .certificate(let remote, let host, let reason):
            .certificate(remote: remote, host: secrets.removed(from: host), reason: secrets.removed(from: reason))
        case .credentials(let remote, let reason): .credentials(remote: remote, reason: secrets.removed(from: reason))
        case .incomplete(let remote, let reason): .incomplete(remote: remote, reason: secrets.removed(from: reason))
        default: self
        }
    }

    /// Lists at most five names similar to the one requested; callers that can compare better have all of them.
    private static func unknown(_ name: String, _ remote: String, _ names: [String]) -> String {
        let short = names.filter { !$0.hasSuffix("^{}") }.map(Reference.shortName)
        let wanted = bare(name)
        let alike = short.filter { !wanted.isEmpty && ($0.contains(wanted) || wanted.hasPrefix($0)) }.sorted { $0.count < $1.count }
        let near = alike.isEmpty ? nearest(wanted, among: short) : alike
        let hint =
            if short.isEmpty {
                "it has none"
            } else if near.isEmpty {
                "it has \(short.count) others, such as \(short.prefix(3).joined(separator: ", "))"
            } else { "it has \(near.prefix(5).joined(separator: ", "))" }
        return "no tag, branch or reference '\(name)' at \(remote): \(hint)"
    }

    /// The names that share a prefix with the requested one; the longest match comes first.
    private static func nearest(_ wanted: Substring, among names: [String]) -> [String] {
        let ranked = names.map { (name: $0, shared: zip(bare($0), wanted).prefix { $0 == $1 }.count) }.filter { $0.shared > 0 }
        return ranked.sorted { ($1.shared, $0.name.count, $0.name) < ($0.shared, $1.name.count, $1.name) }.map(\.name)
    }

    /// The last component of a name, without the `v` of a version.
    private static func bare(_ name: String) -> Substring { name.split(separator: "/").last.map { $0.drop { $0 == "v" } } ?? "" }

    package var exitStatus: ExitStatus { .missing }
}

extension String {
    /// The string without trailing white space: programs end their messages with a line break.
    var trimmedEnd: String { lastIndex { !$0.isWhitespace }.map { String(self[...$0]) } ?? "" }
}
