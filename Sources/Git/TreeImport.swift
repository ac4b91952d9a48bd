import CLibgit2
import Glibc
import Paths

extension Repository {
    /// Imports a directory as a tree with unmodified content: no filters, attributes or line-ending conversion. Empty directories are left
    /// out, as in git. Symbolic links are stored as links and never followed.
    ///
    /// - Parameters:
    ///   - progress: called from time to time with the number of files read so far; an error that it throws stops the import.
    /// - Returns: the tree's ID, the same one that git computes for this content.
    /// - Throws: `GitError` if a file cannot be read, or is not a file, link or directory; `TreeFault` for a name that a tree must not
    ///   contain.
    package func importTree(from directory: String, progress: (Int) throws -> Void) throws -> ObjectID {
        try read(directory, as: .plain, progress: progress)
    }

    /// Imports a developer's folder as a tree with unmodified content, and compares it with the last commit.
    ///
    /// In a git checkout, `.git` and ignored files are left out, except for ignored files in the index. The files of a checked-out
    /// submodule are included according to the submodule's own rules. A folder that is not a checkout is imported completely.
    ///
    /// - Throws: `GitError` if a file cannot be read, or git could not open the checkout; `TreeFault`.
    package func importCheckout(of folder: String, progress: (Int) throws -> Void) throws -> Checkout {
        guard let own = try CheckoutRules.of(Array(folder.utf8)) else {
            return Checkout(tree: try read(folder, as: .none, progress: progress), head: nil, isDirty: false)
        }
        let tree = try read(folder, as: .checkout(own), progress: progress)
        return Checkout(tree: tree, head: own.head, isDirty: try own.isDirty(against: tree))
    }

    private func read(_ directory: String, as kind: FolderKind, progress: (Int) throws -> Void) throws -> ObjectID {
        var odb: OpaquePointer?
        try GitError.check(git_repository_odb(&odb, handle), "open objects", path)
        defer { git_odb_free(odb) }
        return try withoutActuallyEscaping(progress) { progress in
            var reading = TreeReading(repository: handle, objects: odb, root: Array(directory.utf8), progress: progress)
            return try reading.tree(Array(directory.utf8), kind) ?? reading.emptyTree()
        }
    }
}

/// Which files of a folder to import.
private enum FolderKind {
    /// All; a `.git` is an error.
    case plain
    /// All except `.git`.
    case none
    /// Those that a checkout's rules select.
    case checkout(CheckoutRules)
}

/// The import of a directory.
private struct TreeReading {
    let repository: OpaquePointer
    let objects: OpaquePointer?
    /// The top folder of the import.
    let root: [UInt8]
    let progress: (Int) throws -> Void
    private var files = 0
    private var buffer: [UInt8] = []

    init(repository: OpaquePointer, objects: OpaquePointer?, root: [UInt8], progress: @escaping (Int) throws -> Void) {
        self.repository = repository
        self.objects = objects
        self.root = root
        self.progress = progress
    }

    /// The ID of a directory's tree; nil if the directory is empty.
    mutating func tree(_ directory: [UInt8], _ kind: FolderKind) throws -> ObjectID? {
        var entries: [(name: [UInt8], id: ObjectID, mode: git_filemode_t)] = []
        for name in try DirectoryListing.names(in: directory) {
            let place = directory + [UInt8(ascii: "/")] + name
            if case .plain = kind {} else if name == CheckoutRules.own { continue }
            if case .checkout(let rules) = kind, try !rules.take(place) { continue }
            if let entry = try entry(place, name, kind) { entries.append((name, entry.0, entry.1)) }
        }
        guard !entries.isEmpty else { return nil }
        return try Self.build(repository) { (builder: OpaquePointer) throws(GitError) in
            for entry in entries {
                var raw = entry.id.raw
                let code = entry.name.withCString { git_treebuilder_insert(nil, builder, $0, &raw, entry.mode) }
                try GitError.check(code, "add to tree", String(decoding: entry.name, as: UTF8.self))
            }
        }
    }

    func emptyTree() throws(GitError) -> ObjectID {
        try Self.build(repository) { (_: OpaquePointer) throws(GitError) in }
    }

    private mutating func entry(_ place: [UInt8], _ name: [UInt8], _ kind: FolderKind) throws -> (ObjectID, git_filemode_t)? {
        let shown = String(decoding: place, as: UTF8.self)
        let status = try DirectoryListing.status(place)
        let below = Array(place.dropFirst(root.count + 1))
        try TreeFault.check(name, isLink: status.st_mode & S_IFMT == S_IFLNK, of: String(decoding: root, as: UTF8.self), at: below)
        guard below.count(where: { $0 == UInt8(ascii: "/") }) < ContainedPath.deepest else {
            throw TreeFault(String(decoding: root, as: UTF8.self), below, PathFault.deep.description)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            return try tree(place, try inner(place, kind)).map { ($0, GIT_FILEMODE_TREE) }
        case S_IFLNK:
            return (try blob(try DirectoryListing.target(of: place, length: Int(status.st_size)), shown), GIT_FILEMODE_LINK)
        case S_IFREG:
            buffer.removeAll(keepingCapacity: true)
            try DirectoryListing.read(place, into: &buffer)
            let id = try blob(buffer, shown)
            return (id, status.st_mode & S_IXUSR != 0 ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB)
        default: throw GitError("read into a tree", shown, "it is neither a file nor a link nor a directory")
        }
    }

    /// A checkout inside a checkout has its own rules.
    private func inner(_ place: [UInt8], _ kind: FolderKind) throws(GitError) -> FolderKind {
        guard case .checkout = kind, let own = try CheckoutRules.of(place) else { return kind }
        return .checkout(own)
    }

    private mutating func blob(_ bytes: [UInt8], _ shown: String) throws -> ObjectID {
        var raw = git_oid()
        try GitError.check(
            bytes.withUnsafeBytes { git_odb_write(&raw, objects, $0.baseAddress, $0.count, GIT_OBJECT_BLOB) }, "store", shown)
        files += 1
        if files.isMultiple(of: 256) { try progress(files) }
        return ObjectID(raw)
    }

    private static func build(
        _ repository: OpaquePointer, _ fill: (OpaquePointer) throws(GitError) -> Void
    ) throws(GitError) -> ObjectID {
        var builder: OpaquePointer?
        try GitError.check(git_treebuilder_new(&builder, repository, nil), "begin", "tree")
        defer { git_treebuilder_free(builder) }
        guard let builder else { throw GitError("begin", "tree", "libgit2 returned nothing") }
        try fill(builder)
        var raw = git_oid()
        try GitError.check(git_treebuilder_write(&raw, builder), "write", "tree")
        return ObjectID(raw)
    }
}
