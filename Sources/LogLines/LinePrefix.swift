/// An unknown prefix of each line of a log; a known one is a ``LineWrapper``.
///
/// Two prefixes are equal if they have the same number of words and the same last word, ignoring digits: times and process IDs vary from
/// line to line, the writer's name does not.
package struct LinePrefix: Hashable, Sendable {
    /// The number of blank-separated words; zero for a log without a prefix.
    private let words: Int
    /// The last word, with each run of digits replaced by one `0`.
    private let last: [UInt8]
    /// The bytes of a prefix that does not end in a blank: the line's own first word follows directly.
    private let glued: [UInt8]?

    /// No prefix.
    package static let none = LinePrefix([][...])

    /// Reads the prefix before a text that was found in a line.
    package init(_ bytes: ArraySlice<UInt8>) {
        let words = bytes.split(separator: Self.blank)
        self.words = words.count
        last = words.last.map(Self.plain) ?? []
        glued = bytes.isEmpty || bytes.last == Self.blank ? nil : Array(bytes)
    }

    /// The rest of the line after the prefix; nil if the line has a different prefix.
    package func text(of line: [UInt8]) -> [UInt8]? {
        if words == 0 { return line }
        if let glued { return line.starts(with: glued) ? Array(line.dropFirst(glued.count)) : nil }
        var place = line.startIndex
        for number in 1...words {
            while place < line.endIndex, line[place] == Self.blank { place += 1 }
            let start = place
            while place < line.endIndex, line[place] != Self.blank { place += 1 }
            guard start < place, number < words || Self.plain(line[start..<place]) == last else { return nil }
        }
        // One blank belongs to the prefix; further ones belong to the text.
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
