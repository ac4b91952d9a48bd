/// Keeps text from being taken for a command by GitHub's runner, which reads the output of every step: `::name::` at the beginning of a line, and
/// the older `##[name]` anywhere in one (actions/runner, src/Runner.Common/ActionCommand.cs). A log could otherwise add annotations, or stop those
/// that follow.
enum WorkflowCommands {
    /// Whether the output goes to a runner.
    static func isRead(in environment: [String: String]) -> Bool { environment["GITHUB_ACTIONS"] == "true" }

    /// The text with the signs of commands escaped by number. The runner compares code points and passes over some, so this works on Unicode
    /// scalars.
    static func escaped(_ text: String) -> String {
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let rest = line.drop { isPassedOver($0) }
            let isCommand = rest.starts(with: "::".unicodeScalars)
            let start = isCommand ? Array(line[..<rest.startIndex]) + Array("\\u{3A}".unicodeScalars) + rest.dropFirst() : Array(line)
            return string(withoutMarks(start, "\\u{5B}"))
        }
        return lines.joined(separator: "\n")
    }

    /// The same for JSON, in which the sign can only be in a string.
    static func escapedJSON(_ text: String) -> String { string(withoutMarks(Array(text.unicodeScalars), "\\u005b")) }

    /// The scalars with another text for each `[` behind `##`.
    private static func withoutMarks(_ scalars: [Unicode.Scalar], _ bracket: String) -> [Unicode.Scalar] {
        scalars.indices.flatMap { place -> [Unicode.Scalar] in
            guard scalars[place] == "[", place > 1, scalars[place - 1] == "#", scalars[place - 2] == "#" else { return [scalars[place]] }
            return Array(bracket.unicodeScalars)
        }
    }

    /// Whether the runner may not see a scalar at the beginning of a line.
    private static func isPassedOver(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .format, .control, .nonspacingMark, .enclosingMark: true
        default: scalar.properties.isWhitespace
        }
    }

    private static func string(_ scalars: [Unicode.Scalar]) -> String { String(String.UnicodeScalarView(scalars)) }
}
