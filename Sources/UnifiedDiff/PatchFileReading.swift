import Paths
import Sanitizing

extension PatchReader {
    /// What the lines before a file's content say.
    struct Header {
        var old = PatchNames.Side.absent
        var new = PatchNames.Side.absent
        /// The mode in the `old mode` line.
        var oldMode: TreeFile.Mode?
        /// The mode in the `index` line, which git writes if the mode does not change.
        var stayingMode: TreeFile.Mode?
        var newMode: TreeFile.Mode?
        var isMade = false
        var isRemoved = false
        var source: (path: [UInt8], isCopy: Bool)?
        var target: (path: [UInt8], isCopy: Bool)?
        var ids: ContentIDs?
        var similarity: Int?
        /// Whether the header describes a change that needs no content.
        var changesFile: Bool { isMade || isRemoved || source != nil || newMode != nil }
    }

    /// A file whose path may not be known yet.
    struct Draft {
        var path: [UInt8]
        var oldPath: [UInt8]
        /// Whether the path may start with a folder that only names a side; this is decided when all files have been read.
        var isLone = false
        var prefixes: [[UInt8]] = []
        var change: Patch.File.Change
        var oldMode: TreeFile.Mode?
        var newMode: TreeFile.Mode?
        var ids: ContentIDs?
        var similarity: Int?
        var content: Patch.Content
        var place: Int
        var commit: Int
    }

    var hasNames: Bool { starts("--- ") && next + 1 < lines.count && lines[next + 1].starts(with: "+++ ".utf8) }

    mutating func gitFile() throws(PatchError) {
        let place = next
        let names = PatchNames.paths(ofGitLine: Array(withoutReturn(lines[next]).dropFirst("diff --git ".utf8.count)), strip: strip)
        next += 1
        var header = Header()
        while next < lines.count, try extended(&header) { next += 1 }
        if next < lines.count, hasNames {
            header.old = try side(after: "--- ", isTimed: false).side
            next += 1
            header.new = try side(after: "+++ ", isTimed: false).side
            next += 1
            guard next < lines.count, starts("@@ ") else {
                throw error("the file has no hunk; expected '@@ -LINE,COUNT +LINE,COUNT @@'", at: next - 1)
            }
        } else if next == place + 1 {
            // This line alone describes no change.
            return
        }
        let content = try content()
        if case .hunks(let hunks) = content, hunks.isEmpty, !header.changesFile {
            throw error("'diff --git' is followed by no change of the file", at: place)
        }
        if case .binary = content {
            guard let ids = header.ids, ids.old.utf8.count == 40, ids.new.utf8.count == 40 else {
                throw error(
                    "a binary change needs the full IDs of both contents ('index', 40 digits each); 'git diff --binary' writes them",
                    at: place)
            }
        }
        drafts.append(try draft(header, names, content, place))
    }

    /// Reads one of git's extended header lines, between `diff --git` and the content.
    ///
    /// - Returns: whether the line was one.
    func extended(_ header: inout Header) throws(PatchError) -> Bool {
        let line = withoutReturn(lines[next])
        func rest(_ mark: String) -> ArraySlice<UInt8>? { line.starts(with: mark.utf8) ? line.dropFirst(mark.utf8.count) : nil }
        if let mode = rest("old mode ") {
            header.oldMode = try self.mode(mode)
        } else if let mode = rest("new mode ") {
            header.newMode = try self.mode(mode)
        } else if let mode = rest("new file mode ") {
            (header.isMade, header.newMode) = (true, try self.mode(mode))
        } else if let mode = rest("deleted file mode ") {
            (header.isRemoved, header.oldMode) = (true, try self.mode(mode))
        } else if let name = rest("rename from ") ?? rest("rename old ") {
            header.source = (try self.name(name), false)
        } else if let name = rest("rename to ") ?? rest("rename new ") {
            header.target = (try self.name(name), false)
        } else if let name = rest("copy from ") {
            header.source = (try self.name(name), true)
        } else if let name = rest("copy to ") {
            header.target = (try self.name(name), true)
        } else if let ids = rest("index ") {
            try index(ids, &header)
        } else if let percent = rest("similarity index ") {
            header.similarity = Int(text(percent.prefix { $0 != UInt8(ascii: "%") })).flatMap { (0...100).contains($0) ? $0 : nil }
        } else {
            return rest("dissimilarity index ") != nil
        }
        return true
    }

