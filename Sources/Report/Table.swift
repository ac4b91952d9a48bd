/// Rows of text in columns.
struct Table {
    private let rows: [[StyledText]]

    init(header: [String], rows: [[String]]) { self.rows = ([header] + rows).map { $0.map { StyledText($0) } } }

    /// The table's lines, without spaces at their ends.
    func lines(style: (_ row: Int, _ column: Int) -> Terminal.Style?) -> [StyledText] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.enumerated().map { index, row -> StyledText in
            let last = row.lastIndex { $0.count > 0 } ?? 0
            return row.prefix(last + 1).enumerated().reduce("") { line, cell in
                let (column, text) = cell
                let padding = column == last ? "" : String(repeating: " ", count: widths[column] - text.count)
                let gap: StyledText = column == 0 ? "" : "  "
                return line + gap + text.styled(index == 0 ? .strong : style(index - 1, column)) + StyledText(padding)
            }
        }
    }
}
