/// Makes text of bytes that come in pieces: a letter that is cut by the end of a piece comes whole with the next one.
package struct TextStream: Sendable {
    private var pending: [UInt8] = []

    /// Makes one that has seen nothing.
    package init() {}

    /// The text of what came, so far as it is whole.
    package mutating func take(_ bytes: [UInt8]) -> String {
        let all = pending + bytes
        let cut = Self.startOfCutLetter(all)
        pending = Array(all[cut...])
        return String(decoding: all[..<cut], as: UTF8.self)
    }

    /// What is left of a letter that never became whole.
    package mutating func finish() -> String {
        defer { pending = [] }
        return String(decoding: pending, as: UTF8.self)
    }

    /// Where the last letter begins, if more bytes belong to it (Unicode, table 3-7): at most three bytes from the end.
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
