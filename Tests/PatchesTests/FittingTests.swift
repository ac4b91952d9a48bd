import FileSystem
import Foundation
import Git
import GitHistory
import Model
import Patches
import SystemPackage
import Testing
import UnifiedDiff

@Suite("Which variant of a patch is meant")
struct FittingTests {
    @Test("what decided is told: the content, or the version where two fit")
    func choice() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("old", "<1", "text", "o"), ("now", ">=1", "text", "n"), ("other", "*", "other", "n")])
        let byVersion = try fixture.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: "0.9").applied[0]
        #expect(byVersion.chosenBy == .version && byVersion.variant == "old" && !byVersion.isOffVersion)
        let byContent = try fixture.apply(["p"], to: ["vendor/up/lib.go": "other\n"], version: "0.9").applied[0]
        #expect(byContent.chosenBy == .content && byContent.variant == "other")
    }

    @Test("where two variants apply and no version says which is meant, each row of the table says so, and none is chosen")
    func undecided() throws {
        let room = try RegistryFixture()
        try room.patch("up/p", variants: [("one", "*", "old", "new"), ("two", "*", "old", "newer")])
        try room.write("patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nhomes: [.]\nmarks: [lib.go]\n")
        try room.write("source/lib.go", "old\n")
        let rows = try room.registry().rows([], in: SourceText(folder: FilePath("\(room.path)/source")), label: "s")
        #expect(rows.map(\.fits) == [true, true] && rows.allSatisfy { $0.chosenBy == nil })
        for row in rows { #expect(row.notes.contains { $0.contains("more than one variant applies (one, two)") }, "\(row.notes)") }
    }

    @Test("where none fits, the error shows the variant of which most is there, not the first")
    func nearest() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("far", "*", "far", "x"), ("near", "<1", "near", "x")])
        try fixture.write("patches/up/p/near.patch", "--- a/lib.go\n+++ b/lib.go\n@@ -1,3 +1,4 @@\n one\n two\n+new\n three\n")
        let error = #expect(throws: PatchesError.self) { try fixture.apply(["p"], to: ["vendor/up/lib.go": "one\ntwo\nother\n"]) }
        let words = try #require(error).description
        for word in ["variant near, the nearest: 2 of its 3 lines", "expected: three", "found:    other"] {
            #expect(words.contains(word), "\(words)")
        }
    }

    @Test(
        "where two variants are equally far, the error shows the one for the version that is there",
        arguments: [("0.5", "old"), ("1.5", "now")])
    func equallyFar(_ version: String, _ name: String) throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("old", "<1", "gone", "x"), ("now", ">=1", "lost", "x")])
        let error = #expect(throws: PatchesError.self) {
            try fixture.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: version)
        }
        #expect(error?.description.contains("variant \(name), the nearest") == true, "\(String(describing: error))")
    }

    @Test("a patch of which one variant applies is not said to be in upstream, whatever another one finds done")
    func doneByAnother() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("now", "*", "text", "other"), ("done", "*", "gone", "text")])
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [.]\n")
        try fixture.write("src/lib.go", "text\n")
        let rows = try fixture.registry().rows([], in: SourceText(folder: FilePath("\(fixture.path)/src")), label: "src")
        #expect(rows.map(\.state) == [.applies, .upstream] && rows.allSatisfy(\.notes.isEmpty), "\(rows)")
    }

    @Test(
        "a patch that was made for other versions is told as such, though its variant is for all",
        arguments: [("0.9", false), ("1.5", true)])
    func offVersion(_ version: String, _ isOff: Bool) throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "text", "other")])
        let yaml = "title: t\nwhy: w\nupstream: up\nversions: '<1'\nevidence: e\nstatus: local\nvariants: [{name: v, versions: '*'}]\n"
        try fixture.write("patches/up/p/patch.yaml", yaml)
        #expect(try fixture.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: version).applied[0].isOffVersion == isOff)
    }

    @Test("of what is vendored the tree knows the version, of what is not the recipe does; a patch for that version may be needed")
    func known() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "gone", "other")])
        let yaml = "title: t\nwhy: w\nupstream: up\nversions: '<2'\nevidence: e\nstatus: local\nvariants: [{name: v, versions: '*'}]\n"
        try fixture.write("patches/up/p/patch.yaml", yaml)
        try fixture.write(
            "patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [lib.go]\nhomes: [., vendor/example.org/up]\n")
        try fixture.write("src/vendor/example.org/up/lib.go", "text\n")
        try fixture.write("src/vendor/modules.txt", "# example.org/up v1.2.3\n")
        try fixture.write("src/lib.go", "text\n")
        try fixture.write("src/VERSION", "1.4.0\n")
        let (registry, source) = (try fixture.registry(), SourceText(folder: FilePath("\(fixture.path)/src")))
        let entry = try registry.entry(named: "p")
        let vendored = Upstream(path: "vendor/example.org/up", version: Version("3.0.0"))
        #expect(try registry.home(of: entry, at: vendored, in: source).version?.description == "v1.2.3")
        #expect(try registry.needlessness(of: entry, at: vendored, in: source) == nil)
        let top = Upstream(path: ".", version: Version("3.0.0"))
        #expect(try registry.home(of: entry, at: top, in: source).version?.description == "3.0.0")
        #expect(try registry.needlessness(of: entry, at: top, in: source)?.contains("not one of the patch's versions") == true)
        #expect(try registry.home(of: entry, at: Upstream(path: ".", version: nil), in: source).version?.description == "1.4.0")
    }

    @Test("a patch in a series that is in upstream already is an error that says so, and names what to do")
    func inUpstream() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "old line", "new line")])
        let error = #expect(throws: PatchesError.self) { try fixture.apply(["p"], to: ["vendor/up/lib.go": "new line\n"]) }
        #expect(error?.description.contains("already upstream") == true)
        #expect(error?.description.contains("Remove it from the series") == true)
    }

    @Test("an upstream is found in its homes, with the version that vendor/modules.txt has for it")
    func homes() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("old", "<1", "old", "x"), ("now", ">=1", "now", "x")])
        try fixture.write(
            "patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [lib.go]\nhomes: [., vendor/example.org/up]\n")
        try fixture.write("src/vendor/example.org/up/lib.go", "now\n")
        try fixture.write("src/vendor/modules.txt", "# example.org/upper v9.0.0\n# example.org/up v0.1.0 => example.org/fork v1.2.3\n")
        let rows = try fixture.registry().rows([], in: SourceText(folder: FilePath("\(fixture.path)/src")), label: "src")
        #expect(rows.map(\.variant) == ["old", "now"])
        #expect(rows.map(\.state) == [.differs, .applies])
        #expect(rows.map(\.versionAgrees) == [false, true])
        #expect(rows[1].chosenBy == .content && rows[1].version == "v1.2.3" && rows[1].files == ["vendor/example.org/up/lib.go"])
        #expect(rows[0].reason?.contains("expected: old") == true)
    }

    @Test("a source without the upstream says where it was looked for")
    func absent() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "a", "b")])
        try fixture.write("src/main.go", "a\n")
        let source = SourceText(folder: FilePath("\(fixture.path)/src"))
        #expect(try fixture.registry().rows(["p"], in: source, label: "src")[0].reason?.contains("upstream.yaml") == true)
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        let row = try fixture.registry().rows(["p"], in: source, label: "src")[0]
        #expect(row.state == .absent && !row.fits)
        #expect(row.reason == "no lib.go in any of its homes: at the top, vendor/up")
    }

    @Test("a status that the files contradict is told: local but in upstream, merged but still applying where upstream is said to have it")
    func status() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "old line", "new line")])
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [.]\n")
        try fixture.write("there/lib.go", "new line\n")
        let there = try fixture.registry().rows([], in: SourceText(folder: FilePath("\(fixture.path)/there")), label: "there")[0]
        #expect(there.state == .upstream && there.notes == ["its status is 'local', but this source already contains the change"])
        try fixture.write("open/lib.go", "old line\n")
        try fixture.write("open/VERSION", "1.4.0\n")
        try fixture.write(
            "patches/up/p/patch.yaml",
            "title: t\nwhy: w\nupstream: up\nversions: '<1'\nevidence: e\nstatus: merged\nvariants: [{name: v, versions: '<1'}]\n")
        let open = try fixture.registry().rows([], in: SourceText(folder: FilePath("\(fixture.path)/open")), label: "open")[0]
        #expect(open.state == .applies && open.notes.first?.contains("1.4.0 should contain it, but it still applies") == true)
    }
}

