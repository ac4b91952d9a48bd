import CLibgit2
import ExitCodes
import Paths

/// Why a tree is not taken in, or not written out: what is in it would lead out of its folder, or is not what it seems.
package struct TreeFault: ExitStatusError, Sendable, CustomStringConvertible {
    /// What is refused: a tree's id, or the folder that it was to be made of.
    package let subject: String
    /// The entry's path, in quotes.
    package let entry: String
    /// What is wrong with it: a predicate.
    package let reason: String

    init(_ subject: String, _ path: [UInt8], _ reason: String) {
        self.subject = subject
        entry = ContainedPath.quoted(path)
        self.reason = reason
    }

    /// What, where, why, and what to do.
    package var description: String {
        """
        \(subject) is rejected: its entry \(entry) \(reason)
            Nothing was written. Check its origin: no legitimate source needs this.
        """
    }

    /// Looks at an entry's name, and at what has it.
    static func check(_ name: [UInt8], isLink: Bool, of subject: String, at path: [UInt8]) throws(TreeFault) {
        do throws(PathFault) { try ContainedPath.check(name) } catch { throw TreeFault(subject, path, error.description) }
        if isLink, GitName.isModules(name) { throw TreeFault(subject, path, "is a link named like git's submodule list") }
    }

    package var exitStatus: ExitStatus { .data }
}

extension Repository {
    /// Looks at each name in a tree, however deep, as git itself does with what it fetches (`fsck_tree` in fsck.c); and at how many files it comes to,
    /// and how deep they lie, since trees may be in each other many times. Each tree is looked at once.
    ///
    /// - Parameter known: a tree that was looked at before; what is the same in it is passed over.
    /// - Throws: `TreeFault` for what must not be written out; `GitError` when a tree is not here.
    package func check(_ tree: ObjectID, knowing known: ObjectID? = nil) throws {
        var check = TreeCheck(repository: self, subject: "the tree \(tree)")
        try check.look(at: tree, knowing: known)
    }
}

/// A look at a tree and all below it.
private struct TreeCheck {
    /// As many as an archive may have.
    static let mostFiles = 1_000_000

    let repository: Repository
    let subject: String
    /// What the trees that were looked at come to.
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

    /// git finds a name by halves: where names are out of order or stand twice, another one is found than the one that is written.
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

/// An entry of a tree, as it stands there.
struct NamedEntry {
    let name: [UInt8]
    let id: ObjectID
    let mode: git_filemode_t

    /// What git orders by: a folder as if its name ended in a slash (`base_name_compare` in read-cache.c).
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
