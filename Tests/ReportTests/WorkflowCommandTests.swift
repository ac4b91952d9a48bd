import Synchronization
import Testing

@testable import Report

@Suite("Output that GitHub's runner reads")
struct WorkflowCommandTests {
    private func written(_ hasCommands: Bool, _ body: (Report) throws -> Void) rethrows -> String {
        let bytes = Mutex<[UInt8]>([])
        try body(Report(on: Terminal(hasCommands: hasCommands) { new in bytes.withLock { $0 += new } }))
        return String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }

    /// Whether the runner would read a command in a line, by the rules of its ActionCommand.cs.
    private func isCommand(_ line: Substring) -> Bool {
        line.drop { $0.isWhitespace }.hasPrefix("::") || line.contains("##[")
    }

    @Test(
        "a log's line is no command, wherever it stands and however it is written",
        arguments: ["::stop-commands::x", "  \u{A0}::error::x", "x ##[add-mask]y", "####[error]x", "##[[x]", "a\n::error::b\n##[x]"])
    func escaped(_ text: String) throws {
        let output = try written(true) { report in
            report.text("\(text)")
            report.text("    \(text)")
            report.lines(text)
            report.indented(text)
            report.message("note: ", text)
            report.piece(text + "\n")
            try report.json(["a": text])
        }
        #expect(!output.split(separator: "\n").contains(where: isCommand), "\(output)")
        #expect(written(false) { $0.lines(text) } == text + "\n", "elsewhere nothing changes")
    }

    @Test("our own annotations stay commands, and text with colons in it stays as it is")
    func own() {
        #expect(written(true) { $0.commands("::error title=a::b") } == "::error title=a::b\n")
        #expect(written(true) { $0.text("a::b [c] ## d :: e") } == "a::b [c] ## d :: e\n")
    }

    @Test("a runner is known by GITHUB_ACTIONS", arguments: [("true", true), ("false", false), ("", false)])
    func environment(_ value: String, _ isRead: Bool) { #expect(WorkflowCommands.isRead(in: ["GITHUB_ACTIONS": value]) == isRead) }
}
