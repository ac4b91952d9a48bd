import Foundation
import Git
import Model
import Patches
import SystemPackage
import Testing

@Suite("Which variant of a patch is meant")
struct FittingTests {
    @Test("what decided is told: the content, or the version where two fit")
    func choice() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("old", "<1", "text", "o"), ("now", ">=1", "text", "n"), ("other", "*", "other", "n")])
        let byVersion = try bench.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: "0.9").applied[0]
        #expect(byVersion.chosenBy == .version && byVersion.variant == "old" && !byVersion.isOffVersion)
        let byContent = try bench.apply(["p"], to: ["vendor/up/lib.go": "other\n"], version: "0.9").applied[0]
        #expect(byContent.chosenBy == .content && byContent.variant == "other")
    }

    @Test("where none fits, the error shows the variant of which most is there, not the first")
    func nearest() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("far", "*", "far", "x"), ("near", "<1", "near", "x")])
        try bench.write("patches/up/p/near.patch", "--- a/lib.go\n+++ b/lib.go\n@@ -1,3 +1,4 @@\n one\n two\n+new\n three\n")
        let error = #expect(throws: PatchesError.self) { try bench.apply(["p"], to: ["vendor/up/lib.go": "one\ntwo\nother\n"]) }
        let words = try #require(error).description
        for word in ["variant near, the nearest: 2 of its 3 lines", "expected: three", "found:    other"] {
            #expect(words.contains(word), "\(words)")
        }
    }

    @Test("a patch in a series that is in upstream already is an error that says so, and names what to do")
    func inUpstream() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("v", "*", "old line", "new line")])
        let error = #expect(throws: PatchesError.self) { try bench.apply(["p"], to: ["vendor/up/lib.go": "new line\n"]) }
        #expect(error?.description.contains("already in upstream") == true)
        #expect(error?.description.contains("Take it out of the series") == true)
    }

    @Test("an upstream is found in its homes, with the version that vendor/modules.txt has for it")
    func homes() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("old", "<1", "old", "x"), ("now", ">=1", "now", "x")])
        try bench.write(
            "patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [lib.go]\nhomes: [., vendor/example.org/up]\n")
        try bench.write("src/vendor/example.org/up/lib.go", "now\n")
        try bench.write("src/vendor/modules.txt", "# example.org/upper v9.0.0\n# example.org/up v0.1.0 => example.org/fork v1.2.3\n")
        let rows = try bench.registry().rows([], in: SourceText(folder: FilePath("\(bench.path)/src")), label: "src")
        #expect(rows.map(\.variant) == ["old", "now"])
        #expect(rows.map(\.state) == [.differs, .applies])
        #expect(rows.map(\.versionAgrees) == [false, true])
        #expect(rows[1].chosenBy == .content && rows[1].version == "v1.2.3" && rows[1].files == ["vendor/example.org/up/lib.go"])
        #expect(rows[0].reason?.contains("expected: old") == true)
    }

    @Test("a source without the upstream says where it was looked for")
    func absent() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("v", "*", "a", "b")])
        try bench.write("src/main.go", "a\n")
        let source = SourceText(folder: FilePath("\(bench.path)/src"))
        #expect(try bench.registry().rows(["p"], in: source, label: "src")[0].reason?.contains("upstream.yaml") == true)
        try bench.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        let row = try bench.registry().rows(["p"], in: source, label: "src")[0]
        #expect(row.state == .absent && !row.fits)
        #expect(row.reason == "no lib.go in any of its homes: at the top, vendor/up")
    }

    @Test("a status that the files contradict is told: local but in upstream, merged but still applying where upstream is said to have it")
    func status() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("v", "*", "old line", "new line")])
        try bench.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [.]\n")
        try bench.write("there/lib.go", "new line\n")
        let there = try bench.registry().rows([], in: SourceText(folder: FilePath("\(bench.path)/there")), label: "there")[0]
        #expect(there.state == .upstream && there.notes == ["its status is 'local', but it is in upstream here"])
        try bench.write("open/lib.go", "old line\n")
        try bench.write("open/VERSION", "1.4.0\n")
        try bench.write(
            "patches/up/p/patch.yaml",
            "title: t\nwhy: w\nupstream: up\nversions: '<1'\nevidence: e\nstatus: merged\nvariants: [{name: v, versions: '<1'}]\n")
        let open = try bench.registry().rows([], in: SourceText(folder: FilePath("\(bench.path)/open")), label: "open")[0]
        #expect(open.state == .applies && open.notes.first?.contains("1.4.0 is said to have it, but it still applies") == true)
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
        let bench = try Bench()
        try bench.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        let diff = Array("--- a/vendor/up/lib.go\n+++ b/vendor/up/lib.go\n@@ -1 +1 @@\n-a\n+b\n".utf8)
        _ = try bench.registry().add(try draft("up/p"), diff: diff, from: "-")
        let registry = try bench.registry()
        let entry = try registry.entry(named: "up/p")
        #expect(entry.title == "a \"quoted\" title: with a colon" && entry.why == "first line\nsecond: line\n" && entry.status == .local)
        #expect(try registry.patch(entry.variants[0], of: entry).files.map(\.path) == ["lib.go"])
        #expect(try bench.apply(["p"], to: ["vendor/up/lib.go": "a\n"]).applied.count == 1)
        let twice = #expect(throws: Diagnostic.self) { try registry.add(try draft("up/p"), diff: diff, from: "-") }
        #expect(twice?.description.contains("not written over") == true)
    }

    @Test("what is no diff, or lies in two homes, makes no entry")
    func addRefused() throws {
        let bench = try Bench()
        try bench.write("patches/up/upstream.yaml", "title: t\nmodules: [m]\nmarks: [lib.go]\nhomes: [., vendor/up]\n")
        #expect(throws: PatchesError.self) { try bench.registry().add(try draft("up/p"), diff: Array("words\n".utf8), from: "x") }
        let hunk = "@@ -1 +1 @@\n-a\n+b\n"
        let diff = "--- a/vendor/up/lib.go\n+++ b/vendor/up/lib.go\n\(hunk)--- a/main.go\n+++ b/main.go\n\(hunk)"
        #expect(throws: Diagnostic.self) { try bench.registry().add(try draft("up/p"), diff: Array(diff.utf8), from: "x") }
        #expect(try bench.registry().entries.isEmpty)
    }

    @Test("a rebase across moved and changed surroundings makes a patch that fits; one into the same lines shows the markers")
    func rebase() throws {
        let base = "a\nb\nc\nold\nd\ne\nf\n"
        let patch = try Patch(Array("--- a/lib.go\n+++ b/lib.go\n@@ -3,3 +3,3 @@\n c\n-old\n+new\n d\n".utf8), name: "p")
        func rebase(onto target: String) throws -> Rebase {
            try Rebase(patch, named: "v1", from: { _ in Array(base.utf8) }, onto: { _ in Array(target.utf8) })
        }
        // The line before the context is another one now, and all of it has moved.
        let target = "1\n2\n3\na\nB\nc\nold\nd\ne\nF\n"
        let moved = try rebase(onto: target)
        #expect(moved.conflicts.isEmpty)
        let again = try Patch(moved.text, name: "again")
        #expect(try again.applied { _ in Array(target.utf8) }[0].after == Array("1\n2\n3\na\nB\nc\nnew\nd\ne\nF\n".utf8))
        let conflict = try rebase(onto: "a\nb\nc\nolder\nd\ne\nf\n")
        #expect(conflict.text.isEmpty)
        let excerpt = try #require(conflict.conflicts.first).excerpt
        for mark in ["<<<<<<< v1", "new", "=======", "older", ">>>>>>> upstream", "7: "] { #expect(excerpt.contains(mark), "\(excerpt)") }
        #expect(try rebase(onto: "a\nb\nc\nnew\nd\ne\nf\n").text.isEmpty)
    }

    @Test("a new variant stands in the entry's list, and the rest of the file is as it was")
    func addVariant() throws {
        let bench = try Bench()
        try bench.patch("up/p", variants: [("v", "<1", "a", "b")])
        let yaml =
            "# a comment\ntitle: t\nwhy: w\nupstream: up\nversions: '*'\nvariants:\n  - name: v\n    versions: '<1'\nevidence: e\nstatus: local\n"
        try bench.write("patches/up/p/patch.yaml", yaml)
        let registry = try bench.registry()
        let text = Array("--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-c\n+b\n".utf8)
        _ = try registry.add(variant: "w", versions: try #require(VersionRange("=2")), text: text, to: registry.entry(named: "p"))
        let written = try String(contentsOfFile: "\(bench.path)/patches/up/p/patch.yaml", encoding: .utf8)
        #expect(written == yaml.replacingOccurrences(of: "evidence", with: "  - name: w\n    versions: \"=2\"\nevidence"))
        #expect(try bench.registry().entry(named: "p").variants.map(\.name) == ["v", "w"])
        #expect(throws: Diagnostic.self) {
            try registry.add(variant: "w", versions: try #require(VersionRange("=2")), text: text, to: registry.entry(named: "p"))
        }
    }
}
