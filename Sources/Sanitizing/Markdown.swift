/// Text from outside in a page of Markdown (CommonMark, GitHub's tables and autolinks): shown, and neither a link, an image, a mention nor a tag
/// of HTML.
///
/// CommonMark reads code points: a mark that combines with a backtick takes nothing of its meaning. So this works on Unicode's scalars; to Swift the
/// two are one other character.
package enum Markdown {
    /// A text in a line of its own or in a list.
    package static func text(_ text: String) -> String {
        let scalars = Array(withoutBreaks(text).unicodeScalars)
        var shown = String.UnicodeScalarView()
        for (index, scalar) in scalars.enumerated() {
            switch scalar {
            case "&": shown += "&amp;".unicodeScalars
            case "<": shown += "&lt;".unicodeScalars
            case "\\", "`", "[", "]", "|": shown += "\\\(scalar)".unicodeScalars
            // GitHub looks for these in the text as it is shown, escapes resolved: a comment of HTML parts them, and shows nothing.
            case "@": shown += "@\(parting)".unicodeScalars
            case ":" where scalars[index...].starts(with: "://".unicodeScalars): shown += ":\(parting)".unicodeScalars
            case "." where isBehindWWW(scalars[..<index]): shown += "\(parting).".unicodeScalars
            default: shown.append(scalar)
            }
        }
        return Visible.line(String(shown))
    }

    /// A text that may have marks of its own, as the project's files have, in the cell of a table.
    package static func cell(_ text: String) -> String { withoutCells(inOneLine(text)) }

    /// A text as code, its fence included: one backtick more than the longest row of them in the text (CommonMark, 6.1).
    package static func code(_ text: String) -> String {
        let text = inOneLine(text)
        let longest = text.unicodeScalars.split { $0 != "`" }.map(\.count).max() ?? 0
        let fence = String(repeating: "`", count: longest + 1)
        // One blank on each side is taken off again, and keeps backticks at an end from the fence; of a text without one the blanks are its own.
        let needsBlank = longest > 0 || text.isEmpty || (text.utf8.first == UInt8(ascii: " ") && text.utf8.last == UInt8(ascii: " "))
        return needsBlank ? "\(fence) \(text) \(fence)" : fence + text + fence
    }

    /// Code in the cell of a table. GitHub divides a line into cells before it looks for code, and takes the backslash off.
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
