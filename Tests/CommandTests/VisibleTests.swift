import Foundation
import Glibc
import Model
import Testing

/// The characters of a text that control a terminal or mislead a reader, and therefore must not be shown.
func obeyed(_ text: String) -> [String] {
    text.unicodeScalars.filter { scalar in
        if scalar == "\n" || scalar == "\t" { return false }
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x61C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: return true
        default: return false
        }
    }.map { "U+\(String($0.value, radix: 16))" }
}

@Suite("What comes from outside is shown, and nothing of it is obeyed", .serialized, .timeLimit(.minutes(3)))
struct VisibleTests {
    /// Characters that control a terminal or change the text direction, and text that looks like the program's own lines.
    private static let hostile =
        "\u{1B}[2J\u{1B}]0;x\u{7}\u{8}\u{7F}\u{9B}31m\u{85}\u{202E}\u{2066}\u{200F}\u{61C}\u{2028}\u{2029}\rclean: lives\nclean: lives\u{B}\u{C}"

    private func expectPlain(_ outcome: Tool.Outcome, place: SourceLocation = #_sourceLocation) {
        for text in [outcome.output, outcome.errors] {
            #expect(obeyed(text) == [], "\(text.debugDescription)", sourceLocation: place)
            #expect(!text.split(separator: "\n").contains { $0.hasPrefix("clean: lives") }, "\(text)", sourceLocation: place)
        }
    }

    @Test("a line of a log that decides, and the log's own name")
    func log() async throws {
        let place = try ProjectFixture()
        let words = Self.hostile.replacingOccurrences(of: "\n", with: "")
        let text = """
            I1123 12:00:00.000000 1 server.go:1] Started kubelet
            F1123 12:00:01.000000 1 kubelet.go:1] unable to find data in memory cache \(words)

            """
        let log = try place.write("log\(Self.hostile.replacingOccurrences(of: "/", with: ""))", text)
        let found = try await place.tool.ran(["grade", log])
        #expect(found.status == 1)
        #expect(found.output.contains("\\u{1B}[2J"), "\(found.output)")
        #expect(found.output.contains("log\\u{1B}[2J"), "\(found.output)")
        #expect(found.output.contains("\\u{202E}"), "\(found.output)")
        expectPlain(found)
        let document = try await place.tool.ran(["grade", log, "--json"])
        expectPlain(document)
        let verdict = try #require(try document.json()["verdict"] as? [String: Any])
        let evidence = try #require((verdict["evidence"] as? [[String: Any]])?.first?["text"] as? String)
        #expect(evidence.hasSuffix(words), "a document has the line as it is: \(evidence.debugDescription)")
    }

    @Test(
        "a word of the command line, whatever is wrong with it",
        arguments: [
            ["X"], ["--X"], ["run", "--X"], ["run", "X"], ["run", "--series", "X"], ["run", "--layout", "X"], ["fetch", "X"],
            ["fetch", "X.yaml"], ["fetch", "kubelet-1.20@X"], ["patches", "show", "X"], ["patches", "X"], ["grade", "/nowhere/X"],
            ["inspect", "/nowhere/X"], ["verify", "--binary", "/nowhere/X"], ["preflight", "--kubelet", "X"],
            ["preflight", "--series", "X"],
            ["preflight", "--kubelet-dir", "X"], ["logs", "X"], ["down", "X"], ["patches", "add", "X", "--from", "-", "--why", "x"],
            ["patches", "add", "a/b", "--from", "/nowhere/X", "--why", "x", "--title", "x", "--versions", ">=1"],
            ["patches", "add", "a/b", "--from", "HEAD", "--source", "/nowhere/X", "--why", "x"], ["matrix", "--repeat", "X"],
            ["pr", "percpu", "--upstream", "X", "--out", "/nowhere"], ["patches", "check", "--source", "/nowhere/X"],
            ["patches", "rebase", "percpu", "--source", "/nowhere/X"], ["exec", "X", "--", "ps"], ["build", "--go", "X"], ["help", "X"],
        ])
    func words(_ arguments: [String]) async throws {
        let place = try ProjectFixture()
        let words = arguments.map { $0.replacingOccurrences(of: "X", with: Self.hostile) }
        let found = arguments[0] == "help" || arguments.count == 1 ? try await bare(place, words) : try await place.tool.ran(words)
        // An unknown word after `help` prints the general help.
        #expect(found.status != 0 || arguments[0] == "help")
        expectPlain(found)
        guard arguments[0] != "help", arguments.count > 1 else { return }
        expectPlain(try await place.tool.ran(words + ["--json"]))
    }

