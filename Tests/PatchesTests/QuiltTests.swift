import GitHistory
import Model
import Patches
import SystemPackage
import Testing
import UnifiedDiff

@Suite("Quilt series")
struct QuiltTests {
    private typealias Bench = GitBench

    private static func hunk(_ old: String, _ new: String) -> String { "--- \(old)\n+++ \(new)\n@@ -1,2 +1,2 @@\n-fs 1\n+FS 1\n fs 2\n" }
    private static func made(_ name: String) -> String { "--- /dev/null\n+++ \(name)\n@@ -0,0 +1 @@\n+x\n" }

    private func series(_ bench: GitBench, _ files: [String: String], _ list: String) throws -> PatchImport {
        for (name, text) in files { try bench.write("quilt/\(name)", text) }
        try bench.write("quilt/series", list)
        return try PatchImport(folder: FilePath("\(bench.path)/quilt"))
    }

    @Test(
        "the path is what patch(1) makes of the name with the option of the series, or with -p1, and stays so when it is stored",
        arguments: [
            (made("fs/new.go"), " -p0", "fs/new.go"), (made("b/new.go"), " -p0", "b/new.go"), (made("up/fs/new.go"), " -p1", "fs/new.go"),
            (made("up/fs/new.go"), "", "fs/new.go"), (made("b/fs/new.go"), " -pab", "fs/new.go"),
            (hunk("fs/fs.go", "fs/fs.go"), " -p1", "fs.go"),
            (hunk("fs/fs.go", "fs/fs.go"), "", "fs.go"), (hunk("fs/fs.go", "fs/fs.go"), " -p0", "fs/fs.go"),
            (hunk("x.orig/fs/fs.go", "x/fs/fs.go"), "", "fs/fs.go"), (hunk("fs/fs.go.orig", "fs/fs.go"), " -p0", "fs/fs.go"),
            (hunk("./fs/fs.go", "./fs/fs.go"), " -p1", "fs/fs.go"), (hunk("a/fs/fs.go", "b/fs/fs.go"), " -p1", "fs/fs.go"),
            ("diff --git fs/new.go fs/new.go\nnew file mode 100644\nindex 0000000..e69de29\n", " -p0", "fs/new.go"),
            ("diff --git a/fs/fs.go b/fs/no.go\nsimilarity index 100%\nrename from fs/fs.go\nrename to fs/no.go\n", "", "fs/no.go"),
        ])
    func paths(_ diff: String, _ option: String, _ path: String) throws {
        let bench = try Bench()
        for head in ["", "From: A B <a@b.c>\nSubject: s\n\nText\n\n"] {
            let mail = try #require(try series(bench, ["a.patch": head + diff], "a.patch\(option)\n").mails.first)
            #expect(try Patch(mail.text, name: "stored").files.map(\.path) == [path])
            #expect(try PatchMessage(of: mail.text)?.body == (head.isEmpty ? nil : "Text"))
        }
    }

    @Test(
        "names that do not fit the option are refused, not guessed",
        arguments: [
            (hunk("a/fs/fs.go", "b/fs/fs.go"), " -p0"), (hunk("fs.go", "fs.go"), ""), (made("new.go"), " -p1"), (made("a/n"), " -p 1"),
        ])
    func misfits(_ diff: String, _ option: String) throws {
        let bench = try Bench()
        #expect(throws: (any Error).self) { try series(bench, ["a.patch": diff], "a.patch\(option)\n") }
    }

    @Test("a file with two messages is two patches, each with its author")
    func twoMessages() throws {
        let bench = try Bench()
        let text = Bench.mail() + Bench.mail(from: "C D <c@d.e>", subject: "[PATCH 2/2] fs: second", diff: Bench.otherDiff)
        let mails = try series(bench, ["a.patch": text], "a.patch\n").mails
        #expect(mails.map { $0.message?.author?.name } == ["A B", "C D"])
        #expect(mails.map(\.text).flatMap(\.self) == Array(text.utf8))
    }

