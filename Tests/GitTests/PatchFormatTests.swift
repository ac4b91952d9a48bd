import Foundation
import Git
import Testing
import UnifiedDiff

/// A small source tree to apply patches to.
struct FormatBench {
    let fixture: RepositoryFixture
    let tree: ObjectID

    static let source: [(path: String, mode: String, text: String)] = [
        ("container/factory.go", "100644", "package container\n"), ("docs/café.md", "100644", "one\ntwo\nthree\n"),
        ("docs/empty.md", "100644", ""), ("docs/link", "120000", "../fs/fs.go"), ("docs/with space.md", "100644", "one\ntwo\nthree\n"),
        ("fs/crlf.go", "100644", "package fs\r\n\r\nvar x = 1\r\nvar y = 2\r\nvar z = 3\r\n"), ("fs/empty.go", "100644", ""),
        ("fs/fs.go", "100644", "package fs\n\nvar a = 1\nvar b = 2\nvar c = 3\nvar d = 4\n"),
        ("fs/noeol.go", "100644", "package fs\n\nvar last = 1"), ("fs/q.sql", "100644", "select 1;\n-- old comment\nselect 2;\n"),
        ("hack/run.sh", "100755", "#!/bin/sh\necho hi\nexit 0\n"),
    ]

    init() throws {
        fixture = try RepositoryFixture()
        tree = try fixture.wholeTree(Self.source)
    }

    func apply(_ text: String) throws -> ObjectID { try apply(Array(text.utf8)) }

    /// Applies a patch, and expects that `check` and `patch` agree and that the rewritten patch is the same.
    func apply(_ text: [UInt8]) throws -> ObjectID {
        let patch = try Patch(text, name: "x.patch")
        let match = try patch.match { try fixture.repository.standing(at: $0, of: tree) }
        let made: ObjectID
        do { made = try fixture.repository.apply(patch, to: tree, under: ".") } catch {
            #expect(match.state != .applies, "check says that it applies, and patch says: \(error)")
            throw error
        }
        #expect(match.state == .applies)
        #expect(try fixture.repository.apply(Patch(patch.text { $0 }, name: "again"), to: tree, under: ".") == made)
        return made
    }

    /// The tree with some files changed; nil removes a file.
    func with(_ changes: [String: (mode: String, text: String)?]) throws -> ObjectID {
        let kept = Self.source.filter { file in !changes.keys.contains { $0.utf8.elementsEqual(file.path.utf8) } }
        return try fixture.wholeTree(kept + changes.compactMap { path, file in file.map { (path, $0.mode, $0.text) } })
    }
}

extension RepositoryFixture {
    /// A tree of files with their modes, created by git itself.
    func wholeTree(_ files: [(path: String, mode: String, text: String)]) throws -> ObjectID {
        var lines = ""
        for file in files { lines += "\(file.mode) \(try blob(file.text))\t\(file.path)\u{0}" }
        let list = "list-\(UUID())"
        try write(list, Data(lines.utf8))
        let script =
            "export GIT_INDEX_FILE=\(list).index; git --git-dir=trees.git update-index -z --index-info < \(list) && git --git-dir=trees.git write-tree"
        let id = try run("sh", ["-c", script], in: path).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let tree = ObjectID(id) else { throw CocoaError(.fileReadUnknown) }
        return tree
    }
}

@Suite("Patches of every form")
struct PatchFormatTests {
    private static let changed = "package fs\n\nvar a = 1\nvar b = 20\nvar c = 3\nvar d = 4\n"
    private static let hunk = "@@ -3,3 +3,3 @@\n var a = 1\n-var b = 2\n+var b = 20\n var c = 3\n"

    private func error(_ text: String) throws -> String {
        do {
            _ = try FormatBench().apply(text)
            Issue.record("applied: \(text)")
            return ""
        } catch { return "\(error)" }
    }

