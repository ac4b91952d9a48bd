/// The lines of a file and the positions of a patch's hunks in it. Every line that a hunk expects must match exactly: there is no fuzz. A
/// hunk may have moved if its lines occur at only one place.
struct HunkLocator {
    private let lines: [ArraySlice<UInt8>]
    private let endsWithBreak: Bool
    /// Whether the file is known to be exactly the one that the patch was made from, so that the line numbers in the headers are right.
    private let isExact: Bool

    init(_ content: [UInt8], isExact: Bool = false) {
        self.isExact = isExact
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        endsWithBreak = lines.last?.isEmpty ?? true
        if endsWithBreak { lines = lines.dropLast() }
        self.lines = lines
    }

    /// The positions of a file's hunks, as line indices.
    func places(of file: Patch.File) throws(ApplyError) -> [Int] {
        var places: [Int] = []
        var free = 0
        for (index, hunk) in file.hunks.enumerated() {
            let place = try place(of: hunk, from: free, file: file, number: index + 1)
            places.append(place)
            free = place + hunk.before.count
        }
        return places
    }

    /// How many of the lines that a file's hunks expect are present, with each hunk at its best position, and the first error.
    func match(of file: Patch.File) -> (matched: Int, wanted: Int, error: ApplyError?) {
        var (matched, wanted, free) = (0, 0, 0)
        var failure: ApplyError?
        for (index, hunk) in file.hunks.enumerated() {
            let before = hunk.before
            wanted += before.count
            do {
                free = try place(of: hunk, from: free, file: file, number: index + 1) + before.count
                matched += before.count
            } catch {
                failure = failure ?? error
                matched += (0...lines.count).map { self.matched(before, at: $0) }.max() ?? 0
            }
        }
        return (matched, wanted, failure)
    }

    /// The content with a file's hunks applied.
    func patched(by file: Patch.File) throws(ApplyError) -> [UInt8] {
        var patched: [UInt8] = []
        var next = 0
        func copy(upTo end: Int) {
            for index in next..<max(next, end) {
                patched += lines[index]
                if index < lines.count - 1 || endsWithBreak { patched.append(UInt8(ascii: "\n")) }
            }
        }
        for (hunk, place) in zip(file.hunks, try places(of: file)) {
            copy(upTo: place)
            for line in hunk.after { patched += line.bytes + (line.endsWithBreak ? [UInt8(ascii: "\n")] : []) }
            next = place + hunk.before.count
        }
        copy(upTo: lines.count)
        return patched
    }

    private func place(of hunk: Patch.Hunk, from free: Int, file: Patch.File, number: Int) throws(ApplyError) -> Int {
        let (before, count) = (hunk.before, file.hunks.count)
        let named = before.isEmpty ? hunk.oldStart : hunk.oldStart - 1
        // A hunk whose last line has no line break must match at the end of the file.
        let isLast = hunk.after.last?.endsWithBreak == false
        let matcher = (before.isEmpty ? placesOfAdded(at: named, from: free) : places(of: before, from: free))
            .filter { !isLast || $0 + before.count == lines.count }
        if matcher.contains(named) { return named }
        if matcher.count > 1 { throw .ambiguous(file: file.path, hunk: number, of: count, lines: matcher.map { $0 + 1 }) }
        if let only = matcher.first { return only }
        if !hunk.after.isEmpty, !places(of: hunk.after, from: free).isEmpty {
            throw .alreadyApplied(file: file.path, hunk: number, of: count)
        }
        if before.isEmpty { throw .unplaced(file: file.path, hunk: number, of: count) }
        if let error = lineEndings(before, from: free, file: file, number: number) { throw error }
        throw mismatch(before, near: named, from: free, file: file, number: number)
    }

    /// A hunk that only adds lines is located by its line number alone. It therefore fits only an empty file, or exactly the file that the
    /// patch was made from.
    private func placesOfAdded(at named: Int, from free: Int) -> [Int] {
        if lines.isEmpty { return [0] }
        let isPlace = isExact && named >= free && (named < lines.count || named == lines.count && endsWithBreak)
        return isPlace ? [named] : []
    }

    private func places(of wanted: [Patch.Line], from free: Int) -> [Int] {
        guard lines.count - wanted.count >= free else { return [] }
        return (free...(lines.count - wanted.count)).filter { matched(wanted, at: $0) == wanted.count }
    }

