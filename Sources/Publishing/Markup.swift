import Sanitizing

/// A piece of an HTML page or of an SVG image. Literal text is markup; interpolated values are escaped, so that no caller can forget it.
///
/// HTML and XML are parsed by code points. Therefore the escaping works on Unicode scalars: a quotation mark with a combining mark is one
/// character for Swift, but it ends an attribute.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    /// The markup.
    private(set) var text: String

    init(stringLiteral text: String) { self.text = text }

    init(stringInterpolation parts: StringInterpolation) { text = parts.text }

    private init(_ text: String) { self.text = text }

    /// A text that is markup already: the style sheet and the script of this program.
    static func trusted(_ text: String) -> Markup { Markup(text) }

    /// A text of several lines, whose line breaks and tabs are kept.
    static func lines(_ text: String) -> Markup { Markup(escaped(Visible.lines(text))) }

    static func + (one: Markup, other: Markup) -> Markup { Markup(one.text + other.text) }

    static func += (one: inout Markup, other: Markup) { one.text += other.text }

    var isEmpty: Bool { text.isEmpty }

    /// The length in bytes.
    var bytes: Int { text.utf8.count }

    /// Escapes the characters that mean something in HTML text, in quoted attributes or in SVG.
    fileprivate static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: isMarkup) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            case UInt8(ascii: "`"): bytes += "&#96;".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isMarkup(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): true
        default: false
        }
    }

    /// The parts of an interpolated piece.
    struct StringInterpolation: StringInterpolationProtocol, Sendable {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity + 16 * interpolationCount) }

        mutating func appendLiteral(_ text: String) { self.text += text }

        /// Appends a text from anywhere, with controls made visible and markup escaped.
        mutating func appendInterpolation(_ text: String) { self.text += escaped(Visible.line(text)) }

        mutating func appendInterpolation(_ number: Int) { text += String(number) }

        mutating func appendInterpolation(_ markup: Markup) { text += markup.text }

        /// Appends several pieces.
        mutating func appendInterpolation(_ pieces: [Markup]) { for piece in pieces { text += piece.text } }
    }
}

extension [Markup] {
    /// The pieces, one after the other.
    func joined(separator: Markup = "") -> Markup {
        var all: Markup = ""
        for (index, piece) in enumerated() {
            if index > 0 { all += separator }
            all += piece
        }
        return all
    }
}
