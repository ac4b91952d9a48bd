/// The values of a one-line JSON object, as container runtimes and journald write it: those of the requested keys, up to a bounded number
/// of keys. Nested values are skipped. A truncated object is parsed as far as it goes.
package struct FlatObject {
    package private(set) var values: [String: [UInt8]] = [:]
    /// Whether a requested value was a list of numbers.
    package private(set) var hasList = false
    /// Whether the object is complete.
    package private(set) var isWhole = false

    private let bytes: ArraySlice<UInt8>
    private var place: Int
    private static let mostKeys = 128

    /// - Parameter keys: the requested keys. If a key occurs twice, the first value counts.
    package init?(_ bytes: ArraySlice<UInt8>, keys: Set<String>) {
        guard bytes.first == UInt8(ascii: "{") else { return nil }
        self.bytes = bytes
        place = bytes.startIndex + 1
        for _ in 0..<Self.mostKeys {
            skip()
            if next(is: "}") {
                isWhole = true
                return
            }
            guard next(is: "\""), let key = string(isWanted: true) else { return }
            skip()
            guard next(is: ":") else { return }
            skip()
            let name = String(decoding: key, as: UTF8.self)
            let isWanted = keys.contains(name) && values[name] == nil
            guard let value = value(isWanted: isWanted) else { return }
            if isWanted { values[name] = value }
            skip()
            _ = next(is: ",")
        }
    }

    private mutating func skip() {
        while bytes.has(" ", at: place) || bytes.has("\t", at: place) { place += 1 }
    }

    private mutating func next(is sign: Unicode.Scalar) -> Bool {
        guard bytes.has(sign, at: place) else { return false }
        place += 1
        return true
    }

    private mutating func value(isWanted: Bool) -> [UInt8]? {
        guard place < bytes.endIndex else { return nil }
        switch bytes[place] {
        case UInt8(ascii: "\""):
            place += 1
            return string(isWanted: isWanted)
        case UInt8(ascii: "["), UInt8(ascii: "{"): return nested(isWanted: isWanted)
        default:
            let word = bytes[place...].prefix { !",}] \t".utf8.contains($0) }
            place = word.endIndex
            return isWanted ? Array(word) : []
        }
    }

    /// Parses a nested value. For a list of numbers, returns the bytes that they encode: journald writes a message that is not UTF-8 this
    /// way.
    private mutating func nested(isWanted: Bool) -> [UInt8]? {
        let start = place
        var depth = 0
        repeat {
            guard place < bytes.endIndex else { return nil }
            let byte = bytes[place]
            place += 1
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""): guard string(isWanted: false) != nil else { return nil }
            default: break
            }
        } while depth > 0
        guard isWanted, bytes[start] == UInt8(ascii: "[") else { return [] }
        hasList = true
        let numbers = bytes[(start + 1)..<(place - 1)].split(separator: UInt8(ascii: ","))
        return numbers.compactMap { UInt8(String(decoding: $0.filter { $0 != UInt8(ascii: " ") }, as: UTF8.self)) }
    }

    /// Parses the rest of a string after its opening quotation mark (RFC 8259, 7).
    private mutating func string(isWanted: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        while place < bytes.endIndex {
            let plain = bytes[place...].prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
            if isWanted { result.append(contentsOf: plain) }
            place = plain.endIndex
            guard place < bytes.endIndex else { break }
            place += 1
            if bytes[place - 1] == UInt8(ascii: "\"") { return result }
            let sign = escaped()
            if isWanted { result.append(contentsOf: sign) }
        }
        // The line was truncated.
        return isWanted ? result : nil
    }

    private mutating func escaped() -> [UInt8] {
        guard place < bytes.endIndex else { return [] }
        place += 1
        switch bytes[place - 1] {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"): return Array(String(String.UnicodeScalarView([scalar()])).utf8)
        case let sign: return [sign]
        }
    }

    private mutating func scalar() -> Unicode.Scalar {
        guard let high = unit() else { return "\u{FFFD}" }
        // A surrogate pair.
        if (0xD800..<0xDC00).contains(high), bytes.has("\\", at: place), bytes.has("u", at: place + 1) {
            place += 2
            guard let low = unit(), (0xDC00..<0xE000).contains(low) else { return "\u{FFFD}" }
            return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)) ?? "\u{FFFD}"
        }
        return Unicode.Scalar(high) ?? "\u{FFFD}"
    }

    private mutating func unit() -> UInt32? {
        let digits = bytes[min(place, bytes.endIndex)...].prefix(4)
        place = digits.endIndex
        return digits.count == 4 ? UInt32(String(decoding: digits, as: UTF8.self), radix: 16) : nil
    }
}
