import CLibgit2

extension Repository {
    /// Applies a patch to a tree, in memory: either all of it, or nothing.
    ///
    /// Where each hunk belongs is found here, byte for byte; the change itself is libgit2's (`git_apply_to_tree`), which checks every line again.
    ///
    /// - Parameter prefix: the directory of the tree that the patch's paths start from; `.` for its top.
    /// - Returns: the new tree's id.
    /// - Throws: `ApplyError`.
    public func apply(_ patch: Patch, to tree: ObjectID, under prefix: String) throws(ApplyError) -> ObjectID {
        do {
            guard let top = try subtree(at: prefix, of: tree) else { throw ApplyError.missing(file: prefix) }
            let changed = try apply(try placed(patch, in: top), to: top, name: patch.name)
            return prefix == "." || prefix.isEmpty ? changed : try self.tree(tree, with: [prefix: changed])
        } catch let error as GitError { throw .git(error) } catch let error as ApplyError { throw error } catch {
            throw .git(GitError("apply", patch.name, "\(error)"))
        }
    }

    /// The patch as a diff that names the places where the hunks really belong.
    private func placed(_ patch: Patch, in top: ObjectID) throws -> [UInt8] {
        var diff: [UInt8] = []
        for file in patch.files {
            let content = try blob(at: file.path, of: top)
            if file.change == .made { try checkRoom(for: file.path, in: top) }
            if file.change != .made, content == nil { throw ApplyError.missing(file: file.path) }
            let places = try Placement(content ?? []).places(of: file)
            diff += Self.header(of: file)
            var shift = 0
            for (hunk, place) in zip(file.hunks, places) {
                let (old, new) = (hunk.before.count, hunk.after.count)
                // A side without lines is numbered by the line before it (diffutils, "Detailed Unified").
                let header = "@@ -\(place + (old > 0 ? 1 : 0)),\(old) +\(place + shift + (new > 0 ? 1 : 0)),\(new) @@\n"
                diff += Array(header.utf8) + hunk.lines.flatMap(\.text)
                shift += new - old
            }
        }
        return diff
    }

    /// libgit2 would put a new file in the place of whatever is there, and of a file or link that would have to be a folder.
    private func checkRoom(for path: String, in top: ObjectID) throws {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
        for count in 1...max(1, parts.count) {
            let place = parts.prefix(count).joined(separator: "/")
            guard let kind = try kind(at: place, of: top) else { return }
            if count == parts.count || kind != GIT_OBJECT_TREE { throw ApplyError.exists(file: place) }
        }
    }

    static func header(of file: Patch.File) -> [UInt8] {
        let extended: String =
            switch file.change {
            case .modified: "--- a/\(file.path)\n+++ b/\(file.path)\n"
            case .made: "new file mode 100644\n--- /dev/null\n+++ b/\(file.path)\n"
            case .removed: "deleted file mode 100644\n--- a/\(file.path)\n+++ /dev/null\n"
            }
        return Array("diff --git a/\(file.path) b/\(file.path)\n\(extended)".utf8)
    }

    private func apply(_ text: [UInt8], to tree: ObjectID, name: String) throws(GitError) -> ObjectID {
        var diff: OpaquePointer?
        let code = text.withUnsafeBytes { git_diff_from_buffer(&diff, $0.bindMemory(to: CChar.self).baseAddress, $0.count) }
        try GitError.check(code, "read patch", name)
        defer { git_diff_free(diff) }
        var index: OpaquePointer?
        try withTree(tree) { (tree: OpaquePointer) throws(GitError) in
            try GitError.check(git_apply_to_tree(&index, handle, tree, diff, nil), "apply", name)
        }
        defer { git_index_free(index) }
        var raw = git_oid()
        try GitError.check(git_index_write_tree_to(&raw, index, handle), "write tree", name)
        return ObjectID(raw)
    }
}

extension Patch.Line {
    /// The line as a diff has it.
    var text: [UInt8] {
        let mark: UInt8 =
            switch kind {
            case .context: UInt8(ascii: " ")
            case .removed: UInt8(ascii: "-")
            case .added: UInt8(ascii: "+")
            }
        return [mark] + bytes + Array(endsWithBreak ? "\n".utf8 : "\n\\ No newline at end of file\n".utf8)
    }
}
