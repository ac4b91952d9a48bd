import CLibgit2
import Git
import Sanitizing

/// A bare repository that holds what was fetched from one upstream, kept and added to.
///
/// Every commit that was fetched is named `refs/ninepin/commits/ID`, so that nothing of it is ever cleaned away, and what is there need not come
/// again. A pack is put in place when all of it has come and its digest is right; a fetch that is cut off at any point leaves nothing that counts.
/// The address is not kept.
public struct Mirror: Sendable {
    /// Its folder.
    public let path: String
    private let patience: Duration

    /// An address as it may be shown and kept: without user, password and query.
    public static func shown(_ url: String) -> String { Redaction.bare(url) }

    /// Names a mirror; it is made by the first fetch.
    ///
    /// - Parameter patience: how long the other end may say nothing.
    public init(at path: String, patience: Duration) {
        self.path = path
        self.patience = patience
    }

    /// Resolves a name, and brings its commit with all that belongs to it, unless it is there.
    ///
    /// A commit's id that is there is not asked for: no network is used. git's own settings hold: `url.*.insteadOf`, credential helpers,
    /// `http.sslCAInfo`, `core.sshCommand`; proxies are those of the process's environment.
    ///
    /// - Parameters:
    ///   - reference: a full reference, a tag, a branch or a commit's 40 digits; looked up in this order.
    ///   - url: `https`, `git`, `ssh` or `file`, `user@host:path`, or a folder's path.
    ///   - environment: which settings and programs are used.
    ///   - progress: called about ten times a second, also while nothing comes, on a thread of the fetch; what it throws ends the fetch.
    /// - Throws: `FetchError`, `TreeFault` for a tree that must not be written out, `CancellationError`, or what `progress` threw.
    public func fetch(
        reference: String, from url: String, environment: [String: String],
        progress: @escaping @Sendable (FetchProgress) throws -> Void = { _ in }
    ) async throws -> FetchedReference {
        let stop = Stop()
        let mirror = self
        return try await withTaskCancellationHandler {
            try await Thread.run {
                let shown = Redaction.bare(url)
                let session = Session(remote: shown, environment: environment, patience: mirror.patience, stop: stop, progress: progress)
                return try session.enter { try mirror.fetch(reference, url, session) }
            }
        } onCancel: {
            stop.raise()
        }
    }

    private func fetch(_ name: String, _ url: String, _ session: Session) throws -> FetchedReference {
        session.secrets.note(address: url)
        session.secrets.note(environment: session.environment)
        do {
            let repository = try Repository.openOrCreateBare(at: path)
            let remains = PackRemains(of: path)
            remains.remove()
            let id = ObjectID(name)
            if let id, repository.contains(id) { return try kept(id, name, "commit", isNew: false, repository, session) }
            let remote = try Remote(url, of: repository, session)
            let (commit, source, isNew) = try remote.connected {
                let references = try remote.references()
                if let found = Found(name, among: references) {
                    return (found.commit, found.reference, try bring(found, remote, repository))
                }
                guard let id else {
                    throw FetchError.unknownReference(name: name, remote: session.remote, names: references.map(\.name))
                }
                return (id, "commit", try remote.find(id, in: repository))
            }
            _ = session.report()
            return try kept(commit, name, source, isNew: isNew, repository, session)
        } catch let error as GitError { throw FetchError.mirror(error) }
    }

    private func bring(_ found: Found, _ remote: Remote, _ repository: Repository) throws -> Bool {
        if repository.contains(found.commit) { return false }
        try remote.download(["+\(found.reference):refs/ninepin/commits/\(found.commit)"])
        return true
    }

    /// Names a commit that is there, and tells its tree. What came is not believed before it was read.
    private func kept(
        _ commit: ObjectID, _ name: String, _ source: String, isNew: Bool, _ repository: Repository, _ session: Session
    ) throws -> FetchedReference {
        // A tag of a tag is told in the list by what it names in the end; a tag that an id names is not.
        guard let commit = repository.commit(namedBy: commit) else { throw FetchError.noCommit(name: name, remote: session.remote) }
        let tree = try repository.tree(of: commit)
        guard repository.contains(tree) else { throw GitError("read tree", tree.description, "it is not in the mirror \(path)") }
        try repository.check(tree)
        try repository.keep(commit, as: "refs/ninepin/commits/\(commit)")
        return FetchedReference(name: name, source: source, commit: commit, tree: tree, isNew: isNew)
    }
}
