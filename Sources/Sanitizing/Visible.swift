/// Text from outside, as it may stand on a terminal, in a page or in a document: what would be obeyed instead of shown is written `\u{1B}`, by its
/// number in hexadecimal digits. Bytes that are no UTF-8 are U+FFFD by then, which every decoder makes of them.
///
/// Shown like this are the controls C0 and C1 and DEL (ECMA-48), all that only formats, such as marks that turn the direction of writing (Unicode's
/// category Cf; "Trojan Source"), and the separators of lines and paragraphs.
package enum Visible {
    /// A text as a part of one line: a line break in it is shown, too.
    package static func line(_ text: String) -> String { escaped(text) { _ in false } }

    /// A text of several lines, such as a file: its lines and tabs stay.
    package static func lines(_ text: String) -> String { escaped(text) { $0 == "\n" || $0 == "\t" } }

    /// A message of several lines: none but the first begins at the left, where it could be taken for a message of its own.
    package static func paragraph(_ text: String) -> String {
        let lines = lines(text).split(separator: "\n", omittingEmptySubsequences: false)
        return lines.enumerated().map { index, line in
            index == 0 || line.isEmpty || line.first == " " || line.first == "\t" ? String(line) : "    \(line)"
        }.joined(separator: "\n")
    }

    /// A JSON text in which no such letter stands as it is: RFC 8259 wants that of C0 alone.
    package static func json(_ text: String) -> String {
        escaped(text, isPlain: { $0 == "\n" }) { scalar in
            String(Character(scalar)).utf16.map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }.joined()
        }
    }

    /// The beginning of a text from outside that an error quotes: no quotation is longer than what it explains.
    ///
    /// - Parameter most: how many bytes (UTF-8) stay; a letter is never cut.
    /// - Returns: the text as it is when it is no longer than that, else its beginning, `…` and how many bytes it has.
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
        // Most texts have none.
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