    private static func kept(_ name: String) throws -> [UInt8] {
        Array(
            try Data(contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fixtures/patches/\(name).patch")))
    }

    @Test(
        "a patch as people send it makes the tree that git makes",
        arguments: [
            ("p01-mnemonic-prefix", ["fs/fs.go": ("100644", changed)]), ("p03-quilt-orig", ["fs/fs.go": ("100644", changed)]),
            ("p05-new-executable", ["fs/fs.go": ("100644", changed), "hack/new.sh": ("100755", "#!/bin/sh\necho new\n")]),
            ("p06-mode-only-and-hunk", ["fs/fs.go": ("100644", changed), "hack/run.sh": ("100644", "#!/bin/sh\necho hi\nexit 0\n")]),
            ("p08-new-symlink", ["fs/fs.go": ("100644", changed), "fs/alias.go": ("120000", "fs.go")]),
            ("p09-new-empty-file-and-hunk", ["fs/fs.go": ("100644", changed), "fs/zz_empty.go": ("100644", "")]),
            ("p11-quoted-utf8", ["docs/café.md": ("100644", "one\nTWO\nthree\n")]),
            ("p19-message-words", ["fs/fs.go": ("100644", changed)]),
            ("p34-u0-delete", ["fs/fs.go": ("100644", "package fs\n\nvar a = 1\nvar b = 2\nvar d = 4\n")]),
        ] as [(String, [String: (mode: String, text: String)?])])
    func cases(_ name: String, _ changes: [String: (mode: String, text: String)?]) throws {
        let bench = try FormatBench()
        #expect(try bench.apply(Self.kept(name)) == bench.with(changes))
    }

    @Test("a patch whose lines end otherwise than the file's is told so")
    func lineEndings() throws {
        let words = try error(String(decoding: Self.kept("p17-crlf-patch-lf-file"), as: UTF8.self))
        #expect(words.contains("line endings differ") && words.contains("the patch's lines end with CR LF"))
        let other = try error("--- a/fs/crlf.go\n+++ b/fs/crlf.go\n@@ -3,2 +3,2 @@\n-var x = 1\n+var x = 2\n var y = 2\n")
        #expect(other.contains("line endings differ") && other.contains("the file's with CR LF"))
    }

    @Test("a patch that ends with CR LF throughout applies to a file that does so, and to no other")
    func returns() throws {
        let bench = try FormatBench()
        let patch =
            "diff --git a/fs/crlf.go b/fs/crlf.go\nold mode 100644\nnew mode 100755\n--- a/fs/crlf.go\n+++ b/fs/crlf.go\n@@ -4,2 +4,2 @@\n-var y = 2\n+var y = 3\n var z = 3\n"
        let made = try bench.apply(patch.replacing("\n", with: "\r\n"))
        #expect(try made == bench.with(["fs/crlf.go": ("100755", "package fs\r\n\r\nvar x = 1\r\nvar y = 3\r\nvar z = 3\r\n")]))
    }

    @Test("one file changed by two commits of a mailbox is refused with that reason, and the messages are patches of their own")
    func twoCommits() throws {
        let bytes = try Self.kept("p20-two-commits-one-file")
        #expect(try error(String(decoding: bytes, as: UTF8.self)).contains("more than one commit of this mailbox"))
        let messages = try Patch.messages(in: bytes)
        #expect(messages.count == 2 && messages.flatMap(\.self) == bytes)
        let bench = try FormatBench()
        var tree = bench.tree
        for message in messages { tree = try bench.fixture.repository.apply(Patch(message, name: "m"), to: tree, under: ".") }
        #expect(try tree == bench.with(["fs/fs.go": ("100644", Self.changed.replacing("d = 4", with: "d = 40"))]))
    }

    @Test(
        "names are found with whatever stands before them",
        arguments: [
            ("a/fs/fs.go", "b/fs/fs.go"), ("i/fs/fs.go", "w/fs/fs.go"), ("c/fs/fs.go", "i/fs/fs.go"), ("o/fs/fs.go", "w/fs/fs.go"),
            ("fs/fs.go", "fs/fs.go"), ("./fs/fs.go", "./fs/fs.go"), ("linux-5.1.orig/fs/fs.go", "linux-5.1/fs/fs.go"),
            ("b/fs/fs.go", "a/fs/fs.go"), ("fs/fs.go", "fs/fs.go.new"), ("fs/fs.go~", "fs/fs.go"), ("a/fs/fs.go.orig", "b/fs/fs.go"),
            ("fs/fs.go.orig\t2026-11-26 10:00:00.000000000 +0000", "fs/fs.go\t2026-11-26 10:00:01.000000000 +0000"),
            ("\"a/fs/\\146s.go\"", "\"b/fs/fs.go\""),
        ])
    func names(_ old: String, _ new: String) throws {
        let bench = try FormatBench()
        #expect(try bench.apply("--- \(old)\n+++ \(new)\n\(Self.hunk)") == bench.with(["fs/fs.go": ("100644", Self.changed)]))
    }

    @Test("a name of very many spaces is found, in quotes or not, where one side or none is named", arguments: ["", "\""])
    func spaces(_ mark: String) throws {
        let name = String(repeating: "a ", count: 60) + mark + "z"
        let quote = { (side: String) in mark.isEmpty ? "\(side)/\(name)" : "\"\(side)/\(name.replacing("\"", with: "\\\""))\"" }
        let line = "diff --git \(quote("a")) \(quote("b"))\nnew file mode 100644\n"
        let bench = try FormatBench()
        #expect(try bench.apply("\(line)--- /dev/null\n+++ \(quote("b"))\t\n@@ -0,0 +1 @@\n+x\n") == bench.with([name: ("100644", "x\n")]))
        #expect(try bench.apply("\(line)index 0000000..e69de29\n") == bench.with([name: ("100644", "")]))
    }