@Suite("Making entries and variants")
struct WritingTests {
    private func draft(_ name: String) throws -> PatchDraft {
        PatchDraft(
            name: try #require(PatchName(name)), title: "a \"quoted\" title: with a colon", why: "first line\nsecond: line",
            evidence: "none",
            variant: "v1", versions: try #require(VersionRange(">=1 <2")))
    }

    @Test("a diff of a whole source becomes an entry whose paths start at the upstream's home, and which is read again")
    func add() throws {
        let fixture = try RegistryFixture()
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        let diff = Array("--- a/vendor/up/lib.go\n+++ b/vendor/up/lib.go\n@@ -1 +1 @@\n-a\n+b\n".utf8)
        _ = try fixture.registry().add(try draft("up/p"), diff: diff, from: "-")
        let registry = try fixture.registry()
        let entry = try registry.entry(named: "up/p")
        #expect(entry.title == "a \"quoted\" title: with a colon" && entry.why == "first line\nsecond: line\n" && entry.status == .local)
        #expect(try registry.patch(entry.variants[0], of: entry).files.map(\.path) == ["lib.go"])
        #expect(try fixture.apply(["p"], to: ["vendor/up/lib.go": "a\n"]).applied.count == 1)
        let twice = #expect(throws: Diagnostic.self) { try registry.add(try draft("up/p"), diff: diff, from: "-") }
        #expect(twice?.description.contains("not overwritten") == true)
    }

    @Test("what is no diff, or lies in two homes, makes no entry")
    func addRefused() throws {
        let fixture = try RegistryFixture()
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        #expect(throws: PatchesError.self) { try fixture.registry().add(try draft("up/p"), diff: Array("words\n".utf8), from: "x") }
        let hunk = "@@ -1 +1 @@\n-a\n+b\n"
        let diff = "--- a/vendor/up/lib.go\n+++ b/vendor/up/lib.go\n\(hunk)--- a/main.go\n+++ b/main.go\n\(hunk)"
        #expect(throws: Diagnostic.self) { try fixture.registry().add(try draft("up/p"), diff: Array(diff.utf8), from: "x") }
        #expect(try fixture.registry().entries.isEmpty)
    }

    @Test("a rebase says that a recipe lacks the upstream before it asks to fetch, and skips such recipes when it looks for a base")
    func rebaseSources() throws {
        let fixture = try RegistryFixture()
        try fixture.write("patches/other/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [.]\n")
        try fixture.patch("other/p", variants: [("v1", "*", "old", "new")])
        try fixture.write("target/lib.go", "older\n")
        let (registry, recipe) = (try fixture.registry(), try fixture.recipe())
        let entry = try registry.entry(named: "other/p")
        let rebasing = Rebasing(registry, recipes: ["r"], recipe: { _ in recipe }, fetched: { _ in nil })
        let refused = #expect(throws: PatchesError.self) { try rebasing.rebase(entry, variant: nil, from: nil, onto: .recipe("r")) }
        guard case .noUpstream? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        let folder = FilePath("\(fixture.path)/target")
        let none = #expect(throws: RebaseRefused.self) { try rebasing.rebase(entry, variant: nil, from: nil, onto: .folder(folder)) }
        #expect(none?.description.contains("--base RECIPE or --base DIR") == true)
        #expect(throws: FileError.self) {
            try rebasing.rebase(entry, variant: nil, from: .folder("/no/such/folder"), onto: .folder(folder))
        }
    }

