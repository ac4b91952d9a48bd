import Foundation
import Testing

@Suite("Series from outside and for outside", .timeLimit(.minutes(5)))
struct PatchSeriesTests {
    /// A served upstream of version 1.1.0, fetched, and two commits of other people on top of it that change the same line.
    private func origin() throws -> Origin {
        let origin = try Origin()
        try origin.write("tree/f", "one\ntwo\nthree\n")
        try origin.git("add", "-A")
        try origin.git("commit", "-q", "-m", "begin")
        try origin.git("tag", "-f", "-a", "v1.1.0", "-m", "1.1.0")
        try origin.run("git", "-C", "served/up.git", "fetch", "-q", "\(origin.path)/tree", "+refs/*:refs/*")
        try origin.gitRecipe(url: "\(origin.path)/served/up.git")
        for (word, author) in [("zwei", "Zoë Ä. Tester <zoe@example.org>"), ("deux", "Bo B <bo@example.org>")] {
            try origin.write("tree/f", "one\n\(word)\nthree\n")
            let body = "f: say \(word)\n\nBecause -- of it.\n\nSigned-off-by: \(author)"
            try origin.git("commit", "-q", "-a", "--author", author, "--date", "2026-02-03T04:05:06+0130", "-m", body)
        }
        let fetched = try origin.tool.run(["fetch", "thing@1.1.0"])
        #expect(fetched.status == 0, "\(fetched.errors)")
        return origin
    }

    /// The recipe's source does not tell the upstream's version.
    private let all = ["--versions", "*"]
    private let format = "--format=%an|%ae|%aI|%B"

    private func names(_ origin: Origin) throws -> [String] {
        let folder = "\(origin.path)/project/patches/thing"
        return FileManager.default.fileExists(atPath: folder) ? try FileManager.default.contentsOfDirectory(atPath: folder).sorted() : []
    }

    /// A checkout of version 1.1.0.
    private func checkout(_ origin: Origin, _ name: String) throws {
        try origin.run("git", "clone", "-q", "--branch", "v1.1.0", "served/up.git", name)
    }

    @Test("a range of commits is imported in its order; exported as a mailbox and imported again, git am makes the same commits of it")
    func range() throws {
        let origin = try origin()
        let range =
            ["patches", "import", "v1.1.0..HEAD", "--source", "\(origin.path)/tree", "--upstream", "thing", "--recipe", "thing@1.1.0"] + all
        let tried = try origin.tool.run(range + ["--dry-run", "--json"])
        #expect(try tried.status == 0 && names(origin).isEmpty, "\(tried.errors)")
        try expectDocument(tried.output, is: "patches-import")
        let made = try origin.tool.run(range)
        #expect(made.status == 0 && made.output.contains("--series thing/f-say-zwei,thing/f-say-deux"), "\(made.errors) \(made.output)")
        let wanted = try origin.git("log", format, "v1.1.0..HEAD")
        for (number, recipe) in [[], ["thing@1.1.0"]].enumerated() {
            let box = "\(origin.path)/box-\(number)"
            let exported = try origin.tool.run(["patches", "export", "f-say-zwei,f-say-deux"] + recipe + ["--out", box, "--json"])
            #expect(exported.status == 0, "\(exported.errors)")
            try expectDocument(exported.output, is: "patches-export")
            try checkout(origin, "work-\(number)")
            try origin.run("git", "-C", "work-\(number)", "am", "-q", box)
            #expect(try origin.run("git", "-C", "work-\(number)", "log", format, "v1.1.0..HEAD") == wanted)
            #expect(try origin.run("git", "-C", "work-\(number)", "rev-parse", "HEAD^{tree}") == origin.tree("HEAD"))
        }
        try origin.run("rm", "-r", "project/patches/thing")
        #expect(try origin.tool.run(["patches", "import", "\(origin.path)/box-0", "--upstream", "thing", "--versions", "*"]).status == 0)
        #expect(try origin.tool.run(["patches", "export", "f-say-zwei,f-say-deux", "--out", "\(origin.path)/again"]).status == 0)
        #expect(try Data(contentsOf: URL(filePath: "\(origin.path)/again")) == Data(contentsOf: URL(filePath: "\(origin.path)/box-0")))
    }

