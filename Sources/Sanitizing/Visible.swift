/// Makes untrusted text safe for a terminal, a page or a document. Characters that would be interpreted instead of displayed are written as
/// `\u{1B}`, with their number in hexadecimal digits. Bytes that are not UTF-8 are already U+FFFD, because every decoder replaces them.
///
/// The escaped characters are the C0 and C1 controls and DEL (ECMA-48), all format characters, such as those that change the writing
/// direction (Unicode's category Cf; "Trojan Source"), and the line and paragraph separators.
package enum Visible {
    /// A text as part of a line; line breaks are escaped too.
    package static func line(_ text: String) -> String { escaped(text) { _ in false } }

    /// A text of several lines, such as a file; line breaks and tabs are kept.
    package static func lines(_ text: String) -> String { escaped(text) { $0 == "\n" || $0 == "\t" } }

    /// A message of several lines. All but the first are indented, so that none can be mistaken for a message of its own.
    package static func paragraph(_ text: String) -> String {
        let lines = lines(text).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().map { index, line in
            index == 0 || line.isEmpty || line.first == " " || line.first == "\t" ? String(line) : "    \(line)"
        }.joined(separator: "\n")
    }

    /// A JSON text in which all these characters are escaped. RFC 8259 requires this only for C0.
    package static func json(_ text: String) -> String {
        escaped(text, isPlain: { $0 == "\n" }) { scalar in
            String(Character(scalar)).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }

    /// The beginning of an untrusted text, for quotation in an error message.
    ///
    /// - Parameter most: the maximum number of UTF-8 bytes to keep; characters are not split.
    /// - Returns: the text if it is short enough; otherwise its beginning, `…`, and its length in bytes.
    package static func excerpt(_ text: String, most: Int = 300) -> String {
        let bytes = text.utf8.count
        guard bytes > most else { return text }
        var room = most
        let kept = text.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return "\(String(String.UnicodeScalarView(kept)))… (\(bytes) bytes)"
    }

    private static func escaped(
        _ text: String, isPlain: (Unicode.Scalar) -> Bool,
        as form: (Unicode.Scalar) -> String = { "\\u{\(String($0.value, radix: 16, uppercase: true))}" }
    ) -> String {
        // Most texts contain none.
        guard text.unicodeScalars.contains(where: { isObeyed($0) && !isPlain($0) }) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if isObeyed(scalar), !isPlain(scalar) { shown += form(scalar) } else { shown.unicodeScalars.append(scalar) }
        }
        return shown
    }

    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}
