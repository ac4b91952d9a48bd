import Sanitizing

extension PatchReader {
    mutating func hunks() throws(PatchError) -> [Patch.Hunk] {
        var hunks: [Patch.Hunk] = []
        var isEnded = false
        while next < lines.count, starts("@@ ") {
            guard !isEnded else { throw error("a hunk follows the file's last line") }
            let hunk = try hunk()
            isEnded = hunk.lines.contains { !$0.endsWithBreak }
            hunks.append(hunk)
        }
        return hunks
    }

    func isHunk() throws(PatchError) -> Bool { starts("@@ -") && HunkHeader(lines[next]) != nil }

    mutating func hunk() throws(PatchError) -> Patch.Hunk {
        let place = next + 1
        let shown = Visible.excerpt(Visible.line(text(lines[next])))
        guard let header = HunkHeader(lines[next]) else {
            throw error("'\(shown)' is not a hunk header; expected '@@ -LINE,COUNT +LINE,COUNT @@'")
        }
        // Positions are used in arithmetic, so no sum of them may overflow.
        guard [header.oldStart, header.old, header.new].allSatisfy({ $0 <= Self.mostLines }) else {
            throw error("'\(shown)' names a line beyond \(Self.mostLines), which no source file has")
        }
        next += 1
        var body: [Patch.Line] = []
        var (old, new) = (header.old, header.new)
        while old > 0 || new > 0 {
            guard next < lines.count else {
                throw error("the hunk at line \(place) ends too early: \(old) old and \(new) new lines are missing")
            }
            guard let line = line() else { throw damage(place, old, new) }
            if line.kind != .added { old -= 1 }
            if line.kind != .removed { new -= 1 }
            guard old >= 0, new >= 0 else { throw error("the hunk at line \(place) has more lines of this kind than its header says") }
            body.append(line)
            next += 1
            markEnd(&body)
        }
        if next < lines.count, let kind = lines[next].first, " +-".utf8.contains(kind), !hasNames, !isSignature {
            throw error("the hunk at line \(place) has more lines than its header says")
        }
        if next < lines.count, starts("@@ "), HunkHeader(lines[next]) == nil {
            throw error(
                "'\(Visible.excerpt(Visible.line(text(lines[next]))))' is not a hunk header; expected '@@ -LINE,COUNT +LINE,COUNT @@'")
        }
        guard body.contains(where: { $0.kind != .context }) else { throw PatchError(line: place, message: "the hunk changes nothing") }
        try checkEnds(body, place)
        return Patch.Hunk(oldStart: header.oldStart, lines: body, place: place)
    }

    /// Only the last line of each side may lack a line break.
    func checkEnds(_ body: [Patch.Line], _ place: Int) throws(PatchError) {
        for side in [body.filter { $0.kind != .added }, body.filter { $0.kind != .removed }]
        where side.dropLast().contains(where: { !$0.endsWithBreak }) {
            throw PatchError(line: place, message: "the hunk has lines after one without a line break")
        }
    }

    /// The error for a line inside a hunk that is not a valid hunk line.
    func damage(_ place: Int, _ old: Int, _ new: Int) -> PatchError {
        let missing = "the hunk at line \(place) ends too early: \(old) old and \(new) new lines are missing"
        if lines[next - 1].last == UInt8(ascii: "=") {
            return error(
                "\(missing). The line before ends with '=': the patch seems to be quoted-printable; save the decoded text")
        }
        if starts("diff ") || starts("--- ") || starts("@@ ") || starts("From ") { return error(missing) }
        return error(
            "\(missing). A line of a hunk begins with ' ', '+' or '-': this looks like white-space damage by a mail program that wraps lines "
                + "or removes leading spaces; get the patch as a file")
    }

    func line() -> Patch.Line? {
        switch lines[next].first {
        case UInt8(ascii: " "): Patch.Line(kind: .context, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "-"): Patch.Line(kind: .removed, bytes: Array(lines[next].dropFirst()))
        case UInt8(ascii: "+"): Patch.Line(kind: .added, bytes: Array(lines[next].dropFirst()))
        // Mailers remove the space of an empty context line.
        case nil: Patch.Line(kind: .context, bytes: [])
        default: nil
        }
    }

    /// `\ No newline at end of file` refers to the line before it.
    mutating func markEnd(_ body: inout [Patch.Line]) {
        guard next < lines.count, lines[next].first == UInt8(ascii: "\\"), let last = body.indices.last else { return }
        body[last].endsWithBreak = false
        next += 1
    }

    // MARK: Binary changes

    mutating func binary() throws(PatchError) -> BinaryChange {
        let start = next
        next += 1
        let (method, data) = try piece()
        // The reverse change; git has written it since 2006 and it is not needed here.
        if next < lines.count, pieceHeader != nil { _ = try piece() }
        let text = lines[start..<next].flatMap { withoutReturn($0) + [UInt8(ascii: "\n")] }
        return BinaryChange(method: method, data: data, text: text)
    }

    var pieceHeader: (method: BinaryChange.Method, count: Int)? {
        let words = withoutReturn(lines[next]).split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 2, !words[1].isEmpty, words[1].allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else { return nil }
        let count = Int(String(decoding: words[1], as: UTF8.self)) ?? .max
        if words[0].elementsEqual("literal".utf8) { return (.literal, count) }
        return words[0].elementsEqual("delta".utf8) ? (.delta, count) : nil
    }

    mutating func piece() throws(PatchError) -> (BinaryChange.Method, [UInt8]) {
        guard next < lines.count, let (method, count) = pieceHeader else { throw error("expected 'literal COUNT' or 'delta COUNT'") }
        let place = next
        try self.count(count, place)
        next += 1
        var packed: [UInt8] = []
        while next < lines.count, !withoutReturn(lines[next]).isEmpty {
            guard let bytes = Base85.bytes(ofLine: withoutReturn(lines[next])) else {
                throw error("the line is not part of a git binary patch")
            }
            packed += bytes
            next += 1
        }
        guard next < lines.count else { throw error("the binary change ends too early; expected an empty line after it") }
        next += 1
        guard let data = Zlib.inflated(packed, count: count) else {
            throw error("the binary change is corrupt: it does not expand to \(count) bytes", at: place)
        }
        if method == .delta { try self.count(BinaryChange.size(ofDelta: data), place) }
        return (method, data)
    }

    /// Limits the total size of the binary changes, because a few compressed bytes can expand to very many.
    mutating func count(_ bytes: Int?, _ place: Int) throws(PatchError) {
        guard let bytes else { throw error("the binary change is corrupt: it is not a delta", at: place) }
        guard bytes <= BinaryChange.mostBytes - unpacked else {
            throw error(
                "the binary changes exceed \(BinaryChange.mostBytes >> 20) MiB, the limit for a source patch", at: place)
        }
        unpacked += bytes
    }
}

/// `@@ -LINE,COUNT +LINE,COUNT @@`. A number too large for `Int` becomes the largest one.
struct HunkHeader {
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