    @Test("fields of DEP-3 without a place of their own stay in the message: further authors, sign-offs, origin and bug")
    func dep3() throws {
        let bench = try Bench()
        let head = """
            Description: fs: do it
             A longer description
             .
             Second para.
            Author: A B <a@b.c>
            Author: C D <c@d.e>
            Origin: upstream, https://x/y
            Bug-Debian: https://bugs/1
            Reviewed-by: R <r@x>
            Signed-off-by: A B <a@b.c>
            Last-Update: 2020-01-02
            ---

            """
        let kept =
            "Author: C D <c@d.e>\nOrigin: upstream, https://x/y\nBug-Debian: https://bugs/1\nReviewed-by: R <r@x>\nSigned-off-by: A B <a@b.c>"
        let mails = try series(bench, ["a.patch": head + Bench.diff], "a.patch\n").mails
        #expect(mails[0].message?.body == "A longer description\n\nSecond para.\n\n\(kept)")
        let commit = try bench.commits(of: bench.stored(PatchImport(folder: FilePath("\(bench.path)/quilt")))).last
        #expect(commit?.hasPrefix("A B <a@b.c>|1577923200 +0000|") == true && commit?.hasSuffix("\(kept)\n") == true, "\(commit ?? "")")
    }

    @Test(
        "an author is found without a description, behind free text, and among others; an author without an address stays in the text",
        arguments: [
            ("Author: A B <a@b.c>\n\n", nil, ""), ("The subject\n\nFrom: A B <a@b.c>\n\nText\n\n", "The subject", "Text"),
            ("Free\n\nDescription: d\nAuthor: A B <a@b.c>\n\n", "d", "Free"),
            ("Description: d\nAuthor: A B <a@b.c>, C <c@d.e>\n\n", "d", "Author: A B <a@b.c>, C <c@d.e>"),
            (
                "From: A B <a@b.c>\nSubject: d\nBug: https://x\n\nBody\nSigned-off-by: A\n\n", "d",
                "Body\nSigned-off-by: A\n\nBug: https://x"
            ),
        ])
    func authors(_ head: String, _ subject: String?, _ body: String) throws {
        let message = try #require(try PatchMessage(of: Array((head + Bench.diff).utf8)))
        #expect(try message.author == Author(name: "A B", email: "a@b.c"))
        #expect(message.subject == subject && message.body == body)
        let nobody = try PatchMessage(of: Array("Description: d\nAuthor: Team\n\n\(Bench.diff)".utf8))
        #expect(nobody == PatchMessage(author: nil, date: nil, subject: "d", body: "Author: Team"))
    }
}

@Suite("The text of a new entry")
struct EntryTextTests {
    @Test(
        "a reason and evidence are read again as they were given, however they begin",
        arguments: [
            "  a\nb", "\ttab", " * one\n * two", "\n\nempty lines first", "# no comment", "- a\n- b", "a: b", "--- \n...", "a \n b",
        ])
    func kept(_ text: String) throws {
        let bench = try GitBench()
        let mail = try #require(try bench.series(Array(GitBench.mail().utf8)).mails.first)
        let name = try #require(PatchName("up/x"))
        let draft = PatchDraft(
            name: name, title: "t", why: text, evidence: text, variant: "v1", versions: try #require(VersionRange("*")))
        let registry = try Registry(FilePath("\(bench.path)/project/patches"))
        try registry.write([try registry.plan(draft, mail)])
        let entry = try Registry(FilePath("\(bench.path)/project/patches")).entry(named: "x")
        #expect(entry.why.trimmingEnd == text.trimmingEnd && entry.evidence.trimmingEnd == text.trimmingEnd)
    }

    @Test("control characters are escaped, not written")
    func controls() throws {
        let bench = try GitBench()
        let mail = try #require(try bench.series(Array(GitBench.mail().utf8)).mails.first)
        let draft = PatchDraft(
            name: try #require(PatchName("up/x")), title: "t\u{1B}[2J", why: "w\u{7}\r\nx", evidence: "e\u{0}\u{85}", variant: "v1",
            versions: try #require(VersionRange("*")))
        let registry = try Registry(FilePath("\(bench.path)/project/patches"))
        try registry.write([try registry.plan(draft, mail)])
        let entry = try Registry(FilePath("\(bench.path)/project/patches")).entry(named: "x")
        #expect(entry.why.trimmingEnd == "w\\u{7}\\u{D}\nx" && entry.evidence.trimmingEnd == "e\\u{0}\\u{85}")
    }
}

extension String {
    /// Without line breaks at the end, which a block scalar does not keep.
    fileprivate var trimmingEnd: String { String(reversed().drop { $0 == "\n" }.reversed()) }
}
