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
        let scalars = Array(line.unicodeScalars)
        let seen = scalars.drop { $0.properties.isWhitespace || $0 == "\u{200D}" }
        let mark = Array("##[".unicodeScalars)
        return seen.starts(with: "::".unicodeScalars) || scalars.indices.contains { scalars[$0...].starts(with: mark) }
    }

    @Test(
        "a log's line is no command, wherever it stands and however it is written",
        arguments: [
            "::stop-commands::x", "  \u{A0}::error::x", "x ##[add-mask]y", "####[error]x", "##[[x]", "##[\u{301}error]x",
            "::\u{301}error::x", "a\n::error::b\n##[x]",
        ])
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

    @Test("what the runner may pass over at the beginning of a line hides no command", arguments: ["\u{200D}", "\u{301}", "\t \u{FEFF}"])
    func passedOver(_ hidden: String) { #expect(WorkflowCommands.escaped("\(hidden)::x::y") == "\(hidden)\\u{3A}:x::y") }

    @Test("our own annotations stay commands, and text with colons in it stays as it is")
    func own() {
        #expect(written(true) { $0.commands("::error title=a::b") } == "::error title=a::b\n")
        #expect(written(true) { $0.text("a::b [c] ## d :: e") } == "a::b [c] ## d :: e\n")
    }

    @Test("what must be written as it is can be asked for before")
    func exact() {
        func isExact(_ text: String, _ hasCommands: Bool) -> Bool { Report(on: Terminal(hasCommands: hasCommands) { _ in }).isExact(text) }
        #expect(isExact("a\n\tb\n", true) && isExact(" ::x::\n", false) && !isExact(" ::x::\n", true) && !isExact("a\u{1B}", false))
    }

    @Test("a runner is known by GITHUB_ACTIONS", arguments: [("true", true), ("false", false), ("", false)])
    func environment(_ value: String, _ isRead: Bool) { #expect(WorkflowCommands.isRead(in: ["GITHUB_ACTIONS": value]) == isRead) }
}
