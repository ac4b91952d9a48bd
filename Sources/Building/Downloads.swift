import Archive
import FoundationEssentials
import Git
import Host
import Model
import Sanitizing
import Sources
import Store
import SystemPackage
import Transfer

/// A download of which nobody has said the digest, to what it is. Whoever says what its content must be gets that content; what nobody has said
/// anything of is taken as it comes, and known from then on.
struct ReceiveStep: Step {
    /// What came.
    struct Received: Codable, Sendable {
        /// The digest of an archive's or a file's bytes.
        let sha256: Digest?
        /// The content, unpacked.
        let tree: ObjectID?
    }

    static let name = "receive"

    let download: DownloadSpec
    /// What errors call it.
    let title: Unkeyed<String>

    func run(in context: StepContext, folder: FilePath) async throws -> Received {
        if let commit = download.git { return try await commit.received(for: self, context) }
        let work = context.scratch.place("receive")
        defer { try? Files.remove(work) }
        guard let wanted = download.tree else { return try await receive(from: download.addresses, in: work, context) }
        // An address that has another content is passed over, as one with another digest is.
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

    private func receive(from addresses: [String], in work: FilePath, _ context: StepContext) async throws -> Received {
        let name = addresses.first.flatMap(Redaction.fileName) ?? title.value
        let (source, digest) = try await ArchiveSource.receive(
            name: name, bytes: download.bytes, from: addresses, mirrors: context.workspace.mirrors, scratch: work.appending("file"),
            on: context.host
        ) { context.tell($0) }
        guard download.unpack != nil else { return Received(sha256: digest, tree: nil) }
        let repository = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        let tree = try repository.tree(of: download, from: source, in: work.appending("content"), context)
        try repository.keep(tree, as: "refs/ninepin/trees/\(tree)")
        return Received(sha256: digest, tree: tree)
    }

    /// What is refused, by name, and both ids.
    func differs(from wanted: TreeID, _ found: String) -> PackageError {
        PackageError(
            "the download '\(title.value)' does not match the recipe: its tree should be \(wanted); \(found)",
            advice: "Inspect the download, and check 'tree', 'strip' and the addresses in 'downloads.\(title.value)' of the recipe.")
    }

    func isWhole(_ output: Received, in place: FilePath, workspace: Workspace) -> Bool {
        // Only what was unpacked is needed later; a file is fetched again by its digest.
        output.tree.map(workspace.has) ?? (output.sha256 != nil)
    }
}

extension DownloadCommit {
    fileprivate func received(for step: ReceiveStep, _ context: StepContext) async throws -> ReceiveStep.Received {
        let lock = Lock(kind: .git, name: GitSource.shown(url), version: commit.description)
        let source = GitSource(url, mirrors: context.workspace.mirrors, on: context.host)
        // It is copied into what is there.
        _ = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        let tree = try await source.copyTree(of: lock, into: context.workspace.trees) { context.tell($0) }
        if let wanted = step.download.tree, wanted.description != tree.description {
            throw step.differs(from: wanted, "commit \(commit) of \(lock.name) has \(tree)")
        }
        try Repository.open(at: context.workspace.trees.string).keep(tree, as: "refs/ninepin/trees/\(tree)")
        return ReceiveStep.Received(sha256: nil, tree: tree)
    }
}

extension Repository {
    /// Unpacks an archive as a recipe says, and takes its content in.
    func tree(of download: DownloadSpec, from source: ArchiveSource, in folder: FilePath, _ context: StepContext) throws -> ObjectID {
        try Files.makeDirectory(folder.removingLastComponent())
        try source.unpack(into: folder, strip: download.strip == 0 ? .none : .leading(download.strip)) { context.tell($0) }
        return try importTree(from: folder.string) { _ in try Task.checkCancellation() }
    }
}

/// The downloads of a recipe, each by what it is.
struct Downloads: Sendable {
    /// As the recipe says, with what came where the recipe leaves it open.
    var specs: [String: DownloadSpec] = [:]
    /// The contents that are there already.
    var trees: [String: ObjectID] = [:]
    /// What each was found to be.
    var locked: [String: LockedDownload] = [:]
    /// How it was found out.
    var records: [StepRecord] = []
}

extension Downloads {
    /// Looks, before an hour's work, whether it is known of each download what it must be.
    ///
    /// - Throws: `PackageError`, which names those that nobody knows and both ways to go on.
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
    /// Finds out what each download is, as far as the recipe leaves it open.
    ///
    /// - Parameter areTrusted: whether one of which nobody has said anything is taken as it comes.
    /// - Throws: `PackageError` for one that nobody knows, and for one that is another than the recipe says; what fetching throws.
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

    /// What each download of a recipe is, all of them fetched: what nobody knows is taken as it comes.
    ///
    /// - Throws: what `receive` throws.
    package func lockDownloads(of recipe: Recipe) async throws -> [String: LockedDownload] {
        try await receive(recipe, areTrusted: true).locked
    }
}

extension [String: LockedDownload] {
    /// What a user must know of a verdict on what was made of them.
    package var notes: [String] {
        filter(\.value.isTrusted).sorted { $0.key < $1.key }.map { name, found in
            let what = [found.sha256.map { "SHA-256 \($0)" }, found.tree.map { "tree \($0)" }].compactMap(\.self).joined(separator: ", ")
            return "the download '\(name)' is not pinned by the recipe and was accepted as fetched: \(what)"
        }
    }
}
