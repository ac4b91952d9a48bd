import ExitCodes
import Foundation
import Git
import Testing
import UnifiedDiff

@Suite("How a patch stands to a file")
struct FitTests {
    private func patch(_ hunk: String, header: String = "--- a/f.go\n+++ b/f.go\n") throws -> Patch {
        try Patch(Array((header + hunk).utf8), name: "p")
    }

    private func standing(_ text: String?) -> Standing { text.map { .file(TreeFile(Array($0.utf8))) } ?? .nothing }

    private func match(_ patch: Patch, _ text: String?) throws -> PatchMatch { try patch.match { _ in standing(text) } }

    @Test(
        "a change that is there already is upstream: whether the patch applies backwards, or another author wrote the same lines elsewhere")
    func upstream() throws {
        let patch = try patch("@@ -1,2 +1,4 @@\n one\n+\t// ours\n+\tif missing(err) {\n two\n")
        #expect(try match(patch, "one\n\t// ours\n\tif missing(err) {\ntwo\n").state == .upstream)
        #expect(try match(patch, "zero\none and a half\n    if  missing(err) {\nthree\n").state == .upstream)
        #expect(try match(patch, "zero\none and a half\nthree\n").state == .differs)
    }

    @Test("a patch that still applies is never called obsolete, even where its lines stand elsewhere in the file")
    func applies() throws {
        let patch = try patch("@@ -1,2 +1,3 @@\n one\n+\tif missing(err) {\n two\n")
        #expect(try match(patch, "one\ntwo\n\tif missing(err) {\n").state == .applies)
    }

    @Test("a removed line that is still there, or added lines that do not stand together, are not upstream")
    func notUpstream() throws {
        let change = try patch("@@ -1,3 +1,3 @@\n a\n-old line\n+new line\n b\n")
        #expect(try match(change, "x\nold line\nnew line\n").state == .differs)
        #expect(try match(change, "x\nnew line\n").state == .upstream)
        let two = try patch("@@ -1 +1,3 @@\n a\n+first line\n+second line\n")
        #expect(try match(two, "first line\nbetween\nsecond line\n").state == .differs)
        let brace = try patch("@@ -1 +1,2 @@\n a\n+}\n")
        #expect(try match(brace, "x\n}\n").state == .differs)
    }

    @Test("of a patch that does not fit it is told how many of its lines are there")
    func nearness() throws {
        let patch = try patch("@@ -1,3 +1,4 @@\n one\n two\n+new\n three\n")
        let match = try match(patch, "zero\none\ntwo\nother\n")
        #expect(match.matched == 2 && match.wanted == 3)
        #expect(try self.match(patch, nil).matched == 0)
    }

    @Test("applying to bytes gives what applying to a tree gives, moved hunks and a missing last line break included")
    func sameAsTree() throws {
        let fixture = try RepositoryFixture()
        let before = "zero\none\ntwo\nx\ny\nz\nlast"
        let patch = try patch(
            "@@ -1,2 +1,2 @@\n one\n-two\n+2\n@@ -5,2 +5,2 @@\n z\n-last\n\\ No newline at end of file\n+end\n\\ No newline at end of file\n"
        )
        let tree = try fixture.repository.apply(patch, to: try fixture.tree(["f.go": before]), under: ".")
        let after = try patch.applied { _ in standing(before) }[0].after?.bytes
        #expect(try fixture.repository.blob(at: "f.go", of: tree) == after)
        #expect(after == Array("zero\none\n2\nx\ny\nz\nend".utf8))
    }

    @Test("a patch written with other paths is read as the same hunks")
    func renamed() throws {
        let patch = try patch("@@ -1,2 +1,3 @@\n one\n+new\n two\n@@ -8,1 +9,0 @@\n-gone\n")
        let again = try Patch(patch.text { "deep/\($0)" }, name: "again")
        #expect(again.files.map(\.path) == ["deep/f.go"])
        #expect(again.files[0].hunks.map(\.lines) == patch.files[0].hunks.map(\.lines))
        #expect(again.files[0].hunks.map(\.oldStart) == [1, 8])
    }

