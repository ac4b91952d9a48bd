import Archive
import FileSystem
import Git
import GoToolchain
import Host
import Model
import Paths
import Sanitizing
import Sources
import Store
import SystemPackage

/// Fetches downloads by digest, unpacks each where the recipe specifies, and imports them as a tree.
struct DownloadStep: Step {
    static let name = "download"

    let downloads: [String: DownloadSpec]
    /// The contents that are already in the repository.
    let trees: Unkeyed<[String: ObjectID]>

    /// - Throws: `PackageError` if the downloads conflict.
    init(_ downloads: Downloads) throws {
        guard downloads.specs.values.filter({ $0.unpack == .top }).count <= 1 else {
            throw PackageError(
                "two downloads are unpacked at the top of the tree", advice: "Set another folder in 'unpack' for all but one.")
        }
        self.downloads = downloads.specs
        trees = Unkeyed(downloads.trees)
    }

    func run(in context: StepContext, folder: FilePath) async throws -> TreeResult {
        let repository = try Repository.openOrCreateBare(at: context.workspace.trees.string)
        return try await context.inPlace(of: "downloads") { work in
            try Files.makeDirectory(work.appending("top"))
            var trees: [String: ObjectID] = [:]
            var files: [String: [UInt8]] = [:]
            var top = try repository.importTree(from: work.appending("top").string) { _ in }
            for (name, spec) in downloads.sorted(by: { $0.key < $1.key }) {
                if let place = spec.unpack {
                    var tree = self.trees.value[name]
                    if tree == nil { tree = try await fetch(name, spec, into: repository, work.appending(name), context) }
                    if place == .top { top = tree ?? top } else { trees[place.description] = tree }
                } else if let place = spec.file, let source = try await fetch(spec, context) {
                    files[place.description] = try Files.read(source.path)
                }
            }
            let tree = try repository.tree(top, with: trees, files: files)
            try repository.keepTree(tree)
            return TreeResult(tree: tree)
        }
    }

    private func fetch(_ spec: DownloadSpec, _ context: StepContext) async throws -> ArchiveSource? {
        guard let digest = spec.sha256 else { return nil }
        let file = spec.addresses.first.flatMap(Redaction.fileName) ?? digest.short
        let source = ArchiveSource(name: file, bytes: spec.bytes, sha256: digest, mirrors: context.workspace.mirrors, on: context.host)
        try await source.fetch(from: spec.addresses) { context.tell($0) }
        return source
    }

    /// The content of an archive that is pinned by digest, and possibly by content too.
    private func fetch(
        _ name: String, _ spec: DownloadSpec, into repository: Repository, _ folder: FilePath, _ context: StepContext
    ) async throws -> ObjectID {
        guard let source = try await fetch(spec, context) else {
            throw PackageError("the recipe does not pin the download '\(name)'", advice: "Add its 'sha256' or 'tree' to the recipe.")
        }
        let tree = try repository.tree(of: spec, from: source, in: folder, context)
        guard let wanted = spec.tree, wanted.description != tree.description else { return tree }
        throw ReceiveStep(download: spec, title: Unkeyed(name)).differs(from: wanted, "SHA-256 \(spec.sha256?.hex ?? "") has \(tree)")
    }

    func isWhole(_ output: TreeResult, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}

/// Packs binaries and downloads into an archive, and adds it to a patched tree so that it can be embedded.
struct PackStep: Step {
    /// The result of packing.
    struct Packed: Codable, Sendable {
        /// The patched tree with the archive.
        let tree: ObjectID
        /// The archive's digest, which is also its name.
        let archive: Digest
    }

    static let name = "package"

    let tree: ObjectID
    let downloads: ObjectID
    let spec: PackageSpec
    /// The digest of the binary for each path.
    let binaries: [ContainedPath: Digest]
    let date: Int64
    /// The files that contain the binaries.
    let paths: Unkeyed<[ContainedPath: String]>

    func run(in context: StepContext, folder: FilePath) async throws -> Packed {
        let repository = try Repository.open(at: context.workspace.trees.string)
        let embedding = try repository.subtree(at: spec.embed.description, of: tree)
        guard spec.bindata != nil || embedding != nil else {
            throw PackageError(
                "the source has no folder \(spec.embed): this release embeds its archive differently",
                advice: "Set 'embed' and 'bindata' for this version in the recipe's 'package'.")
        }
        return try await context.inPlace(of: "package") { work in
            let pack = work.appending("data")
            try Files.makeDirectory(pack)
            for (index, name) in spec.folders.enumerated() {
                // Downloads may contain links, which must not be followed.
                try makeFolder(name, in: pack)
                guard let part = try repository.subtree(at: name.description, of: downloads) else { continue }
                let note = work.appending("holds-\(index)").string
                _ = try WorkTree(directory: pack.appending(name).string, note: note).checkOut(part, from: repository) { _ in
                    try Task.checkCancellation()
                }
            }
            try place(in: pack, from: repository)
            context.progress("packing \(spec.folders.map(\.description).joined(separator: ", "))")
            let archive = work.appending("data.tar.zst")
            let digest = try await DataArchive(folder: pack, spec: spec, date: date, host: context.host).write(to: archive)
            var files = ["\(spec.embed == .top ? "" : "\(spec.embed)/")\(digest.hex).tar.zst": try Files.read(archive)]
            if let bindata = spec.bindata {
                let package = bindata.parent.name.map { String(decoding: $0, as: UTF8.self) } ?? "main"
                files[bindata.description] = Array(DataArchive.bindata(package: package, archive: "\(digest.hex).tar.zst").utf8)
            }
            let packed = try repository.tree(tree, with: [:], files: files)
            try repository.keepTree(packed)
            return Packed(tree: packed, archive: digest)
        }
    }

    /// Creates a folder in the package.
    private func makeFolder(_ path: ContainedPath, in pack: FilePath) throws {
        do throws(FolderFault) { try FolderWriter(Array(pack.string.utf8)).makeDirectory(path) } catch {
            throw PackageError(
                "cannot create the package's folder '\(path)': \(error.reason)", advice: "Check what the downloads contain there.")
        }
    }

    private func place(in pack: FilePath, from repository: Repository) throws {
        for (place, digest) in binaries.sorted(by: { $0.key < $1.key }) {
            guard let path = paths.value[place] else { continue }
            let target = pack.appending(place)
            try makeFolder(place.parent, in: pack)
            try Files.remove(target)
            guard try Files.copy(FilePath(path), to: target) == digest else {
                throw PackageError("\(path) has changed since it was built", advice: "Run this again.")
            }
        }
        for (place, file) in spec.copies.sorted(by: { $0.key < $1.key }) {
            guard let bytes = try repository.blob(at: file.description, of: tree) else {
                throw PackageError("the source has no file \(file)", advice: "Check 'copies' in the recipe's 'package'.")
            }
            try makeFolder(place.parent, in: pack)
            try Files.write(bytes, to: pack.appending(place), mode: 0o755)
        }
    }

    func isWhole(_ output: Packed, in place: FilePath, workspace: Workspace) -> Bool { workspace.has(output.tree) }
}
