/// What something that Ninepin does not know wrote before each line of a log; what it knows is a ``LineWrapper``'s.
///
/// Two prefixes are equal where they have as many words and end in the same one, digits aside: times and process numbers differ from line to line, the
/// name of who writes does not.
struct LinePrefix: Hashable, Sendable {
    /// How many words it has, that blanks divide; none for a log in which nothing stands before a line.
    private let words: Int
    /// The last of them, each run of digits as one `0`.
    private let last: [UInt8]
    /// The bytes of one that no blank ends: the line's own first word goes on behind it.
    private let glued: [UInt8]?

    /// Nothing stands before a line.
    static let none = LinePrefix([][...])

    /// Reads what stands before a text that somebody found in a line.
    init(_ bytes: ArraySlice<UInt8>) {
        let words = bytes.split(separator: Self.blank)
        self.words = words.count
        last = words.last.map(Self.plain) ?? []
        glued = bytes.isEmpty || bytes.last == Self.blank ? nil : Array(bytes)
    }

    /// What stands behind the prefix in a line; nil for a line that has another.
    func text(of line: [UInt8]) -> [UInt8]? {
        if words == 0 { return line }
        if let glued { return line.starts(with: glued) ? Array(line.dropFirst(glued.count)) : nil }
        var place = line.startIndex
        for number in 1...words {
            while place < line.endIndex, line[place] == Self.blank { place += 1 }
            let start = place
            while place < line.endIndex, line[place] != Self.blank { place += 1 }
            guard start < place, number < words || Self.plain(line[start..<place]) == last else { return nil }
        }
        // One blank is the prefix's own; more are the text's.
        return Array(line[min(place + 1, line.endIndex)...])
    }

    private static let blank = UInt8(ascii: " ")

    private static func plain(_ word: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        for byte in word {
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isDigit, result.last == UInt8(ascii: "0") { continue }
            result.append(isDigit ? UInt8(ascii: "0") : byte)
        }
        return result
    }
}
