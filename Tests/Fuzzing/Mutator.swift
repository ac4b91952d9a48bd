import TestInputs

/// Changes valid inputs into nearly valid ones, at the level of bytes and of larger units (words, numbers, lines, brackets).
public struct Mutator {
    private var random: SplitMix
    private let limit: Int
    private let words: [[UInt8]]

    /// Makes a mutator that is deterministic for a given seed.
    ///
    /// - Parameter limit: the size limit of an input, in bytes.
    public init(seed: UInt64, words: [String], limit: Int) {
        random = SplitMix(seed)
        self.limit = limit
        self.words = words.map { Array($0.utf8) }
    }

    /// Changes one of some inputs in one to eight steps.
    public mutating func mutated(_ inputs: [[UInt8]]) -> [UInt8] {
        var bytes = one(of: inputs) ?? []
        for _ in 0..<(1 << number(below: 4)) { bytes = changed(bytes, among: inputs) }
        return Array(bytes.prefix(limit))
    }

    private mutating func changed(_ bytes: [UInt8], among inputs: [[UInt8]]) -> [UInt8] {
        switch number(below: 16) {
        case 0: flipped(bytes)
        case 1: overwritten(bytes)
        case 2: replaced(bytes, range(in: bytes), with: [])
        case 3: duplicated(bytes)
        case 4: replaced(bytes, range(in: bytes), with: noise())
        case 5: inserted(one(of: words) ?? noise(), into: bytes)
        case 6: replaced(bytes, token(in: bytes), with: one(of: words) ?? [])
        case 7: replaced(bytes, token(in: bytes), with: piece(of: inputs))
        case 8, 9: replaced(bytes, figure(in: bytes) ?? token(in: bytes), with: Array((one(of: Self.figures) ?? "0").utf8))
        case 10: replaced(bytes, line(in: bytes), with: [])
        case 11: inserted(Array(bytes[line(in: bytes)]), into: bytes, at: line(in: bytes).lowerBound)
        case 12: inserted(lineOf(inputs), into: bytes, at: line(in: bytes).lowerBound)
        case 13: spliced(bytes, with: one(of: inputs) ?? [])
        case 14: blownUp(bytes)
        default: Array(bytes.prefix(number(below: bytes.count + 1)))
        }
    }

    /// Numbers that readers tend to get wrong: the limits of machine integers, and invalid numbers.
    private static let figures = [
        "0", "1", "-1", "2", "00", "255", "256", "65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "99999999999999999999999999999999", "1e308", "1e309", "-1e309", "1e-400", "0x10", "077", "1.5", ".5", "5.",
        "nan", "inf", "1_000", "１",
    ]

    private static let brackets = [("[", "]"), ("{", "}"), ("(", ")"), ("{\"a\":", "}"), ("\"", "\""), ("- ", ""), ("../", ""), ("a/", "")]

    private mutating func flipped(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.isEmpty else { return noise() }
        var bytes = bytes
        bytes[number(below: bytes.count)] ^= 1 << UInt8(number(below: 8))
        return bytes
    }

    /// Overwrites one, two, four or eight bytes with a number in either byte order, as it may occur in a binary file.
    private mutating func overwritten(_ bytes: [UInt8]) -> [UInt8] {
        let width = [1, 2, 4, 8][number(below: 4)]
        guard bytes.count >= width else { return noise() }
        let place = number(below: bytes.count - width + 1)
        let values: [UInt64] = [0, 1, 2, 4, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, .max, .max / 2, random.next()]
        let value = one(of: values) ?? 0
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return replaced(bytes, place..<(place + width), with: number(below: 2) == 0 ? little : little.reversed())
    }

    private mutating func duplicated(_ bytes: [UInt8]) -> [UInt8] {
        inserted(Array(bytes[range(in: bytes)]), into: bytes, at: number(below: bytes.count + 1))
    }

    private mutating func spliced(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
        let (left, right) = number(below: 2) == 0 ? (token(in: bytes), token(in: other)) : (line(in: bytes), line(in: other))
        return Array(bytes[..<left.lowerBound] + other[right.lowerBound...])
    }

