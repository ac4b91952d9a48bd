/// What something else wrote before each line of a log: journald, a container runtime, Docker, a tool that shows several logs at once.
///
/// Two prefixes are equal where they have as many words and end in the same one, digits aside: times and process numbers differ from line to line, the
/// name of who writes does not.
struct LinePrefix: Hashable, Sendable {
    /// How many words it has, that blanks divide; none for a log in which nothing stands before a line.
    private let words: Int
    /// The last of them, each run of digits as one `0`.
    private let last: [UInt8]
    /// The bytes of one that no blank ends, such as `{"log":"`: the line's own first word goes on behind it.
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
        if let glued { return line.starts(with: glued) ? Self.unquoted(line.dropFirst(glued.count), glued: glued) : nil }
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

    /// Docker writes each line as a string of JSON (json-file): up to its end, with the signs that Go's traces have.
    private static func unquoted(_ text: ArraySlice<UInt8>, glued: [UInt8]) -> [UInt8] {
        guard glued.last == UInt8(ascii: "\"") else { return Array(text) }
        var result: [UInt8] = []
        var place = text.startIndex
        while place < text.endIndex, text[place] != UInt8(ascii: "\"") {
            guard text[place] == UInt8(ascii: "\\"), place + 1 < text.endIndex else {
                result.append(text[place])
                place += 1
                continue
            }
            switch text[place + 1] {
            case UInt8(ascii: "n"), UInt8(ascii: "r"): break
            case UInt8(ascii: "t"): result.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "u"):
                // `<`, `>` and `&`, as Go's encoder writes them; nothing else of a trace is written so.
                let digits = text[(place + 2)...].prefix(4)
                if let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), code < 0x80 { result.append(code) }
                place += digits.count
            case let sign: result.append(sign)
            }
            place += 2
        }
        return result
    }
}
