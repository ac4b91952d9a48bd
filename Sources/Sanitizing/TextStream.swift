/// Decodes text from pieces of bytes. A character that is split between two pieces is returned with the second.
package struct TextStream: Sendable {
    private var pending: [UInt8] = []

    package init() {}

    /// The text of the bytes so far, up to the last complete character.
    package mutating func take(_ bytes: [UInt8]) -> String {
        let all = pending + bytes
        let cut = Self.startOfCutLetter(all)
        pending = Array(all[cut...])
        return String(decoding: all[..<cut], as: UTF8.self)
    }

    /// The rest, if the last character is incomplete.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// The beginning of the last character, if it is incomplete (Unicode, table 3-7): at most three bytes before the end.
    private static func startOfCutLetter(_ bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            if length > back { return bytes.count - back }
            if byte & 0xC0 != 0x80 { break }
        }
        return bytes.count
    }
}