    /// Reads `index OLD..NEW MODE`; the mode is present only if it does not change.
    func index(_ text: ArraySlice<UInt8>, _ header: inout Header) throws(PatchError) {
        let words = text.split(separator: UInt8(ascii: " "))
        guard let range = words.first else { return }
        if range.contains(UInt8(ascii: ",")) {
            throw error("the combined diff of a merge cannot be applied; expected the difference from one parent")
        }
        guard let dots = range.firstIndex(of: UInt8(ascii: ".")), range[dots...].starts(with: "..".utf8) else { return }
        let (old, new) = (range[..<dots], range[dots...].dropFirst(2))
        guard isHex(old), isHex(new), old.count <= 64, new.count <= 64 else { return }
        header.ids = ContentIDs(old: String(decoding: old, as: UTF8.self), new: String(decoding: new, as: UTF8.self))
        if words.count > 1 { header.stayingMode = try mode(words[1]) }
    }

    /// Reads a mode as git writes it. As in git, the owner's executable bit is the only permission kept (git's `create_ce_mode`).
    func mode(_ digits: ArraySlice<UInt8>) throws(PatchError) -> TreeFile.Mode {
        let text = text(digits)
        guard let number = UInt32(text, radix: 8) else {
            throw error("'\(Visible.excerpt(Visible.line(text)))' is not a mode; expected 100644, 100755 or 120000")
        }
        switch number & 0o170000 {
        case 0o100000: return number & 0o100 == 0 ? .plain : .executable
        case 0o120000: return .link
        case 0o160000: throw error("a submodule change cannot be applied: the patch does not contain its files")
        default: throw error("'\(Visible.excerpt(Visible.line(text)))' is not a file mode; expected 100644, 100755 or 120000")
        }
    }

    func name(_ text: ArraySlice<UInt8>) throws(PatchError) -> [UInt8] {
        guard let name = PatchNames.whole(text) else { throw error("\(ContainedPath.quoted(text)) is not a quoted name") }
        return name
    }

    mutating func content() throws(PatchError) -> Patch.Content {
        guard next < lines.count else { return .hunks([]) }
        if text(withoutReturn(lines[next])) == "GIT binary patch" { return .binary(try binary()) }
        if starts("Binary files "), text(lines[next]).hasSuffix(" differ") { throw binaryWithoutContent }
        return .hunks(try hunks())
    }

    func draft(
        _ header: Header, _ names: [PatchNames.Resolved], _ content: Patch.Content, _ place: Int
    ) throws(PatchError) -> Draft {
        let isMade = header.isMade || header.old == .none
        let isRemoved = header.isRemoved || header.new == .none
        let isMoved = header.source != nil || header.target != nil
        var isOne = [isMade, isRemoved, isMoved].count { $0 } < 2
        if header.isMade, case .name = header.old { isOne = false }
        if header.isRemoved, case .name = header.new { isOne = false }
        guard isOne else {
            throw error(
                "the lines below 'diff --git' contradict each other: the file is created, removed, or made from another one", at: place)
        }
        guard isMade || isRemoved || (header.oldMode == nil) == (header.newMode == nil) else {
            throw error("'diff --git' is followed by only one of 'old mode' and 'new mode'; expected both", at: place)
        }
        var draft = Draft(
            path: [], oldPath: [], change: isMade ? .made : isRemoved ? .removed : .modified, oldMode: header.oldMode ?? header.stayingMode,
            newMode: header.newMode, ids: header.ids, similarity: header.similarity, content: content, place: place, commit: commit)
        if isMade { (draft.newMode, draft.oldMode) = (header.newMode ?? .plain, nil) }
        if isRemoved { draft.newMode = nil }
        if let old = draft.oldMode, let new = draft.newMode, (old == .link) != (new == .link) {
            throw error("a file becomes a link, or a link a file, in one change; expected a removal and a creation", at: place)
        }
        if isMoved {
            try setMove(header, &draft, place)
        } else {
            let path = try path(header, names, place)
            (draft.path, draft.oldPath, draft.prefixes) = (path.path, path.path, path.prefixes)
        }
        return draft
    }

    /// Takes the paths from the `rename` and `copy` lines, which have no side prefix; the other lines must agree.
    func setMove(_ header: Header, _ draft: inout Draft, _ place: Int) throws(PatchError) {
        guard let source = header.source, let target = header.target, source.isCopy == target.isCopy else {
            throw error("only one side of a renamed or copied file is named; expected 'from' and 'to'", at: place)
        }
        guard isName(header.old, of: source.path), isName(header.new, of: target.path), isStripped(source.path, target.path, place) else {
            throw error("the lines '---' and '+++' name different files than the lines 'from' and 'to'", at: place)
        }
        (draft.path, draft.oldPath) = (target.path, source.path)
        draft.change = source.isCopy ? .copied : .renamed
    }

    func isName(_ side: PatchNames.Side, of path: [UInt8]) -> Bool {
        switch side {
        case .absent: true
        case .none: false
        case .name(let name):
            if let strip { PatchNames.stripped(name, strip) == path } else { name == path || SideName(bytes: name).stripped?.rest == path }
        }
    }

