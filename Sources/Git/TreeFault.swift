import CLibgit2
import ExitCodes
import Paths

/// Why a tree is not imported or written out: an entry would leave its folder, or is not what it appears to be.
package struct TreeFault: ExitStatusError, Sendable, CustomStringConvertible {
    /// What is refused: a tree's ID, or the folder to be imported.
    package let subject: String
    /// The entry's path, quoted.
    package let entry: String
    /// What is wrong with it: a predicate.
    package let reason: String

    init(_ subject: String, _ path: [UInt8], _ reason: String) {
        self.subject = subject
        entry = ContainedPath.quoted(path)
        self.reason = reason
    }

    /// What is refused, where, why, and what to do.
    package var description: String {
        """
        \(subject) is rejected: its entry \(entry) \(reason)
            Nothing was written. Check its origin: no legitimate source needs this.
        """
    }

    /// Checks an entry's name and type.
    static func check(_ name: [UInt8], isLink: Bool, of subject: String, at path: [UInt8]) throws(TreeFault) {
        do throws(PathFault) { try ContainedPath.check(name) } catch { throw TreeFault(subject, path, error.description) }
        if isLink, GitName.isModules(name) { throw TreeFault(subject, path, "is a link named like git's submodule list") }
    }

    package var exitStatus: ExitStatus { .data }
}

extension Repository {
    /// Checks every name in a tree at any depth, as git checks fetched objects (`fsck_tree` in fsck.c). Also checks the number of files and
    /// their depth, because a tree can contain the same subtree many times. Each tree is visited once.
    ///
    /// - Parameter known: a tree that has been checked before; parts that are the same are skipped.
    /// - Throws: `TreeFault` for a tree that must not be written out; `GitError` if a tree is not in the repository.
    package func check(_ tree: ObjectID, knowing known: ObjectID? = nil) throws {
        var check = TreeCheck(repository: self, subject: "the tree \(tree)")
        try check.look(at: tree, knowing: known)
    }
}

/// A check of a tree and everything below it.
private struct TreeCheck {
    /// The same limit as for archives.
    static let mostFiles = 1_000_000

    let repository: Repository
    let subject: String
    /// The file count and height of the trees visited so far.
    private var seen: [ObjectID: (files: Int, height: Int)] = [:]

    init(repository: Repository, subject: String) {
        self.repository = repository
        self.subject = subject
    }

    mutating func look(at tree: ObjectID, knowing known: ObjectID?) throws { _ = try measure(tree, [], depth: 1, knowing: known) }

    private mutating func measure(_ id: ObjectID, _ path: [UInt8], depth: Int, knowing known: ObjectID?) throws -> (files: Int, height: Int)
    {
        if let seen = seen[id] {
            try checkDepth(depth + seen.height, path)
            return seen
        }
        try checkDepth(depth, path)
        let entries = try repository.namedEntries(of: id)
        try checkOrder(entries, path)
        let same = try known.map { try Dictionary(repository.namedEntries(of: $0).map { ($0.name, $0) }) { one, _ in one } } ?? [:]
        var (files, height) = (0, 0)
        for entry in entries {
            let place = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            try TreeFault.check(entry.name, isLink: entry.mode == GIT_FILEMODE_LINK, of: subject, at: place)
            guard entry.mode == GIT_FILEMODE_TREE else {
                files += 1
                continue
            }
            let before = same[entry.name].flatMap { $0.mode == GIT_FILEMODE_TREE ? $0.id : nil }
            if before == entry.id { continue }
            let below = try measure(entry.id, place, depth: depth + 1, knowing: before)
            (files, height) = (files + below.files, max(height, below.height))
            guard files <= Self.mostFiles else { throw TreeFault(subject, place, "contains more than \(Self.mostFiles) files") }
        }
        seen[id] = (files, height + 1)
        return (files, height + 1)
    }

    private func checkDepth(_ depth: Int, _ path: [UInt8]) throws(TreeFault) {
        guard depth <= ContainedPath.deepest else { throw TreeFault(subject, path, PathFault.deep.description) }
    }

    /// git searches names by bisection: if names are unsorted or duplicated, it may find another entry than a full scan does.
    private func checkOrder(_ entries: [NamedEntry], _ path: [UInt8]) throws(TreeFault) {
        var names = Set<[UInt8]>()
        for (index, entry) in entries.enumerated() {
            let place = path.isEmpty ? entry.name : path + [UInt8(ascii: "/")] + entry.name
            guard names.insert(entry.name).inserted else { throw TreeFault(subject, place, "has a duplicate name") }
            if index > 0, !entries[index - 1].key.lexicographicallyPrecedes(entry.key) {
                throw TreeFault(subject, place, "is not in git's sort order")
            }
        }
    }
}

/// An entry of a tree.
struct NamedEntry {
    let name: [UInt8]
    let id: ObjectID
    let mode: git_filemode_t

    /// The sort key that git uses: a folder's name sorts as if it ended with a slash (`base_name_compare` in read-cache.c).
    var key: [UInt8] { mode == GIT_FILEMODE_TREE ? name + [UInt8(ascii: "/")] : name }
}

extension Repository {
    func namedEntries(of id: ObjectID) throws(GitError) -> [NamedEntry] {
        try withTree(id) { (tree: OpaquePointer) throws(GitError) in
            var entries: [NamedEntry] = []
            for index in 0..<git_tree_entrycount(tree) {
                guard let entry = git_tree_entry_byindex(tree, index), let id = git_tree_entry_id(entry),
                    let name = git_tree_entry_name(entry)
                else { continue }
                entries.append(NamedEntry(name: Array(cString: name), id: ObjectID(id.pointee), mode: git_tree_entry_filemode(entry)))
            }
            return entries
        }
    }
}
