/// Formats text: fills in templates and wraps lines.
enum Paragraphs {
    /// A template with its `{NAME}` placeholders filled in. Inserted values are not expanded again.
    static func filled(_ template: String, _ values: [String: String]) -> String {
        var (text, rest) = ("", template[...])
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"), let value = values[String(rest[rest.index(after: open)..<close])] else {
                text.append(rest.removeFirst())
                continue
            }
            text += value.trimmed
            rest = rest[rest.index(after: close)...]
        }
        return (text + rest).trimmed
    }

    /// Wraps each paragraph at the given number of characters; a longer word gets its own line.
    static func wrapped(_ text: String, at width: Int) -> String {
        paragraphs(of: text).map { words in
            var (lines, line) = ([String](), "")
            for word in words {
                if line.isEmpty {
                    line = word
                } else if line.count + 1 + word.count <= width {
                    line += " \(word)"
                } else {
                    lines.append(line)
                    line = word
                }
            }
            return (lines + [line]).joined(separator: "\n")
        }.joined(separator: "\n\n")
    }

    /// Joins each paragraph into one line: web pages wrap lines themselves, and some keep existing line breaks. A paragraph with a list, a table, a
    /// quotation or code stays as it is.
    static func unwrapped(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var (blocks, isCode) = ([String](), false)
        for block in lines.split(whereSeparator: { $0.allSatisfy(\.isWhitespace) }) {
            let fences = block.count { $0.drop(while: \.isWhitespace).hasPrefix("```") }
            let isKept = isCode || fences > 0 || block.contains(where: isStructure)
            if !fences.isMultiple(of: 2) { isCode.toggle() }
            blocks.append(
                isKept ? block.joined(separator: "\n") : block.flatMap { $0.split(whereSeparator: \.isWhitespace) }.joined(separator: " "))
        }
        return blocks.joined(separator: "\n\n")
    }

    /// Whether a line means something at its beginning (CommonMark 0.31, 4 and 5).
    private static func isStructure(_ line: Substring) -> Bool { line.contains(/^(\s{2,}|\t|\s*([-*+>#|$]|\d+[.)])\s)/) }

    private static func paragraphs(of text: String) -> [[String]] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.split { $0.allSatisfy(\.isWhitespace) }.map { lines in
            lines.flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }
        }
    }
}

extension String {
    /// The text without empty lines and spaces at both ends.
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
    }
}