    @Test("a new name of only one side is read as the patch's other names are")
    func loneNames() throws {
        let new = "@@ -0,0 +1 @@\n+x\n"
        for (first, name, path) in [
            ("--- linux.orig/fs/fs.go\n+++ linux/fs/fs.go\n\(Self.hunk)", "linux/new", "new"),
            ("--- fs/fs.go\n+++ fs/fs.go\n\(Self.hunk)", "b/new", "b/new"),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n\(Self.hunk)", "b/new", "new"),
        ] {
            let bench = try FormatBench()
            let made = try bench.apply("\(first)--- /dev/null\n+++ \(name)\n\(new)")
            #expect(try made == bench.with(["fs/fs.go": ("100644", Self.changed), path: ("100644", "x\n")]))
        }
    }

    @Test(
        "diff -N writes the beginning of 1970 for a file that is not there, in any zone",
        arguments: ["1970-01-01 05:30:00.000000000 +0530", "1969-12-31 19:00:00 -0500", "1970-01-01 00:00:00.000000000 +0000"])
    func epoch(_ stamp: String) throws {
        let bench = try FormatBench()
        let made = try bench.apply(
            "diff -ruN old/fs/n.go new/fs/n.go\n--- old/fs/n.go\t\(stamp)\n+++ new/fs/n.go\t2026-11-26 10:00:00.0 +0000\n@@ -0,0 +1 @@\n+x\n"
                + "diff -ruN old/fs/q.sql new/fs/q.sql\n--- old/fs/q.sql\t2026-11-26 10:00:00.0 +0000\n+++ new/fs/q.sql\t\(stamp)\n@@ -1,3 +0,0 @@\n-select 1;\n--- old comment\n-select 2;\n"
        )
        #expect(try made == bench.with(["fs/n.go": ("100644", "x\n"), "fs/q.sql": nil]))
        #expect(try error("--- a/fs/n.go\t1970-01-01 01:00:00 +0000\n+++ b/fs/n.go\n@@ -0,0 +1 @@\n+x\n").contains("is not in the tree"))
    }

