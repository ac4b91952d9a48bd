extension StyledText {
    /// The text in lines of at most a width, broken at spaces where possible.
    ///
    /// - Parameter indent: the number of spaces before every line but the first.
    func wrapped(to width: Int, indent: Int) -> [StyledText] {
        var letters = spans.flatMap { span in span.text.map { (letter: $0, style: span.style) } }[...]
        var lines: [StyledText] = []
        while true {
            let margin = lines.isEmpty ? 0 : min(indent, width / 2)
            let room = max(1, width - margin)
            let head = letters.prefix(room)
            let isLast = letters.count <= room
            // The space itself may be the first letter that does not fit.
            let breaking = isLast ? nil : letters.prefix(room + 1).lastIndex { $0.letter == " " }
            let isUseful = breaking.map { letters[..<$0].contains { $0.letter != " " } } ?? false
            let end = isUseful ? breaking ?? head.endIndex : head.endIndex
            lines.append(StyledText(String(repeating: " ", count: margin)) + StyledText(letters: letters[..<end]))
            letters = letters[end...]
            if isLast { return lines }
            letters = letters.drop { $0.letter == " " }
            if letters.isEmpty { return lines }
        }
    }

    private init(letters: ArraySlice<(letter: Character, style: Terminal.Style?)>) {
        var spans: [Span] = []
        var rest = letters
        while let first = rest.first {
            let same = rest.prefix { $0.style == first.style }
            spans.append(Span(text: String(same.map(\.letter)), style: first.style))
            rest = rest[same.endIndex...]
        }
        self.init(spans)
    }
}
