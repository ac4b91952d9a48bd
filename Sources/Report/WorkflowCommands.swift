/// Keeps text from being taken for a command by GitHub's runner, which reads the output of every step: `::name::` at the beginning of a line, and
/// the older `##[name]` anywhere in one (actions/runner, src/Runner.Common/ActionCommand.cs). A log could otherwise add annotations, or stop those
/// that follow.
enum WorkflowCommands {
    /// Whether the output goes to a runner.
    static func isRead(in environment: [String: String]) -> Bool { environment["GITHUB_ACTIONS"] == "true" }

    /// The text with the signs of commands escaped by number.
    static func escaped(_ text: String) -> String {
        guard text.contains("##[") || text.contains("::") else { return text }
        let lines = text.replacing("##[", with: "##\\u{5B}").split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let rest = line.drop { $0.isWhitespace }
            guard rest.hasPrefix("::") else { return String(line) }
            return "\(line[..<rest.startIndex])\\u{3A}\(rest.dropFirst())"
        }
        return lines.joined(separator: "\n")
    }

    /// The same for JSON, in which the sign can only be in a string.
    static func escapedJSON(_ text: String) -> String { text.replacing("##[", with: "##\\u005b") }
}
