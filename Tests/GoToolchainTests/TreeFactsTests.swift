import GoTree
import Model
import Testing

@testable import GoToolchain

/// The content of a test's tree, by path.
private typealias Tree = [String: String]

private func facts(_ tree: Tree) throws -> TreeFacts {
    try TreeFacts(
        TreeFacts.Reading(
            file: { tree[$0].map { Array($0.utf8) } },
            isFolder: { folder in tree.keys.contains { $0.hasPrefix("\(folder)/") } }))
}

private func layout(_ tree: Tree, _ mode: Target.Mode? = nil, at importPath: String? = nil) throws -> GoLayout {
    try facts(tree).layout(mode: mode, importPath: importPath, recipe: "r")
}

private func refusal(_ tree: Tree, _ mode: Target.Mode? = nil, at importPath: String? = nil) -> String? {
    do {
        _ = try layout(tree, mode, at: importPath)
        return nil
    } catch { return "\(error)" }
}

private let plain = ["go.mod": "module example.org/tree\n\ngo 1.16\n"]
private let vendored = plain.merging(["vendor/modules.txt": "# example.org/lib v1.0.0\n## explicit\n"]) { $1 }
private let off = vendored.merging(["Dockerfile.dapper": "FROM golang:1.16\nENV GO111MODULE off\n"]) { $1 }
private let workspace = plain.merging([
    "vendor/modules.txt": "## workspace\n# example.org/lib v1.0.0\n",
    "go.work": "go 1.26.0\n\ngodebug default=go1.26\n\nuse (\n\t.\n\t./staging/src/example.org/api // staged\n)\n",
    "staging/src/example.org/api/go.mod": "module example.org/api\n\nreplace example.org/lib => ../lib\n",
]) { $1 }

@Suite("How a tree is built is read from the tree")
struct TreeFactsTests {
    @Test("the mode is the tree's own, and so is the import path")
    func own() throws {
        let bare = ["main.go": "package main\n"]
        for (tree, mode) in [(plain, Target.Mode.modules), (vendored, .vendor), (off, .gopath), (workspace, .workspace)] {
            #expect(try layout(tree).mode == mode)
            #expect(try layout(tree).importPath == "example.org/tree")
        }
        #expect(try layout(bare, at: "example.org/bare") == GoLayout(mode: .gopath, importPath: "example.org/bare"))
        #expect(refusal(bare)?.contains("the tree's import path is unknown") == true)
    }

    @Test("a go.work that vendor/ was not made for is ignored, whatever is in it", arguments: [plain, vendored, off])
    private func ignored(_ tree: Tree) throws {
        let beside = tree.merging(["go.work": "go 1.99\nuse ../../elsewhere\nwhat is this )\n"]) { $1 }
        #expect(try layout(beside) == layout(tree))
    }

    @Test("a GOPATH build of a tree that has vendor/ and a go.mod of the same name contradicts nothing")
    func gopath() throws {
        #expect(try layout(vendored, .gopath, at: "example.org/tree").mode == .gopath)
        #expect(try layout(off, .vendor).mode == .vendor)
        let major = vendored.merging(["go.mod": "module example.org/tree/v2\n"]) { $1 }
        #expect(try layout(major, .gopath, at: "example.org/tree").importPath == "example.org/tree")
        #expect(refusal(major, .vendor, at: "example.org/tree")?.contains("module example.org/tree/v2") == true)
    }

    @Test("a mode that contradicts the tree is an error that names both")
    func modes() throws {
        let cases: [(Tree, Target.Mode, String)] = [
            (workspace, .vendor, "vendor/modules.txt begins with '## workspace'"), (workspace, .gopath, "begins with '## workspace'"),
            (workspace, .modules, "vendors its modules"), (vendored, .workspace, "does not begin with '## workspace'"),
            (plain, .workspace, "no folder vendor/"), (plain, .vendor, "no folder vendor/"), (vendored, .modules, "vendor/modules.txt"),
            (off.filter { $0.key != "vendor/modules.txt" }, .modules, "Dockerfile.dapper turns modules off"),
            (["a.go": ""], .modules, "no go.mod"), (["vendor/a/a.go": ""], .vendor, "no go.mod"),
            (workspace.filter { $0.key != "go.work" }, .workspace, "no go.work"),
        ]
        for (tree, mode, words) in cases {
            let said = try #require(refusal(tree, mode, at: "example.org/tree"), "\(mode) \(words)")
            #expect(said.contains("recipe 'r' says 'mode: \(mode.rawValue)'") && said.contains(words), "\(said)")
        }
        #expect(refusal(workspace.filter { $0.key != "go.work" })?.contains("there is no go.work") == true)
    }

    @Test("an import path that is not the module's is an error that names both")
    func importPath() throws {
        for tree in [plain, vendored, off, workspace] {
            let said = try #require(refusal(tree, at: "example.org/other"))
            #expect(said.contains("'importPath: example.org/other'") && said.contains("'module example.org/tree'"), "\(said)")
        }
        #expect(throws: GoLayoutError.self) { try facts(vendored).layout(ofLibraryAt: "example.org/other", recipe: "r") }
    }

