import Foundation
import Git
import Model
import Patches
import SystemPackage
import Testing

@Suite("The registry and its series")
struct RegistryTests {
    @Test("a patch may be named by its last part where that is unique, and not where it is not")
    func names() throws {
        let fixture = try RegistryFixture()
        for name in ["up/one", "up/two", "other/two"] { try fixture.patch(name, variants: [("v", "*", "a", "b")]) }
        let registry = try fixture.registry()
        #expect(try registry.entry(named: "one").name.description == "up/one")
        #expect(try registry.entry(named: "other/two").name.description == "other/two")
        let twice = #expect(throws: PatchesError.self) { try registry.entry(named: "two") }
        #expect(twice?.description.contains("other/two or up/two") == true)
        let typo = #expect(throws: PatchesError.self) { try registry.entry(named: "onne") }
        #expect(typo?.description.contains("did you mean 'one'?") == true)
    }

    @Test("a registry that cannot be read is an error, and one that is not there has no patches")
    func unreadable() throws {
        let fixture = try RegistryFixture()
        #expect(try fixture.registry().entries.isEmpty)
        try fixture.write("patches", "no folder")
        #expect(throws: (any Error).self) { try fixture.registry() }
    }

    @Test(
        "a link that leads out of the registry is not read, whatever file it stands for; one within it is",
        arguments: ["patch.yaml", "v.patch", "probe/main.go", "../upstream.yaml"])
    func links(_ file: String) throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/one", variants: [("v", "*", "a", "b")])
        try fixture.write("patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nmarks: [lib.go]\nhomes: [.]\n")
        try fixture.write("patches/up/one/probe/main.go", "package main\n")
        func read() throws -> [String] {
            let registry = try fixture.registry()
            let entry = try registry.entry(named: "one")
            let text = try registry.text(try #require(entry.variants.first), of: entry)
            return [String(decoding: text, as: UTF8.self), "\(try registry.probe(of: entry) != nil)"]
        }
        let before = try read()
        let place = "\(fixture.path)/patches/up/one/\(file)"
        for (target, isRefused) in [("\(fixture.path)/patches/moved", false), ("\(fixture.path)/outside", true)] {
            try FileManager.default.moveItem(atPath: place, toPath: target)
            try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: target)
            if isRefused {
                let error = #expect(throws: (any Error).self) { try read() }
                #expect("\(error.map { "\($0)" } ?? "")".contains("a symbolic link leads out of"), "\(String(describing: error))")
            } else {
                #expect(try read() == before)
            }
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.moveItem(atPath: target, toPath: place)
        }
    }

    @Test("nothing is added through a link that leads out of the registry")
    func writing() throws {
        let fixture = try RegistryFixture()
        try fixture.write("outside/README", "")
        try fixture.write("patches/README", "")
        try FileManager.default.createSymbolicLink(atPath: "\(fixture.path)/patches/up", withDestinationPath: "\(fixture.path)/outside")
        let registry = try fixture.registry()
        let diff = Array("--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-a\n+b\n".utf8)
        let draft = PatchDraft(
            name: try #require(PatchName("up/new")), title: "t", why: "w", evidence: "e", variant: "v",
            versions: try #require(VersionRange("*")))
        let plan = try registry.plan(draft, PatchMail(nil, diff, from: "new.patch"))
        let error = #expect(throws: (any Error).self) { try registry.write([plan]) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("a symbolic link leads out of"), "\(String(describing: error))")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/outside") == ["README"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.path).allSatisfy { !$0.hasPrefix(".") })
    }

    @Test("what stands in the file decides the variant, and the version does not overrule it")
    func content() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("old", "<1", "old text", "new"), ("now", ">=1", "text of now", "new")])
        let (tree, applied) = try fixture.apply(["p"], to: ["vendor/up/lib.go": "old text\n"], version: "1.5")
        #expect(applied.map(\.variant) == ["old"])
        #expect(applied[0].isOffVersion)
        #expect(applied[0].files == ["vendor/up/lib.go"])
        #expect(try fixture.repository.blob(at: "vendor/up/lib.go", of: tree) == Array("new\n".utf8))
    }

    @Test("where two variants fit, the version decides; where it does not, that is an error")
    func twoFit() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("old", "<1", "text", "o"), ("now", ">=1", "text", "n")])
        #expect(try fixture.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: "0.9").applied.map(\.variant) == ["old"])
        #expect(try fixture.apply(["p"], to: ["vendor/up/lib.go": "text\n"], version: "1.0").applied.map(\.variant) == ["now"])
        try fixture.patch("up/q", variants: [("a", "*", "text", "o"), ("b", "*", "text", "n")])
        let error = #expect(throws: PatchesError.self) { try fixture.apply(["q"], to: ["vendor/up/lib.go": "text\n"]) }
        #expect(error?.description.contains("a, b") == true)
    }

    @Test("a series is all or nothing, and the error says which patch, which hunk, and what stands there")
    func allOrNothing() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/first", variants: [("v", "*", "text", "first")])
        try fixture.patch("up/second", variants: [("v", "*", "text", "second")])
        let error = #expect(throws: PatchesError.self) { try fixture.apply(["first", "second"], to: ["vendor/up/lib.go": "text\n"]) }
        let words = try #require(error).description
        for word in ["up/second", "hunk 1 of 1", "expected: text", "found:    first", "unchanged"] {
            #expect(words.contains(word), "\(words)")
        }
    }

    @Test("patches are applied in the order of the series")
    func order() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/one", variants: [("v", "*", "text", "one")])
        try fixture.patch("up/two", variants: [("v", "*", "one", "two")])
        let (tree, _) = try fixture.apply(["one", "two"], to: ["vendor/up/lib.go": "text\n"])
        #expect(try fixture.repository.blob(at: "vendor/up/lib.go", of: tree) == Array("two\n".utf8))
        #expect(throws: PatchesError.self) { try fixture.apply(["two", "one"], to: ["vendor/up/lib.go": "text\n"]) }
    }

    @Test("a patch that stands twice, or is of an upstream that the recipe lacks, is refused before anything is applied")
    func refused() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "a", "b")])
        try fixture.patch("upp/q", variants: [("v", "*", "a", "b")])
        #expect(throws: PatchesError.self) { try Series(["p", "up/p"], recipe: fixture.recipe(), registry: fixture.registry()) }
        let error = #expect(throws: PatchesError.self) { try Series(["q"], recipe: fixture.recipe(), registry: fixture.registry()) }
        #expect(error?.description.contains("did you mean 'up'?") == true)
    }

    @Test("an entry whose variant has no file, and a .patch that is none, are told with their place")
    func broken() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/p", variants: [("v", "*", "a", "b")])
        try fixture.write("patches/up/p/v.patch", "--- a/lib.go\n+++ b/lib.go\n@@ -1 +1 @@\n-a\n")
        let malformed = #expect(throws: PatchesError.self) { try fixture.apply(["p"], to: ["vendor/up/lib.go": "a\n"]) }
        #expect(malformed?.description.contains("p/v.patch: line 4: ") == true)
        try FileManager.default.removeItem(atPath: "\(fixture.path)/patches/up/p/v.patch")
        let missing = #expect(throws: Diagnostic.self) { try fixture.registry() }
        #expect(missing?.description.contains("'v' has no file 'v.patch'") == true)
    }

    @Test("the label is what the command line takes: shortest names, or none")
    func label() throws {
        let fixture = try RegistryFixture()
        try fixture.patch("up/one", variants: [("v", "*", "a", "b")])
        try fixture.patch("up/two", variants: [("v", "*", "a", "b")])
        try fixture.patch("other/two", variants: [("v", "*", "a", "b")])
        #expect(try Series(["up/one", "up/two"], recipe: fixture.recipe(), registry: fixture.registry()).label == "one,up/two")
        #expect(try Series([], recipe: fixture.recipe(), registry: fixture.registry()).label == "none")
    }
}
