/// Shows untrusted text in a Markdown page (CommonMark, GitHub's tables and autolinks) so that nothing in it becomes a link, an image, a
/// mention or an HTML tag.
///
/// CommonMark reads code points: a backtick followed by a combining mark is still a backtick. Therefore this works on Unicode scalars; for
/// Swift, the two are a single different character.
package enum Markdown {
    /// A text on its own line or in a list.
    package static func text(_ text: String) -> String {
        let scalars = Array(withoutBreaks(text).unicodeScalars)
        var shown = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": shown += "&amp;".unicodeScalars
            case "<": shown += "&lt;".unicodeScalars
            case "\\", "`", "[", "]", "|": shown += "\\\(scalar)".unicodeScalars
            // GitHub searches the displayed text, with escapes resolved. An HTML comment splits these patterns without being displayed.
            case "@": shown += "@\(parting)".unicodeScalars
            case ":" where scalars[index...].starts(with: "://".unicodeScalars): shown += ":\(parting)".unicodeScalars
            case "." where isBehindWWW(scalars[..<index]): shown += "\(parting).".unicodeScalars
            default: shown.append(scalar)
            }
        }
        return Visible.line(String(shown))
    }

    /// A text that may contain Markdown of its own, as in the project's files, for a table cell.
    package static func cell(_ text: String) -> String { withoutCells(inOneLine(text)) }

    /// A text as code with its fence: one backtick more than the longest run of them in the text (CommonMark, 6.1).
    package static func code(_ text: String) -> String {
        let text = inOneLine(text)
        let longest = text.unicodeScalars.split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: longest + 1)
        // One blank on each side is stripped when rendered, and separates backticks at the ends from the fence. Without a fence blank, the
        // text keeps its own blanks.
        let needsBlank = longest > 0 || text.isEmpty || (text.utf8.first == UInt8(ascii: " ") && text.utf8.last == UInt8(ascii: " "))
        return needsBlank ? "\(fence) \(text) \(fence)" : fence + text + fence
    }

    /// Code in a table cell. GitHub splits a line into cells before it parses code, and removes the backslash.
    package static func codeInCell(_ text: String) -> String { withoutCells(code(text)) }

    private static let parting = "<!-- -->"

    private static func inOneLine(_ text: String) -> String { Visible.line(withoutBreaks(text)) }

    private static func withoutBreaks(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { line.append(scalar == "\n" ? " " : scalar) }
        return String(line)
    }

    private static func withoutCells(_ text: String) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar == "|" { shown.append("\\") }
            shown.append(scalar)
        }
        return String(shown)
    }

    private static func isBehindWWW(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        let last = scalars.suffix(3)
        return last.count == 3 && last.allSatisfy { $0 == "w" || $0 == "W" }
    }
}
