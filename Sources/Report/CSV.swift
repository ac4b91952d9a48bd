import Sanitizing

/// Comma-separated values as in RFC 4180, except that lines end with LF.
package enum CSV {
    /// A value of a row.
    package enum Value: Hashable, Sendable {
        /// A text from anywhere.
        case text(String)
        /// A number, which is written as it is.
        case number(String)
        /// Nothing.
        case empty
    }

    /// A row without its line break. A text that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets
    /// themselves write it, because texts come from logs.
    package static func line(_ values: [Value]) -> String { values.map(field).joined(separator: ",") }

    private static func field(_ value: Value) -> String {
        switch value {
        case .empty: ""
        case .number(let text): text
        case .text(let text):
            quoted(text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } == true ? "'\(text)" : text)
        }
    }

    private static func quoted(_ text: String) -> String {
        guard text.utf8.contains(where: { "\",\n\r".utf8.contains($0) }) || text.isEmpty else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }
}

extension Report {
    /// Writes comma-separated values with a header. Characters that would be interpreted by a terminal are escaped by number.
    package func csv(_ header: [String], _ rows: [[CSV.Value]]) {
        lines(([header.map { .text($0) }] + rows).map(CSV.line).joined(separator: "\n"))
    }
}