    @Test("a rebase across moved and changed surroundings makes a patch that fits; one into the same lines shows the markers")
    func rebase() throws {
        let base = "a\nb\nc\nold\nd\ne\nf\n"
        let patch = try Patch(Array("--- a/lib.go\n+++ b/lib.go\n@@ -3,3 +3,3 @@\n c\n-old\n+new\n d\n".utf8), name: "p")
        func rebase(onto target: String) throws -> Rebase {
            try Rebase(
                patch, named: "v1", from: { _ in .file(TreeFile(Array(base.utf8))) }, onto: { _ in .file(TreeFile(Array(target.utf8))) })
        }
        // The line before the context has changed, and everything has moved.
        let target = "1\n2\n3\na\nB\nc\nold\nd\ne\nF\n"
        let moved = try rebase(onto: target)
        #expect(moved.conflicts.isEmpty)
        let again = try Patch(moved.text, name: "again")
        #expect(
            try again.applied { _ in .file(TreeFile(Array(target.utf8))) }[0].after?.bytes == Array("1\n2\n3\na\nB\nc\nnew\nd\ne\nF\n".utf8)
        )
        let conflict = try rebase(onto: "a\nb\nc\nolder\nd\ne\nf\n")
        #expect(conflict.text.isEmpty)
        let excerpt = try #require(conflict.conflicts.first).excerpt
        for mark in ["<<<<<<< v1", "new", "=======", "older", ">>>>>>> upstream", "7: "] { #expect(excerpt.contains(mark), "\(excerpt)") }
        #expect(try rebase(onto: "a\nb\nc\nnew\nd\ne\nf\n").text.isEmpty)
    }