    @Test(
        "a go.work leads Go nowhere but into the tree, and to nothing that is not there",
        arguments: [
            ("use ../elsewhere", "points outside the tree"), ("use /etc", "points outside the tree"),
            ("use (\n./staging/../../elsewhere\n)", "points outside the tree"), ("use(\n\"../elsewhere\"\n)", "points outside the tree"),
            ("use `../elsewhere`", "points outside the tree"), ("use ./staging", "is not a folder of the tree with a go.mod"),
            ("use ./none", "is not a folder of the tree with a go.mod"), ("use . ../elsewhere", "does not name exactly one folder"),
            ("replace example.org/a => ../a", "points outside the tree"), ("replace example.org/a v1.0.0 => /a", "points outside the tree"),
            ("replace (\nexample.org/a => ./b/../../a\n)", "points outside the tree"), ("include ../go.work", "unknown directive"),
            ("use (\n.\n", "unclosed block"), ("use \"../else\\u0077here\"", "contains '\\'"), ("use ./a\"b", "not allowed in a word"),
            ("use .git/modules", "points outside the tree"),
        ])
    func hostile(_ text: String, _ words: String) throws {
        let tree = workspace.merging(["go.work": "go 1.26.0\n\(text)\n"]) { $1 }
        let said = try #require(refusal(tree), "\(text)")
        #expect(said.contains(words), "\(said)")
    }

    @Test("neither does a go.mod whose replacements Go follows")
    func replacements() throws {
        let out = workspace.merging(["staging/src/example.org/api/go.mod": "module example.org/api\nreplace a.b/c => ../../../../../c\n"]) {
            $1
        }
        #expect(refusal(out)?.contains("staging/src/example.org/api/go.mod is rejected") == true)
        let modules = ["go.mod": "module example.org/tree\nreplace a.b/c v1.0.0 => ../c\n"]
        #expect(refusal(modules)?.contains("go.mod is rejected") == true)
        let inside = [
            "go.mod": "module example.org/tree\nreplace (\n\ta.b/c => ./c\n\ta.b/d => a.b/e v1.0.0\n)\nretract [v1.0.0, v1.1.0]\n"
        ]
        #expect(try layout(inside).mode == .modules)
    }

    @Test(
        "a module's name that would be more than a name is refused",
        arguments: [
            "../a", "/a", "a/-toolexec", "\"a b\"", "\"a//b\"", "a'b", "a=b", "a/./b", "é.org/a",
        ])
    func module(_ name: String) throws {
        #expect(refusal(["go.mod": "module \(name)\n"])?.contains("an invalid module path") == true)
    }

    @Test(
        "modules are turned off by the last word of a Dockerfile.dapper, in all of its spellings",
        arguments: [
            ("ENV GO111MODULE off", true), ("env GO111MODULE=off", true), ("ENV A=b GO111MODULE=\"off\" C=d", true),
            ("ENV A=b \\\n    GO111MODULE=off", true), ("# ENV GO111MODULE off", false), ("ENV GO111MODULE on", false),
            ("ENV GO111MODULE off\nENV GO111MODULE=on", false), ("RUN GO111MODULE=off go get x", false), ("ENV MY_GO111MODULE off", false),
        ])
    func dapper(_ text: String, _ isOff: Bool) throws {
        let tree = vendored.merging(["Dockerfile.dapper": "FROM golang\n\(text)\n"]) { $1 }
        #expect(try layout(tree).mode == (isOff ? .gopath : .vendor))
    }

    @Test("what go.mod, go.work and .go-version name is told beside what was taken")
    func named() throws {
        let tree = workspace.merging([
            "go.mod": "module example.org/tree\n\ngo 1.26.0\ntoolchain go1.26.4\n", ".go-version": "1.26.4\n",
        ]) { $1 }
        let note = try layout(tree).note(taken: try #require(Version("1.27.3")))
        #expect(note == "the tree names Go 1.26.0 (go.work, go.mod), 1.26.4 (toolchain of go.mod, .go-version); using Go 1.27.3")
        let odd = plain.merging([".go-version": "\u{1B}[2J newest\n"]) { $1 }
        #expect(try layout(odd).note(taken: try #require(Version("1.27.3")))?.unicodeScalars.contains("\u{1B}") == false)
        #expect(try layout(["a.go": ""], at: "a").note(taken: try #require(Version("1.27.3"))) == nil)
    }

    @Test(
        "a Go is too old only where Go itself would refuse",
        arguments: [
            ("1.26.0", Target.Mode.vendor, "1.25.11", true), ("1.26.0", .vendor, "1.26.0", false), ("1.26", .vendor, "1.27.3", false),
            ("1.26", .gopath, "1.19.8", false), ("1.20", .vendor, "1.19.8", true), ("1.16", .vendor, "1.19.8", false),
            // Three numbers are an error for this release.
            ("1.19.0", .vendor, "1.19.8", true),
        ])
    func tooOld(_ line: String, _ mode: Target.Mode, _ taken: String, _ isRefused: Bool) throws {
        let tree = vendored.merging(["go.mod": "module example.org/tree\ngo \(line)\ntoolchain go1.99.0\n", ".go-version": "1.99.0"]) { $1 }
        let found = try layout(tree, mode)
        let go = try #require(Version(taken))
        if isRefused {
            let error = #expect(throws: GoTooOld.self) { try found.check(go) }
            #expect(error?.description.contains(line) == true && error?.description.contains(taken) == true)
        } else {
            #expect(throws: Never.self) { try found.check(go) }
        }
    }

    @Test("a workspace with vendor/ needs a Go that knows one")
    func workspaceNeeds() throws {
        let tree = workspace.merging(["go.work": "go 1.21\nuse .\n"]) { $1 }
        #expect(throws: GoTooOld.self) { try layout(tree).check(try #require(Version("1.21.13"))) }
        #expect(throws: Never.self) { try layout(tree).check(try #require(Version("1.22.0"))) }
    }
}
