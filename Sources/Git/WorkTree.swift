import CLibgit2
import Glibc
import Paths

/// A directory that is kept equal to a tree by writing only what changed. Filters, attributes and ignore files have no effect.
///
/// A note next to the directory records its last tree and a ``DirectoryFingerprint`` of its files. ``checkOut(_:from:progress:)`` trusts
/// the note and writes only what the new tree changes; ``holds(_:)`` then examines every file to verify that the note was right. That check
/// can run in parallel with other work.
package struct WorkTree: Sendable {
    private let directory: [UInt8]
    private let note: String

    /// - Parameters:
    ///   - directory: the directory, which need not exist yet; its parent must exist.
    ///   - note: a file outside of the directory that records its content; if the file is missing or damaged, the next checkout only takes
    ///     longer.
    package init(directory: String, note: String) {
        self.directory = Array(directory.utf8)
        self.note = note
    }

    /// The assumed content of the directory, until ``WorkTree/holds(_:)`` has verified it.
    package struct Claim: Sendable {
        fileprivate let tree: ObjectID
        fileprivate let census: DirectoryFingerprint
        /// The number of files written or removed.
        package let changes: Int
    }

    /// Makes the directory equal to a tree: writes what differs from the tree it held before, and leaves everything else alone, including
    /// time stamps.
    ///
    /// - Parameter progress: called from time to time with the number of files processed; an error that it throws stops the checkout.
    /// - Throws: `TreeFault`, before anything is written; `GitError` if a file cannot be written, or the tree is not in the repository.
    package func checkOut(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        guard let held = readNote() else { return try checkOutWhole(tree, from: repository, progress: progress) }
        if held.tree == tree { return held }
        try repository.check(tree, knowing: repository.contains(held.tree) ? held.tree : nil)
        forget()
        do {
            return try change(held, to: tree, from: repository, progress: progress)
        } catch is GitError {
            // A file that should exist does not: the note was wrong.
            return try writeWhole(tree, from: repository, progress: progress)
        }
    }

    /// Makes the directory equal to a tree without trusting the note: reads all files, writes those that differ, and removes everything
    /// that is not in the tree.
    ///
    /// - Parameter progress: called from time to time with the number of files processed; an error that it throws stops the checkout.
    /// - Throws: `TreeFault`, before anything is written; `GitError` if a file cannot be written, or the tree is not in the repository.
    package func checkOutWhole(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        try repository.check(tree)
        return try writeWhole(tree, from: repository, progress: progress)
    }

    private func writeWhole(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        forget()
        if directory.withCString({ mkdir($0, 0o755) }) != 0, errno != EEXIST { throw DirectoryListing.failure("make", directory) }
        return try withoutActuallyEscaping(progress) { progress in
            var writing = WholeTree(repository: repository, files: try open(), progress: progress)
            try writing.tree(tree, .top)
            return Claim(tree: tree, census: writing.census, changes: writing.changes)
        }
    }

    private func open() throws(GitError) -> WorkFolder { try WorkFolder(directory) }

    /// Examines every file, and records the claim if it is right.
    package func holds(_ claim: Claim) -> Bool {
        guard let census = try? DirectoryFingerprint(of: directory), census == claim.census else {
            forget()
            return false
        }
        let text = "\(Self.header)\n\(claim.tree)\n\(census.text)\n"
        // Failing to write the note is harmless.
        forget()
        try? DirectoryListing.write(Array(text.utf8), to: Array(note.utf8), mode: 0o644)
        return true
    }

    /// Records that the directory holds a tree that was just imported from it; it must not have changed since. Empty directories are
    /// removed, because trees have none.
    ///
    /// - Throws: `GitError` if the directory cannot be read.
    package func adopt(_ tree: ObjectID) throws(GitError) {
        for name in try DirectoryListing.names(in: directory) {
            try DirectoryListing.removeIfHollow(directory + [UInt8(ascii: "/")] + name)
        }
        _ = holds(Claim(tree: tree, census: try DirectoryFingerprint(of: directory), changes: 0))
    }

    /// The number increases when older notes become unreliable: version 1 trees were not checked before they were written.
    private static let header = "ninepin work tree 2"

    private func readNote() -> Claim? {
        var bytes: [UInt8] = []
        guard (try? DirectoryListing.read(Array(note.utf8), into: &bytes)) != nil else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == Self.header, let tree = ObjectID(String(lines[1])), let census = DirectoryFingerprint(lines[2])
        else {
            return nil
        }
        return Claim(tree: tree, census: census, changes: 0)
    }

    /// The note is invalid while files change, and must not survive if the process is killed in between.
    private func forget() { unlink(note) }

    private func change(
        _ held: Claim, to tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void
    ) throws -> Claim {
        var writing = ChangedFiles(files: try open(), census: held.census)
        let changes = try repository.changes(from: held.tree, to: tree)
        // A directory may take the place of a file with the same name, and vice versa.
        for change in changes where change.removes { try writing.remove(change.path) }
        for (count, change) in changes.enumerated() {
            if count.isMultiple(of: 256) { try progress(count) }
            if let entry = change.entry { try writing.write(entry, from: repository) }
        }
        return Claim(tree: tree, census: writing.census, changes: changes.count)
    }
}

