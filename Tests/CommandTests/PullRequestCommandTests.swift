import Foundation
import Testing

@Suite("ninepin pr, for what a project has now", .timeLimit(.minutes(2)))
struct PullRequestCommandTests {
    private static let code =
        "package fs\n\nfunc read() error {\n\treturn open(\"usage\")\n}\n\nfunc open(name string) error { return nil }\n"
    private static let patch = """
        --- a/fs/read.go
        +++ b/fs/read.go
        @@ -3,3 +3,4 @@
         func read() error {
        +\t// A gap is no data.
         \treturn open("usage")
         }

        """

    private let place: ProjectFixture
    private let tool: Tool

    /// A project with one patch, and the upstream's repository in the place of the public one.
    init() throws {
        place = try ProjectFixture()
        var tool = place.tool
        tool.project = "\(place.path)/project"
        for (file, text) in [
            ("patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [fs/read.go]\nhomes: [., lib]\n"),
            (
                "patches/up/gap/patch.yaml",
                "title: t\nwhy: w\nupstream: up\nversions: '*'\nevidence: e\nstatus: local\nvariants:\n  - {name: v1, versions: '*'}\n"
            ),
            ("patches/up/gap/v1.patch", Self.patch),
            ("patches/up/gap/pull-request.yaml", "area: fs\nsubject: tolerate a gap\nproblem: A gap.\nsolution: No data.\n"),
            (
                "patches/projects/plain.yaml",
                """
                title: up/plain
                homes: [{upstream: up, path: .}]
                isVendored: false
                subject: {style: area, longest: 50}
                signsOff: true
                message: "{problem} {solution}"
                text: "{problem} {evidence}"
                rules: [{rule: the sign-off, check: signOff}]

                """
            ),
            ("recipes/none.yaml", "title: none\n"),
        ] { _ = try place.write("project/\(file)", text) }
        try FileManager.default.removeItem(atPath: "\(place.path)/project/recipes/none.yaml")
        try Self.commit(["fs/read.go": Self.code], "first", in: "\(place.path)/up")
        tool.environment = ["GIT_CONFIG_GLOBAL": try Self.settings(place, from: "file://\(place.path)/up"), "GIT_CONFIG_NOSYSTEM": "1"]
        self.tool = tool
    }

    private static func settings(_ place: ProjectFixture, from address: String) throws -> String {
        try place.write(
            "gitconfig", "[user]\nname = A\nemail = a@example.org\n[url \"\(address)\"]\ninsteadOf = https://github.com/up/plain\n")
    }