    @Test("a rebase keeps what a patch says of modes, links, names and bytes that are no lines, and upstream's modes where it says nothing")
    func rebaseKinds() throws {
        let binary =
            "diff --git a/fresh b/fresh\nnew file mode 100644\nindex 0000000000000000000000000000000000000000..8352675d67aed6625ece79af41c27fdb4ee2e867\n"
            + "GIT binary patch\nliteral 3\nKcmZQzWC8#H2LJ>B\n\nliteral 0\nHcmV?d00001\n\n"
        let text =
            "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\ndiff --git a/alias b/alias\nnew file mode 120000\n--- /dev/null\n+++ b/alias\n"
            + "@@ -0,0 +1 @@\n+lib.go\n\\ No newline at end of file\ndiff --git a/old.go b/new.go\nsimilarity index 50%\nrename from old.go\nrename to new.go\n"
            + "index 1..2 100644\n--- a/old.go\n+++ b/new.go\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
            + "diff --git a/tool b/tool\nindex 1..2 100644\n--- a/tool\n+++ b/tool\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
        let patch = try Patch(Array(text.utf8), name: "p")
        func lookup(_ files: [String: TreeFile]) -> Lookup { { files[$0].map { Standing.file($0) } ?? .nothing } }
        func file(_ text: String, _ mode: TreeFile.Mode = .plain) -> TreeFile { TreeFile(Array(text.utf8), mode: mode) }
        let base = ["run.sh": file("x\n"), "old.go": file("one\ntwo\n"), "tool": file("one\ntwo\n")]
        let target = ["run.sh": file("y\n"), "old.go": file("zero\none\ntwo\n"), "tool": file("more\none\ntwo\n", .executable)]
        let rebased = try Rebase(patch, named: "v", from: lookup(base), onto: lookup(target))
        #expect(rebased.conflicts.isEmpty)
        let changed = try Patch(rebased.text, name: "again").applied(to: lookup(target))
        let after = Dictionary(uniqueKeysWithValues: changed.map { ($0.file.path, $0.after) })
        #expect(after["run.sh"] == file("y\n", .executable) && after["alias"] == file("lib.go", .link))
        #expect(after["new.go"] == file("zero\none\n2\n") && after["tool"] == file("more\none\n2\n", .executable))
        #expect(changed.first { $0.file.path == "new.go" }?.file.oldPath == "old.go")
        let whole = try Rebase(Patch(Array(binary.utf8), name: "b"), named: "v", from: lookup([:]), onto: lookup(target))
        #expect(whole.text == Array(binary.utf8))
    }