/// The directory of a worktree, with errors reported as `GitError`.
private struct WorkFolder {
    private let writer: FolderWriter
    private let shown: String

    init(_ directory: [UInt8]) throws(GitError) {
        shown = String(decoding: directory, as: UTF8.self)
        do throws(FolderFault) { writer = try FolderWriter(directory) } catch { throw GitError("open", shown, error.reason) }
    }

    /// Performs an operation on a path in the directory.
    func at<Value>(_ path: ContainedPath, _ operation: String, _ body: (FolderWriter) throws -> Value) throws -> Value {
        do { return try body(writer) } catch let fault as FolderFault {
            throw GitError(operation, "\(ContainedPath.quoted(path.bytes)) in \(shown)", fault.reason)
        }
    }

    /// The status of a path; nil if nothing exists there.
    func status(_ path: ContainedPath) throws -> stat? { try at(path, "inspect") { try $0.status(of: path) } }

    /// The status of a path that must exist.
    func present(_ path: ContainedPath) throws -> stat {
        guard let status = try status(path) else { throw GitError("inspect", path.description, "it does not exist") }
        return status
    }
}

/// A file or link of a tree.
private struct Entry {
    let path: ContainedPath
    let id: ObjectID
    let mode: git_filemode_t

    init(path: ContainedPath, id: ObjectID, mode: git_filemode_t) throws(GitError) {
        guard [GIT_FILEMODE_TREE, GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE, GIT_FILEMODE_LINK, GIT_FILEMODE_COMMIT].contains(mode)
        else {
            throw GitError("check out", path.description, "it is neither a file nor a link nor a directory")
        }
        (self.path, self.id, self.mode) = (path, id, mode)
    }

    /// Writes the file to a free path. For a submodule, creates an empty folder, as git does on checkout.
    func write(to files: WorkFolder, from repository: Repository) throws {
        if mode == GIT_FILEMODE_COMMIT {
            _ = try files.at(path, "make") { try $0.makeDirectory(path) }
            return
        }
        let content = try repository.blob(id)
        guard mode == GIT_FILEMODE_LINK else {
            return try files.at(path, "write") {
                try $0.makeFile(path, content, isExecutable: mode == GIT_FILEMODE_BLOB_EXECUTABLE)
            }
        }
        try files.at(path, "link") { try $0.makeSymbolicLink(path, to: content) }
    }

    /// Whether the path already holds this entry, byte for byte.
    func isAlready(in files: WorkFolder, _ status: stat) -> Bool {
        var content: [UInt8] = []
        switch (status.st_mode & S_IFMT, mode) {
        case (S_IFLNK, GIT_FILEMODE_LINK):
            guard let target = try? files.at(path, "read link", { try $0.target(of: path) }) else { return false }
            content = target
        case (S_IFREG, GIT_FILEMODE_BLOB), (S_IFREG, GIT_FILEMODE_BLOB_EXECUTABLE):
            // A file that cannot be read is rewritten.
            guard (status.st_mode & S_IXUSR != 0) == (mode == GIT_FILEMODE_BLOB_EXECUTABLE),
                (try? files.at(path, "read", { try $0.read(path, into: &content) })) != nil
            else { return false }
        default: return false
        }
        var raw = git_oid()
        let code = content.withUnsafeBytes { git_odb_hash(&raw, $0.baseAddress, $0.count, GIT_OBJECT_BLOB) }
        return code == 0 && ObjectID(raw) == id
    }
}

/// Writes the files that differ between two trees to a directory that holds the first one.
private struct ChangedFiles {
    let files: WorkFolder
    var census: DirectoryFingerprint

    mutating func remove(_ path: ContainedPath) throws {
        let status = try files.present(path)
        census.subtract(path.bytes, status)
        if status.st_mode & S_IFMT == S_IFDIR {
            guard try files.at(path, "remove", { try $0.removeIfEmpty(path) }) else {
                throw GitError("remove", path.description, "it is a directory that is no longer empty")
            }
        } else {
            try files.at(path, "remove") { try $0.remove(path) }
        }
        // Trees have no empty directories.
        for above in path.folders.reversed() {
            let status = try files.present(above)
            guard try files.at(above, "remove", { try $0.removeIfEmpty(above) }) else { return }
            census.subtract(above.bytes, status)
        }
    }

