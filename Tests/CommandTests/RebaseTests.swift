import Foundation
import Model
import Testing

@Suite("Carrying a patch over to another version", .timeLimit(.minutes(3)))
struct RebaseTests {
    private static let old = (1...12).map { "line \($0)\n" }.joined()

    private static let head = "From: Zoë T <zoe@example.org>\nSubject: [PATCH] nine\n\nBecause.\n"

    /// An upstream whose file has moved lines in 1.2.0 and changed lines in 1.3.0, and a patch written for 1.1.0.
    private func origin() throws -> Origin {
        let origin = try Origin()
        func release(_ version: String, _ subject: String, _ text: String) throws {
            try origin.write("tree/lib.txt", text)
            try origin.git("add", "-A")
            try origin.git("commit", "-q", "-m", subject)
            try origin.git("tag", "-f", "-a", "v\(version)", "-m", version)
        }
        try release("1.1.0", "lib: begin", Self.old)
        try release("1.2.0", "lib: say more at the top", "new top\n\n" + Self.old.replacing("line 6\n", with: "line six\n"))
        try release("1.3.0", "lib: another line nine", Self.old.replacing("line 9\n", with: "line nine\n"))
        try origin.run("git", "-C", "served/up.git", "fetch", "-q", "\(origin.path)/tree", "+refs/*:refs/*")
        try origin.gitRecipe(url: "\(origin.path)/served/up.git")
        let entry = "\(origin.path)/project/patches/thing/nine"
        try FileManager.default.createDirectory(atPath: entry, withIntermediateDirectories: true)
        try origin.write(
            "project/patches/thing/nine/patch.yaml",
            """
            title: nine is better
            why: because
            upstream: thing
            versions: "*"
            variants:
              - name: v1.1
                versions: ">=1.1 <1.2"
            evidence: none
            status: local

            """)
        try origin.write(
            "project/patches/thing/nine/v1.1.patch",
            "\(Self.head)---\n\n--- a/lib.txt\n+++ b/lib.txt\n@@ -6,6 +6,6 @@\n line 6\n line 7\n line 8\n-line 9\n+line 9, better\n line 10\n line 11\n"
        )
        for version in ["1.1.0", "1.2.0", "1.3.0"] {
            let fetched = try origin.tool.run(["fetch", "thing@\(version)"])
            #expect(fetched.status == 0, "\(fetched.errors)")
        }
        return origin
    }

    @Test("where the lines moved and one of the context is another, a clean merge becomes a new variant that applies")
    func clean() throws {
        let origin = try origin()
        let before = try origin.tool.run(["patch", "thing@1.2.0", "--series", "nine"])
        #expect(before.status == 1, "\(before.output)")
        let rebased = try origin.tool.run([
            "patches", "rebase", "nine", "--onto", "thing@1.2.0", "--base", "thing@1.1.0", "--name", "v1.2", "--versions", ">=1.2 <1.3",
            "--json",
        ])
        #expect(rebased.status == 0, "\(rebased.errors)")
        try expectDocument(rebased.output, is: "patches-rebase")
        let text = try String(contentsOfFile: "\(origin.path)/project/patches/thing/nine/v1.2.patch", encoding: .utf8)
        #expect(text.hasPrefix("\(Self.head)---\n\n") && text.contains("+line 9, better\n"), "the author's message stays: \(text)")
        let after = try origin.tool.run(["patch", "thing@1.2.0", "--series", "nine", "--json"])
        #expect(after.status == 0, "\(after.errors)")
        try expectDocument(after.output, is: "patch")
        let still = try origin.tool.run(["patch", "thing@1.1.0", "--series", "nine"])
        #expect(still.status == 0, "\(still.errors)")
    }

    @Test("a conflict shows the markers and what upstream did in between, and changes nothing")
    func conflict() throws {
        let origin = try origin()
        let words = ["patches", "rebase", "nine", "--onto", "thing@1.3.0", "--base", "thing@1.1.0"]
        let rebased = try origin.tool.run(words)
        try expectDocument(try origin.tool.run(words + ["--json"]).output, is: "patches-rebase")
        #expect(rebased.status == 1, "\(rebased.errors)")
        #expect(
            rebased.output.contains("<<<<<<< v1.1") && rebased.output.contains("line nine") && rebased.output.contains("line 9, better"))
        #expect(rebased.output.contains("lib: another line nine") && rebased.output.contains("lib: say more at the top"))
        #expect(!rebased.output.contains("lib: begin"), "the log is of what came in between")
        let entry = "\(origin.path)/project/patches/thing/nine"
        #expect(try FileManager.default.contentsOfDirectory(atPath: entry).sorted() == ["patch.yaml", "v1.1.patch"])
    }
}
