/// A word of a shell's command line (POSIX, Shell Command Language, 2.2.2).
package enum ShellWord {
    /// The text in single quotes, in which nothing has a meaning but the quote itself.
    ///
    /// A shell reads bytes: a quote that is followed by a combining mark is still a quote. For Swift, the two are a single different
    /// character, so this works on Unicode scalars.
    package static func quoted(_ text: String) -> String {
        var quoted = String.UnicodeScalarView("'".unicodeScalars)
        for scalar in text.unicodeScalars {
            if scalar == "'" { quoted += "'\\''".unicodeScalars } else { quoted.append(scalar) }
        }
        quoted.append("'")
        return String(quoted)
    }

    /// The text as it is if it has only letters, digits and `-_./:`; otherwise ``quoted(_:)``.
    package static func plain(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:".contains($0)) }
        return isPlain ? text : quoted(text)
    }
}
