import Model
import Testing

/// A recipe with every key that contains a path or a file name, each as `<key>`.
private let recipe = """
    title: a thing that packs itself
    version: 1.20.2
    importPath: <importPath>
    source: {git: {url: "https://example.org/x", ref: v1}}
    upstreams:
      <upstream>: {path: <path>, module: <module>}
    toolchain: ">=1.19"
    target: {package: <package>}
    node: {profile: k3s-server}
    controlPlane: {apiServer: <apiServer>, controllerManager: <manager>, scheduler: <scheduler>, openapi: <openapi>}
    downloads:
      <download>: {addresses: ["https://example.org/a.tar"], sha256: unknown, unpack: <unpack>}
      other: {addresses: ["https://example.org/a.tar"], sha256: unknown, file: <file>}
    package:
      program: <program>
      folders: [bin, <folder>]
      programs:
        <name>: {source: <source>, importPath: <programImport>, target: {package: cmd/x}, output: <output>}
      copies: {<copyPlace>: <copySource>}
      links: {<linkTarget>: <linkName>}
      embed: <embed>
      bindata: <bindata>
      wrapper: {package: <wrapper>}
    """

private let good = [
    "importPath": "example.org/x", "upstream": "cadvisor", "path": "vendor/x", "module": "example.org/x", "package": "cmd/x",
    "apiServer": "cmd/a", "manager": "cmd/b", "scheduler": "cmd/c", "openapi": "pkg/o.go", "download": "root", "unpack": "bin/aux",
    "file": "etc/f", "program": "bin/x", "folder": "etc", "name": "cni", "source": "src/cni", "programImport": "example.org/cni",
    "output": "bin/cni", "copyPlace": "bin/tool", "copySource": "contrib/tool", "linkTarget": "x", "linkName": "y", "embed": "pkg/data",
    "bindata": "pkg/data/z.go", "wrapper": "cmd/w",
]

/// The keys that contain a single name instead of a path.
private let names: Set = ["upstream", "download", "name", "linkTarget", "linkName"]

private func filled(_ key: String?, _ value: String) -> String {
    good.reduce(recipe) { $0.replacing("<\($1.key)>", with: $1.key == key ? "'\(value)'" : $1.value) }
}

private func diagnostic(_ body: () throws -> Void) -> Diagnostic? {
    do {
        try body()
        return nil
    } catch { return error as? Diagnostic }
}

@Suite("Paths in files that people write")
struct PathTests {
    @Test(
        "a recipe's path or name that leads out, is git's own, or could be taken for an option is refused at its place",
        arguments: good.keys.sorted())
    func recipes(key: String) throws {
        _ = try Recipe(yaml: filled(nil, ""), file: "r.yaml", name: "r")
        var bad = ["../x", "q/../../x", "q/../x", "/etc/x", "a//b", "a/", "..", "x/.git/hooks", "x/GIT~1", "-x", "x/-y", "./x"]
        if names.contains(key) { bad += ["a/b", "."] }
        for value in bad {
            let found = diagnostic { _ = try Recipe(yaml: filled(key, value), file: "r.yaml", name: "r") }
            #expect((found?.line ?? 0) > 0, "\(key): '\(value)' is taken: \(String(describing: found))")
        }
        // YAML's escapes can produce characters that its plain text cannot contain.
        for value in ["a\\0b", "a\\nb", "a\\x1bb"] {
            let text = filled(key, "ESCAPED").replacing("'ESCAPED'", with: "\"\(value)\"")
            #expect(diagnostic { _ = try Recipe(yaml: text, file: "r.yaml", name: "r") } != nil, "\(key): '\(value)' is taken")
        }
    }

    @Test("a recipe's own name is one name", arguments: ["..", ".", "a/b", "../x", "", ".git", "-x"])
    func recipeName(name: String) throws {
        #expect(diagnostic { _ = try Recipe(yaml: filled(nil, ""), file: "r.yaml", name: name) } != nil)
    }

    @Test("a version is no path", arguments: ["1.20-../../x", "1.20+a/b", "1.20-a b", "1.20-a\nb", "1.20-\u{1B}[2J"])
    func versions(text: String) { #expect(Version(text) == nil) }

    @Test(
        "paths of upstreams, patches, proposals, projects and approaches are held to the same",
        arguments: ["../x", "a/../x", "/x", "a//b", ".git/x"])
    func others(path: String) throws {
        let upstream = "title: x\nmodules: [example.org/x]\nmarks: [MARK]\nhomes: [HOME]\n"
        func reads(_ mark: String, _ home: String) -> Diagnostic? {
            let text = upstream.replacing("MARK", with: mark).replacing("HOME", with: home)
            return diagnostic { _ = try PatchUpstream(yaml: text, file: "u.yaml", name: "x") }
        }
        #expect(reads("a.go", ".") == nil)
        #expect(reads(path, ".") != nil)
        #expect(reads("a.go", path) != nil)

        let entry = """
            title: x
            why: x
            upstream: x
            versions: ">=1"
            variants: [{name: NAME, versions: ">=1"}]
            evidence: x
            status: local
            """
        let name = try #require(PatchName("x/a"))
        func patch(_ variant: String) -> Diagnostic? {
            diagnostic { _ = try PatchEntry(yaml: entry.replacing("NAME", with: variant), file: "p.yaml", name: name) }
        }
        #expect(patch("one") == nil)
        for bad in [path, "..", "."] { #expect(patch(bad) != nil, "\(bad)") }

        let proposal = """
            area: fs
            subject: x
            problem: x
            solution: x
            tests: [{project: x, variants: [one], file: FILE, path: PATH}]
            """
        func proposes(_ file: String, _ place: String) -> Diagnostic? {
            let text = proposal.replacing("FILE", with: file).replacing("PATH", with: place)
            return diagnostic { _ = try Proposal(yaml: text, file: "p.yaml") }
        }
        #expect(proposes("a_test.go", "fs/a_test.go") == nil)
        #expect(proposes(path, "fs/a_test.go") != nil)
        #expect(proposes("a_test.go", path) != nil)
    }
}