    @Test("an executable that is changed stays one, whatever the patch takes it for")
    func staysExecutable() throws {
        let bench = try FormatBench()
        let hunk = "--- a/hack/run.sh\n+++ b/hack/run.sh\n@@ -1,3 +1,3 @@\n #!/bin/sh\n-echo hi\n+echo ho\n exit 0\n"
        let after = try bench.with(["hack/run.sh": ("100755", "#!/bin/sh\necho ho\nexit 0\n")])
        for head in [
            "", "diff --git a/hack/run.sh b/hack/run.sh\nindex 1111111..2222222 100644\n",
            "diff --git a/hack/run.sh b/hack/run.sh\nindex 1111111..2222222 100755\n",
        ] {
            #expect(try bench.apply(head + hunk) == after)
        }
    }

    @Test("links are made, changed, moved and removed as links; a patch for a file touches none")
    func links() throws {
        let bench = try FormatBench()
        let change =
            "diff --git a/docs/link b/docs/link\nindex 1111111..2222222 120000\n--- a/docs/link\n+++ b/docs/link\n@@ -1 +1 @@\n-../fs/fs.go\n\\ No newline at end of file\n+../fs/q.sql\n\\ No newline at end of file\n"
        #expect(try bench.apply(change) == bench.with(["docs/link": ("120000", "../fs/q.sql")]))
        let gone =
            "diff --git a/docs/link b/docs/link\ndeleted file mode 120000\nindex 1111111..0000000\n--- a/docs/link\n+++ /dev/null\n@@ -1 +0,0 @@\n-../fs/fs.go\n\\ No newline at end of file\n"
        #expect(try bench.apply(gone) == bench.with(["docs/link": nil]))
        let made =
            "diff --git a/docs/link b/docs/link\nnew file mode 100644\nindex 0000000..2222222\n--- /dev/null\n+++ b/docs/link\n@@ -0,0 +1 @@\n+a file\n"
        #expect(try bench.apply(gone + made) == bench.with(["docs/link": ("100644", "a file\n")]))
        let moved = "diff --git a/docs/link b/link\nsimilarity index 100%\nrename from docs/link\nrename to link\n"
        #expect(try bench.apply(moved) == bench.with(["docs/link": nil, "link": ("120000", "../fs/fs.go")]))
        #expect(try error(change.replacing("index 1111111..2222222 120000\n", with: "")).contains("is a link"))
        #expect(try error(change.replacing("120000", with: "100644")).contains("is a link"))
        #expect(try error(made.replacing("100644", with: "120000").replacing("docs/link", with: ".gitmodules")).contains("submodule list"))
    }

    @Test("files are renamed and copied, with hunks and without, and two may change places")
    func moves() throws {
        let bench = try FormatBench()
        let pure = "diff --git a/hack/run.sh b/run\nsimilarity index 100%\nrename from hack/run.sh\nrename to run\n"
        #expect(try bench.apply(pure) == bench.with(["hack/run.sh": nil, "run": ("100755", "#!/bin/sh\necho hi\nexit 0\n")]))
        let edited =
            "diff --git a/fs/fs.go b/fs/gs.go\nsimilarity index 80%\ncopy from fs/fs.go\ncopy to fs/gs.go\nindex 1..2 100644\n--- a/fs/fs.go\n+++ b/fs/gs.go\n\(Self.hunk)"
        #expect(try bench.apply(edited) == bench.with(["fs/gs.go": ("100644", Self.changed)]))
        let swap =
            "diff --git a/fs/fs.go b/fs/q.sql\nsimilarity index 100%\nrename from fs/fs.go\nrename to fs/q.sql\ndiff --git a/fs/q.sql b/fs/fs.go\nsimilarity index 100%\nrename from fs/q.sql\nrename to fs/fs.go\n"
        let (one, other) = ("package fs\n\nvar a = 1\nvar b = 2\nvar c = 3\nvar d = 4\n", "select 1;\n-- old comment\nselect 2;\n")
        #expect(try bench.apply(swap) == bench.with(["fs/fs.go": ("100644", other), "fs/q.sql": ("100644", one)]))
        #expect(try error(pure.replacing("rename to run\n", with: "")).contains("only one side"))
        #expect(try error(pure.replacing("to run", with: "to fs/fs.go")).contains("is already in the tree"))
        #expect(try error(pure.replacing("to run", with: "to ../run")).contains("not a path below"))
    }

