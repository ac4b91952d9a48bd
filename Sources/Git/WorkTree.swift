import CLibgit2
import Glibc

/// A directory that is kept equal to a tree, at the cost of what changes. No filter, no attribute, no ignore file has a part in it.
///
/// What it last held is noted beside it, with a ``Census`` of the files. ``checkOut(_:from:progress:)`` believes that note and writes what the new
/// tree changes; ``holds(_:)`` looks at every file and says whether the note was right. The look can go on beside other work.
public struct WorkTree: Sendable {
    private let directory: [UInt8]
    private let note: String

    /// - Parameters:
    ///   - directory: the directory, which need not be there yet; the one above it must.
    ///   - note: a file, outside of the directory, for what it holds; a missing or spoilt one only costs time.
    public init(directory: String, note: String) {
        self.directory = Array(directory.utf8)
        self.note = note
    }

    /// What the directory is taken to hold, until ``WorkTree/holds(_:)`` has looked.
    public struct Claim: Sendable {
        fileprivate let tree: ObjectID
        fileprivate let census: Census
        /// How many files were written or removed.
        public let changes: Int
    }

    /// Makes the directory a tree: writes what differs from the tree that it held, and leaves all else alone, time stamps and all.
    ///
    /// - Parameter progress: called now and then with the number of files looked at; what it throws ends the work.
    /// - Throws: `GitError` when a file cannot be written, or the tree is not here.
    public func checkOut(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        guard let held = readNote() else { return try checkOutWhole(tree, from: repository, progress: progress) }
        if held.tree == tree { return held }
        forget()
        do {
            return try change(held, to: tree, from: repository, progress: progress)
        } catch is GitError {
            // A file that ought to be there is not: the note was wrong.
            return try checkOutWhole(tree, from: repository, progress: progress)
        }
    }

    /// Makes the directory a tree, believing nothing: reads what is there, writes what differs, removes what the tree does not have.
    ///
    /// - Parameter progress: called now and then with the number of files looked at; what it throws ends the work.
    /// - Throws: `GitError` when a file cannot be written, or the tree is not here.
    public func checkOutWhole(_ tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void) throws -> Claim {
        forget()
        if directory.withCString({ mkdir($0, 0o755) }) != 0, errno != EEXIST { throw DirectoryListing.failure("make", directory) }
        return try withoutActuallyEscaping(progress) { progress in
            var writing = WholeTree(repository: repository, directory: directory, progress: progress)
            try writing.tree(tree, [])
            return Claim(tree: tree, census: writing.census, changes: writing.changes)
        }
    }

