/// The lines of a file, and where the hunks of a patch belong among them. Every line that a hunk names must be there as it is: no fuzz.
/// A hunk may have moved, when only one place has its lines.
struct Placement {
    private let lines: [ArraySlice<UInt8>]
    private let endsWithBreak: Bool

    init(_ content: [UInt8]) {
        var lines = content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        endsWithBreak = lines.last?.isEmpty ?? true
        if endsWithBreak { lines = lines.dropLast() }
        self.lines = lines
    }

    /// The places of a file's hunks, as indices of lines.
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

    /// How many of the lines that a file's hunks want are there, each hunk at its best place; and the first error.
    func fit(of file: Patch.File) -> (matched: Int, wanted: Int, error: ApplyError?) {
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
        // A hunk of added lines only says nothing of its place: it fits an empty file, and no other.
        let named = before.isEmpty ? 0 : hunk.oldStart - 1
        let fitting = before.isEmpty ? (lines.isEmpty ? [0] : []) : places(of: before, from: free)
        if fitting.contains(named) { return named }
        if fitting.count > 1 { throw .ambiguous(file: file.path, hunk: number, of: count, lines: fitting.map { $0 + 1 }) }
        if let only = fitting.first { return only }
        if !hunk.after.isEmpty, !places(of: hunk.after, from: free).isEmpty {
            throw .alreadyApplied(file: file.path, hunk: number, of: count)
        }
        throw mismatch(before, near: named, from: free, file: file, number: number)
    }

    private func places(of wanted: [Patch.Line], from free: Int) -> [Int] {
        guard lines.count - wanted.count >= free else { return [] }
        return (free...(lines.count - wanted.count)).filter { matched(wanted, at: $0) == wanted.count }
    }

    /// How many of the lines, from the first on, stand at a place.
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

    /// The error for the place where most lines are, the nearest to the named one.
    private func mismatch(_ wanted: [Patch.Line], near named: Int, from free: Int, file: Patch.File, number: Int) -> ApplyError {
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
}