    /// The number of lines, starting with the first, that match at a position.
    private func matched(_ wanted: [Patch.Line], at place: Int) -> Int {
        var count = 0
        for line in wanted {
            let index = place + count
            guard index < lines.count, lines[index].elementsEqual(line.bytes) else { break }
            guard line.endsWithBreak == (index < lines.count - 1 || endsWithBreak) else { break }
            count += 1
        }
        return count
    }

    /// The error for the position where most lines match; of several, the one nearest to the header's line.
    private func mismatch(_ wanted: [Patch.Line], near named: Int, from free: Int, file: Patch.File, number: Int) -> ApplyError {
        if let damage = damage(wanted, at: named, file: file, number: number) { return damage }
        let tries = (min(free, lines.count)...lines.count).map { (place: $0, matched: matched(wanted, at: $0)) }
        let best = tries.max { ($0.matched, -abs($0.place - named)) < ($1.matched, -abs($1.place - named)) }
        let (place, good) = (best?.place ?? 0, best?.matched ?? 0)
        let expected = good < wanted.count ? wanted[good] : nil
        let found = place + good < lines.count ? String(decoding: lines[place + good], as: UTF8.self) : nil
        let text = expected.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "nothing more: the hunk only adds lines"
        let isBreak = found == text
        return .mismatch(
            file: file.path, hunk: number, of: file.hunks.count, line: place + good + 1,
            expected: isBreak ? text + (expected?.endsWithBreak == true ? " (with a line break)" : " (without a line break)") : text,
            found: found)
    }

    /// The error for a hunk that would fit if its line endings were those of the file.
    private func lineEndings(_ wanted: [Patch.Line], from free: Int, file: Patch.File, number: Int) -> ApplyError? {
        let isReturned = { (line: ArraySlice<UInt8>) in line.last == UInt8(ascii: "\r") }
        let patchHas = wanted.contains { isReturned($0.bytes[...]) }
        guard patchHas != lines.contains(where: isReturned) else { return nil }
        let plain = { (line: ArraySlice<UInt8>) in line.last == UInt8(ascii: "\r") ? line.dropLast() : line }
        let (mine, theirs) = (wanted.map { plain($0.bytes[...]) }, lines.map(plain))
        guard mine.count <= theirs.count, free <= theirs.count - mine.count,
            (free...(theirs.count - mine.count)).contains(where: { start in
                mine.indices.allSatisfy { theirs[start + $0].elementsEqual(mine[$0]) }
            })
        else { return nil }
        return .lineEndings(file: file.path, hunk: number, of: file.hunks.count, patchHasReturns: patchHas)
    }

    /// The error for a hunk whose lines at the header's position match the file except for damage done in transit.
    private func damage(_ wanted: [Patch.Line], at place: Int, file: Patch.File, number: Int) -> ApplyError? {
        guard place >= 0, place < lines.count, place + wanted.count <= lines.count else { return nil }
        let pairs = wanted.enumerated().map { (mine: $1.bytes[...], theirs: lines[place + $0]) }
        guard let odd = pairs.firstIndex(where: { !$0.mine.elementsEqual($0.theirs) }) else { return nil }
        let way: ApplyError.Damage
        if pairs.allSatisfy({ Self.withoutSpace($0.mine) == Self.withoutSpace($0.theirs) }) {
            way = .whiteSpace
        } else if pairs.allSatisfy({ Self.unquoted($0.mine).elementsEqual($0.theirs) }) {
            way = .quotedPrintable
        } else {
            return nil
        }
        return .damaged(
            file: file.path, hunk: number, of: file.hunks.count, line: place + odd + 1, by: way,
            expected: String(decoding: pairs[odd].mine, as: UTF8.self), found: String(decoding: pairs[odd].theirs, as: UTF8.self))
    }

    /// The line without any white space, including no-break spaces, because some mail programs replace spaces with them.
    private static func withoutSpace(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in line where !" \t\r".utf8.contains(byte) {
            bytes.append(byte)
            if byte == 0xA0, bytes.dropLast().last == 0xC2 { bytes.removeLast(2) }
        }
        return bytes
    }

    /// Decodes quoted-printable text (RFC 2045, 6.7).
    private static func unquoted(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var (bytes, rest) = ([UInt8](), line)
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "="), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