    @discardableResult
    private static func git(_ arguments: [String], in folder: String) throws -> String {
        try GitFolder.run(
            "/usr/bin/git", ["-c", "user.name=U", "-c", "user.email=u@example.org"] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder, "GIT_CONFIG_GLOBAL": "/dev/null"], folder: folder)
    }

    private static func commit(_ files: [String: String], _ subject: String, in folder: String) throws {
        let isNew = !FileManager.default.fileExists(atPath: folder)
        for (file, text) in files {
            let url = URL(filePath: "\(folder)/\(file)")
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        if isNew { try git(["init", "-q"], in: folder) }
        try git(["add", "-A"], in: folder)
        try git(["commit", "-q", "-m", subject], in: folder)
    }

    private func pr(_ words: String...) async throws -> Tool.Outcome {
        try await tool.ran(["pr", "gap", "--upstream", "plain", "--out", "\(place.path)/out"] + words)
    }

    private func checklist() throws -> String { try String(contentsOfFile: "\(place.path)/out/CHECKLIST.md", encoding: .utf8) }

    @Test("it is made for the newest commit, and git am -3 takes it onto a tree that has gone on")
    func newest() async throws {
        let up = "\(place.path)/up"
        try Self.commit(["fs/read.go": "// Newer.\n" + Self.code], "second", in: up)
        let made = try await pr()
        #expect(made.status == 0, "\(made)")
        let head = try Self.git(["rev-parse", "HEAD"], in: up).prefix(12)
        let first = try #require(try checklist().split(separator: "\n").first { $0.hasPrefix("- [") })
        #expect(first == "- [x] it is made for the newest commit of up/plain")
        #expect(try checklist().contains(head))
        #expect(made.output.contains("gh pr create --repo up/plain --title 'fs: tolerate a gap' --body-file"), "\(made.output)")
        // The context has changed, so only the blobs tell where the change belongs.
        try Self.commit(
            ["fs/read.go": "// Newest.\n" + Self.code.replacing("package fs\n", with: "package fs // files\n")], "third", in: up)
        try Self.git(["am", "-q", "-3", "\(place.path)/out/0001-fs-tolerate-a-gap.patch"], in: up)
        let text = try String(contentsOfFile: "\(up)/fs/read.go", encoding: .utf8)
        #expect(text.contains("// A gap is no data.") && text.contains("// Newest."))
    }

    @Test("code that upstream has moved is found where it is now")
    func moved() async throws {
        try Self.git(["rm", "-q", "-r", "fs"], in: "\(place.path)/up")
        try Self.commit(["lib/fs/read.go": Self.code], "moved", in: "\(place.path)/up")
        let made = try await pr("--json")
        #expect(made.status == 0, "\(made)")
        try expectDocument(made.output, is: "pr")
        let patch = try String(contentsOfFile: "\(place.path)/out/0001-fs-tolerate-a-gap.patch", encoding: .utf8)
        #expect(patch.contains("--- a/lib/fs/read.go\n"), "\(patch)")
    }

    @Test("a project that has only a copy of the code in vendor/ is not sent the change, from the newest commit or from a folder of it")
    func copied() async throws {
        let up = "\(place.path)/up"
        try Self.git(["rm", "-q", "-r", "fs"], in: up)
        _ = try place.write(
            "project/patches/up/upstream.yaml",
            "title: t\nmodules: [example.org/up]\nmarks: [fs/read.go]\nhomes: [., vendor/example.org/up]\n")
        try Self.commit(["vendor/example.org/up/fs/read.go": Self.code, "go.mod": "module github.com/up/plain\n"], "vendored", in: up)
        for made in [try await pr(), try await pr("--source", up, "--allow-old")] {
            #expect(made.status == 1 && made.errors.contains("has only a copy of up, in vendor/example.org/up"), "\(made)")
            #expect(!FileManager.default.fileExists(atPath: "\(place.path)/out"))
        }
        // The same tree, as a recipe's source.
        _ = try place.write(
            "project/recipes/own.yaml",
            "title: t\nversion: 1.0.0\nimportPath: github.com/up/plain\nsource: {git: {url: 'file://\(up)', ref: HEAD}}\n"
                + "upstreams: {up: {path: vendor/example.org/up}}\ntoolchain: '*'\n")
        let own = try await pr("--recipe", "own", "--allow-old")
        #expect(own.status == 1 && own.errors.contains("has only a copy of up, in vendor/example.org/up"), "\(own)")
        // Another project's tree with the same copy is a base: the change is the same, and the paths are the project's.
        try Self.commit(["go.mod": "module example.org/other\n"], "another module", in: up)
        let made = try await pr("--source", up, "--allow-old")
        let patch = try String(contentsOfFile: "\(place.path)/out/0001-fs-tolerate-a-gap.patch", encoding: .utf8)
        #expect(made.status == 0 && patch.contains("--- a/fs/read.go\n"), "\(made)")
    }

    @Test("a patch that no longer fits what upstream has now is an error, and nothing is written")
    func misfit() async throws {
        try Self.commit(["fs/read.go": "package fs\n"], "rewritten", in: "\(place.path)/up")
        let made = try await pr()
        #expect(made.status == 1 && made.errors.contains("does not apply"), "\(made)")
        #expect(!FileManager.default.fileExists(atPath: "\(place.path)/out"))
    }

    @Test("where upstream cannot be reached, the first line says so, and the exit code is 1 without --allow-old", arguments: [true, false])
    func unreachable(_ isAllowed: Bool) async throws {
        // Port 1 refuses.
        _ = try Self.settings(place, from: "http://127.0.0.1:1/up")
        let made = try await isAllowed ? pr("--allow-old") : pr()
        #expect(made.status == (isAllowed ? 0 : 1), "\(made)")
        let page = try checklist()
        #expect(
            page.contains("- [ ] it is made for the newest commit of up/plain\n      https://github.com/up/plain could not be reached"),
            "\(page)")
        #expect(made.output.contains("open      it is made for the newest commit"), "\(made.output)")
    }

    @Test("for a folder nobody looks at what upstream has, and the checklist says so")
    func folder() async throws {
        let made = try await pr("--source", "\(place.path)/up")
        #expect(made.status == 1, "\(made)")
        #expect(try checklist().contains("- [ ] it is made for the newest commit of up/plain\n      it was not compared"))
    }
}
