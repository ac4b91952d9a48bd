extension Patch {
    /// The patch as git writes it, with other paths and without prose.
    ///
    /// - Parameter path: returns the path to write instead of the patch's.
    package func text(renaming path: (String) -> String) -> [UInt8] { files.flatMap { $0.text(old: path($0.oldPath), new: path($0.path)) } }
}

extension Patch.File {
    /// The file's part of the patch.
    package func text(old: String, new: String) -> [UInt8] {
        var text = PatchHeader(
            old: old, new: new, change: change, oldMode: oldMode, newMode: newMode, ids: ids, similarity: similarity,
            hasHunks: !hunks.isEmpty
        ).bytes
        if case .binary(let change) = content { text += change.text }
        var shift = 0
        for hunk in hunks {
            let (before, after) = (hunk.before.count, hunk.after.count)
            // Headers that name overlapping positions would give a line before the first; hunks are located by their lines anyway.
            let newStart = max(0, hunk.oldStart + shift + (before == 0 ? 1 : 0) - (after == 0 ? 1 : 0))
            text += Array("@@ -\(hunk.oldStart),\(before) +\(newStart),\(after) @@\n".utf8) + hunk.lines.flatMap(\.text)
            shift += after - before
        }
        return text
    }
}

/// The lines before a file's hunks in git's format (git-diff(1), "Generating patch text with -p").
struct PatchHeader {
    let old: String
    let new: String
    let change: Patch.File.Change
    var oldMode: TreeFile.Mode?
    var newMode: TreeFile.Mode?
    var ids: ContentIDs?
    var similarity: Int?
    let hasHunks: Bool

    var bytes: [UInt8] {
        let (from, to) = (PatchNames.written(Array("a/\(old)".utf8)), PatchNames.written(Array("b/\(new)".utf8)))
        var text = Array("diff --git ".utf8) + from + Array(" ".utf8) + to + Array("\n\(modes)".utf8)
        if change == .renamed || change == .copied {
            // git does not need this line; libgit2 does.
            if let similarity { text += Array("similarity index \(similarity)%\n".utf8) }
            let word = change == .renamed ? "rename" : "copy"
            for (side, path) in [("from", old), ("to", new)] {
                text += Array("\(word) \(side) ".utf8) + PatchNames.written(Array(path.utf8)) + Array("\n".utf8)
            }
        }
        // A mode that does not change follows the IDs.
        let staying = change != .removed && newMode == nil ? oldMode.map { " \($0.rawValue)" } ?? "" : ""
        if let ids { text += Array("index \(ids.old)..\(ids.new)\(staying)\n".utf8) }
        guard hasHunks else { return text }
        text += Array("--- ".utf8) + (change == .made ? Array("/dev/null".utf8) : Self.ended(from)) + Array("\n".utf8)
        return text + Array("+++ ".utf8) + (change == .removed ? Array("/dev/null".utf8) : Self.ended(to)) + Array("\n".utf8)
    }

    private var modes: String {
        switch change {
        case .made: "new file mode \((newMode ?? .plain).rawValue)\n"
        case .removed: "deleted file mode \((oldMode ?? .plain).rawValue)\n"
        case .modified, .renamed, .copied:
            newMode.map { "old mode \((oldMode ?? ($0 == .link ? .link : .plain)).rawValue)\nnew mode \($0.rawValue)\n" } ?? ""
        }
    }

    /// git puts a tab after a name with a space, so that no one mistakes part of the name for a time stamp.
    private static func ended(_ name: [UInt8]) -> [UInt8] { name.contains(UInt8(ascii: " ")) ? name + [UInt8(ascii: "\t")] : name }
}

extension Patch.Line {
    /// The line as written in a diff.
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

/// The lines that git writes before a file's hunks.
package enum DiffHeader {
    /// The header of a diff between two versions of a file.
    ///
    /// - Parameters:
    ///   - before: nil for a created file.
    ///   - after: nil for a removed file.
    ///   - hunks: the hunks that follow; empty if the bytes are the same.
    package static func bytes(
        _ change: Patch.File.Change, from old: String, to new: String, before: TreeFile?, after: TreeFile?, hunks: [UInt8]
    ) -> [UInt8] {
        let isSameMode = before?.mode == after?.mode
        let ids = before?.bytes == after?.bytes ? nil : ContentIDs(old: id(of: before), new: id(of: after))
        return PatchHeader(
            old: old, new: new, change: change, oldMode: before?.mode, newMode: change == .made || !isSameMode ? after?.mode : nil,
            ids: ids,
            similarity: similarity(before?.bytes ?? [], after?.bytes ?? [], hunks), hasHunks: !hunks.isEmpty
        ).bytes
    }

    /// How much of the longer version is unchanged, in percent.
    private static func similarity(_ before: [UInt8], _ after: [UInt8], _ hunks: [UInt8]) -> Int {
        let removed = hunks.split(separator: UInt8(ascii: "\n")).filter { $0.first == UInt8(ascii: "-") }.reduce(0) { $0 + $1.count }
        let longer = max(before.count, after.count, 1)
        return before == after ? 100 : max(0, before.count - removed) * 100 / longer
    }

    private static func id(of file: TreeFile?) -> String {
        file.map { String(BinaryChange.id(of: $0.bytes).prefix(7)) } ?? String(repeating: "0", count: 7)
    }
}