    /// Whether the line `diff --git` has the paths of a renamed or copied file behind as many folders as are removed.
    func isStripped(_ source: [UInt8], _ target: [UInt8], _ place: Int) -> Bool {
        guard let strip else { return true }
        let line = withoutReturn(lines[place]).dropFirst("diff --git ".utf8.count)
        let prefixes = strip == 0 ? ("", "") : ("a/", "b/")
        return line.elementsEqual(
            PatchNames.written(Array(prefixes.0.utf8) + source) + [UInt8(ascii: " ")] + PatchNames.written(Array(prefixes.1.utf8) + target))
    }

    func path(_ header: Header, _ names: [PatchNames.Resolved], _ place: Int) throws(PatchError) -> PatchNames.Resolved {
        switch (header.old, header.new) {
        case (.name(let old), .name(let new)):
            guard let path = PatchNames.path(old, new, isCopyNamed: false, strip: strip) else { throw nameChange(old, new, at: place) }
            return path
        case (.name(let name), _), (_, .name(let name)):
            let meant = names.filter { isName(.name(name), of: $0.path) }
            if strip != nil, names.isEmpty { return PatchNames.Resolved(path: try stripped(name, place)) }
            if meant.count == 1 { return meant[0] }
            guard names.isEmpty || meant.count > 1 else {
                throw error("the line 'diff --git' names a different file than \(ContainedPath.quoted(name))", at: place)
            }
            throw error("the line 'diff --git' does not show which part of \(ContainedPath.quoted(name)) is the file's path", at: place)
        case (.none, .none): throw error("both sides are /dev/null; expected a file", at: place)
        default:
            guard names.count == 1 else { throw error("the line 'diff --git' does not identify the file", at: place) }
            return names[0]
        }
    }

    /// A name without the folders that are removed.
    func stripped(_ name: [UInt8], _ place: Int) throws(PatchError) -> [UInt8] {
        guard let strip else { return name }
        guard let path = PatchNames.stripped(name, strip) else {
            throw error("\(ContainedPath.quoted(name)) has no folder to remove, as -p\(strip) says", at: place)
        }
        return path
    }

    func nameChange(_ old: [UInt8], _ new: [UInt8], at place: Int) -> PatchError {
        if let strip {
            let words = "with -p\(strip), \(ContainedPath.quoted(old)) and \(ContainedPath.quoted(new)) do not name the same file"
            return error(words, at: place)
        }
        return error(
            "the file's name changes from \(ContainedPath.quoted(old)) to \(ContainedPath.quoted(new)); expected the same on both sides",
            at: place)
    }

    /// Reads `--- OLD`, `+++ NEW` and hunks, as diff(1) writes them.
    mutating func plainFile() throws(PatchError) {
        let place = next
        let old = try side(after: "--- ", isTimed: true)
        next += 1
        let new = try side(after: "+++ ", isTimed: true)
        next += 1
        var draft = Draft(path: [], oldPath: [], change: .modified, content: .hunks([]), place: place, commit: commit)
        switch (old.side, new.side) {
        case (.name(let one), .name(let other)):
            guard let path = PatchNames.path(one, other, isCopyNamed: true, strip: strip) else {
                throw nameChange(one, other, at: place + 1)
            }
            (draft.path, draft.prefixes) = (path.path, path.prefixes)
            guard !(old.isEpoch && new.isEpoch) else { throw error("both sides are nonexistent files; expected one", at: place) }
            draft.change = old.isEpoch ? .made : new.isEpoch ? .removed : .modified
        case (.none, .name(let name)): (draft.path, draft.isLone, draft.change) = (try stripped(name, place + 1), strip == nil, .made)
        case (.name(let name), .none): (draft.path, draft.isLone, draft.change) = (try stripped(name, place), strip == nil, .removed)
        default: throw error("both sides are /dev/null; expected a file", at: place + 1)
        }
        guard next < lines.count, starts("@@ ") else {
            throw error("\(ContainedPath.quoted(draft.path)) has no hunk; expected '@@ -LINE,COUNT +LINE,COUNT @@'", at: next - 1)
        }
        draft.oldPath = draft.path
        if draft.change == .made { draft.newMode = .plain }
        draft.content = .hunks(try hunks())
        drafts.append(draft)
    }

    /// The name after `---` or `+++`, and whether its time stamp means that the file does not exist: diff(1) with `-N` writes the start of
    /// 1970.
    func side(after mark: String, isTimed: Bool) throws(PatchError) -> (side: PatchNames.Side, isEpoch: Bool) {
        let rest = withoutReturn(lines[next]).dropFirst(mark.utf8.count)
        if rest.first == UInt8(ascii: "\"") {
            guard let (name, behind) = PatchNames.unquoted(rest), behind.isEmpty || behind.first == UInt8(ascii: "\t") else {
                throw error("\(ContainedPath.quoted(rest)) is not a quoted name")
            }
            try look(at: name)
            return (.name(name), isTimed && Epoch.isNamed(by: text(behind)))
        }
        // Compare bytes, as git does: a combining character after a slash must not hide the slash. A tab precedes the time stamp.
        let name = Array(rest.prefix { $0 != UInt8(ascii: "\t") })
        if name.elementsEqual("/dev/null".utf8) { return (.none, false) }
        try look(at: name)
        return (.name(name), isTimed && Epoch.isNamed(by: text(rest.dropFirst(name.count))))
    }

