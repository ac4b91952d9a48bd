/// How a patch stands to some files. Nothing is written, and no repository is needed.
public struct Fit: Sendable {
    /// What would come of applying it.
    public enum State: String, Hashable, Codable, Sendable {
        /// It applies.
        case applies
        /// It does not, because its change is there already: it applies backwards, or what it adds is there and what it removes is not.
        case upstream
        /// It does not.
        case differs
    }

    /// What would come of applying it.
    public let state: State
    /// How many of the lines that must be there are there, each hunk at its best place.
    public let matched: Int
    /// How many lines must be there.
    public let wanted: Int
    /// The first reason why it does not apply; nil when it does.
    public let error: ApplyError?
}

extension Patch {
    /// Looks how the patch stands to some files.
    ///
    /// - Parameter content: a file's bytes by the path that the patch has for it; nil when there is none.
    /// - Throws: what reading throws.
    public func fit(_ content: (String) throws -> [UInt8]?) throws -> Fit {
        var (matched, wanted) = (0, 0)
        var failure: ApplyError?
        var isThere = true
        for file in files {
            let bytes = try content(file.path)
            let fit = Self.fit(file, bytes)
            matched += fit.matched
            wanted += fit.wanted
            failure = failure ?? fit.error
            isThere = isThere && Presence(bytes).has(file)
        }
        // What still applies is never called obsolete.
        let state: Fit.State = failure == nil ? .applies : isThere ? .upstream : .differs
        return Fit(state: state, matched: matched, wanted: wanted, error: failure)
    }

    /// Applies the patch to some files, in memory: either all of it, or nothing.
    ///
    /// - Parameter content: a file's bytes by the path that the patch has for it; nil when there is none.
    /// - Returns: each file's bytes afterwards; nil for one that is removed.
    /// - Throws: `ApplyError`, and what reading throws.
    public func applied(to content: (String) throws -> [UInt8]?) throws -> [(file: File, after: [UInt8]?)] {
        try files.map { file in
            let bytes = try content(file.path)
            if let error = Self.presenceError(file, bytes) { throw error }
            let after = try Placement(bytes ?? []).patched(by: file)
            return (file, file.change == .removed ? nil : after)
        }
    }

    private static func fit(_ file: File, _ bytes: [UInt8]?) -> (matched: Int, wanted: Int, error: ApplyError?) {
        guard let error = presenceError(file, bytes) else { return Placement(bytes ?? []).fit(of: file) }
        return (0, max(1, file.hunks.reduce(0) { $0 + $1.before.count }), error)
    }

    private static func presenceError(_ file: File, _ bytes: [UInt8]?) -> ApplyError? {
        switch file.change {
        case .made: bytes == nil ? nil : .exists(file: file.path)
        case .modified, .removed: bytes == nil ? .missing(file: file.path) : nil
        }
    }
}

/// Whether a change is in a file already, by whatever commit.
private struct Presence {
    private let content: [UInt8]?
    private let lines: [String]

    init(_ content: [UInt8]?) {
        self.content = content
        lines = (content ?? []).split(separator: UInt8(ascii: "\n")).compactMap(Self.telling)
    }

    func has(_ file: Patch.File) -> Bool {
        guard let content else { return file.change == .removed }
        if file.change == .removed { return false }
        return (try? Placement(content).places(of: file.reversed)) != nil || hasEachLine(of: file)
    }

    /// What the patch adds stands here, run by run, and what it removes does not. White space and comments are of no account: another author
    /// writes them another way.
    private func hasEachLine(of file: Patch.File) -> Bool {
        let added = file.runs(of: .added).map { $0.compactMap(Self.telling) }.filter { !$0.isEmpty }
        let removed = file.runs(of: .removed).map { $0.compactMap(Self.telling) }.filter { !$0.isEmpty }
        // A brace alone says nothing.
        guard added.joined().contains(where: { $0.filter(\.isLetter).count > 1 }) else { return false }
        return added.allSatisfy(contains) && !removed.contains(where: contains)
    }

    private func contains(_ run: [String]) -> Bool {
        guard run.count <= lines.count else { return false }
        return (0...(lines.count - run.count)).contains { lines[$0..<($0 + run.count)].elementsEqual(run) }
    }

    private static func telling(_ line: some Sequence<UInt8>) -> String? {
        let words = String(decoding: Array(line), as: UTF8.self).split { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let first = words.first, !first.hasPrefix("//") else { return nil }
        return words.joined(separator: " ")
    }
}

extension Patch.File {
    /// The file with what is added removed, and the other way round.
    fileprivate var reversed: Patch.File {
        let hunks = hunks.map { hunk in
            let lines = hunk.lines.map { line in
                let kind: Patch.Line.Kind = line.kind == .added ? .removed : line.kind == .removed ? .added : .context
                return Patch.Line(kind: kind, bytes: line.bytes, endsWithBreak: line.endsWithBreak)
            }
            return Patch.Hunk(oldStart: hunk.oldStart, lines: lines, place: hunk.place)
        }
        return Patch.File(path: path, change: change, hunks: hunks)
    }

    /// Lines of a kind that stand together.
    fileprivate func runs(of kind: Patch.Line.Kind) -> [[[UInt8]]] {
        hunks.flatMap { hunk in hunk.lines.split { $0.kind != kind }.map { $0.map(\.bytes) } }
    }
}

extension Patch {
    /// The patch as a unified diff, with other paths.
    ///
    /// - Parameter path: the path to write in place of the patch's.
    public func text(renaming path: (String) -> String) -> [UInt8] {
        files.flatMap { file in
            var text = Repository.header(of: File(path: path(file.path), change: file.change, hunks: file.hunks))
            var shift = 0
            for hunk in file.hunks {
                let (old, new) = (hunk.before.count, hunk.after.count)
                // Hunks whose headers name places that overlap would come to a line before the first; where a hunk belongs is looked for anyway.
                let newStart = max(0, hunk.oldStart + shift + (old == 0 ? 1 : 0) - (new == 0 ? 1 : 0))
                text += Array("@@ -\(hunk.oldStart),\(old) +\(newStart),\(new) @@\n".utf8) + hunk.lines.flatMap(\.text)
                shift += new - old
            }
            return text
        }
    }
}