    @Test("an entry has the patch as it was sent, byte for byte; only names that start elsewhere are written anew, and modes stay")
    func addBytes() throws {
        let fixture = try RegistryFixture()
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        let sent =
            "From: A <a@example.org>\nSubject: [PATCH] words\n\nWhy.\n---\n x | 1 +\n\ndiff --git a/tool b/tool\nindex 5626abf..814f4a4 100755\n--- a/tool\n+++ b/tool\n"
            + "@@ -1 +1,2 @@ words\n one\n+two\ndiff --git a/alias b/alias\nnew file mode 120000\nindex 0000000..1cda54e\n--- /dev/null\n+++ b/alias\n@@ -0,0 +1 @@\n+tool\n\\ No newline at end of file\n-- \n2.39.5\n"
        let place = try fixture.registry().add(try draft("up/p"), diff: Array(sent.utf8), from: "-")
        #expect(try String(contentsOfFile: place.appending("v1.patch").string, encoding: .utf8) == sent)
        let moved = sent.replacing("/tool", with: "/vendor/up/tool").replacing("/alias", with: "/vendor/up/alias")
        let other = try fixture.registry().add(try draft("up/q"), diff: Array(moved.utf8), from: "-")
        let written = try String(contentsOfFile: other.appending("v1.patch").string, encoding: .utf8)
        #expect(written.contains("a/tool b/tool\nindex 5626abf..814f4a4 100755\n") && written.contains("new file mode 120000\n"))
        // The tool is executable, and the link is a link, whichever of the two patches is applied.
        try fixture.write("x/vendor/up/tool", "one\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(fixture.path)/x/vendor/up/tool")
        let tree = try fixture.repository.importTree(from: "\(fixture.path)/x") { _ in }
        for name in ["p", "q"] {
            let made = try Series([name], recipe: fixture.recipe(), registry: fixture.registry()).apply(
                to: tree, of: fixture.recipe(), in: fixture.repository
            ).tree
            let tool = try fixture.repository.standing(at: "vendor/up/tool", of: made).file
            #expect(tool == TreeFile(Array("one\ntwo\n".utf8), mode: .executable))
            #expect(try fixture.repository.standing(at: "vendor/up/alias", of: made).file == TreeFile(Array("tool".utf8), mode: .link))
        }
    }

    @Test("a mailbox of several commits becomes a patch for each, which make together what the commits made; all of them, or none")
    func addMailbox() throws {
        let fixture = try RegistryFixture()
        func mail(_ number: Int, _ subject: String, _ from: String, _ to: String) -> String {
            "From \(String(repeating: "\(number)", count: 40)) Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\nSubject: [PATCH \(number)/2] \(subject)\n\n---\n"
                + "diff --git a/lib.go b/lib.go\n--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-\(from)\n+\(to)\n-- \n2.39.5\n\n"
        }
        let cover = "From \(String(repeating: "0", count: 40)) Mon Sep 17 00:00:00 2001\nSubject: [PATCH 0/2] both\n\nWords.\n\n"
        let sent = cover + mail(1, "first\n line", "a", "b") + mail(2, "=?UTF-8?q?gr=C3=B6=C3=9Fer?=", "b", "c")
        let mails = try PatchMail.mails(in: Array(sent.utf8), from: "-")
        #expect(mails.map(\.subject) == ["first line", "größer"])
        try fixture.patch("up/p-2", variants: [("v", "*", "a", "b")])
        #expect(throws: Diagnostic.self) { try fixture.registry().add(try draft("up/p"), mails: mails, from: "-") }
        #expect(try fixture.registry().entries.map(\.name.description) == ["up/p-2"])
        let made = try fixture.registry().add(try draft("up/q"), mails: mails, from: "-")
        #expect(made.map(\.name.description) == ["up/q-1", "up/q-2"])
        #expect(try fixture.registry().entry(named: "q-2").title == "größer")
        let (tree, _) = try fixture.apply(["q-1", "q-2"], to: ["vendor/up/lib.go": "a\n"])
        #expect(try fixture.repository.blob(at: "vendor/up/lib.go", of: tree) == Array("c\n".utf8))
    }