    mutating func write(_ entry: Entry, from repository: Repository) throws {
        for above in entry.path.folders where try files.at(above, "make", { try $0.makeDirectory(above) }) {
            census.add(above.bytes, try files.present(above))
        }
        try entry.write(to: files, from: repository)
        census.add(entry.path.bytes, try files.present(entry.path))
    }
}

/// Writes a whole tree to a directory with arbitrary content.
private struct WholeTree {
    let repository: Repository
    let files: WorkFolder
    let progress: (Int) throws -> Void
    var census = DirectoryFingerprint()
    var changes = 0
    private var seen = 0

    init(repository: Repository, files: WorkFolder, progress: @escaping (Int) throws -> Void) {
        self.repository = repository
        self.files = files
        self.progress = progress
    }

    mutating func tree(_ id: ObjectID, _ path: ContainedPath) throws {
        let entries = try repository.entries(of: id, at: path)
        let wanted = Set(entries.compactMap(\.path.name))
        changes += try files.at(path, "empty") { try $0.removeAll(in: path, but: wanted) }
        for entry in entries {
            switch entry.mode {
            case GIT_FILEMODE_TREE: try folder(entry)
            case GIT_FILEMODE_COMMIT: try hollow(entry)
            default: try file(entry)
            }
        }
    }

    /// Writes a submodule's entry: an empty folder.
    private mutating func hollow(_ entry: Entry) throws {
        let path = entry.path
        if let status = try files.status(path), status.st_mode & S_IFMT != S_IFDIR { try files.at(path, "remove") { try $0.remove(path) } }
        if try files.at(path, "make", { try $0.makeDirectory(path) }) { changes += 1 }
        changes += try files.at(path, "empty") { try $0.removeAll(in: path, but: []) }
        census.add(path.bytes, try files.present(path))
    }

    private mutating func folder(_ entry: Entry) throws {
        let path = entry.path
        if let status = try files.status(path), status.st_mode & S_IFMT != S_IFDIR { try files.at(path, "remove") { try $0.remove(path) } }
        try files.at(path, "make") { _ = try $0.makeDirectory(path) }
        census.add(path.bytes, try files.present(path))
        try tree(entry.id, path)
    }

    private mutating func file(_ entry: Entry) throws {
        seen += 1
        if seen.isMultiple(of: 256) { try progress(seen) }
        let path = entry.path
        if let there = try files.status(path) {
            if entry.isAlready(in: files, there) { return census.add(path.bytes, there) }
            try files.at(path, "remove") { try $0.remove(path) }
        }
        try entry.write(to: files, from: repository)
        changes += 1
        census.add(path.bytes, try files.present(path))
    }
}

/// The difference between two trees at one path.
private struct FileChange {
    let path: ContainedPath
    /// Whether the old tree has an entry there.
    let removes: Bool
    /// The new entry; nil if there is none.
    let entry: Entry?
}

extension Repository {
    fileprivate func entries(of id: ObjectID, at path: ContainedPath) throws -> [Entry] {
        try withTree(id) { (tree: OpaquePointer) throws(GitError) in
            var entries: [Entry] = []
            for index in 0..<git_tree_entrycount(tree) {
                guard let entry = git_tree_entry_byindex(tree, index), let id = git_tree_entry_id(entry),
                    let name = git_tree_entry_name(entry)
                else { continue }
                let below = try contained(Array(cString: name), below: path)
                entries.append(try Entry(path: below, id: ObjectID(id.pointee), mode: git_tree_entry_filemode(entry)))
            }
            return entries
        }
    }

    fileprivate func changes(from one: ObjectID, to other: ObjectID) throws(GitError) -> [FileChange] {
        try withDiff(from: one, to: other) { (diff: OpaquePointer) throws(GitError) in
            var changes: [FileChange] = []
            for index in 0..<git_diff_num_deltas(diff) {
                guard let delta = git_diff_get_delta(diff, index)?.pointee, let name = delta.new_file.path else { continue }
                let path = try contained(Array(cString: name), below: .top)
                let mode = git_filemode_t(rawValue: UInt32(delta.new_file.mode))
                let entry = delta.status == GIT_DELTA_DELETED ? nil : try Entry(path: path, id: ObjectID(delta.new_file.id), mode: mode)
                changes.append(FileChange(path: path, removes: delta.status != GIT_DELTA_ADDED, entry: entry))
            }
            return changes
        }
    }

    /// The trees have been checked already; this check cannot be bypassed.
    private func contained(_ name: [UInt8], below path: ContainedPath) throws(GitError) -> ContainedPath {
        do throws(PathFault) { return try path.appending(ContainedPath(name)) } catch {
            throw GitError("check out", ContainedPath.quoted(name), "it \(error)")
        }
    }
}

extension [UInt8] {
    init(cString text: UnsafePointer<CChar>) { self.init(UnsafeRawBufferPointer(start: text, count: strlen(text))) }
}
