import Archive
import FileSystem
import FoundationEssentials
import Git
import Host
import Model
import Sanitizing
import Sources
import Store
import SystemPackage
import Transfer

/// Determines the digest of a download that is not pinned by SHA-256. If the recipe specifies the content, the download must match it;
/// otherwise it is accepted as it is, and its digest is recorded.
struct ReceiveStep: Step {
    /// The received download.
    struct Received: Codable, Sendable {
        /// The digest of the archive or file.
        let sha256: Digest?
        /// The unpacked content.
        let tree: ObjectID?
    }

    static let name = "receive"

    let download: DownloadSpec
    /// The download's name in errors.
    let title: Unkeyed<String>

    func run(in context: StepContext, folder: FilePath) async throws -> Received {
        if let commit = download.git { return try await commit.received(for: self, context) }
        return try await context.inPlace(of: "receive") { work in
            guard let wanted = download.tree else { return try await receive(from: download.addresses, in: work, context) }
            // An address with other content is skipped, like one with another digest.
            var (others, failure): ([String], (any Error)?) = ([], nil)
            for address in download.addresses {
                try Files.remove(work)
                do {
                    let received = try await receive(from: [address], in: work, context)
                    if received.tree?.description == wanted.description { return received }
                    others.append("\(Redaction.address(address)) has \(received.tree.map { "\($0)" } ?? "no content")")
                } catch let error as TransferError where error.isUnreachable {
                    failure = error
                } catch let error as ArchiveError { others.append("\(Redaction.address(address)): \(error)") }
            }
            guard others.isEmpty, let failure else { throw differs(from: wanted, others.joined(separator: "; ")) }
            throw failure
        }
    }

    private func receive(from addresses: [String], in work: FilePath, _ context: StepContext) async throws -> Received {
        let name = addresses.first.flatMap(Redaction.fileName) ?? title.value
        let (source, digest) = try await ArchiveSource.receive(
            name: name, bytes: download.bytes, from: addresses, mirrors: context.workspace.mirrors, scratch: work.appending("file"),
            on: context.host
        ) { context.tell($0) }
        guard download.unpack != nil else { return Received(sha256: digest, tree: nil) }
        let repository = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        let tree = try repository.tree(of: download, from: source, in: work.appending("content"), context)
        try repository.keepTree(tree)
        return Received(sha256: digest, tree: tree)
    }

    /// The error for wrong content, with the name and both IDs.
    func differs(from wanted: TreeID, _ found: String) -> PackageError {
        PackageError(
            "the download '\(title.value)' does not match the recipe: its tree should be \(wanted); \(found)",
            advice: "Inspect the download, and check 'tree', 'strip' and the addresses in 'downloads.\(title.value)' of the recipe.")
    }

    func isWhole(_ output: Received, in place: FilePath, workspace: Workspace) -> Bool {
        // Only unpacked content is needed later; a file is fetched again by its digest.
        output.tree.map(workspace.has) ?? (output.sha256 != nil)
    }
}

extension DownloadCommit {
    fileprivate func received(for step: ReceiveStep, _ context: StepContext) async throws -> ReceiveStep.Received {
        let lock = Lock(kind: .git, name: GitSource.shown(url), version: commit.description)
        let source = GitSource(url, mirrors: context.workspace.mirrors, on: context.host)
        // Create the repository if necessary: the tree is copied to an existing one.
        _ = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        let tree = try await source.copyTree(of: lock, into: context.workspace.trees) { context.tell($0) }
        if let wanted = step.download.tree, wanted.description != tree.description {
            throw step.differs(from: wanted, "commit \(commit) of \(lock.name) has \(tree)")
        }
        try Repository.open(at: context.workspace.trees.string).keepTree(tree)
        return ReceiveStep.Received(sha256: nil, tree: tree)
    }
}

extension Repository {
    /// Unpacks an archive as a recipe specifies, and imports its content.
    func tree(of download: DownloadSpec, from source: ArchiveSource, in folder: FilePath, _ context: StepContext) throws -> ObjectID {
        try Files.makeDirectory(folder.removingLastComponent())
        try source.unpack(into: folder, strip: download.strip == 0 ? .none : .leading(download.strip)) { context.tell($0) }
        return try importTree(from: folder.string) { _ in try Task.checkCancellation() }
    }
}