    @Test("a folder's files are what a tree of it has: a link is one, and nothing is read through it")
    func folders() throws {
        let fixture = try RegistryFixture()
        try fixture.write("x/real/f", "a\n")
        try fixture.write("x/run", "b\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(fixture.path)/x/run")
        try FileManager.default.createSymbolicLink(atPath: "\(fixture.path)/x/link", withDestinationPath: "real")
        let tree = try fixture.repository.importTree(from: "\(fixture.path)/x") { _ in }
        let home = Home(path: ".", version: nil)
        for source in [SourceText(folder: FilePath("\(fixture.path)/x")), SourceText(tree: tree, of: fixture.repository)] {
            #expect(try source.standing("run", in: home).file == TreeFile(Array("b\n".utf8), mode: .executable))
            #expect(try source.standing("link", in: home).file == TreeFile(Array("real".utf8), mode: .link))
            for path in ["link/f", "real", "none", "run/f"] { #expect(try source.standing(path, in: home).file == nil, "\(path)") }
            guard case .folder(let hasMoreThan) = try source.standing("real", in: home) else { Issue.record("no folder"); continue }
            #expect(try hasMoreThan(0) && !hasMoreThan(1))
        }
    }

    @Test("a new variant stands in the entry's list, and the rest of the file is as it was")
    func addVariant() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "<1", "a", "b")])
        let yaml =
            "# a comment\ntitle: t\nwhy: w\nupstream: up\nversions: '*'\nvariants:\n  - name: v\n    versions: '<1'\nevidence: e\nstatus: local\n"
        try fixture.write("patches/up/p/patch.yaml", yaml)
        let registry = try fixture.registry()
        let text = Array("--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-c\n+b\n".utf8)
        _ = try registry.add(variant: "w", versions: try #require(VersionRange("=2")), text: text, to: registry.entry(named: "p"))
        let written = try String(contentsOfFile: "\(fixture.path)/patches/up/p/patch.yaml", encoding: .utf8)
        #expect(written == yaml.replacingOccurrences(of: "evidence", with: "  - name: w\n    versions: \"=2\"\nevidence"))
        #expect(try fixture.registry().entry(named: "p").variants.map(\.name) == ["v", "w"])
        #expect(throws: Diagnostic.self) {
            try registry.add(variant: "w", versions: try #require(VersionRange("=2")), text: text, to: registry.entry(named: "p"))
        }
    }
}

extension Registry {
    /// Plans and writes an entry.
    fileprivate func add(_ draft: PatchDraft, diff: [UInt8], from origin: String) throws -> FilePath {
        try #require(try write([try plan(draft, PatchMail(PatchMessage(of: diff), diff, from: origin))]).first)
    }

    /// Plans and writes an entry for each message.
    fileprivate func add(_ draft: PatchDraft, mails: [PatchMail], from origin: String) throws -> [(name: PatchName, place: FilePath)] {
        let plans = try plans(draft, mails: mails, from: origin)
        return Array(zip(plans.map(\.name), try write(plans)))
    }
}