    @Test("an empty file is made and removed; one that is not empty is not removed for it")
    func empty() throws {
        let bench = try FormatBench()
        let gone = "diff --git a/docs/empty.md b/docs/empty.md\ndeleted file mode 100644\nindex e69de29..0000000\n"
        #expect(try bench.apply(gone) == bench.with(["docs/empty.md": nil]))
        #expect(try error(gone.replacing("docs/empty.md", with: "fs/fs.go")).contains("contains more"))
        #expect(try error("--- a/fs/fs.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-package fs\n").contains("contains more"))
    }

    @Test("a file makes way for a folder, and a folder for a file, when the patch takes all of it away")
    func kinds() throws {
        let bench = try FormatBench()
        let gone = "--- a/container/factory.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-package container\n"
        let file = "--- /dev/null\n+++ b/container\n@@ -0,0 +1 @@\n+x\n"
        #expect(try bench.apply(gone + file) == bench.with(["container/factory.go": nil, "container": ("100644", "x\n")]))
        #expect(try error(file).contains("already in the tree"))
        let folder =
            "diff --git a/fs/empty.go/x b/fs/empty.go/x\nnew file mode 100644\n--- /dev/null\n+++ b/fs/empty.go/x\n@@ -0,0 +1 @@\n+x\n"
        let empty = "diff --git a/fs/empty.go b/fs/empty.go\ndeleted file mode 100644\nindex e69de29..0000000\n"
        #expect(try bench.apply(empty + folder) == bench.with(["fs/empty.go": nil, "fs/empty.go/x": ("100644", "x\n")]))
        #expect(try error(folder).contains("already in the tree"))
        #expect(try error("--- /dev/null\n+++ b/docs/link/x\n@@ -0,0 +1 @@\n+x\n").contains("already in the tree"))
        #expect(
            try error("--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n--- /dev/null\n+++ b/n/x\n@@ -0,0 +1 @@\n+x\n").contains(
                "already in the tree"))
    }

    @Test("added lines without context go where their number says in the very file that they were made for, and in no other")
    func added() throws {
        let bench = try FormatBench()
        let hunk = "--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -4,0 +5 @@\n+var n = 0\n"
        let after = try bench.with(["fs/fs.go": ("100644", "package fs\n\nvar a = 1\nvar b = 2\nvar n = 0\nvar c = 3\nvar d = 4\n")])
        let head = "diff --git a/fs/fs.go b/fs/fs.go\nindex fd40627..2222222 100644\n"
        #expect(try bench.apply(head + hunk) == after)
        for other in ["", head.replacing("fd40627", with: "fd40628"), head.replacing("fd40627", with: "fd4062")] {
            #expect(try error(other + hunk).contains("has no context to locate them"))
        }
    }

    @Test("a new last line without a line break is put nowhere but at the end")
    func lastLine() throws {
        let hunk = "--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -4,2 +4,2 @@\n var b = 2\n-var c = 3\n+var c = 4\n\\ No newline at end of file\n"
        #expect(try error(hunk).contains("does not apply"))
        #expect(
            try error(hunk.replacing("file\n", with: "file\n") + "@@ -6 +6 @@\n-var d = 4\n+var d = 5\n").contains(
                "follows the file's last line"))
    }

    @Test(
        "what a patch cannot bring along is refused by its name",
        arguments: [
            (
                "diff --git a/sub b/sub\nindex 1111111..2222222 160000\n--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n",
                "submodule"
            ),
            (
                "diff --git a/sub b/sub\nnew file mode 160000\nindex 0000000..2222222\n--- /dev/null\n+++ b/sub\n@@ -0,0 +1 @@\n+Subproject commit 2\n",
                "submodule"
            ),
            ("Submodule sub 1234567..89abcde:\n  > Some change\n--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)", "submodule"),
            (
                "diff --cc fs/fs.go\nindex 1111111,2222222..3333333\n--- a/fs/fs.go\n+++ b/fs/fs.go\n@@@ -1,1 -1,1 +1,1 @@@\n- a\n -b\n++c\n",
                "combined diff"
            ),
            ("diff --git a/x.png b/x.png\nindex 1111111..2222222 100644\nBinary files a/x.png and b/x.png differ\n", "binary"),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)Binary files old/x.png and new/x.png differ\n", "binary"),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)Symbolic links old/x and new/x differ\n", "a link changes"),
            (
                "--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)File old/x is a regular file while file new/x is a symbolic link\n",
                "a link changes"
            ),
            ("From: a\nContent-Transfer-Encoding: quoted-printable\n\n--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)", "quoted-printable"),
            ("Content-Transfer-Encoding: base64\n\nLS0tIGE=\n", "base64"),
            (
                "--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,3 +3,3 @@\n var a =3D 1\n-var b =3D 2\n+var b =3D 20\n var c =3D 3\n",
                "quoted-printable"
            ),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,3 +3,3 @@\n var a =\n1\n-var b = 2\n+var b = 20\n var c = 3\n", "quoted-printable"),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,3 +3,3 @@\n var a  = 1\n-var b\t= 2\n+var b = 20\n var c = 3\n", "white-space damage"),
            ("--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,3 +3,3 @@\nvar a = 1\n-var b = 2\n+var b = 20\nvar c = 3\n", "white-space damage"),
            (
                "--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,3 +3,3 @@\n var a\u{A0}= 1\n-var b = 2\n+var b = 20\n var c = 3\n",
                "white-space damage"
            ),
            ("diff --git a/fs/fs.go b/fs/fs.go\nold mode 100644\nnew mode 120000\n", "in one change"),
            ("diff --git a/fs/fs.go b/fs/fs.go\nold mode 100644\n--- a/fs/fs.go\n+++ b/fs/fs.go\n\(hunk)", "only one of"),
            ("diff --git a/fs/fs.go b/fs/fs.go\nold mode 100644\nnew mode 040000\n", "not a file mode"),
            ("diff --git a/fs/fs.go b/fs/fs.go\nindex 1111111..2222222 100644\n\nWords.\n", "no change of the file"),
            ("--- \"a/f\\377\"\n+++ \"b/f\\377\"\n\(hunk)", "not valid UTF-8"),
            ("--- \"a/f\\4x\"\n+++ \"b/f\"\n\(hunk)", "not a quoted name"),
            (
                "--- a/fs/fs.go\n+++ b/fs/fs.go\n@@ -3,2 +3,2 @@\n var a = 1\n-var b = 2\n+var b = 20\n--- a comment\n",
                "more lines than its header says"
            ),
        ])
    func refused(_ text: String, _ word: String) throws {
        let words = try error(text)
        #expect(words.contains(word), "\(words)")
    }

    @Test("prose that only looks like a part of a patch is prose")
    func prose() throws {
        let bench = try FormatBench()
        let words =
            "Binary files are read with\n@@ markers, and\nrename from the old name is not done.\nSubmodule updates come later.\n--- a line\ndiff --git is a command\ndiff --cc too\nold mode is gone\nGIT binary patch is a word\n"
        #expect(
            try bench.apply("\(words)--- a/fs/fs.go\n+++ b/fs/fs.go\n\(Self.hunk)-- \n2.39\n\n\(words)")
                == bench.with(["fs/fs.go": ("100644", Self.changed)]))
    }

    @Test("names that are one text to Swift and two to git are two files")
    func composed() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.wholeTree([("\u{E9}", "100644", "1\n"), ("e\u{301}", "100644", "2\n")])
        let patch = try Patch(
            Array("--- a/\u{E9}\n+++ b/\u{E9}\n@@ -1 +1 @@\n-1\n+3\n--- a/e\u{301}\n+++ b/e\u{301}\n@@ -1 +1 @@\n-2\n+4\n".utf8), name: "x")
        let made = try fixture.repository.apply(patch, to: tree, under: ".")
        #expect(try made == fixture.wholeTree([("\u{E9}", "100644", "3\n"), ("e\u{301}", "100644", "4\n")]))
    }
}