/// The downloads of a recipe, with their resolved content.
struct Downloads: Sendable {
    /// The recipe's specifications, completed with the digests of what was received.
    var specs: [String: DownloadSpec] = [:]
    /// The contents that are already in the repository.
    var trees: [String: ObjectID] = [:]
    /// The resolved content of each download.
    var locked: [String: LockedDownload] = [:]
    /// The steps that resolved them.
    var records: [StepRecord] = []
}

extension Downloads {
    /// Checks, before hours of work, that the expected content of each download is known.
    ///
    /// - Throws: `PackageError`, which lists the downloads with unknown content and the two ways to proceed.
    package static func check(_ recipe: Recipe, areTrusted: Bool) throws {
        let unknown = recipe.downloads.filter { !$0.value.isKnown }.sorted { $0.key < $1.key }
        guard recipe.package != nil, !areTrusted, let first = unknown.first else { return }
        let places = unknown.map { "'\($0.key)': \($0.value.addresses.map(Redaction.address).joined(separator: ", "))" }
        throw PackageError(
            "the recipe does not pin \(unknown.count == 1 ? "this download" : "these downloads"): \(places.joined(separator: "; "))",
            advice: """
                Use --trust-downloads to accept them; their digests are recorded in the lock, the binary's pedigree and the verdict's notes. Or pin them: \
                'ninepin recipes lock \(recipe.name)@\(recipe.version) -o FILE' writes a recipe with their digests. To pin by hand, add \
                'downloads: {\(first.key): {sha256: …}}', or 'tree: …', to a recipe that extends this one.
                """)
    }
}

extension SourceBuilder {
    /// Resolves each download that the recipe does not fully specify.
    ///
    /// - Parameter areTrusted: whether to accept downloads with unknown content.
    /// - Throws: `PackageError` for a download with unknown content, or with other content than the recipe specifies; errors from fetching.
    func receive(_ recipe: Recipe, areTrusted: Bool) async throws -> Downloads {
        try Downloads.check(recipe, areTrusted: areTrusted)
        var downloads = Downloads()
        for (name, spec) in recipe.downloads.sorted(by: { $0.key < $1.key }) {
            downloads.specs[name] = spec
            guard spec.sha256 == nil else {
                downloads.locked[name] = LockedDownload(sha256: spec.sha256, tree: spec.tree, commit: nil, isTrusted: false)
                continue
            }
            let step = ReceiveStep(download: spec, title: Unkeyed(name))
            let done = try await runner.perform(step, subject: name) { received in
                [received.sha256.map { "SHA-256 \($0.short)" }, received.tree.map { "tree \($0)" }].compactMap(\.self).joined(
                    separator: ", ")
            }
            let tree = done.output.tree.flatMap { TreeID($0.description) }
            downloads.specs[name]?.sha256 = done.output.sha256
            downloads.specs[name]?.tree = tree
            downloads.trees[name] = done.output.tree
            let found = LockedDownload(
                sha256: done.output.sha256, tree: tree, commit: spec.git?.commit, isTrusted: !spec.isKnown)
            for note in [name: found].notes { events(.note(note)) }
            downloads.locked[name] = found
            downloads.records.append(done.record)
        }
        return downloads
    }

    /// The resolved content of each download of a recipe. All are fetched, and unknown content is accepted.
    ///
    /// - Throws: errors from `receive`.
    package func lockDownloads(of recipe: Recipe) async throws -> [String: LockedDownload] {
        try await receive(recipe, areTrusted: true).locked
    }
}

extension [String: LockedDownload] {
    /// Notes for a verdict on an artifact that contains the downloads.
    package var notes: [String] {
        filter(\.value.isTrusted).sorted { $0.key < $1.key }.map { name, found in
            let what = [found.sha256.map { "SHA-256 \($0)" }, found.tree.map { "tree \($0)" }].compactMap(\.self).joined(separator: ", ")
            return "the download '\(name)' is not pinned by the recipe and was accepted as fetched: \(what)"
        }
    }
}
