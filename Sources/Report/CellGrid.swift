import Model

/// A matrix on a terminal: a row for each series, a column for each layout. Every cell has a sign, so color is never needed.
///
/// The grid fits itself to a width: with words if there is room, else with signs alone and a legend, else as a list.
struct CellGrid {
    struct Cell {
        /// As in `ReportDocument.Cell.sign`.
        let sign: String
        let words: String
        let style: Terminal.Style?
        /// Whether it is not as expected.
        var isMarked = false
    }

    struct Row {
        /// What the row is about, a text for each column of the header.
        let labels: [String]
        /// A cell for each column; nil where nothing was to be measured.
        let cells: [Cell?]
    }

    /// The names of the labels.
    let header: [String]
    /// The names of the columns of cells.
    let columns: [String]
    let rows: [Row]
    let signs: Signs

    /// - Parameter width: the number of characters per line; nil for no limit.
    func lines(within width: Int?) -> [StyledText] {
        let words = lines { cell in self.words(of: cell) }
        guard let width, !words.fit(width) else { return words }
        let short = lines { cell in cell.map(self.sign) ?? "" } + legend.wrapped(to: width, indent: 0)
        return short.fit(width) ? short : list(within: width)
    }

    private func lines(_ text: (Cell?) -> String) -> [StyledText] {
        let texts = rows.map { row in row.labels + row.cells.map(text) }
        return Table(header: header + columns, rows: texts).lines { row, column in
            column < header.count ? nil : rows[row].cells[column - header.count]?.style
        }
    }

    private func sign(_ cell: Cell) -> String { signs.shown(cell.sign) + (cell.isMarked ? "*" : "") }

    private func words(of cell: Cell?) -> String { cell.map { "\(sign($0)) \($0.words)" } ?? "" }

    private func list(within width: Int) -> [StyledText] {
        rows.flatMap { row -> [StyledText] in
            let title = StyledText(row.labels.filter { !$0.isEmpty }.joined(separator: " "), .strong)
            let cells = zip(columns, row.cells).compactMap { column, cell in
                cell.map { "  \(sign($0), $0.style) \(column): \($0.words, $0.style)" as StyledText }
            }
            return ([title] + cells).flatMap { $0.wrapped(to: width, indent: 4) }
        }
    }

    private var legend: StyledText {
        let cells = rows.flatMap(\.cells).compactMap(\.self)
        let used = Set(cells.map(\.sign))
        let parts = Signs.meanings.filter { used.contains($0.sign) }.map { "\(signs.shown($0.sign)) \($0.meaning)" }
        return StyledText((parts + (cells.contains(where: \.isMarked) ? ["* not as expected"] : [])).joined(separator: "   "), .faint)
    }
}

/// The signs that a terminal can show.
package enum Signs: Sendable {
    case unicode, ascii

    /// Chooses by the character set of the locale, which is the part after the period: `C.UTF-8` (locale(7)). Without a locale it is ASCII.
    package init(_ environment: [String: String]) {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        self = ["utf-8", "utf8"].contains { locale.lowercased().contains($0) } ? .unicode : .ascii
    }

    /// The sign in this character set.
    func shown(_ sign: String) -> String {
        guard self == .ascii else { return sign }
        return ["✔": "+", "✓": "+", "✘": "x", "–": "-", "•": "*", "…": "..."][sign] ?? sign
    }

    /// What the signs mean, in the order of the legend.
    static let meanings: [(sign: String, meaning: String)] = [
        ("✔", "clean"), ("!", "degraded"), ("✘", "fatal, or not built"), ("?", "too short, or unknown"),
        ("~", "does not repeat"), ("–", "not measured"),
    ]
}

extension [StyledText] {
    /// Whether every line fits.
    func fit(_ width: Int) -> Bool { allSatisfy { $0.count <= width } }
}
