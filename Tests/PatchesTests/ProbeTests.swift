import Foundation
import Model
import Patches
import SystemPackage
import Testing

/// A registry of entries with and without probes, written for a test.
private final class Shelf {
    let path = FileManager.default.temporaryDirectory.appending(path: "ninepin-probes-\(UUID())").path

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func entry(_ name: String, program: String? = nil, probe: String? = nil, probeVersions: String? = nil) throws {
        let upstream = name.split(separator: "/")[0]
        let yaml = """
            title: t
            why: w
            upstream: \(upstream)
            versions: '*'
            variants: [{name: v, versions: '*'}]
            evidence: e
            status: local

            """
        try write(
            "\(name)/patch.yaml", yaml + (probe.map { "probe: \($0)\n" } ?? "") + (probeVersions.map { "probeVersions: '\($0)'\n" } ?? ""))
        try write("\(name)/v.patch", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n")
        if let program { try write("\(name)/probe/main.go", program) }
    }

    private func write(_ file: String, _ text: String) throws {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    func registry() throws -> Registry { try Registry(FilePath(path)) }

    func recipe(series: String = "") throws -> Recipe {
        let yaml = """
            title: t
            version: 1.0.0
            source: {debian: {package: p, suite: s, version: 1.0.0}}
            upstreams: {one: {path: ., version: 1.0.0}, two: {path: third/two, version: 1.0.0}, three: {path: vendor/x.org/three, version: 1.0.0},
              four: {path: copies/x.org/four/sub, version: 1.0.0}}
            toolchain: '*'
            importPath: x.org/main
            target: {package: y}
            node: {profile: kubelet}
            layouts: [root-9p]
            series: [\(series)]
            """
        return try Recipe(yaml: yaml, file: "r.yaml", name: "r")
    }
}

@Suite("Probes of the registry")
struct ProbeTests {
    @Test("what a probe imports below 'upstream' is imported from where the upstream is, and nothing else of it is changed")
    func imports() throws {
        let shelf = Shelf()
        let program = """
            package main

            import up "upstream"
            import "fmt"
            import (
            \t_ "upstream/fs/install" // registers
            \t"upstream/fs"
            \t"upstreamer/fs"
            \t"net/upstream"
            )

            func main() { fmt.Println(fs.Name, up.Name,
            "upstream"
            ) }

            """
        try shelf.entry("one/p", program: program)
        let probe = try shelf.registry().probe(named: "p", of: shelf.recipe())
        let source = String(decoding: probe.source(importing: "x.org/a/b"), as: UTF8.self)
        let expected = program.replacingOccurrences(of: #"up "upstream""#, with: #"up "x.org/a/b""#)
            .replacingOccurrences(of: #""upstream/fs"#, with: #""x.org/a/b/fs"#)
        #expect(source == expected)
    }

    @Test("an upstream is imported by its path below vendor/ or the copied modules, else below the tree's own path")
    func importPaths() throws {
        let recipe = try Shelf().recipe()
        let paths = try ["one", "two", "three", "four"].map { recipe.importPath(of: try #require(recipe.upstreams[$0]), copies: "copies") }
        #expect(paths == ["x.org/main", "x.org/main/third/two", "x.org/three", "x.org/four/sub"])
    }

    @Test("a series is asked by its patches' probes, each once; the stock source by those of the recipe's own series, or of all upstreams")
    func choosing() throws {
        let shelf = Shelf()
        try shelf.entry("one/a", program: "a")
        try shelf.entry("one/b", probe: "one/a")
        try shelf.entry("two/c", program: "c")
        try shelf.entry("two/silent")
        try shelf.entry("other/d", program: "d")
        let registry = try shelf.registry()
        func names(_ series: [String], own: String = "") throws -> [String] {
            let recipe = try shelf.recipe(series: own)
            return try registry.probes(for: Series(series, recipe: recipe, registry: registry), of: recipe).map(\.name.description)
        }
        #expect(try names(["b", "a", "c"]) == ["one/a", "two/c"])
        #expect(try names(["silent"]) == [])
        #expect(try names([]) == ["one/a", "two/c"])
        #expect(try names([], own: "two/c") == ["two/c"])
    }

    @Test("a probe that can be built for some versions alone is asked of those, and of an upstream that does not tell its version")
    func versions() throws {
        let shelf = Shelf()
        try shelf.entry("one/a", program: "a", probeVersions: ">=1.1 <1.3 || <0.2")
        try shelf.entry("one/b", program: "b")
        let (registry, recipe) = (try shelf.registry(), try shelf.recipe())
        let probes = try ["a", "b"].map { try registry.probe(named: $0, of: recipe) }
        func matcher(_ version: String?) -> [String] { probes.filter { $0.fits(version.flatMap(Version.init)) }.map(\.name.name) }
        #expect(matcher("1.1.5") == ["a", "b"] && matcher("0.0.6") == ["a", "b"] && matcher(nil) == ["a", "b"])
        #expect(matcher("1.0.0-rc92") == ["b"] && matcher("1.3.0") == ["b"])
    }

    @Test("a probe has something to say about the stock source, and about a series that patches its upstream")
    func asked() throws {
        let shelf = Shelf()
        try shelf.entry("one/a", program: "a")
        try shelf.entry("two/c", program: "c")
        let (registry, recipe) = (try shelf.registry(), try shelf.recipe())
        let probes = try ["a", "c"].map { try registry.probe(named: $0, of: recipe) }
        func asked(_ names: [String]) throws -> [String] {
            try Series(names, recipe: recipe, registry: registry).asked(by: probes).map(\.name.description)
        }
        #expect(try asked([]) == ["one/a", "two/c"])
        #expect(try asked(["two/c"]) == ["two/c"])
        #expect(try asked(["a", "c"]) == ["one/a", "two/c"])
    }

    @Test("a probe that is not there is an error that names the patch")
    func missing() throws {
        let shelf = Shelf()
        try shelf.entry("one/none")
        try shelf.entry("one/lost", probe: "one/none")
        try shelf.entry("other/d", program: "d")
        let (registry, recipe) = (try shelf.registry(), try shelf.recipe())
        for (name, words) in [
            ("none", "no patch has a probe"), ("lost", "'one/lost' uses its probe"), ("d", "not an upstream of recipe"),
            ("x", "no patch 'x'"),
        ] {
            let error = #expect(throws: PatchesError.self) { try registry.probe(named: name, of: recipe) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }
}
