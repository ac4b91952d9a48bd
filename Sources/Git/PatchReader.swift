import Paths
import Sanitizing

/// A patch's text on its way to files. What stands outside of files is prose, but for a few lines of which each says that something is changed.
struct PatchReader {
    private static let mostLines = 1_000_000_000

    private let lines: [ArraySlice<UInt8>]
    private let endsWithBreak: Bool
    private var next = 0
    private var drafts: [Draft] = []
    /// How many commits were begun.
    private var commit = 0
    /// At which bytes the messages of a mailbox begin.
    private(set) var mailStarts: [Int] = []
    /// How many bytes all binary changes come to so far.
    private var unpacked = 0

    init(_ bytes: [UInt8]) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        endsWithBreak = lines.last?.isEmpty ?? true
        if endsWithBreak { lines = lines.dropLast() }
        self.lines = lines
    }

    mutating func files() throws(PatchError) -> [Patch.File] {
        while next < lines.count {
            try refuse()
            if isMail {
                commit += 1
                mailStarts.append(lines[next].startIndex)
            }
            if starts("diff --git ") {
                try gitFile()
            } else if hasNames {
                try plainFile()
            } else if try isHunk() {
                throw error("a hunk without a file; expected '--- FILE' and '+++ FILE' before it")
            } else {
                next += 1
            }
        }
        guard !drafts.isEmpty else { throw PatchError(line: 1, message: "no file is changed; expected '--- FILE', '+++ FILE' and hunks") }
        return try resolved()
    }

    // MARK: Prose

    /// What is no file's, and says that something is changed which is not in the patch, or in a form that is not read.
    private func refuse() throws(PatchError) {
        let line = lines[next]
        if text(line) == "GIT binary patch" { throw error("a binary change without a file; expected 'diff --git' before it") }
        if starts("diff --cc ") || starts("diff --combined "), next + 1 < lines.count,
            ["index ", "mode ", "new file ", "deleted file "].contains(where: { lines[next + 1].starts(with: $0.utf8) })
        {
            throw error("a combined diff, of a merge, cannot be applied; expected the difference from one parent ('git diff PARENT MERGE')")
        }
        if starts("@@@ -") {
            throw error("a hunk of a combined diff, of a merge, cannot be applied; expected the difference from one parent")
        }
        if starts("Submodule "), text(line).contains(/\ [0-9a-f]{7,64}\.{2,3}[0-9a-f]{7,64}(:| \()/) {
            throw error("a change of a submodule cannot be applied: its files are not in the patch")
        }
        if starts("Binary files "), text(line).contains(/^Binary files .*\/.* and .*\/.* differ$/) { throw binaryWithoutContent }
        // diff(1) tells in words alone of a link, and of what becomes another kind of thing.
        if starts("Symbolic links ") && text(line).contains(/^Symbolic links .*\/.* and .*\/.* differ$/)
            || starts("File ") && text(line).contains(/^File .*\/.* is an? [a-z ]+ while file .*\/.* is an? [a-z ]+$/)
        {
            throw error("a link is changed, or a file becomes a folder, and what it becomes is not in the patch; make it with git")
        }
        let lower = text(line).lowercased()
        if lower.hasPrefix("content-transfer-encoding:"), let way = ["quoted-printable", "base64"].first(where: lower.contains) {
            throw error("the message is written as \(way); save its text as it reads, or have 'git mailinfo' do it")
        }
    }

    private var binaryWithoutContent: PatchError {
        error("a binary file is changed and its content is not in the patch; make it with 'git diff --binary'")
    }

    /// The line that git puts before each message of a mailbox (git-format-patch).
    private var isMail: Bool { starts("From ") && lines[next].count > 45 && isHex(lines[next].dropFirst(5).prefix(40)) }

    private func isHex(_ digits: ArraySlice<UInt8>) -> Bool {
        !digits.isEmpty
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= $0 || (UInt8(ascii: "a")...UInt8(ascii: "f")) ~= $0 }
    }

    // MARK: Files

    /// What the lines before a file's content say.
    private struct Header {
        var old = PatchNames.Side.absent
        var new = PatchNames.Side.absent
        /// What `old mode` says.
        var oldMode: TreeFile.Mode?
        /// What the line `index` says of a file whose mode stays.
        var stayingMode: TreeFile.Mode?
        var newMode: TreeFile.Mode?
        var isMade = false
        var isRemoved = false
        var source: (path: [UInt8], isCopy: Bool)?
        var target: (path: [UInt8], isCopy: Bool)?
        var ids: ContentIDs?
        var similarity: Int?
        /// Whether it tells of a change that needs no content.
        var changesFile: Bool { isMade || isRemoved || source != nil || newMode != nil }
    }

    /// A file whose path may not be known yet.
    private struct Draft {
        var path: [UInt8]
        var oldPath: [UInt8]
        /// Whether the path has a folder before it that is none; known when all files are.
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

    private var hasNames: Bool { starts("--- ") && next + 1 < lines.count && lines[next + 1].starts(with: "+++ ".utf8) }

    private mutating func gitFile() throws(PatchError) {
        let place = next
        let names = PatchNames.paths(ofGitLine: Array(withoutReturn(lines[next]).dropFirst("diff --git ".utf8.count)))
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
            // The line alone tells of no change.
            return
        }
        let content = try content()
        if case .hunks(let hunks) = content, hunks.isEmpty, !header.changesFile {
            throw error("no change of the file stands below 'diff --git'", at: place)
        }
        if case .binary = content {
            guard let ids = header.ids, ids.old.utf8.count == 40, ids.new.utf8.count == 40 else {
                throw error(
                    "a binary change needs the whole ids of both contents ('index', 40 digits each); 'git diff --binary' writes them",
                    at: place)
            }
        }
        drafts.append(try draft(header, names, content, place))
    }

    /// Reads a line of git's own between `diff --git` and the content; whether it was one.
    private func extended(_ header: inout Header) throws(PatchError) -> Bool {
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

    /// `index OLD..NEW MODE`; the mode where it stays.
    private func index(_ text: ArraySlice<UInt8>, _ header: inout Header) throws(PatchError) {
        let words = text.split(separator: UInt8(ascii: " "))
        guard let range = words.first else { return }
        if range.contains(UInt8(ascii: ",")) {
            throw error("a combined diff, of a merge, cannot be applied; expected the difference from one parent")
        }
        guard let dots = range.firstIndex(of: UInt8(ascii: ".")), range[dots...].starts(with: "..".utf8) else { return }
        let (old, new) = (range[..<dots], range[dots...].dropFirst(2))
        guard isHex(old), isHex(new), old.count <= 64, new.count <= 64 else { return }
        header.ids = ContentIDs(old: String(decoding: old, as: UTF8.self), new: String(decoding: new, as: UTF8.self))
        if words.count > 1 { header.stayingMode = try mode(words[1]) }
    }

    /// What git writes for what a file is: of a file, only whether its owner may run it is kept (git's `create_ce_mode`).
    private func mode(_ digits: ArraySlice<UInt8>) throws(PatchError) -> TreeFile.Mode {
        let text = text(digits)
        guard let number = UInt32(text, radix: 8) else {
            throw error("'\(Visible.excerpt(Visible.line(text)))' is no mode; expected 100644, 100755 or 120000")
        }
        switch number & 0o170000 {
        case 0o100000: return number & 0o100 == 0 ? .plain : .executable
        case 0o120000: return .link
        case 0o160000: throw error("a change of a submodule cannot be applied: its files are not in the patch")
        default: throw error("'\(Visible.excerpt(Visible.line(text)))' is no file's mode; expected 100644, 100755 or 120000")
        }
    }

    private func name(_ text: ArraySlice<UInt8>) throws(PatchError) -> [UInt8] {
        guard let name = PatchNames.whole(text) else { throw error("\(ContainedPath.quoted(text)) is no name in quotes") }
        return name
    }

    private mutating func content() throws(PatchError) -> Patch.Content {
        guard next < lines.count else { return .hunks([]) }
        if text(withoutReturn(lines[next])) == "GIT binary patch" { return .binary(try binary()) }
        if starts("Binary files "), text(lines[next]).hasSuffix(" differ") { throw binaryWithoutContent }
        return .hunks(try hunks())
    }

    private func draft(
        _ header: Header, _ names: [PatchNames.Resolved], _ content: Patch.Content, _ place: Int
    ) throws(PatchError) -> Draft {
        let isMade = header.isMade || header.old == .none
        let isRemoved = header.isRemoved || header.new == .none
        let isMoved = header.source != nil || header.target != nil
        var isOne = [isMade, isRemoved, isMoved].count { $0 } < 2
        if header.isMade, case .name = header.old { isOne = false }
        if header.isRemoved, case .name = header.new { isOne = false }
        guard isOne else {
            throw error("the lines below 'diff --git' say two things: that the file is made, removed, or made of another one", at: place)
        }
        guard isMade || isRemoved || (header.oldMode == nil) == (header.newMode == nil) else {
            throw error("only one of 'old mode' and 'new mode' stands below 'diff --git'; expected both", at: place)
        }
        var draft = Draft(
            path: [], oldPath: [], change: isMade ? .made : isRemoved ? .removed : .modified, oldMode: header.oldMode ?? header.stayingMode,
            newMode: header.newMode, ids: header.ids, similarity: header.similarity, content: content, place: place, commit: commit)
        if isMade { (draft.newMode, draft.oldMode) = (header.newMode ?? .plain, nil) }
        if isRemoved { draft.newMode = nil }
        if let old = draft.oldMode, let new = draft.newMode, (old == .link) != (new == .link) {
            throw error("a file becomes a link, or a link a file, in one step; expected that one is removed and the other made", at: place)
        }
        if isMoved {
            try setMove(header, &draft, place)
        } else {
            let path = try path(header, names, place)
            (draft.path, draft.oldPath, draft.prefixes) = (path.path, path.path, path.prefixes)
        }
        return draft
    }

    /// What the lines `rename` and `copy` say has no folder before it; the other lines must agree.
    private func setMove(_ header: Header, _ draft: inout Draft, _ place: Int) throws(PatchError) {
        guard let source = header.source, let target = header.target, source.isCopy == target.isCopy else {
            throw error("only one side of a renamed or copied file is named; expected 'from' and 'to'", at: place)
        }
        guard Self.isName(header.old, of: source.path), Self.isName(header.new, of: target.path) else {
            throw error("the lines '---' and '+++' name other files than the lines 'from' and 'to'", at: place)
        }
        (draft.path, draft.oldPath) = (target.path, source.path)
        draft.change = source.isCopy ? .copied : .renamed
    }

    private static func isName(_ side: PatchNames.Side, of path: [UInt8]) -> Bool {
        switch side {
        case .absent: true
        case .none: false
        case .name(let name): name == path || SideName(bytes: name).stripped?.rest == path
        }
    }

    private func path(_ header: Header, _ names: [PatchNames.Resolved], _ place: Int) throws(PatchError) -> PatchNames.Resolved {
        switch (header.old, header.new) {
        case (.name(let old), .name(let new)):
            guard let path = PatchNames.path(old, new, isCopyNamed: false) else { throw nameChange(old, new, at: place) }
            return path
        case (.name(let name), _), (_, .name(let name)):
            let meant = names.filter { Self.isName(.name(name), of: $0.path) }
            if meant.count == 1 { return meant[0] }
            guard names.isEmpty || meant.count > 1 else {
                throw error("the line 'diff --git' names another file than \(ContainedPath.quoted(name))", at: place)
            }
            throw error("the line 'diff --git' does not tell which part of \(ContainedPath.quoted(name)) is the file's path", at: place)
        case (.none, .none): throw error("both sides are /dev/null; expected a file", at: place)
        default:
            guard names.count == 1 else { throw error("the line 'diff --git' does not tell which file is meant", at: place) }
            return names[0]
        }
    }

    private func nameChange(_ old: [UInt8], _ new: [UInt8], at place: Int) -> PatchError {
        error(
            "the file's name changes from \(ContainedPath.quoted(old)) to \(ContainedPath.quoted(new)); expected the same on both sides",
            at: place)
    }

    /// `--- OLD`, `+++ NEW` and hunks, as diff(1) writes them.
    private mutating func plainFile() throws(PatchError) {
        let place = next
        let old = try side(after: "--- ", isTimed: true)
        next += 1
        let new = try side(after: "+++ ", isTimed: true)
        next += 1
        var draft = Draft(path: [], oldPath: [], change: .modified, content: .hunks([]), place: place, commit: commit)
        switch (old.side, new.side) {
        case (.name(let one), .name(let other)):
            guard let path = PatchNames.path(one, other, isCopyNamed: true) else { throw nameChange(one, other, at: place + 1) }
            (draft.path, draft.prefixes) = (path.path, path.prefixes)
            guard !(old.isEpoch && new.isEpoch) else { throw error("both sides are files that are not there; expected one", at: place) }
            draft.change = old.isEpoch ? .made : new.isEpoch ? .removed : .modified
        case (.none, .name(let name)): (draft.path, draft.isLone, draft.change) = (name, true, .made)
        case (.name(let name), .none): (draft.path, draft.isLone, draft.change) = (name, true, .removed)
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

    /// The name behind `---` or `+++`, and whether the time behind it says that there is no such file: diff(1) with `-N` writes 1970's beginning.
    private func side(after mark: String, isTimed: Bool) throws(PatchError) -> (side: PatchNames.Side, isEpoch: Bool) {
        let rest = withoutReturn(lines[next]).dropFirst(mark.utf8.count)
        if rest.first == UInt8(ascii: "\"") {
            guard let (name, behind) = PatchNames.unquoted(rest), behind.isEmpty || behind.first == UInt8(ascii: "\t") else {
                throw error("\(ContainedPath.quoted(rest)) is no name in quotes")
            }
            try look(at: name)
            return (.name(name), isTimed && Epoch.isNamed(by: text(behind)))
        }
        // Bytes, as git sees them: a letter that combines with the slash before it hides none. A time stamp stands behind a tab.
        let name = Array(rest.prefix { $0 != UInt8(ascii: "\t") })
        if name.elementsEqual("/dev/null".utf8) { return (.none, false) }
        try look(at: name)
        return (.name(name), isTimed && Epoch.isNamed(by: text(rest.dropFirst(name.count))))
    }

    /// A name that leads out is told at its own line.
    private func look(at name: [UInt8]) throws(PatchError) {
        var path = name[...]
        while path.starts(with: "./".utf8), path.count > 2 { path = path.dropFirst(2) }
        if case .failure(let fault) = PatchNames.contained(Array(path)) { throw error(fault.message) }
    }

    // MARK: Paths

    private func resolved() throws(PatchError) -> [Patch.File] {
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

    /// The path of a file of which only one side is named: the patch's other files tell what stands before it; where there are none, `a/` and `b/`
    /// are what git writes.
    private func lonePath(_ draft: Draft, _ prefixes: Set<[UInt8]>, _ isBare: Bool) throws(PatchError) -> [UInt8] {
        guard let (prefix, rest) = SideName(bytes: draft.path).stripped else { return draft.path }
        let isUsual = prefix.elementsEqual((draft.change == .removed ? "a" : "b").utf8)
        switch (prefixes.isEmpty, isBare) {
        case (true, true): return draft.path
        case (true, false): return isUsual ? rest : draft.path
        case (false, false) where prefixes.contains(prefix) || isUsual: return rest
        case (false, true) where !prefixes.contains(prefix): return draft.path
        default:
            let words =
                "the patch's other names do not tell whether \(ContainedPath.quoted(draft.path)) begins with a side's name or is the path"
            throw error(words, at: draft.place)
        }
    }

    private func contained(_ path: [UInt8], _ draft: Draft) throws(PatchError) -> String {
        switch PatchNames.contained(path) {
        case .success(let text): return text
        case .failure(let fault): throw error(fault.message, at: draft.place)
        }
    }

    /// A file that is made has no lines before, and one that is removed none after.
    private func check(_ draft: Draft) throws(PatchError) {
        guard case .hunks(let hunks) = draft.content else { return }
        if draft.change == .made, let odd = hunks.first(where: { !$0.before.isEmpty }) {
            throw PatchError(line: odd.place, message: "a hunk of a file that is made has lines of an old one")
        }
        if draft.change == .removed, let odd = hunks.first(where: { !$0.after.isEmpty }) {
            throw PatchError(line: odd.place, message: "a hunk of a file that is removed has lines that stay")
        }
        if draft.change == .made, draft.newMode == .link, GitName.isModules(draft.path.split(separator: UInt8(ascii: "/")).last ?? []) {
            throw error("\(ContainedPath.quoted(draft.path)) would be a link with the name of git's list of modules", at: draft.place)
        }
    }

    // MARK: Hunks

    private mutating func hunks() throws(PatchError) -> [Patch.Hunk] {
        var hunks: [Patch.Hunk] = []
        var isEnded = false
        while next < lines.count, starts("@@ ") {
            guard !isEnded else { throw error("a hunk stands behind the file's last line") }
            let hunk = try hunk()
            isEnded = hunk.lines.contains { !$0.endsWithBreak }
            hunks.append(hunk)
        }
        return hunks
    }

    private func isHunk() throws(PatchError) -> Bool { starts("@@ -") && HunkHeader(lines[next]) != nil }

    private mutating func hunk() throws(PatchError) -> Patch.Hunk {
        let place = next + 1
        let shown = Visible.excerpt(Visible.line(text(lines[next])))
        guard let header = HunkHeader(lines[next]) else {
            throw error("'\(shown)' is no hunk header; expected '@@ -LINE,COUNT +LINE,COUNT @@'")
        }
        // Places are counted with: no sum of them may be more than a number can hold.
        guard [header.oldStart, header.old, header.new].allSatisfy({ $0 <= Self.mostLines }) else {
            throw error("'\(shown)' names a line beyond \(Self.mostLines), which no source file has")
        }
        next += 1
        var body: [Patch.Line] = []
        var (old, new) = (header.old, header.new)
        while old > 0 || new > 0 {
            guard next < lines.count else {
                throw error("the hunk of line \(place) ends too early: \(old) old and \(new) new lines are missing")
            }
            guard let line = line() else { throw damage(place, old, new) }
            if line.kind != .added { old -= 1 }
            if line.kind != .removed { new -= 1 }
            guard old >= 0, new >= 0 else { throw error("the hunk of line \(place) has more lines of this kind than its header says") }
            body.append(line)
            next += 1
            markEnd(&body)
        }
        if next < lines.count, let kind = lines[next].first, " +-".utf8.contains(kind), !hasNames, !isSignature {
            throw error("the hunk of line \(place) has more lines than its header says")
        }
        if next < lines.count, starts("@@ "), HunkHeader(lines[next]) == nil {
            throw error("'\(Visible.excerpt(Visible.line(text(lines[next]))))' is no hunk header; expected '@@ -LINE,COUNT +LINE,COUNT @@'")
        }
        guard body.contains(where: { $0.kind != .context }) else { throw PatchError(line: place, message: "the hunk changes nothing") }
        try checkEnds(body, place)
        return Patch.Hunk(oldStart: header.oldStart, lines: body, place: place)
    }

    /// Only the last line of a side may be without a line break.
    private func checkEnds(_ body: [Patch.Line], _ place: Int) throws(PatchError) {
        for side in [body.filter { $0.kind != .added }, body.filter { $0.kind != .removed }]
        where side.dropLast().contains(where: { !$0.endsWithBreak }) {
            throw PatchError(line: place, message: "the hunk has lines behind one that is without a line break")
        }
    }

    /// A line in a hunk that is none of a hunk.
    private func damage(_ place: Int, _ old: Int, _ new: Int) -> PatchError {
        let missing = "the hunk of line \(place) ends too early: \(old) old and \(new) new lines are missing"
        if lines[next - 1].last == UInt8(ascii: "=") {
            return error(
                "\(missing). The line before ends with '=': the patch seems to be written as quoted-printable; save its text as it reads")
        }
        if starts("diff ") || starts("--- ") || starts("@@ ") || starts("From ") { return error(missing) }
        return error(
            "\(missing). A line of a hunk begins with ' ', '+' or '-': this looks like white-space damage, as of a mail program that breaks lines "
                + "or cuts off their first space; ask for the patch as a file")
    }

    private func line() -> Patch.Line? {
        switch lines[next].first {
        case UInt8(ascii: " "): Patch.Line(kind: .context, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "-"): Patch.Line(kind: .removed, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "+"): Patch.Line(kind: .added, bytes: Array(lines[next].dropFirst()))
        // Mailers cut the space off an empty context line.
        case nil: Patch.Line(kind: .context, bytes: [])
        default: nil
        }
    }

    /// `\ No newline at end of file` speaks of the line before it.
    private mutating func markEnd(_ body: inout [Patch.Line]) {
        guard next < lines.count, lines[next].first == UInt8(ascii: "\\"), let last = body.indices.last else { return }
        body[last].endsWithBreak = false
        next += 1
    }

    // MARK: Binary changes

    private mutating func binary() throws(PatchError) -> BinaryChange {
        let start = next
        next += 1
        let (method, data) = try piece()
        // The way back; git has written it since 2006 and does not need it.
        if next < lines.count, pieceHeader != nil { _ = try piece() }
        let text = lines[start..<next].flatMap { withoutReturn($0) + [UInt8(ascii: "\n")] }
        return BinaryChange(method: method, data: data, text: text)
    }

    private var pieceHeader: (method: BinaryChange.Method, count: Int)? {
        let words = withoutReturn(lines[next]).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 2, !words[1].isEmpty, words[1].allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
        let count = Int(String(decoding: words[1], as: UTF8.self)) ?? .max
        if words[0].elementsEqual("literal".utf8) { return (.literal, count) }
        return words[0].elementsEqual("delta".utf8) ? (.delta, count) : nil
    }

    private mutating func piece() throws(PatchError) -> (BinaryChange.Method, [UInt8]) {
        guard next < lines.count, let (method, count) = pieceHeader else { throw error("expected 'literal COUNT' or 'delta COUNT'") }
        let place = next
        try self.count(count, place)
        next += 1
        var packed: [UInt8] = []
        while next < lines.count, !withoutReturn(lines[next]).isEmpty {
            guard let bytes = Base85.bytes(ofLine: withoutReturn(lines[next])) else {
                throw error("the line is none of git's binary patches")
            }
            packed += bytes
            next += 1
        }
        guard next < lines.count else { throw error("the binary change ends too early; expected an empty line behind it") }
        next += 1
        guard let data = Zlib.inflated(packed, count: count) else {
            throw error("the binary change is spoilt: it does not come to \(count) bytes", at: place)
        }
        if method == .delta { try self.count(BinaryChange.size(ofDelta: data), place) }
        return (method, data)
    }

    /// A few bytes can be a great many when they are unpacked.
    private mutating func count(_ bytes: Int?, _ place: Int) throws(PatchError) {
        guard let bytes else { throw error("the binary change is spoilt: it is no delta", at: place) }
        guard bytes <= BinaryChange.mostBytes - unpacked else {
            throw error(
                "the binary changes come to more than \(BinaryChange.mostBytes >> 20) MiB, which no patch of source does", at: place)
        }
        unpacked += bytes
    }

    // MARK: Lines

    /// How a mailed patch ends: `-- ` and the version of git.
    private var isSignature: Bool {
        let line = withoutReturn(lines[next])
        return line.elementsEqual("-- ".utf8) || line.elementsEqual("--".utf8)
    }

    private func starts(_ text: String) -> Bool { lines[next].starts(with: text.utf8) }

    private func text(_ line: ArraySlice<UInt8>) -> String { String(decoding: line, as: UTF8.self) }

    /// A patch whose lines all end with CR LF has it in its headers, too.
    private func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> { line.last == UInt8(ascii: "\r") ? line.dropLast() : line }

    private func error(_ message: String) -> PatchError { error(message, at: next) }

    /// - Parameter index: the line, counted from 0.
    private func error(_ message: String, at index: Int) -> PatchError {
        PatchError(line: min(index + 1, max(lines.count, 1)), message: message)
    }
}

/// `@@ -LINE,COUNT +LINE,COUNT @@`. A number that is too large to be held is the largest one.
private struct HunkHeader {
    let oldStart: Int
    let old: Int
    let new: Int

    init?(_ line: ArraySlice<UInt8>) {
        var rest = line
        func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest = rest.dropFirst(text.utf8.count)
            return true
        }
        func number() -> Int? {
            let digits = rest.prefix(while: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains)
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            return Int(String(decoding: digits, as: UTF8.self)) ?? .max
        }
        func range() -> (start: Int, count: Int)? {
            guard let start = number() else { return nil }
            guard take(",") else { return (start, 1) }
            return number().map { (start, $0) }
        }
        guard take("@@ -"), let one = range(), take(" +"), let other = range(), take(" @@") else { return nil }
        (oldStart, old, new) = (one.start, one.count, other.count)
    }
}

/// The time stamp that diff(1) gives a file that is not there: 1970 began, wherever the one is who made the patch.
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