    /// Reports a name that leads outside of the tree at its own line.
    func look(at name: [UInt8]) throws(PatchError) {
        var path = name[...]
        while path.starts(with: "./".utf8), path.count > 2 { path = path.dropFirst(2) }
        if case .failure(let fault) = PatchNames.contained(Array(path)) { throw error(fault.message) }
    }
}

extension PatchReader {
    /// The files with their final paths.
    func resolved() throws(PatchError) -> [Patch.File] {
        let prefixes = Set(drafts.flatMap(\.prefixes))
        let isBare = drafts.contains { !$0.isLone && ![.renamed, .copied].contains($0.change) && $0.prefixes.isEmpty }
        var files: [Patch.File] = []
        for var draft in drafts {
            if draft.isLone {
                draft.path = try lonePath(draft, prefixes, isBare)
                draft.oldPath = draft.path
            }
            files.append(
                Patch.File(
                    path: try contained(draft.path, draft), oldPath: try contained(draft.oldPath, draft), change: draft.change,
                    oldMode: draft.oldMode, newMode: draft.newMode, ids: draft.ids, similarity: draft.similarity, content: draft.content,
                    place: draft.place + 1,
                    commit: draft.commit))
            try check(draft)
        }
        return files
    }

    /// The path of a file with only one named side. The patch's other files tell which prefix to remove; if there are none, the prefixes
    /// are `a/` and `b/`, as git writes them.
    func lonePath(_ draft: Draft, _ prefixes: Set<[UInt8]>, _ isBare: Bool) throws(PatchError) -> [UInt8] {
        guard let (prefix, rest) = SideName(bytes: draft.path).stripped else { return draft.path }
        let isUsual = prefix.elementsEqual((draft.change == .removed ? "a" : "b").utf8)
        switch (prefixes.isEmpty, isBare) {
        case (true, true): return draft.path
        case (true, false): return isUsual ? rest : draft.path
        case (false, false) where prefixes.contains(prefix) || isUsual: return rest
        case (false, true) where !prefixes.contains(prefix): return draft.path
        default:
            let words =
                "the patch's other names do not show whether \(ContainedPath.quoted(draft.path)) has a prefix such as 'a/' or is the path itself"
            throw error(words, at: draft.place)
        }
    }

    func contained(_ path: [UInt8], _ draft: Draft) throws(PatchError) -> String {
        switch PatchNames.contained(path) {
        case .success(let text): return text
        case .failure(let fault): throw error(fault.message, at: draft.place)
        }
    }

    /// A created file has no old lines, and a removed file has no new lines.
    func check(_ draft: Draft) throws(PatchError) {
        guard case .hunks(let hunks) = draft.content else { return }
        if draft.change == .made, let odd = hunks.first(where: { !$0.before.isEmpty }) {
            throw PatchError(line: odd.place, message: "a hunk of a new file has old lines")
        }
        if draft.change == .removed, let odd = hunks.first(where: { !$0.after.isEmpty }) {
            throw PatchError(line: odd.place, message: "a hunk of a removed file has lines that remain")
        }
        if draft.change == .made, draft.newMode == .link, GitName.isModules(draft.path.split(separator: UInt8(ascii: "/")).last ?? []) {
            throw error("\(ContainedPath.quoted(draft.path)) would be a link named like git's submodule list", at: draft.place)
        }
    }
}

/// The time stamp that diff(1) writes for a file that does not exist: the start of 1970, in the time zone of the patch's author.
private enum Epoch {
    static func isNamed(by text: String) -> Bool {
        guard
            let found = text.wholeMatch(
                of:
                    /\s*(1969-12-31|1970-01-01)[ T]([0-2][0-9]):([0-5][0-9])(?::([0-5][0-9])(?:\.0+)?)?\s*([-+])([0-2][0-9]):?([0-5][0-9])\s*/
            ),
            let hour = Int(found.2), let minute = Int(found.3), let second = found.4.map({ Int($0) }) ?? 0, let zoneHour = Int(found.6),
            let zoneMinute = Int(found.7)
        else { return false }
        let zone = (zoneHour * 60 + zoneMinute) * (found.5 == "-" ? -1 : 1)
        let day = found.1 == "1970-01-01" ? 0 : -24 * 60
        return second == 0 && day + hour * 60 + minute == zone
    }
}
