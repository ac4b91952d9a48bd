import Foundation
import Git
import Testing
import UnifiedDiff

@Suite("Submodules in trees")
struct SubmoduleTests {
    /// A tree with a submodule's entry as git writes it.
    private func tree(_ fixture: RepositoryFixture, at path: String, modules: String? = nil, files: [String: String] = ["a": "1"]) throws
        -> ObjectID
    {
        let folder = try fixture.folder("made-\(UUID())", files.merging(modules.map { [".gitmodules": $0] } ?? [:]) { one, _ in one })
        let git = ["--git-dir=\(fixture.path)/trees.git", "--work-tree=."]
        let index = "GIT_INDEX_FILE=\(fixture.path)/index-\(UUID())"
        let entry = "160000,\(String(repeating: "1", count: 40)),\(path)"
        try fixture.run("env", [index, "git"] + git + ["add", "-A", "-f", "."], in: folder)
        try fixture.run("env", [index, "git"] + git + ["update-index", "--add", "--cacheinfo", entry], in: folder)
        let id = try fixture.run("env", [index, "git"] + git + ["write-tree"], in: folder)
        return try #require(ObjectID(id.trimmingCharacters(in: .newlines)))
    }

    private func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    @Test("a submodule's entry becomes an empty folder, as git checks it out, and the work tree holds the tree")
    func emptyFolder() throws {
        let fixture = try RepositoryFixture()
        let work = WorkTree(directory: "\(fixture.path)/tree", note: "\(fixture.path)/note")
        let stray = try tree(fixture, at: "sub/deep")
        let claim = try work.checkOut(stray, from: fixture.repository) { _ in }
        #expect(work.holds(claim))
        #expect(try names("\(fixture.path)/tree") == ["a", "sub"])
        #expect(try names("\(fixture.path)/tree/sub") == ["deep"])
        #expect(try names("\(fixture.path)/tree/sub/deep") == [])
        // Nothing is written a second time.
        #expect(try work.checkOut(stray, from: fixture.repository) { _ in }.changes == 0)
    }

    @Test("from a file to a submodule's entry, to a folder, to nothing: each step leaves what git would")
    func changes() throws {
        let fixture = try RepositoryFixture()
        let work = WorkTree(directory: "\(fixture.path)/tree", note: "\(fixture.path)/note")
        let steps: [(ObjectID, [String])] = [
            (try fixture.tree(["a": "1", "sub": "file"]), []), (try tree(fixture, at: "sub"), []),
            (try fixture.tree(["a": "1", "sub/x": "2"]), ["x"]),
            (try tree(fixture, at: "sub"), []), (try fixture.tree(["a": "1"]), []),
        ]
        for (number, (tree, inside)) in steps.enumerated() {
            #expect(work.holds(try work.checkOut(tree, from: fixture.repository) { _ in }), "\(number)")
            let isThere = FileManager.default.fileExists(atPath: "\(fixture.path)/tree/sub")
            #expect(isThere == (number < 4))
            if number > 0, number < 4 { #expect(try names("\(fixture.path)/tree/sub") == inside, "\(number)") }
        }
    }

    @Test("what lies in a submodule's folder is no part of the tree, and is removed when the tree is made whole")
    func filled() throws {
        let fixture = try RepositoryFixture()
        let work = WorkTree(directory: "\(fixture.path)/tree", note: "\(fixture.path)/note")
        try fixture.write("tree/sub/left", Data("x".utf8))
        let claim = try work.checkOutWhole(try tree(fixture, at: "sub"), from: fixture.repository) { _ in }
        #expect(work.holds(claim))
        #expect(try names("\(fixture.path)/tree/sub") == [])
    }

    @Test("a patch of another file leaves a submodule's entry as it is")
    func patched() throws {
        let fixture = try RepositoryFixture()
        let before = try tree(fixture, at: "sub", files: ["a": "1\n"])
        let patch = try Patch(Array("--- a/a\n+++ b/a\n@@ -1 +1 @@\n-1\n+2\n".utf8), name: "x.patch")
        let after = try fixture.repository.apply(patch, to: before, under: ".")
        #expect(try fixture.repository.changedPaths(from: before, to: after) == ["a"])
        #expect(try fixture.repository.submodules(of: after) == fixture.repository.submodules(of: before))
    }

    @Test("a submodule that .gitmodules names is told as left out, a stray one as an empty folder, and a tree without one tells nothing")
    func told() throws {
        let fixture = try RepositoryFixture()
        let modules = "[submodule \"x\"]\n\tpath = third/party\n\turl = https://example.org/x.git\n"
        let named = try fixture.repository.submodules(of: try tree(fixture, at: "third/party", modules: modules))
        #expect(named.named == ["\"third/party\""])
        #expect(named.stray.isEmpty)
        #expect(named.notes.count == 1)
        #expect(named.notes.first?.contains("submodules are not fetched") == true)
        let stray = try fixture.repository.submodules(of: try tree(fixture, at: "third/party"))
        #expect(stray.named.isEmpty)
        #expect(stray.notes.first?.contains("that .gitmodules does not list: it is an empty folder, as in git") == true)
        #expect(try fixture.repository.submodules(of: try fixture.tree(["a": "1"])).notes.isEmpty)
    }
}
