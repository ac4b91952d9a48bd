import CLibgit2
import Glibc
import Paths

/// A directory that is kept equal to a tree, at the cost of what changes. No filter, no attribute, no ignore file has a part in it.
///
/// What it last held is noted beside it, with a ``DirectoryFingerprint`` of the files. ``checkOut(_:from:progress:)`` believes that note and writes what the new
/// tree changes; ``holds(_:)`` looks at every file and says whether the note was right. The look can go on beside other work.
package struct WorkTree: Sendable {
    private let directory: [UInt8]
    private let note: String

    /// - Parameters:
    ///   - directory: the directory, which need not be there yet; the one above it must.
    ///   - note: a file, outside of the directory, for what it holds; a missing or spoilt one only costs time.
    package init(directory: String, note: String) {
        self.directory = Array(directory.utf8)
        self.note = note
    }

    /// What the directory is taken to hold, until ``WorkTree/holds(_:)`` has looked.
    package struct Claim: Sendable {
        fileprivate let tree: ObjectID
        fileprivate let census: DirectoryFingerprint
        /// How many files were written or removed.
        package let changes: Int
    }

    /// Makes the directory a tree: writes what differs from the tree that it held, and leaves all else alone, time stamps and all.
    ///
    /// - Parameter progress: called now and then with the number of files looked at; what it throws ends the work.
    /// - Throws: `TreeFault`, before anything is written; `GitError` when a file cannot be written, or the tree is not here.
    package func checkOut(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        guard let held = readNote() else { return try checkOutWhole(tree, from: repository, progress: progress) }
        if held.tree == tree { return held }
        try repository.check(tree, knowing: repository.contains(held.tree) ? held.tree : nil)
        forget()
        do {
            return try change(held, to: tree, from: repository, progress: progress)
        } catch is GitError {
            // A file that ought to be there is not: the note was wrong.
            return try writeWhole(tree, from: repository, progress: progress)
        }
    }

    /// Makes the directory a tree, believing nothing: reads what is there, writes what differs, removes what the tree does not have.
    ///
    /// - Parameter progress: called now and then with the number of files looked at; what it throws ends the work.
    /// - Throws: `TreeFault`, before anything is written; `GitError` when a file cannot be written, or the tree is not here.
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

    /// Looks at every file, and notes the claim when it is right.
    package func holds(_ claim: Claim) -> Bool {
        guard let census = try? DirectoryFingerprint(of: directory), census == claim.census else {
            forget()
            return false
        }
        let text = "\(Self.header)\n\(claim.tree)\n\(census.text)\n"
        // A note that cannot be written is only missing.
        forget()
        try? DirectoryListing.write(Array(text.utf8), to: Array(note.utf8), mode: 0o644)
        return true
    }

    /// Notes that the directory is where a tree was just imported from; nobody may have changed it since. Empty directories, which no tree
    /// has, are removed.
    ///
    /// - Throws: `GitError` when the directory cannot be read.
    package func adopt(_ tree: ObjectID) throws(GitError) {
        for name in try DirectoryListing.names(in: directory) {
            try DirectoryListing.removeIfHollow(directory + [UInt8(ascii: "/")] + name)
        }
        _ = holds(Claim(tree: tree, census: try DirectoryFingerprint(of: directory), changes: 0))
    }

    /// The number goes up when what was noted before cannot be relied on: trees of the first were not looked at before they were written.
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

    /// What is believed of the files is not true while they are being changed: a kill in between must not leave it behind.
    private func forget() { unlink(note) }

    private func change(
        _ held: Claim, to tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void
    ) throws -> Claim {
        var writing = ChangedFiles(files: try open(), census: held.census)
        let changes = try repository.changes(from: held.tree, to: tree)
        // A file may make way for a directory of the same name, and the other way round.
        for change in changes where change.removes { try writing.remove(change.path) }
        for (count, change) in changes.enumerated() {
            if count.isMultiple(of: 256) { try progress(count) }
            if let entry = change.entry { try writing.write(entry, from: repository) }
        }
        return Claim(tree: tree, census: writing.census, changes: changes.count)
    }
}

/// The directory of a work tree, whose faults are git's.
private struct WorkFolder {
    private let writer: FolderWriter
    private let shown: String

    init(_ directory: [UInt8]) throws(GitError) {
        shown = String(decoding: directory, as: UTF8.self)
        do throws(FolderFault) { writer = try FolderWriter(directory) } catch { throw GitError("open", shown, error.reason) }
    }

    /// Does something with a path in it.
    func at<Value>(_ path: ContainedPath, _ operation: String, _ body: (FolderWriter) throws -> Value) throws -> Value {
        do { return try body(writer) } catch let fault as FolderFault {
            throw GitError(operation, "\(ContainedPath.quoted(path.bytes)) in \(shown)", fault.reason)
        }
    }

    /// What is there; nil for nothing.
    func status(_ path: ContainedPath) throws -> stat? { try at(path, "inspect") { try $0.status(of: path) } }

    /// What must be there.
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

    /// Writes the file where nothing is. A submodule's entry is an empty folder, as git checks it out.
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

    /// Whether what is there is this entry already, byte for byte.
    func isAlready(in files: WorkFolder, _ status: stat) -> Bool {
        var content: [UInt8] = []
        switch (status.st_mode & S_IFMT, mode) {
        case (S_IFLNK, GIT_FILEMODE_LINK):
            guard let target = try? files.at(path, "read link", { try $0.target(of: path) }) else { return false }
            content = target
        case (S_IFREG, GIT_FILEMODE_BLOB), (S_IFREG, GIT_FILEMODE_BLOB_EXECUTABLE):
            // What cannot be read is written anew.
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

/// The files that differ between two trees, on their way into a directory that holds the first.
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
        // A tree has no empty directories.
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

/// A whole tree on its way into a directory in which anything may be.
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

    /// A submodule's entry: a folder with nothing in it.
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

/// One file's difference between two trees.
private struct FileChange {
    let path: ContainedPath
    /// Whether something was there.
    let removes: Bool
    /// What is to be there; nil for nothing.
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

    /// The trees were looked at before; this is what nobody can get around.
    private func contained(_ name: [UInt8], below path: ContainedPath) throws(GitError) -> ContainedPath {
        do throws(PathFault) { return try path.appending(ContainedPath(name)) } catch {
            throw GitError("check out", ContainedPath.quoted(name), "it \(error)")
        }
    }
}

extension [UInt8] {
    init(cString text: UnsafePointer<CChar>) { self.init(UnsafeRawBufferPointer(start: text, count: strlen(text))) }
}
