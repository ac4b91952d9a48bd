import CLibgit2
import Glibc

extension Repository {
    /// Makes a directory exactly a tree: writes what differs, removes what is not in the tree, and leaves alone, time stamp and all, what is
    /// right already. No filter, no attribute, no ignore file has a part in it.
    ///
    /// - Parameters:
    ///   - cache: a file, outside of the directory, in which the files' stamps are kept; a missing or spoilt one only costs time.
    ///   - progress: called now and then with the number of files looked at; what it throws ends the work.
    /// - Returns: how many files were written or removed.
    /// - Throws: `GitError` when a file cannot be written, or the tree is not here.
    public func checkOut(_ tree: ObjectID, to directory: String, cache: String, progress: (Int) throws -> Void) throws -> Int {
        if mkdir(directory, 0o755) != 0, errno != EEXIST { throw DirectoryListing.failure("make", Array(directory.utf8)) }
        return try withoutActuallyEscaping(progress) { progress in
            var writing = TreeWriting(repository: self, known: StampCache.read(cache), progress: progress)
            // What is believed of the files is not true while they are being changed: a kill in between must not leave it behind.
            unlink(cache)
            try writing.tree(tree, Array(directory.utf8))
            StampCache.write(writing.stamps, to: cache)
            return writing.changes
        }
    }
}

/// What was written where, and what the file looked like from outside just after.
private struct Stamped: Equatable {
    let id: String
    let stamp: String
}

private enum StampCache {
    private static let header = "ninepin stamps 1"

    static func read(_ path: String) -> [[UInt8]: Stamped] {
        var bytes: [UInt8] = []
        guard (try? DirectoryListing.read(Array(path.utf8), into: &bytes)) != nil else { return [:] }
        let records = bytes.split(separator: 0, omittingEmptySubsequences: false)
        guard records.count % 3 == 2, records.first.map({ Array($0) }) == Array(header.utf8) else { return [:] }
        var known: [[UInt8]: Stamped] = [:]
        known.reserveCapacity(records.count / 3)
        for start in stride(from: 1, to: records.count - 1, by: 3) {
            let (id, stamp) = (String(decoding: records[start + 1], as: UTF8.self), String(decoding: records[start + 2], as: UTF8.self))
            known[Array(records[start])] = Stamped(id: id, stamp: stamp)
        }
        return known
    }

    /// A cache that cannot be written is only missing.
    static func write(_ stamps: [[UInt8]: Stamped], to path: String) {
        var bytes = Array(header.utf8) + [0]
        for (place, stamped) in stamps { bytes += place + [0] + Array(stamped.id.utf8) + [0] + Array(stamped.stamp.utf8) + [0] }
        try? DirectoryListing.write(bytes, to: Array(path.utf8), mode: 0o644)
    }
}

/// A tree on its way into a directory.
private struct TreeWriting {
    let repository: Repository
    let known: [[UInt8]: Stamped]
    let progress: (Int) throws -> Void
    var stamps: [[UInt8]: Stamped] = [:]
    var changes = 0
    private var seen = 0

    init(repository: Repository, known: [[UInt8]: Stamped], progress: @escaping (Int) throws -> Void) {
        self.repository = repository
        self.known = known
        self.progress = progress
    }

    mutating func tree(_ id: ObjectID, _ directory: [UInt8]) throws {
        let entries = try Self.entries(repository, id)
        let wanted = Set(entries.map(\.name))
        for name in try DirectoryListing.names(in: directory) where !wanted.contains(name) {
            try DirectoryListing.remove(directory + [UInt8(ascii: "/")] + name)
            changes += 1
        }
        for entry in entries {
            let place = directory + [UInt8(ascii: "/")] + entry.name
            if entry.mode == GIT_FILEMODE_TREE { try folder(entry.id, place) } else { try file(entry, place) }
        }
    }

    private mutating func folder(_ id: ObjectID, _ place: [UInt8]) throws {
        let status = try? DirectoryListing.status(place)
        if status.map({ $0.st_mode & S_IFMT != S_IFDIR }) ?? true {
            if status != nil { try DirectoryListing.remove(place) }
            guard place.withCString({ mkdir($0, 0o755) }) == 0 else { throw DirectoryListing.failure("make", place) }
        }
        try tree(id, place)
    }

    private mutating func file(_ entry: Entry, _ place: [UInt8]) throws {
        seen += 1
        if seen.isMultiple(of: 256) { try progress(seen) }
        let identity = "\(entry.id) \(String(entry.mode.rawValue, radix: 8))"
        let before = try? DirectoryListing.status(place)
        if let before, let known = known[place], known == Stamped(id: identity, stamp: Self.stamp(before)) {
            stamps[place] = known
            return
        }
        if before != nil { try DirectoryListing.remove(place) }
        let content = try repository.blob(entry.id)
        if entry.mode == GIT_FILEMODE_LINK {
            guard content.withCString({ target in place.withCString { symlink(target, $0) } }) == 0 else {
                throw DirectoryListing.failure("link", place)
            }
        } else {
            try DirectoryListing.write(content, to: place, mode: entry.mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0o755 : 0o644)
        }
        changes += 1
        stamps[place] = Stamped(id: identity, stamp: Self.stamp(try DirectoryListing.status(place)))
    }

    private struct Entry {
        let name: [UInt8]
        let id: ObjectID
        let mode: git_filemode_t
    }

    private static func entries(_ repository: Repository, _ id: ObjectID) throws(GitError) -> [Entry] {
        try repository.withTree(id) { (tree: OpaquePointer) throws(GitError) in
            var entries: [Entry] = []
            for index in 0..<git_tree_entrycount(tree) {
                guard let entry = git_tree_entry_byindex(tree, index), let id = git_tree_entry_id(entry),
                    let name = git_tree_entry_name(entry)
                else { continue }
                let mode = git_tree_entry_filemode(entry)
                let bytes = Array(UnsafeBufferPointer(start: name, count: strlen(name)).map(UInt8.init(bitPattern:)))
                guard [GIT_FILEMODE_TREE, GIT_FILEMODE_BLOB, GIT_FILEMODE_BLOB_EXECUTABLE, GIT_FILEMODE_LINK].contains(mode) else {
                    throw GitError("check out", String(decoding: bytes, as: UTF8.self), "it is neither a file nor a link nor a directory")
                }
                entries.append(Entry(name: bytes, id: ObjectID(id.pointee), mode: mode))
            }
            return entries
        }
    }

    private static func stamp(_ status: stat) -> String {
        "\(status.st_mode) \(status.st_size) \(status.st_ino) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec) \(status.st_ctim.tv_sec).\(status.st_ctim.tv_nsec)"
    }
}
