/// Converts a log's bytes to UTF-8. Logs may also be UTF-16, which PowerShell's `>` writes. The byte order mark identifies the encoding;
/// without one, the positions of zero bytes do, since a log is mostly ASCII.
struct LogEncoding {
    enum Form: String {
        case utf8 = "UTF-8"
        case little = "UTF-16, little-endian"
        case big = "UTF-16, big-endian"
    }

    /// nil until enough bytes have come.
    private(set) var form: Form?
    private var pending: [UInt8] = []
    /// The first half of a surrogate pair.
    private var high: UInt32?

    /// How many bytes identify the encoding.
    private static let sample = 1024

    /// Takes bytes and passes the converted text to the closure.
    mutating func take(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        if form == .utf8 { return body(bytes) }
        pending += bytes
        guard form != nil || pending.count >= Self.sample else { return }
        hand(body)
    }

    /// Passes on the remaining text at the end of the log.
    mutating func finish(_ body: (UnsafeRawBufferPointer) -> Void) {
        hand(body)
        // An incomplete character remains.
        if high != nil || !pending.isEmpty, form != .utf8 { Array("\u{FFFD}".utf8).withUnsafeBytes(body) }
        (pending, high) = ([], nil)
    }

    private mutating func hand(_ body: (UnsafeRawBufferPointer) -> Void) {
        if form == nil { begin() }
        let text: [UInt8]
        switch form {
        case .little: text = units { UInt32($1) << 8 | UInt32($0) }
        case .big: text = units { UInt32($0) << 8 | UInt32($1) }
        case .utf8, nil: (text, pending) = (pending, [])
        }
        if !text.isEmpty { text.withUnsafeBytes(body) }
    }

    private mutating func begin() {
        let found = Self.form(of: pending)
        form = found.form
        pending.removeFirst(found.mark)
    }

    /// The encoding that a log's first bytes indicate, and the length of their byte order mark.
    private static func form(of bytes: [UInt8]) -> (form: Form, mark: Int) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        let pairs = bytes.count / 2
        guard pairs > 0 else { return (.utf8, 0) }
        let zeros = (0..<pairs).reduce(into: (even: 0, odd: 0)) { zeros, pair in
            zeros.even += bytes[2 * pair] == 0 ? 1 : 0
            zeros.odd += bytes[2 * pair + 1] == 0 ? 1 : 0
        }
        // With a mark, fewer zeros suffice; bytes in another encoding may also begin like one.
        let isMarked = (little: bytes.starts(with: [0xFF, 0xFE]), big: bytes.starts(with: [0xFE, 0xFF]))
        if zeros.odd * (isMarked.little ? 4 : 2) > pairs, zeros.even * 8 <= pairs { return (.little, isMarked.little ? 2 : 0) }
        if zeros.even * (isMarked.big ? 4 : 2) > pairs, zeros.odd * 8 <= pairs { return (.big, isMarked.big ? 2 : 0) }
        return (.utf8, 0)
    }

    /// Decodes the complete characters in the pending bytes (RFC 2781).
    private mutating func units(_ unit: (UInt8, UInt8) -> UInt32) -> [UInt8] {
        var scalars = String.UnicodeScalarView()
        var place = 0
        while place + 1 < pending.count {
            let value = unit(pending[place], pending[place + 1])
            place += 2
            switch (high, value) {
            case (let first?, 0xDC00..<0xE000):
                scalars.append(Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (value - 0xDC00)) ?? "\u{FFFD}")
                high = nil
            case (_, 0xD800..<0xDC00):
                if high != nil { scalars.append("\u{FFFD}") }
                high = value
            default:
                if high != nil { scalars.append("\u{FFFD}") }
                high = nil
                scalars.append(Unicode.Scalar(value) ?? "\u{FFFD}")
            }
        }
        pending.removeFirst(place)
        return Array(String(scalars).utf8)
    }
}
