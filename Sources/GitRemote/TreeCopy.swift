import CLibgit2
import Git
import Sanitizing

extension Mirror {
    /// Copies a tree with everything in it to another repository: completely or not at all. The copy stays when the mirror is removed.
    ///
    /// On one file system, the mirror's packs are shared. Otherwise git itself writes a pack of the tree, because it reuses packed data;
    /// libgit2 would compress everything again.
    ///
    /// - Parameters:
    ///   - repository: the bare repository's folder.
    ///   - environment: used to find `git`.
    ///   - patience: how long git may be silent.
    /// - Throws: `TreeFault` for a tree that must not be written out; `FetchError` if it is not in the mirror, `CancellationError`.
    package func copy(_ tree: ObjectID, to repository: String, environment: [String: String], patience: Duration) async throws {
        let mirror = self
        try await onFetchThread { cancellation in
            let session = FetchSession(
                remote: mirror.path, environment: environment, patience: patience, longestList: 0, cancellation: cancellation,
                progress: { _ in })
            do {
                let target = try Repository.open(at: repository)
                let source = try Repository.open(at: mirror.path)
                let isInMirror = source.contains(tree)
                // Packs shared earlier contain trees that nobody requested, so a tree in the target may never have been checked.
                if isInMirror || target.contains(tree) { try (isInMirror ? source : target).check(tree) }
                if target.contains(tree) { return }
                if isInMirror, PackLinks(from: mirror.path, to: repository).make(), target.contains(tree) { return }
                try TreeCopy(tree, mirror.path, session).write(to: target)
            } catch let error as GitError { throw FetchError.mirror(error) }
        }
    }
}

/// A copy of one tree from one repository to another.
private struct TreeCopy {
    private let tree: ObjectID
    private let session: FetchSession
    private let child: Child

    init(_ tree: ObjectID, _ source: String, _ session: FetchSession) throws {
        self.tree = tree
        self.session = session
        let arguments = ["git", "--git-dir=\(source)", "pack-objects", "--revs", "--stdout", "--delta-base-offset", "-q"]
        child = try Child(arguments, environment: ProgramTransport.cleaned(session.environment), session)
    }

    func write(to repository: Repository) throws {
        var odb: OpaquePointer?
        try GitError.check(git_repository_odb(&odb, repository.handle), "open objects", repository.path)
        defer { git_odb_free(odb) }
        var pack: UnsafeMutablePointer<git_odb_writepack>?
        try GitError.check(git_odb_write_pack(&pack, odb, nil, nil), "write pack", repository.path)
        guard let pack else { throw GitError("write pack", repository.path, "libgit2 returned nothing") }
        defer { pack.pointee.free(pack) }
        guard Array("\(tree)\n".utf8).withUnsafeBytes(child.write) else { throw ended() }
        child.endInput()
        var figures = git_indexer_progress()
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var all = 0
        while true {
            guard let count = piece.withUnsafeMutableBytes({ child.read(into: $0.baseAddress, $0.count) }) else { throw ended() }
            if count == 0 { break }
            all += count
            try GitError.check(
                piece.withUnsafeBytes { pack.pointee.append(pack, $0.baseAddress, count, &figures) }, "write pack", repository.path)
        }
        if all == 0 { throw ended() }
        try GitError.check(pack.pointee.commit(pack, &figures), "write pack", repository.path)
        guard repository.contains(tree) else { throw GitError("copy tree", tree.description, "it is not in the pack that git wrote") }
    }

    private func ended() -> any Error {
        let words = session.secrets.removed(from: child.message()).trimmedEnd
        return session.failure ?? GitError("copy tree", tree.description, words.isEmpty ? "git pack-objects exited without output" : words)
    }
}