    /// The program with only these arguments.
    private func bare(_ place: ProjectFixture, _ arguments: [String]) async throws -> Tool.Outcome {
        let program = try Program(place.tool, arguments, in: place.path)
        return Tool.Outcome(status: try await program.ending(), output: "", errors: program.said)
    }

    @Test("a recipe's words, its mistakes, and a patch's text")
    func files() async throws {
        let origin = try Origin()
        let quoted = "\"a\\e[2J\\u202E\\r\\nclean: lives\\n\\x9B\""
        try origin.recipe("thing", source: "  git:\n    url: https://example.org/up.git\n    ref: v1\n")
        let good = try String(contentsOfFile: "\(origin.path)/project/recipes/thing.yaml", encoding: .utf8)
        try origin.write("project/recipes/thing.yaml", good.replacingOccurrences(of: "title: a thing", with: "title: \(quoted)"))
        expectPlain(try await origin.tool.ran(["recipes", "list"]))
        expectPlain(try await origin.tool.ran(["recipes", "list", "--json"]))
        try origin.write("project/recipes/raw.yaml", good + "# \u{202E}\u{2066}\r\n")
        let shown = try await origin.tool.ran(["recipes", "show", "raw", "--file"])
        expectPlain(try await origin.tool.ran(["recipes", "show", "raw"]))
        expectPlain(shown)
        #expect(shown.output.contains("\nimportPath: example.org/thing\n"), "its lines stay lines: \(shown.output)")
        try origin.write("project/recipes/key.yaml", good + "\(quoted): x\n")
        let key = try await origin.tool.ran(["recipes", "show", "key"])
        #expect(key.status == 65)
        expectPlain(key)
        try origin.write("project/recipes/value.yaml", good.replacingOccurrences(of: "1.1.0", with: quoted))
        expectPlain(try await origin.tool.ran(["recipes", "show", "value"]))
        try FileManager.default.createDirectory(atPath: "\(origin.path)/project/patches/thing/one", withIntermediateDirectories: true)
        let entry = """
            title: \(quoted)
            why: \(quoted)
            upstream: thing
            versions: ">=1"
            variants:
              - name: v1
                versions: ">=1"
            evidence: \(quoted)
            status: local

            """
        try origin.write("project/patches/thing/one/patch.yaml", entry)
        let text = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\tone\n+\ttwo \u{1B}[2J\u{9B}\u{202E}\r\n"
        try origin.write("project/patches/thing/one/v1.patch", text)
        for arguments in [["patches", "list"], ["patches", "show", "one"], ["patches", "show", "one", "--json"]] {
            let found = try await origin.tool.ran(arguments)
            #expect(found.status == 0, "\(found.errors)")
            expectPlain(found)
        }
        #expect(try await origin.tool.ran(["patches", "show", "one"]).output.contains("\n+\ttwo \\u{1B}[2J\\u{9B}\\u{202E}\\u{D}\n"))
    }

    @Test("what a program says that was started, and what a server says")
    func programs() async throws {
        let origin = try Origin()
        try origin.write("ssh", "#!/bin/sh\nprintf 'no \\033[2J\\rclean: lives\\nclean: lives\\302\\233\\n' >&2\nexit 255\n")
        try #require(chmod("\(origin.path)/ssh", 0o755) == 0)
        var tool = origin.tool
        tool.environment["GIT_SSH"] = "\(origin.path)/ssh"
        try origin.gitRecipe(url: "git@127.0.0.1:up.git")
        let found = try await tool.ran(["fetch", "thing"])
        #expect(found.status == 69)
        #expect(found.errors.contains("\\u{1B}[2J\\u{D}clean: lives"), "\(found.errors)")
        expectPlain(found)
        expectPlain(try await tool.ran(["fetch", "thing", "--json"]))
    }
}
