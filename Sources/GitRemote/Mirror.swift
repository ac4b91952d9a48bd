import CLibgit2
import Git
import Sanitizing

/// A bare repository that collects what was fetched from one upstream.
///
/// Every fetched commit gets the ref `refs/ninepin/commits/ID`, so that it is never removed and need not be fetched again. A pack is put in
/// place only when it is complete and its digest is correct; an interrupted fetch leaves nothing that counts. The address is not stored.
package struct Mirror: Sendable {
    /// The repository's folder.
    package let path: String
    private let patience: Duration
    /// The size limit for the list of references, in bytes; a reference takes about 70 bytes.
    private let longestList: Int

    /// An address that is safe to show and store: without user, password and query.
    package static func shown(_ url: String) -> String { Redaction.bare(url) }

    /// Describes a mirror; the first fetch creates it.
    ///
    /// - Parameter patience: how long the remote may be silent.
    package init(at path: String, patience: Duration) { self.init(at: path, patience: patience, longestList: 128 << 20) }

    init(at path: String, patience: Duration, longestList: Int) {
        self.path = path
        self.patience = patience
        self.longestList = longestList
    }

    /// Resolves a name, and fetches its commit with all of its objects unless the mirror already has it.
    ///
    /// A commit ID that the mirror already has needs no network access. git's own configuration applies: `url.*.insteadOf`, credential
    /// helpers, `http.sslCAInfo` and `core.sshCommand`; proxies come from the process's environment.
    ///
    /// - Parameters:
    ///   - reference: a full reference, a tag, a branch or the 40 digits of a commit ID; looked up in this order.
    ///   - url: `https`, `git`, `ssh` or `file`, `user@host:path`, or a folder's path.
    ///   - environment: selects the configuration and programs.
    ///   - progress: called about ten times a second on the fetch's thread, also while no data arrives; an error that it throws ends the
    ///     fetch.
    /// - Throws: `FetchError`, `TreeFault` for a tree that must not be written out, `CancellationError`, or an error from `progress`.
    package func fetch(
        reference: String, from url: String, environment: [String: String],
        progress: @escaping @Sendable (FetchProgress) throws -> Void = { _ in }
    ) async throws -> FetchedReference {
        let mirror = self
        return try await onFetchThread { cancellation in
            let session = FetchSession(
                remote: Redaction.bare(url), environment: environment, patience: mirror.patience, longestList: mirror.longestList,
                cancellation: cancellation, progress: progress)
            return try session.enter { try mirror.fetch(reference, url, session) }
        }
    }

    /// Lists the remote's tags. Nothing is fetched, so each call needs the remote.
    ///
    /// - Parameters:
    ///   - url: as in ``fetch(reference:from:environment:progress:)``.
    ///   - environment: selects the configuration and programs.
    ///   - most: how many tags are accepted.
    ///   - progress: called about ten times a second on the listing's thread; an error that it throws ends the listing.
    /// - Returns: the tags in the remote's order, which is that of their names.
    /// - Throws: `FetchError`, also for a longer list; `CancellationError`, or an error from `progress`.
    package func tags(
        of url: String, environment: [String: String], most: Int = 100_000, progress: @escaping @Sendable () throws -> Void = {}
    ) async throws -> [RemoteTag] {
        let mirror = self
        return try await onFetchThread { cancellation in
            let session = FetchSession(
                remote: Redaction.bare(url), environment: environment, patience: mirror.patience, longestList: mirror.longestList,
                cancellation: cancellation, progress: { _ in try progress() })
            let references = try session.enter { try mirror.references(url, session) }
            let tags = RemoteTag.all(in: references)
            guard tags.count <= most else {
                throw FetchError.unreachable(remote: session.remote, reason: "it has \(tags.count) tags; at most \(most) are read")
            }
            return tags
        }
    }

    private func references(_ url: String, _ session: FetchSession) throws -> [Reference] {
        session.secrets.note(address: url)
        session.secrets.note(environment: session.environment)
        do {
            let repository = try Repository.openOrCreateBare(at: path)
            let remote = try Remote(url, of: repository, session)
            do {
                return try remote.connected { try remote.references() }
            } catch Remote.Unspoken.list {
                // A shallow repository.
                return try remote.git().references()
            } catch Remote.Unspoken.answer {
                let references = try remote.git().references()
                guard references.isEmpty else { return references }
                throw FetchError.noRepository(remote: session.remote)
            }
        } catch let error as GitError { throw FetchError.mirror(error) }
    }

    private func fetch(_ name: String, _ url: String, _ session: FetchSession) throws -> FetchedReference {
        session.secrets.note(address: url)
        session.secrets.note(environment: session.environment)
        do {
            let repository = try Repository.openOrCreateBare(at: path)
            let remains = PackRemains(of: path)
            remains.remove()
            let id = ObjectID(name)
            if let id, repository.contains(id) { return try kept(id, name, "commit", isNew: false, repository, session) }
            let remote = try Remote(url, of: repository, session)
            let arrival = try arrival(of: name, remote, repository, session)
            _ = session.report()
            return try kept(arrival.commit, name, arrival.source, isNew: arrival.isNew, passedOver: arrival.passedOver, repository, session)
        } catch let error as GitError { throw FetchError.mirror(error) }
    }

    /// The resolution of a name whose commit is in the mirror.
    private struct Arrival {
        let commit: ObjectID
        let source: String
        let isNew: Bool
        var passedOver: String?
    }

    /// Fetches with libgit2, or with git itself for what libgit2 does not support. A shallow mirror must tell the server so, which libgit2
    /// cannot.
    private func arrival(of name: String, _ remote: Remote, _ repository: Repository, _ session: FetchSession) throws -> Arrival {
        if repository.isShallow { return try arrival(of: name, by: remote.git(), .whole, repository, session) }
        do {
            return try remote.connected {
                try arrival(
                    of: name, among: remote.references(), repository, session, bring: { try bring($0, remote, repository) },
                    find: { try remote.find($0, in: repository) })
            }
        } catch Remote.Unspoken.list {
            return try arrival(of: name, by: remote.git(), .whole, repository, session)
        } catch Remote.Unspoken.answer {
            // git can read a dumb server's list, so it tells such a server from one that serves no repository at all.
            throw try remote.git().references().isEmpty ? FetchError.noRepository(remote: session.remote) : .dumb(remote: session.remote)
        } catch let error as FetchError where error.isUnreachable && remote.isListedFolder {
            guard session.forgives() else { throw error }
            return try arrival(of: name, by: remote.git(), .none, repository, session)
        }
    }

    private func arrival(
        of name: String, by git: GitProgram, _ history: GitProgram.History, _ repository: Repository, _ session: FetchSession
    ) throws -> Arrival {
        let bring = { (wanted: String, commit: ObjectID) in
            if repository.contains(commit) { return false }
            let said = try git.bring(wanted, history: history)
            if repository.contains(commit) { return true }
            throw history == .none
                ? FetchError.incomplete(remote: session.remote, reason: said) : .unreachable(remote: session.remote, reason: said)
        }
        return try arrival(
            of: name, among: git.references(), repository, session, bring: { try bring($0.reference, $0.commit) },
            find: { try bring($0.description, $0) })
    }

    private func arrival(
        of name: String, among references: [Reference], _ repository: Repository, _ session: FetchSession, bring: (Found) throws -> Bool,
        find: (ObjectID) throws -> Bool
    ) throws -> Arrival {
        // A name copied from a URL has `%2B` instead of `+`.
        if let found = Found(name, among: references) ?? Found(Address.decoded(name), among: references) {
            return Arrival(commit: found.commit, source: found.reference, isNew: try bring(found), passedOver: found.passedOver)
        }
        guard let id = ObjectID(name) else {
            throw FetchError.unknownReference(name: name, remote: session.remote, names: references.map(\.name))
        }
        return Arrival(commit: id, source: "commit", isNew: try find(id))
    }

    private func bring(_ found: Found, _ remote: Remote, _ repository: Repository) throws -> Bool {
        if repository.contains(found.commit) { return false }
        try remote.download(["+\(found.reference):refs/ninepin/commits/\(found.commit)"])
        return true
    }

    /// Creates the ref for a fetched commit, and returns its tree. Fetched objects are not trusted until they have been read.
    private func kept(
        _ commit: ObjectID, _ name: String, _ source: String, isNew: Bool, passedOver: String? = nil, _ repository: Repository,
        _ session: FetchSession
    ) throws -> FetchedReference {
        // For a tag of a tag, the reference list gives the final commit; for a tag requested by its ID, it does not.
        guard let commit = repository.commit(namedBy: commit) else { throw FetchError.noCommit(name: name, remote: session.remote) }
        let tree = try repository.tree(of: commit)
        guard repository.contains(tree) else { throw GitError("read tree", tree.description, "it is not in the mirror \(path)") }
        try repository.check(tree)
        try repository.keep(commit, as: "refs/ninepin/commits/\(commit)")
        return FetchedReference(name: name, source: source, commit: commit, tree: tree, isNew: isNew, passedOver: passedOver)
    }
}
