/// Rows of text in columns.
struct Table {
    private let rows: [[String]]

    init(header: [String], rows: [[String]]) { self.rows = [header] + rows }

    /// The table's lines; the last column is not padded.
    func lines(on terminal: Terminal, style: (_ row: Int, _ column: Int, _ text: String) -> Terminal.Style?) -> [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.enumerated().map { index, row in
            row.enumerated().map { column, text in
                let padding = column == row.count - 1 ? "" : String(repeating: " ", count: widths[column] - text.count)
                let style = index == 0 ? .strong : style(index - 1, column, text)
                return (style.map { terminal.styled(text, $0) } ?? text) + padding
            }.joined(separator: "  ")
        }
    }
}
