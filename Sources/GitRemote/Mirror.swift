import CLibgit2
import Git
import Sanitizing

/// A bare repository that holds what was fetched from one upstream, kept and added to.
///
/// Every commit that was fetched is named `refs/ninepin/commits/ID`, so that nothing of it is ever cleaned away, and what is there need not come
/// again. A pack is put in place when all of it has come and its digest is right; a fetch that is cut off at any point leaves nothing that counts.
/// The address is not kept.
package struct Mirror: Sendable {
    /// Its folder.
    package let path: String
    private let patience: Duration
    /// The longest list of references that is read, in bytes: a line has about seventy of them.
    private let longestList: Int

    /// An address as it may be shown and kept: without user, password and query.
    package static func shown(_ url: String) -> String { Redaction.bare(url) }

    /// Names a mirror; it is made by the first fetch.
    ///
    /// - Parameter patience: how long the other end may say nothing.
    package init(at path: String, patience: Duration) { self.init(at: path, patience: patience, longestList: 128 << 20) }

    init(at path: String, patience: Duration, longestList: Int) {
        self.path = path
        self.patience = patience
        self.longestList = longestList
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

    /// What a name was found to be, once it is there.
    private struct Arrival {
        let commit: ObjectID
        let source: String
        let isNew: Bool
        var passedOver: String?
    }

    /// By libgit2; by git itself what libgit2 does not speak. A mirror without all history tells a server so, which libgit2 cannot.
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
            // git tells a dumb server, whose list it reads, from one that serves no repository at all.
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
        // A name that was copied out of an address has `%2B` in the place of `+`.
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

    /// Names a commit that is there, and tells its tree. What came is not believed before it was read.
    private func kept(
        _ commit: ObjectID, _ name: String, _ source: String, isNew: Bool, passedOver: String? = nil, _ repository: Repository,
        _ session: FetchSession
    ) throws -> FetchedReference {
        // A tag of a tag is told in the list by what it names in the end; a tag that an id names is not.
        guard let commit = repository.commit(namedBy: commit) else { throw FetchError.noCommit(name: name, remote: session.remote) }
        let tree = try repository.tree(of: commit)
        guard repository.contains(tree) else { throw GitError("read tree", tree.description, "it is not in the mirror \(path)") }
        try repository.check(tree)
        try repository.keep(commit, as: "refs/ninepin/commits/\(commit)")
        return FetchedReference(name: name, source: source, commit: commit, tree: tree, isNew: isNew, passedOver: passedOver)
    }
}