    /// Repeats something many times, either nested or in sequence.
    private mutating func blownUp(_ bytes: [UInt8]) -> [UInt8] {
        let times = 1 << number(below: 14)
        if number(below: 2) == 0, let (open, close) = one(of: Self.brackets) {
            let part = token(in: bytes)
            let count = min(times, max(1, limit / (open.utf8.count + close.utf8.count + 1) / 2))
            let inner = Array(String(repeating: open, count: count).utf8) + bytes[part] + Array(String(repeating: close, count: count).utf8)
            return replaced(bytes, part, with: inner)
        }
        let part = number(below: 2) == 0 ? token(in: bytes) : line(in: bytes)
        guard !part.isEmpty else { return bytes }
        let count = min(times, max(1, limit / part.count))
        return replaced(bytes, part, with: Array((0..<count).map { _ in bytes[part] }.joined()))
    }

    private mutating func noise() -> [UInt8] {
        (0..<number(below: 9)).map { _ in
            number(below: 3) == 0 ? UInt8(truncatingIfNeeded: random.next()) : Self.signs[number(below: Self.signs.count)]
        }
    }

    private static let signs = Array("\0\t\n\r\u{1B} !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\u{7F}".utf8)

    // Parts of inputs.

    /// A range of at most 64 bytes, or occasionally of any length.
    private mutating func range(in bytes: [UInt8]) -> Range<Int> {
        let start = number(below: bytes.count + 1)
        let most = number(below: 8) == 0 ? bytes.count - start : min(64, bytes.count - start)
        return start..<(start + number(below: most + 1))
    }

    /// A run of letters and digits, or a single other character.
    private mutating func token(in bytes: [UInt8]) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        return run(in: bytes, around: number(below: bytes.count)) { Self.isWord($0) }
    }

    /// A run of digits; nil if none was found.
    private mutating func figure(in bytes: [UInt8]) -> Range<Int>? {
        for _ in 0..<16 where !bytes.isEmpty {
            let place = number(below: bytes.count)
            if Self.isDigit(bytes[place]) { return run(in: bytes, around: place) { Self.isDigit($0) } }
        }
        return nil
    }

    /// A line including its line break.
    private mutating func line(in bytes: [UInt8]) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let place = number(below: bytes.count)
        let start = bytes[..<place].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return start..<(bytes[place...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? bytes.count)
    }

    private mutating func piece(of inputs: [[UInt8]]) -> [UInt8] {
        guard let other = one(of: inputs) else { return [] }
        return Array(other[token(in: other)])
    }

    private mutating func lineOf(_ inputs: [[UInt8]]) -> [UInt8] {
        guard let other = one(of: inputs) else { return [] }
        return Array(other[line(in: other)])
    }

    private func run(in bytes: [UInt8], around place: Int, _ belongs: (UInt8) -> Bool) -> Range<Int> {
        guard belongs(bytes[place]) else { return place..<(place + 1) }
        let start = bytes[..<place].lastIndex { !belongs($0) }.map { $0 + 1 } ?? 0
        return start..<(bytes[place...].firstIndex { !belongs($0) } ?? bytes.count)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF) }

    private mutating func inserted(_ new: [UInt8], into bytes: [UInt8]) -> [UInt8] {
        inserted(new, into: bytes, at: number(below: 2) == 0 ? number(below: bytes.count + 1) : token(in: bytes).lowerBound)
    }

    private func inserted(_ new: [UInt8], into bytes: [UInt8], at place: Int) -> [UInt8] { replaced(bytes, place..<place, with: new) }

    private func replaced(_ bytes: [UInt8], _ range: Range<Int>, with new: [UInt8]) -> [UInt8] {
        Array(bytes[..<range.lowerBound]) + new + bytes[range.upperBound...]
    }

    private mutating func one<Value>(of values: [Value]) -> Value? { values.isEmpty ? nil : values[number(below: values.count)] }

    private mutating func number(below count: Int) -> Int { count < 2 ? 0 : Int.random(in: 0..<count, using: &random) }
}
