import FileSystem
import Git
import GitRemote
import Host
import Model
import SystemPackage

import struct Crypto.SHA256

/// A commit of a git repository, fetched into a mirror that is shared by all commits of the repository.
package struct GitSource: Sendable {
    private let url: String
    private let folder: FilePath
    private let host: Host

    /// - Parameters:
    ///   - url: the repository's address.
    ///   - mirrors: the folder for mirrors.
    package init(_ url: String, mirrors: FilePath, on host: Host) {
        self.url = url
        self.host = host
        // The name does not depend on secrets, not even through a digest, so a new token does not change the mirror.
        let digest = Digest(bytes: SHA256.hash(data: Array(Self.shown(url).utf8)))
        folder = mirrors.appending("git").appending("\(digest.hex).git")
    }

    /// The bare repository with the fetched objects; it may not exist yet.
    package var mirror: FilePath { folder }

    /// The address to fetch from, which the user's settings may replace. What is fetched is named by `url` all the same.
    private var address: String { host.settings.mirrors.address(for: url) }

    /// The address without credentials.
    package static func shown(_ url: String) -> String { Mirror.shown(url) }

    /// Resolves a tag, a branch or a commit ID, and fetches the commit.
    ///
    /// - Throws: `FetchError`; `FileError`; `CancellationError`.
    package func resolve(_ reference: String, progress: @escaping @Sendable (SourceProgress) -> Void) async throws -> Lock {
        let found = try await fetch(reference, progress)
        if let other = found.passedOver {
            progress(
                .remark(
                    "'\(reference)' is ambiguous: it could be \(found.source) or \(other); using \(found.source), as git fetch does. To avoid this, give the full name"
                ))
        }
        return Lock(
            kind: .git, name: Self.shown(url), version: found.commit.description,
            resolvedFrom: found.source == "commit" ? nil : found.source,
            time: try Repository.open(at: folder.string).time(of: found.commit))
    }

    /// Copies a locked commit's tree to a bare repository.
    ///
    /// - Throws: `FetchError`; `GitError`; `FileError`; `CancellationError`.
    package func copyTree(of lock: Lock, into trees: FilePath, progress: @escaping @Sendable (SourceProgress) -> Void) async throws
        -> ObjectID
    {
        let found: FetchedReference
        do { found = try await fetch(lock.version, progress) } catch let error as FetchError {
            // Not every server allows fetching a commit by its ID; the name that it was resolved from may still lead to it.
            guard let name = lock.resolvedFrom, let named = try await fetchIfThere(name, progress),
                named.commit.description == lock.version
            else { throw error }
            found = named
        }
        try await Mirror(at: folder.string, patience: host.deadlines.duration(.gitSilence)).copy(
            found.tree, to: trees.string, environment: host.environment, patience: host.deadlines.duration(.gitPack))
        return found.tree
    }

    /// What a name refers to; nil if it cannot be fetched. Other errors and cancellation are thrown.
    private func fetchIfThere(_ name: String, _ progress: @escaping @Sendable (SourceProgress) -> Void) async throws -> FetchedReference? {
        do { return try await fetch(name, progress) } catch is FetchError { return nil }
    }

    /// Lists the repository's tags. Nothing is fetched or stored, so each call asks the repository.
    ///
    /// - Throws: `FetchError`; `FileError`; `CancellationError`.
    package func tags(progress: @escaping @Sendable (SourceProgress) -> Void) async throws -> [RemoteTag] {
        try await holding(progress) { try await $0.tags(of: address, environment: host.environment) }
    }

    private func fetch(_ reference: String, _ progress: @escaping @Sendable (SourceProgress) -> Void) async throws -> FetchedReference {
        try await holding(progress) { mirror in
            try await mirror.fetch(reference: reference, from: address, environment: host.environment) {
                progress(.objects($0.objects, of: $0.totalObjects, bytes: $0.bytes))
            }
        }
    }

    /// Runs `work` with the mirror while no other process writes to it.
    private func holding<Value>(
        _ progress: @escaping @Sendable (SourceProgress) -> Void, _ work: (Mirror) async throws -> Value
    ) async throws -> Value {
        try Files.makeDirectory(folder.removingLastComponent())
        let lock = try await FileLock.take(FilePath(folder.string + ".lock")) {
            progress(.waiting(for: "another fetch into the same mirror"))
        }
        defer { lock.release() }
        return try await work(Mirror(at: folder.string, patience: host.deadlines.duration(.gitSilence)))
    }
}
