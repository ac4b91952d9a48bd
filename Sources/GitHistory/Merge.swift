import CLibgit2
import Git

/// The result of a three-way merge of one file.
package struct MergedFile: Hashable, Sendable {
    /// The merged content, with git's conflict markers around conflicts.
    package let content: [UInt8]
    /// Whether the content has conflict markers.
    package let hasConflicts: Bool
}

/// The result of a three-way merge of trees.
package enum MergedTree: Hashable, Sendable {
    /// There was no conflict.
    case clean(ObjectID)
    /// There were conflicts, and there is no tree.
    case conflicts([Conflict])

    /// A file with conflicts.
    package struct Conflict: Hashable, Sendable {
        package let path: String
        /// The content with conflict markers; nil if one side removed the file.
        package let text: [UInt8]?
    }
}

/// The names of the versions in conflict markers.
package struct MergeNames: Hashable, Sendable {
    let ancestor: String
    let ours: String
    let theirs: String

    package init(ancestor: String = "ancestor", ours: String = "ours", theirs: String = "theirs") {
        self.ancestor = ancestor
        self.ours = ours
        self.theirs = theirs
    }
}

extension Repository {
    /// Merges two changed versions of one file.
    ///
    /// - Throws: `GitError` if libgit2 fails.
    package static func mergeFile(
        ancestor: [UInt8], ours: [UInt8], theirs: [UInt8], names: MergeNames = MergeNames()
    ) throws(GitError) -> MergedFile {
        try GitError.check(Libgit2.started, "start", "libgit2")
        var result = git_merge_file_result()
        let code = names.withOptions { options in
            side(ancestor) { ancestor in side(ours) { ours in side(theirs) { git_merge_file(&result, ancestor, ours, $0, options) } } }
        }
        try GitError.check(code, "merge", "\(names.ours) with \(names.theirs)")
        defer { git_merge_file_result_free(&result) }
        return MergedFile(content: result.bytes, hasConflicts: result.automergeable == 0)
    }

    /// Merges two changed versions of a tree.
    ///
    /// - Throws: `GitError` if one of the trees is not in the repository.
    package func mergeTrees(
        ancestor: ObjectID, ours: ObjectID, theirs: ObjectID, names: MergeNames = MergeNames()
    ) throws(GitError) -> MergedTree {
        var index: OpaquePointer?
        try withTree(ancestor) { (ancestor: OpaquePointer) throws(GitError) in
            try withTree(ours) { (one: OpaquePointer) throws(GitError) in
                try withTree(theirs) { (other: OpaquePointer) throws(GitError) in
                    try GitError.check(git_merge_trees(&index, handle, ancestor, one, other, nil), "merge", "\(ours) with \(theirs)")
                }
            }
        }
        defer { git_index_free(index) }
        if git_index_has_conflicts(index) == 1 { return .conflicts(try conflicts(of: index, names)) }
        var raw = git_oid()
        try GitError.check(git_index_write_tree_to(&raw, index, handle), "write tree", "of the merge")
        return .clean(ObjectID(raw))
    }

    private func conflicts(of index: OpaquePointer?, _ names: MergeNames) throws(GitError) -> [MergedTree.Conflict] {
        var iterator: OpaquePointer?
        try GitError.check(git_index_conflict_iterator_new(&iterator, index), "list", "conflicts")
        defer { git_index_conflict_iterator_free(iterator) }
        var conflicts: [MergedTree.Conflict] = []
        var (ancestor, ours, theirs) = (
            UnsafePointer<git_index_entry>?.none, UnsafePointer<git_index_entry>?.none, UnsafePointer<git_index_entry>?.none
        )
        while git_index_conflict_next(&ancestor, &ours, &theirs, iterator) == 0 {
            guard let path = (ours ?? theirs ?? ancestor)?.pointee.path.map({ String(cString: $0) }) else { continue }
            var text: [UInt8]?
            if ours != nil, theirs != nil {
                var result = git_merge_file_result()
                let code = names.withOptions { git_merge_file_from_index(&result, handle, ancestor, ours, theirs, $0) }
                try GitError.check(code, "merge", path)
                text = result.bytes
                git_merge_file_result_free(&result)
            }
            conflicts.append(MergedTree.Conflict(path: path, text: text))
        }
        return conflicts
    }

    private static func side<Value>(_ bytes: [UInt8], _ body: (UnsafePointer<git_merge_file_input>) -> Value) -> Value {
        bytes.withUnsafeBytes { bytes in
            var input = git_merge_file_input()
            git_merge_file_input_init(&input, UInt32(GIT_MERGE_FILE_INPUT_VERSION))
            input.ptr = bytes.bindMemory(to: CChar.self).baseAddress
            input.size = bytes.count
            return body(&input)
        }
    }
}

extension MergeNames {
    fileprivate func withOptions<Value>(_ body: (UnsafePointer<git_merge_file_options>) -> Value) -> Value {
        var options = git_merge_file_options()
        git_merge_file_options_init(&options, UInt32(GIT_MERGE_FILE_OPTIONS_VERSION))
        return ancestor.withCString { ancestor in
            ours.withCString { ours in
                theirs.withCString { theirs in
                    (options.ancestor_label, options.our_label, options.their_label) = (ancestor, ours, theirs)
                    return body(&options)
                }
            }
        }
    }
}

extension git_merge_file_result {
    fileprivate var bytes: [UInt8] { Array(UnsafeRawBufferPointer(start: ptr, count: len)) }
}