    /// Looks at every file, and notes the claim when it is right.
    public func holds(_ claim: Claim) -> Bool {
        guard let census = try? Census(of: directory), census == claim.census else {
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
    public func adopt(_ tree: ObjectID) throws(GitError) {
        for name in try DirectoryListing.names(in: directory) {
            try DirectoryListing.removeIfHollow(directory + [UInt8(ascii: "/")] + name)
        }
        _ = holds(Claim(tree: tree, census: try Census(of: directory), changes: 0))
    }

    private static let header = "ninepin work tree 1"

    private func readNote() -> Claim? {
        var bytes: [UInt8] = []
        guard (try? DirectoryListing.read(Array(note.utf8), into: &bytes)) != nil else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.count == 3, lines[0] == Self.header, let tree = ObjectID(String(lines[1])), let census = Census(lines[2]) else {
            return nil
        }
        return Claim(tree: tree, census: census, changes: 0)
    }

    /// What is believed of the files is not true while they are being changed: a kill in between must not leave it behind.
    private func forget() { unlink(note) }

    private func change(
        _ held: Claim, to tree: ObjectID, from repository: Repository, progress: (Int) throws -> Void
    ) throws -> Claim {
        var writing = ChangedFiles(directory: directory, census: held.census)
        let changes = try repository.changes(from: held.tree, to: tree)
        // A file may make way for a directory of the same name, and the other way round.
        for change in changes where change.removes { try writing.remove(change.path) }
        for (count, change) in changes.enumerated() {
            if count.isMultiple(of: 256) { try progress(count) }
            if let entry = change.entry { try writing.write(entry, change.path, from: repository) }
        }
        return Claim(tree: tree, census: writing.census, changes: changes.count)
    }
}

/// A file or link of a tree.
private struct Entry {
    let name: [UInt8]
    let id: ObjectID
    let mode: git_filemode_t

    init(name: [UInt8], id: ObjectID, mode: git_filemode_t) throws(GitError) {
        guard [GIT_FILEMODE_TREE, GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE, GIT_FILEMODE_LINK].contains(mode) else {
            throw GitError("check out", String(decoding: name, as: UTF8.self), "it is neither a file nor a link nor a directory")
        }
        (self.name, self.id, self.mode) = (name, id, mode)
    }

    /// Writes the file where nothing is.
    func write(to place: [UInt8], from repository: Repository) throws(GitError) {
        let content = try repository.blob(id)
        guard mode == GIT_FILEMODE_LINK else {
            return try DirectoryListing.write(content, to: place, mode: mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0o755 : 0o644)
        }
        guard content.withCString({ target in place.withCString { symlink(target, $0) } }) == 0 else {
            throw DirectoryListing.failure("link", place)
        }
    }

    /// Whether what is there is this entry already, byte for byte.
    func isAlready(_ place: [UInt8], _ status: stat) -> Bool {
        var content: [UInt8] = []
        switch (status.st_mode & S_IFMT, mode) {
        case (S_IFLNK, GIT_FILEMODE_LINK):
            guard let target = try? DirectoryListing.target(of: place, length: Int(status.st_size)) else { return false }
            content = target
        case (S_IFREG, GIT_FILEMODE_BLOB), (S_IFREG, GIT_FILEMODE_BLOB_EXECUTABLE):
            guard (status.st_mode & S_IXUSR != 0) == (mode == GIT_FILEMODE_BLOB_EXECUTABLE),
                (try? DirectoryListing.read(place, into: &content)) != nil
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
    let directory: [UInt8]
    var census: Census

    mutating func remove(_ path: [UInt8]) throws(GitError) {
        try checkDirectories(above: path)
        census.subtract(path, try DirectoryListing.status(place(path)))
        guard place(path).withCString({ unlink($0) }) == 0 else { throw DirectoryListing.failure("remove", path) }
        // A tree has no empty directories.
        var above = path
        while let slash = above.lastIndex(of: UInt8(ascii: "/")) {
            above = Array(above[..<slash])
            let status = try DirectoryListing.status(place(above))
            guard place(above).withCString({ rmdir($0) }) == 0 else { return }
            census.subtract(above, status)
        }
    }

    mutating func write(_ entry: Entry, _ path: [UInt8], from repository: Repository) throws(GitError) {
        for above in Self.directories(above: path) where place(above).withCString({ mkdir($0, 0o755) }) == 0 {
            census.add(above, try DirectoryListing.status(place(above)))
        }
        try checkDirectories(above: path)
        try entry.write(to: place(path), from: repository)
        census.add(path, try DirectoryListing.status(place(path)))
    }

    /// A link that somebody put in a directory's place would lead out of the work tree.
    private func checkDirectories(above path: [UInt8]) throws(GitError) {
        for above in Self.directories(above: path) where try DirectoryListing.status(place(above)).st_mode & S_IFMT != S_IFDIR {
            throw GitError("check out", String(decoding: above, as: UTF8.self), "it is no directory any more")
        }
    }

    private static func directories(above path: [UInt8]) -> [[UInt8]] {
        path.indices.filter { path[$0] == UInt8(ascii: "/") }.map { Array(path[..<$0]) }
    }

    private func place(_ path: [UInt8]) -> [UInt8] { directory + [UInt8(ascii: "/")] + path }
}

/// A whole tree on its way into a directory in which anything may be.
private struct WholeTree {
    let repository: Repository
    let directory: [UInt8]
    let progress: (Int) throws -> Void
    var census = Census()
    var changes = 0
    private var seen = 0

    init(repository: Repository, directory: [UInt8], progress: @escaping (Int) throws -> Void) {
        self.repository = repository
        self.directory = directory
        self.progress = progress
    }

    mutating func tree(_ id: ObjectID, _ path: [UInt8]) throws {
        let entries = try repository.entries(of: id)
        let wanted = Set(entries.map(\.name))
        let place = path.isEmpty ? directory : place(path)
        for name in try DirectoryListing.names(in: place) where !wanted.contains(name) {
            try DirectoryListing.remove(place + [UInt8(ascii: "/")] + name)
            changes += 1
        }
        for entry in entries {
            let below = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            if entry.mode == GIT_FILEMODE_TREE { try folder(entry.id, below) } else { try file(entry, below) }
        }
    }

    private mutating func folder(_ id: ObjectID, _ path: [UInt8]) throws {
        let place = place(path)
        let status = try? DirectoryListing.status(place)
        if status.map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
            if status != nil { try DirectoryListing.remove(place) }
            guard place.withCString({ mkdir($0, 0o755) }) == 0 else { throw DirectoryListing.failure("make", place) }
        }
        census.add(path, try DirectoryListing.status(place))
        try tree(id, path)
    }

    private mutating func file(_ entry: Entry, _ path: [UInt8]) throws {
        seen += 1
        if seen.isMultiple(of: 256) { try progress(seen) }
        let place = place(path)
        let there = try? DirectoryListing.status(place)
        if let there, entry.isAlready(place, there) { return census.add(path, there) }
        if there != nil { try DirectoryListing.remove(place) }
        try entry.write(to: place, from: repository)
        changes += 1
        census.add(path, try DirectoryListing.status(place))
    }

    private func place(_ path: [UInt8]) -> [UInt8] { directory + [UInt8(ascii: "/")] + path }
}

/// One file's difference between two trees.
private struct FileChange {
    let path: [UInt8]
    /// Whether something was there.
    let removes: Bool
    /// What is to be there; nil for nothing.
    let entry: Entry?
}

extension Repository {
    fileprivate func entries(of id: ObjectID) throws(GitError) -> [Entry] {
        try withTree(id) { (tree: OpaquePointer) throws(GitError) in
            var entries: [Entry] = []
            for index in 0..<git_tree_entrycount(tree) {
                guard let entry = git_tree_entry_byindex(tree, index), let id = git_tree_entry_id(entry),
                    let name = git_tree_entry_name(entry)
                else { continue }
                entries.append(try Entry(name: Array(cString: name), id: ObjectID(id.pointee), mode: git_tree_entry_filemode(entry)))
            }
            return entries
        }
    }

    fileprivate func changes(from one: ObjectID, to other: ObjectID) throws(GitError) -> [FileChange] {
        try withDiff(from: one, to: other) { (diff: OpaquePointer) throws(GitError) in
            var changes: [FileChange] = []
            for index in 0..<git_diff_num_deltas(diff) {
                guard let delta = git_diff_get_delta(diff, index)?.pointee, let path = delta.new_file.path else { continue }
                let name = Array(cString: path)
                let mode = git_filemode_t(rawValue: UInt32(delta.new_file.mode))
                let entry = delta.status == GIT_DELTA_DELETED ? nil : try Entry(name: name, id: ObjectID(delta.new_file.id), mode: mode)
                changes.append(FileChange(path: name, removes: delta.status != GIT_DELTA_ADDED, entry: entry))
            }
            return changes
        }
    }
}

extension [UInt8] {
    fileprivate init(cString text: UnsafePointer<CChar>) { self.init(UnsafeRawBufferPointer(start: text, count: strlen(text))) }
}
