import CLibgit2
import Paths
import UnifiedDiff

extension Repository {
    /// Applies a patch to a tree: completely or not at all.
    ///
    /// Each file's change is determined the same way as in ``Patch/match(_:)``, so a patch that is reported to apply does apply. The new
    /// tree reuses the old one's entries except for those that change.
    ///
    /// - Parameter prefix: the directory of the tree that the patch's paths are relative to; `.` for the root.
    /// - Returns: the new tree's ID.
    /// - Throws: `ApplyError`.
    package func apply(_ patch: Patch, to tree: ObjectID, under prefix: String) throws(ApplyError) -> ObjectID {
        do {
            guard let top = try subtree(at: prefix, of: tree) else { throw ApplyError.missing(file: prefix) }
            var edits: [TreeChange] = []
            for changed in try patch.applied(to: { try self.standing(at: $0, of: top) }) {
                if changed.file.consumesOldPath { edits.append(TreeChange(path: changed.file.oldPath, entry: nil)) }
                guard let after = changed.after else { continue }
                edits.append(TreeChange(path: changed.file.path, entry: (try store(after.bytes, changed.file.path), after.mode)))
            }
            let below = prefix == "." ? [] : prefix.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
            return try self.tree(tree, changedBy: edits.map { $0.below(below) })
        } catch let error as GitError { throw .unreadable(reason: error.description) } catch let error as ApplyError { throw error } catch {
            throw .unreadable(reason: GitError("apply", patch.name, "\(error)").description)
        }
    }

    /// What exists at a path of a tree.
    ///
    /// - Throws: `GitError` if the tree or the file's content is not in the repository.
    package func standing(at path: String, of tree: ObjectID) throws(GitError) -> Standing {
        guard let entry = try entry(at: path, of: tree) else { return .nothing }
        switch entry.mode {
        case GIT_FILEMODE_TREE: return .folder { try self.hasMoreFiles(than: $0, entry.id) }
        case GIT_FILEMODE_LINK: return .file(TreeFile(try blob(entry.id), mode: .link))
        case GIT_FILEMODE_COMMIT: return .other("a submodule")
        default: return .file(TreeFile(try blob(entry.id), mode: entry.mode == GIT_FILEMODE_BLOB_EXECUTABLE ? .executable : .plain))
        }
    }

    private func hasMoreFiles(than count: Int, _ tree: ObjectID) throws(GitError) -> Bool {
        var left = count
        return try !take(&left, tree)
    }

    /// Counts down for each file; returns false if there are too many.
    private func take(_ left: inout Int, _ tree: ObjectID) throws(GitError) -> Bool {
        for entry in try namedEntries(of: tree) {
            if entry.mode == GIT_FILEMODE_TREE {
                guard try take(&left, entry.id) else { return false }
            } else {
                left -= 1
                guard left >= 0 else { return false }
            }
        }
        return true
    }

    private func store(_ bytes: [UInt8], _ path: String) throws(GitError) -> ObjectID {
        var raw = git_oid()
        let code = bytes.withUnsafeBytes { git_blob_create_from_buffer(&raw, handle, $0.baseAddress, $0.count) }
        try GitError.check(code, "store", path)
        return ObjectID(raw)
    }
}

/// The new entry for a path of a tree.
private struct TreeChange {
    let path: [[UInt8]]
    /// The content's ID and mode; nil to remove the entry.
    let entry: (id: ObjectID, mode: TreeFile.Mode)?

    init(path: String, entry: (id: ObjectID, mode: TreeFile.Mode)?) {
        self.path = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        self.entry = entry
    }

    private init(_ path: [[UInt8]], _ entry: (id: ObjectID, mode: TreeFile.Mode)?) { (self.path, self.entry) = (path, entry) }

    func below(_ prefix: [[UInt8]]) -> TreeChange { TreeChange(prefix + path, entry) }

    var rest: TreeChange { TreeChange(Array(path.dropFirst()), entry) }
}

extension Repository {
    /// A tree with some entries changed. Entries are removed before others are added, and a folder that becomes empty is removed too.
    fileprivate func tree(_ tree: ObjectID, changedBy changes: [TreeChange]) throws(GitError) -> ObjectID {
        if let changed = try changed(tree, by: changes) { return changed }
        return try build(nil) { (_: OpaquePointer) throws(GitError) in }
    }

    private func changed(_ tree: ObjectID?, by changes: [TreeChange]) throws(GitError) -> ObjectID? {
        var count = 0
        let made = try build(tree) { (builder: OpaquePointer) throws(GitError) in
            for (name, changes) in Dictionary(grouping: changes, by: { $0.path[0] }) {
                try change(name, by: changes.map(\.rest), in: builder)
            }
            count = git_treebuilder_entrycount(builder)
        }
        return count > 0 ? made : nil
    }

    private func change(_ name: [UInt8], by changes: [TreeChange], in builder: OpaquePointer) throws(GitError) {
        let shown = String(decoding: name, as: UTF8.self)
        let there = name.withCString { git_treebuilder_get(builder, $0) }
        let folder = there.flatMap { git_tree_entry_type($0) == GIT_OBJECT_TREE ? git_tree_entry_id($0).map { ObjectID($0.pointee) } : nil }
        let below = changes.filter { !$0.path.isEmpty }
        let inner = below.isEmpty ? folder : try changed(folder, by: below)
        let entry = changes.first { $0.path.isEmpty && $0.entry != nil }?.entry
        let isGone = changes.contains { $0.path.isEmpty } || !below.isEmpty
        if isGone, there != nil {
            try GitError.check(name.withCString { git_treebuilder_remove(builder, $0) }, "remove from tree", shown)
        }
        if let inner {
            guard entry == nil else { throw GitError("add to tree", shown, "it would be both a file and a folder") }
            try insert(inner, GIT_FILEMODE_TREE, name, builder)
        } else if let entry {
            try insert(entry.id, entry.mode.git, name, builder)
        }
    }

    private func insert(_ id: ObjectID, _ mode: git_filemode_t, _ name: [UInt8], _ builder: OpaquePointer) throws(GitError) {
        var raw = id.raw
        let code = name.withCString { git_treebuilder_insert(nil, builder, $0, &raw, mode) }
        try GitError.check(code, "add to tree", String(decoding: name, as: UTF8.self))
    }

    private func build(_ tree: ObjectID?, _ fill: (OpaquePointer) throws(GitError) -> Void) throws(GitError) -> ObjectID {
        guard let tree else { return try build(from: nil, fill) }
        return try withTree(tree) { (tree: OpaquePointer) throws(GitError) in try build(from: tree, fill) }
    }

    private func build(from tree: OpaquePointer?, _ fill: (OpaquePointer) throws(GitError) -> Void) throws(GitError) -> ObjectID {
        var builder: OpaquePointer?
        try GitError.check(git_treebuilder_new(&builder, handle, tree), "begin", "tree")
        defer { git_treebuilder_free(builder) }
        guard let builder else { throw GitError("begin", "tree", "libgit2 returned nothing") }
        try fill(builder)
        var raw = git_oid()
        try GitError.check(git_treebuilder_write(&raw, builder), "write", "tree")
        return ObjectID(raw)
    }
}

extension TreeFile.Mode {
    /// The mode in libgit2's form.
    var git: git_filemode_t {
        switch self {
        case .plain: GIT_FILEMODE_BLOB
        case .executable: GIT_FILEMODE_BLOB_EXECUTABLE
        case .link: GIT_FILEMODE_LINK
        }
    }
}
