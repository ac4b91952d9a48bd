/// Text from outside in a page of Markdown (CommonMark, GitHub's tables): shown, and neither a link, an image nor a tag of HTML.
public enum Markdown {
    /// A text in a line of its own or in a list.
    public static func text(_ text: String) -> String {
        var shown = ""
        for character in text.replacing("\n", with: " ") {
            switch character {
            case "&": shown += "&amp;"
            case "<": shown += "&lt;"
            case "\\", "`", "[", "]", "|": shown += "\\\(character)"
            default: shown.append(character)
            }
        }
        return Visible.line(shown)
    }

    /// A text that may have marks of its own, as the project's files have, in the cell of a table.
    public static func cell(_ text: String) -> String { Visible.line(text.replacing("\n", with: " ")).replacing("|", with: "\\|") }

    /// A text between two backticks.
    public static func code(_ text: String) -> String { Visible.line(text.replacing("\n", with: " ").replacing("`", with: "'")) }
}