    @Test("a file's diff is a patch that makes the one of the other; of equal contents it is empty")
    func diff() throws {
        let (one, other) = ("a\nb\nc\nd\ne\nf\n", "a\nb\nC\nd\ne\nf\ng\n")
        let text = try FileDiff.text(path: "f.go", before: TreeFile(Array(one.utf8)), after: TreeFile(Array(other.utf8)))
        #expect(try Patch(text, name: "d").applied { _ in standing(one) }[0].after?.bytes == Array(other.utf8))
        #expect(try FileDiff.text(path: "f.go", before: TreeFile(Array(one.utf8)), after: TreeFile(Array(one.utf8))).isEmpty)
        let made = try Patch(try FileDiff.text(path: "new.go", before: nil, after: TreeFile(Array(one.utf8))), name: "m")
        #expect(made.files[0].change == .made && made.files[0].path == "new.go")
    }

    @Test("a commit of a folder is its subject and a patch; the first one too")
    func commit() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("work", ["f.go": "one\n"])
        let author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        try fixture.run("git", ["init", "-q"], in: folder)
        for (text, subject) in [("one\n", "First"), ("two\n", "Second\n\nBody.")] {
            try fixture.write("work/f.go", Data(text.utf8))
            try fixture.run("git", ["add", "."], in: folder)
            try fixture.run("git", author + ["commit", "-qm", subject], in: folder)
        }
        let commit = try LocalCommit("HEAD", in: folder)
        #expect(commit.subject == "Second")
        #expect(try Patch(commit.diff, name: "c").applied { _ in standing("one\n") }[0].after?.bytes == Array("two\n".utf8))
        #expect(try Patch(try LocalCommit("HEAD~1", in: folder).diff, name: "c").files[0].change == .made)
        let missing = #expect(throws: LocalCommitError.self) { try LocalCommit("nothing", in: folder) }
        #expect(missing?.description.contains("nothing") == true && missing?.exitStatus == .usage)
    }

    @Test("what a user can mistake about a commit is told in words, with what to do, and is no fault of Ninepin")
    func mistakes() throws {
        let fixture = try RepositoryFixture()
        let (full, empty) = (try fixture.folder("full", [:]), try fixture.folder("empty", [:]))
        let author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        try fixture.run("git", ["init", "-q", "-b", "main"], in: full)
        for name in ["one", "two", "three"] { try fixture.run("git", author + ["commit", "-q", "--allow-empty", "-m", name], in: full) }
        try fixture.run("git", ["clone", "-q", "--depth", "1", "file://\(full)", "shallow"], in: fixture.path)
        let shallow = "\(fixture.path)/shallow"
        let cases: [(String, String, String, ExitCodes.ExitStatus)] = [
            ("nosuch", full, "there is no commit 'nosuch'", .usage), ("", full, "there is no commit ''", .usage),
            (" ", full, "there is no commit", .usage), ("HEAD^{tree}", full, "there is no commit", .usage),
            ("@{u}", full, "there is no commit", .usage), ("HEAD", empty, "there is no git repository", .usage),
            ("HEAD", shallow, "git fetch --unshallow", .missing),
        ]
        for (revision, folder, words, status) in cases {
            let error = #expect(throws: LocalCommitError.self, "\(revision)") { try LocalCommit(revision, in: folder) }
            #expect(error?.description.contains(words) == true && error?.exitStatus == status, "\(String(describing: error))")
        }
        for (range, words) in [
            ("main...HEAD", "expected A..B"), ("nosuch..HEAD", "there is no commit 'nosuch'"),
            ("HEAD..nosuch", "there is no commit 'nosuch'"),
            ("HEAD..HEAD", "has no commits"), ("../../x..y", "expected"), ("..", "expected"),
        ] {
            let error = #expect(throws: LocalCommitError.self, "\(range)") { try LocalCommit.range(range, in: full) }
            #expect(error?.description.contains(words) == true && error?.exitStatus == .usage, "\(String(describing: error))")
        }
    }
}