    @Test("quilt pushes an exported series, and its import gives the same names, authors and order")
    func quilt() throws {
        try #require(FileManager.default.isExecutableFile(atPath: "/usr/bin/quilt"), "quilt is a Debian package: ./setup installs it")
        let origin = try origin()
        let range = ["patches", "import", "v1.1.0..HEAD", "--source", "\(origin.path)/tree", "--upstream", "thing", "--versions", "*"]
        #expect(try origin.tool.run(range).status == 0)
        try checkout(origin, "work")
        let work = "\(origin.path)/work"
        let place = "\(work)/patches"
        let exported = try origin.tool.run(["patches", "export", "f-say-zwei,f-say-deux", "--as", "quilt", "--out", place])
        #expect(exported.status == 0, "\(exported.errors)")
        #expect(
            try String(contentsOfFile: "\(place)/series", encoding: .utf8) == "0001-f-say-zwei.patch\n0002-f-say-deux.patch\n")
        try origin.run("sh", "-c", "cd work && QUILT_PATCHES=patches quilt push -a")
        #expect(try origin.run("cat", "work/f") == "one\ndeux\nthree")
        try origin.run("mv", "project/patches/thing", "before")
        let imported = try origin.tool.run(["patches", "import", work, "--upstream", "thing", "--versions", "*", "--json"])
        #expect(try imported.json()["series"] as? [String] == ["thing/f-say-zwei", "thing/f-say-deux"], "\(imported.errors)")
        try expectDocument(imported.output, is: "patches-import")
        let rows = try #require(try imported.json()["patches"] as? [[String: Any]])
        #expect(rows.map { $0["author"] as? String } == ["Zoë Ä. Tester <zoe@example.org>", "Bo B <bo@example.org>"])
        let patched = try origin.tool.run(["patch", "thing@1.1.0", "--series", "f-say-zwei,f-say-deux"])
        #expect(try patched.output.hasPrefix(origin.tree("HEAD")), "\(patched.errors)")
    }

    @Test(
        "a series that leads out of its folder, has a strange option, or has one patch that is none adds nothing",
        arguments: ["../outside.patch", "/etc/passwd", "link.patch", "good.patch -p7", "good.patch\nbad.patch", "good.patch\ngone.patch"])
    func hostile(_ series: String) throws {
        let origin = try origin()
        try origin.run("mkdir", "q")
        let diff = try origin.git("diff", "v1.1.0", "HEAD") + "\n"
        for name in ["outside.patch", "q/good.patch"] { try origin.write(name, diff) }
        try origin.write("q/bad.patch", "words\n")
        try origin.run("ln", "-s", "../outside.patch", "q/link.patch")
        try origin.write("q/series", "# a comment\n\(series)\n")
        let made = try origin.tool.run(["patches", "import", "\(origin.path)/q", "--upstream", "thing", "--versions", "*"])
        #expect(made.status != 0 && !made.errors.isEmpty, "\(made.output)")
        #expect(try names(origin).isEmpty)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(origin.path)/project").filter { $0.hasPrefix(".") }
        #expect(left.isEmpty)
    }

    @Test("a name from outside is made safe: no folder, no control characters, and not the name of another")
    func safeNames() throws {
        let origin = try origin()
        let diff = try origin.git("diff", "v1.1.0", "HEAD") + "\n"
        let mail = { (subject: String) in
            "From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001\nFrom: A <a@b>\nSubject: [PATCH] \(subject)\n\n---\n\(diff)"
        }
        try origin.write("box", mail("../../etc/x\u{1B}[2J") + mail("../../etc/x [2J") + mail("…"))
        let made = try origin.tool.run(["patches", "import", "\(origin.path)/box", "--upstream", "thing", "--versions", "*"])
        #expect(made.status == 0 && !made.output.contains("\u{1B}[2J"), "\(made.errors)")
        #expect(try names(origin) == ["etc-x-2j", "etc-x-2j-2", "patch-3"])
    }

    @Test("a list of patches that is too large is refused, not read in part: a part would be another series")
    func largeList() throws {
        let origin = try origin()
        try origin.run("mkdir", "q")
        try origin.write("q/good.patch", try origin.git("diff", "v1.1.0", "HEAD") + "\n")
        try origin.write("q/series", "good.patch\n" + String(repeating: "# words\n", count: 140_000) + "good.patch\n")
        let made = try origin.tool.run(["patches", "import", "\(origin.path)/q", "--upstream", "thing", "--versions", "*"])
        #expect(made.status != 0 && made.errors.contains("larger than 1 MiB"), "\(made.errors)")
        #expect(try names(origin).isEmpty)
    }

    @Test("a merge is no series, and neither is nothing")
    func merge() throws {
        let origin = try origin()
        try origin.git("checkout", "-q", "-b", "side", "v1.1.0")
        try origin.git("commit", "-q", "--allow-empty", "-m", "side")
        try origin.git("merge", "-q", "-s", "ours", "-m", "both", "main")
        for (range, words) in [("v1.1.0..HEAD", "merge"), ("HEAD..HEAD", "no commits")] {
            let made = try origin.tool.run([
                "patches", "import", range, "--source", "\(origin.path)/tree", "--upstream", "thing", "--versions", "*",
            ])
            #expect(made.status != 0 && made.errors.contains(words), "\(made.errors)")
        }
    }

    @Test("add refuses an unknown upstream with the nearest one and all that are known")
    func unknownUpstream() throws {
        let origin = try origin()
        let made = try origin.tool.run([
            "patches", "add", "thimg/x", "--from", "HEAD", "--source", "\(origin.path)/tree", "--why", "w", "--versions", "*",
        ])
        #expect(
            made.status == 64 && made.errors.contains("did you mean 'thing'?") && made.errors.contains("known: thing"), "\(made.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(origin.path)/project/patches/thimg"))
    }

    @Test("with --recipe, add refuses a diff that does not apply to the recipe's source, and says where")
    func misfit() throws {
        let origin = try origin()
        let arguments =
            ["patches", "add", "thing/x", "--source", "\(origin.path)/tree", "--why", "w", "--recipe", "thing@1.1.0"] + all + ["--from"]
        let refused = try origin.tool.run(arguments + ["HEAD"])
        #expect(refused.status == 1 && refused.errors.contains("does not apply to the source of recipe 'thing"), "\(refused.errors)")
        #expect(refused.errors.contains("f"), "\(refused.errors)")
        #expect(try names(origin).isEmpty)
        #expect(try origin.tool.run(arguments + ["HEAD~1"]).status == 0)
        #expect(try names(origin) == ["x"])
        let checked = try origin.tool.run(["patches", "check", "x", "--json"])
        try expectDocument(checked.output, is: "patches-check")
        let rows = try #require(try checked.json()["checks"] as? [[String: Any]])
        #expect(checked.status == 0 && rows.map { $0["source"] as? String } == ["thing"], "\(checked.output) \(checked.errors)")
    }

    @Test("author, date, message and sign-offs of a commit, or of git format-patch below a vendor folder, are those of the pull request")
    func pullRequest() throws {
        let origin = try origin()
        try origin.run("mkdir", "-p", "project/patches/thing", "project/patches/projects")
        try origin.write(
            "project/patches/thing/upstream.yaml", "title: t\nmodules: [example.org/thing]\nmarks: [f]\nhomes: [., vendor/thing]\n")
        try origin.write(
            "project/patches/projects/thing.yaml",
            """
            title: up/thing
            homes: [{upstream: thing, path: .}]
            isVendored: false
            subject: {style: area, longest: 50}
            signsOff: true
            message: "{problem}"
            text: "{problem} {evidence}"
            rules: [{rule: signed, check: signOff}]

            """)
        try origin.write(
            "sent.patch",
            try origin.git("format-patch", "--stdout", "--src-prefix=a/vendor/thing/", "--dst-prefix=b/vendor/thing/", "v1.1.0..HEAD~1")
                + "\n")
        let forms = [["--from", "HEAD~1", "--source", "\(origin.path)/tree"], ["--from", "\(origin.path)/sent.patch"]]
        for (number, form) in forms.enumerated() {
            let added = try origin.tool.run(["patches", "add", "thing/p\(number)", "--why", "w", "--versions", "*"] + form)
            #expect(added.status == 0, "\(added.errors)")
            try checkout(origin, "work-\(number)")
            let made = try origin.tool.run([
                "pr", "p\(number)", "--upstream", "thing", "--source", "\(origin.path)/work-\(number)", "--allow-old", "--out",
                "\(origin.path)/out-\(number)",
            ])
            #expect(made.status == 0, "\(made.errors)")
            try origin.run("git", "-C", "work-\(number)", "am", "-q", "\(origin.path)/out-\(number)/0001-f-say-zwei.patch")
            let commit = try origin.run("git", "-C", "work-\(number)", "log", "-1", format)
            let wanted = try origin.git("log", "-1", format, "HEAD~1")
            #expect(commit == wanted + "\nSigned-off-by: A Tester <tester@example.org>")
        }
    }
}
