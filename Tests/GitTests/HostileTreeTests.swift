import Foundation
import Git
import Glibc
import Testing

@Suite("Trees that are hostile")
struct HostileTreeTests {
    /// A worktree two folders down, surrounded by files that must not change.
    private struct HostileTreeFixture {
        let trees: RepositoryFixture
        let work: String
        let workTree: WorkTree

        init() throws {
            trees = try RepositoryFixture()
            _ = try trees.folder("yard/inner", [:])
            work = "\(trees.path)/yard/inner/work"
            workTree = WorkTree(directory: work, note: "\(trees.path)/note")
            for folder in ["evil", "yard/evil", "yard/inner/evil"] { try trees.write("\(folder)/kept", Data("kept".utf8)) }
        }

        /// The files around the worktree.
        func around() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: trees.path).filter {
                !$0.hasPrefix("yard/inner/work") && !["trees.git", "git-", "tree-", "note"].contains(where: $0.hasPrefix)
            }.sorted().map { "\($0) \((try? trees.read($0)) ?? "")" }
        }
    }

    /// Expects that an operation is refused as bad data and changes nothing around the worktree.
    private func expectRefusal(_ name: String, _ words: String = "is rejected", in fixture: HostileTreeFixture, _ work: () throws -> Void)
        throws
    {
        let before = try fixture.around()
        let error = #expect(throws: TreeFault.self, "\(name)") { try work() }
        #expect(error?.description.contains(words) == true, "\(name): \(String(describing: error))")
        #expect(try fixture.around() == before, "\(name)")
    }

    @Test("a name that leads out, or is git's own, is refused at the top and below, and nothing is written")
    func names() async throws {
        let fixture = try HostileTreeFixture()
        let repository = fixture.trees.repository
        let (blob, inner) = (try fixture.trees.blob("evil"), try fixture.trees.tree(["f": "x"]))
        let good = try fixture.trees.tree(["a": "1", "d/b": "2"])
        #expect(fixture.workTree.holds(try fixture.workTree.checkOut(good, from: repository) { _ in }))
        for name in hostileNames {
            let file = try fixture.trees.rawTree([.init(name, blob)])
            let folder = try fixture.trees.rawTree([.folder("d", try fixture.trees.rawTree([.folder(name, inner)]))])
            for tree in [file, folder] {
                try expectRefusal(name, in: fixture) { try repository.check(tree) }
                try expectRefusal(name, in: fixture) { _ = try fixture.workTree.checkOutWhole(tree, from: repository) { _ in } }
                try expectRefusal(name, in: fixture) { _ = try fixture.workTree.checkOut(tree, from: repository) { _ in } }
            }
            await Task.yield()
        }
        #expect(try fixture.trees.gitTree(of: fixture.work) == good.description)
    }

    @Test("names that only look like those are files")
    func harmless() async throws {
        let fixture = try HostileTreeFixture()
        let blob = try fixture.trees.blob("x")
        for name in harmlessNames {
            let tree = try fixture.trees.rawTree([.init(name, blob)])
            _ = try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in }
            #expect(try fixture.trees.read("yard/inner/work/\(name)") == "x", "\(name)")
            await Task.yield()
        }
    }

    @Test("a link that has the name of git's list of modules is refused, in each of its spellings; a file is not")
    func modules() async throws {
        let fixture = try HostileTreeFixture()
        let target = try fixture.trees.blob("/etc/passwd")
        for name in [".gitmodules", ".GITMODULES ", "gitmod~1", "gi7eba~1", ".gitmodules:x", ".git\u{200D}modules", "a\\.gitmodules"] {
            let tree = try fixture.trees.rawTree([.link(name, target)])
            try expectRefusal(name, "link", in: fixture) {
                _ = try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in }
            }
            let file = try fixture.trees.rawTree([.init(name, target)])
            #expect(throws: Never.self, "\(name)") { try fixture.trees.repository.check(file) }
            await Task.yield()
        }
    }

    @Test("a name that stands twice, and entries that are out of order, are refused: who looks one up would find another")
    func order() throws {
        let fixture = try HostileTreeFixture()
        let (blob, link) = (try fixture.trees.blob("x"), try fixture.trees.blob("../../evil"))
        let inner = try fixture.trees.rawTree([.init("kept", blob)])
        for entries: [RepositoryFixture.RawEntry] in [
            [.link("a", link), .folder("a", inner)], [.init("a", blob), .init("a-", blob), .folder("a", inner)],
            [.init("a", blob), .init("a", blob)],
        ] {
            let tree = try fixture.trees.rawTree(entries)
            try expectRefusal("twice", "duplicate", in: fixture) {
                _ = try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in }
            }
        }
        let tree = try fixture.trees.rawTree([.init("b", blob), .init("a", blob)])
        try expectRefusal("order", "order", in: fixture) {
            _ = try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in }
        }
    }

    @Test(
        "trees of a few hundred bytes that come to a thousand million files, or lie a thousand folders deep, are refused before a byte is written"
    )
    func bombs() throws {
        let fixture = try HostileTreeFixture()
        var wide = try fixture.trees.rawTree([.init("f", try fixture.trees.blob("x"))])
        for _ in 0..<9 {
            let below = wide
            wide = try fixture.trees.rawTree((0..<10).map { .folder("\($0)", below) })
        }
        try expectRefusal("files", "files", in: fixture) {
            _ = try fixture.workTree.checkOut(wide, from: fixture.trees.repository) { _ in }
        }
        let steps =
            "id=4b825dc642cb6eb9a060e54bf8d69288fbee4904; for n in $(seq 140); do "
            + "id=$(printf '040000 tree %s\\td\\n' $id | git --git-dir=trees.git mktree --missing); done; echo $id"
        let made = try fixture.trees.run("sh", ["-c", steps], in: fixture.trees.path).trimmingCharacters(in: .newlines)
        let deep = try #require(ObjectID(made))
        try expectRefusal("deep", "deep", in: fixture) { _ = try fixture.workTree.checkOut(deep, from: fixture.trees.repository) { _ in } }
    }

    @Test("a link where the tree has a folder, from an earlier tree or put there, is replaced, and nothing behind it is touched")
    func links() throws {
        let fixture = try HostileTreeFixture()
        let outside = "\(fixture.trees.path)/evil"
        let link = try fixture.trees.rawTree([.link("a", try fixture.trees.blob(outside))])
        let folder = try fixture.trees.tree(["a/kept": "from the tree", "a/new": "new"])
        let before = try fixture.around()
        // From tree to tree, in both directions.
        for tree in [link, folder, link, folder] {
            let claim = try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in }
            #expect(fixture.workTree.holds(claim))
            #expect(try fixture.trees.gitTree(of: fixture.work) == tree.description)
        }
        // A link takes the place of a folder that the note records.
        for next in [try fixture.trees.tree(["a/kept": "again", "a/new": "new"]), try fixture.trees.tree(["b": "no a any more"]), folder] {
            if mkdir("\(fixture.work)/a", 0o755) == 0 { #expect(rmdir("\(fixture.work)/a") == 0) }
            try? FileManager.default.removeItem(atPath: "\(fixture.work)/a")
            #expect(symlink(outside, "\(fixture.work)/a") == 0)
            let claim = try fixture.workTree.checkOut(next, from: fixture.trees.repository) { _ in }
            if !fixture.workTree.holds(claim) { _ = try fixture.workTree.checkOutWhole(next, from: fixture.trees.repository) { _ in } }
            #expect(try fixture.trees.gitTree(of: fixture.work) == next.description)
        }
        #expect(try fixture.around() == before)
    }

    @Test("a work tree that is itself a link is not written through")
    func linkedRoot() throws {
        let fixture = try HostileTreeFixture()
        #expect(symlink("\(fixture.trees.path)/evil", fixture.work) == 0)
        let tree = try fixture.trees.tree(["kept": "x"])
        #expect(throws: GitError.self) { try fixture.workTree.checkOut(tree, from: fixture.trees.repository) { _ in } }
        #expect(try fixture.trees.read("evil/kept") == "kept")
    }

    @Test(
        "a folder with such a name in it becomes no tree",
        arguments: hostileNames.filter { !$0.contains("/") && !$0.hasPrefix("..") && $0 != "." })
    func imports(name: String) throws {
        let trees = try RepositoryFixture()
        for path in ["\(name)/config", "sub/\(name)"] {
            let folder = try trees.folder("in-\(UUID())", ["good": "1", path: "x"])
            #expect(throws: TreeFault.self) { try trees.repository.importTree(from: folder) { _ in } }
        }
        // In a developer's folder, git's own folder is left out, but only in its exact spelling.
        guard name != ".git" else { return }
        let folder = try trees.folder("mine", ["good": "1", "sub/\(name)": "x"])
        #expect(throws: TreeFault.self) { try trees.repository.importCheckout(of: folder) { _ in } }
    }

    @Test("a folder with a link that has the name of git's list of modules becomes no tree")
    func importsModules() throws {
        let trees = try RepositoryFixture()
        let folder = try trees.folder("in", ["good": "1"])
        #expect(symlink("/etc/passwd", "\(folder)/.gitmodules") == 0)
        #expect(throws: TreeFault.self) { try trees.repository.importTree(from: folder) { _ in } }
    }

    @Test(
        "a tree or a file cannot be put at such a path", arguments: hostileNames.filter { $0 != "." && $0 != "a/b" } + ["a//b", "a/", ""])
    func puts(path: String) throws {
        let trees = try RepositoryFixture()
        let tree = try trees.tree(["a": "1"])
        for path in [path, "d/\(path)"] where path != "d/" {
            #expect(throws: TreeFault.self) { try trees.repository.tree(tree, with: [path: tree]) }
            #expect(throws: TreeFault.self) { try trees.repository.tree(tree, with: [:], files: [path: [1]]) }
        }
    }
}
