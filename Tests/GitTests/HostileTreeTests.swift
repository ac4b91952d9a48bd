import Foundation
import Git
import Glibc
import Testing

@Suite("Trees that are hostile")
struct HostileTreeTests {
    /// A worktree two folders down, surrounded by files that must not change.
    private struct HostileTreeFixture {
        let room: RepositoryFixture
        let work: String
        let workTree: WorkTree

        init() throws {
            room = try RepositoryFixture()
            _ = try room.folder("yard/inner", [:])
            work = "\(room.path)/yard/inner/work"
            workTree = WorkTree(directory: work, note: "\(room.path)/note")
            for folder in ["evil", "yard/evil", "yard/inner/evil"] { try room.write("\(folder)/kept", Data("kept".utf8)) }
        }

        /// The files around the worktree.
        func around() throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: room.path).filter {
                !$0.hasPrefix("yard/inner/work") && !["trees.git", "git-", "tree-", "note"].contains(where: $0.hasPrefix)
            }.sorted().map { "\($0) \((try? room.read($0)) ?? "")" }
        }
    }

    /// Expects that an operation is refused as bad data and changes nothing around the worktree.
    private func expectRefusal(_ name: String, _ words: String = "is rejected", in yard: HostileTreeFixture, _ work: () throws -> Void)
        throws
    {
        let before = try yard.around()
        let error = #expect(throws: TreeFault.self, "\(name)") { try work() }
        #expect(error?.description.contains(words) == true, "\(name): \(String(describing: error))")
        #expect(try yard.around() == before, "\(name)")
    }

    @Test("a name that leads out, or is git's own, is refused at the top and below, and nothing is written")
    func names() async throws {
        let yard = try HostileTreeFixture()
        let repository = yard.room.repository
        let (blob, inner) = (try yard.room.blob("evil"), try yard.room.tree(["f": "x"]))
        let good = try yard.room.tree(["a": "1", "d/b": "2"])
        #expect(yard.workTree.holds(try yard.workTree.checkOut(good, from: repository) { _ in }))
        for name in hostileNames {
            let file = try yard.room.rawTree([.init(name, blob)])
            let folder = try yard.room.rawTree([.folder("d", try yard.room.rawTree([.folder(name, inner)]))])
            for tree in [file, folder] {
                try expectRefusal(name, in: yard) { try repository.check(tree) }
                try expectRefusal(name, in: yard) { _ = try yard.workTree.checkOutWhole(tree, from: repository) { _ in } }
                try expectRefusal(name, in: yard) { _ = try yard.workTree.checkOut(tree, from: repository) { _ in } }
            }
            await Task.yield()
        }
        #expect(try yard.room.gitTree(of: yard.work) == good.description)
    }

    @Test("names that only look like those are files")
    func harmless() async throws {
        let yard = try HostileTreeFixture()
        let blob = try yard.room.blob("x")
        for name in harmlessNames {
            let tree = try yard.room.rawTree([.init(name, blob)])
            _ = try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in }
            #expect(try yard.room.read("yard/inner/work/\(name)") == "x", "\(name)")
            await Task.yield()
        }
    }

    @Test("a link that has the name of git's list of modules is refused, in each of its spellings; a file is not")
    func modules() async throws {
        let yard = try HostileTreeFixture()
        let target = try yard.room.blob("/etc/passwd")
        for name in [".gitmodules", ".GITMODULES ", "gitmod~1", "gi7eba~1", ".gitmodules:x", ".git\u{200D}modules", "a\\.gitmodules"] {
            let tree = try yard.room.rawTree([.link(name, target)])
            try expectRefusal(name, "link", in: yard) { _ = try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in } }
            let file = try yard.room.rawTree([.init(name, target)])
            #expect(throws: Never.self, "\(name)") { try yard.room.repository.check(file) }
            await Task.yield()
        }
    }

    @Test("a name that stands twice, and entries that are out of order, are refused: who looks one up would find another")
    func order() throws {
        let yard = try HostileTreeFixture()
        let (blob, link) = (try yard.room.blob("x"), try yard.room.blob("../../evil"))
        let inner = try yard.room.rawTree([.init("kept", blob)])
        for entries: [RepositoryFixture.RawEntry] in [
            [.link("a", link), .folder("a", inner)], [.init("a", blob), .init("a-", blob), .folder("a", inner)],
            [.init("a", blob), .init("a", blob)],
        ] {
            let tree = try yard.room.rawTree(entries)
            try expectRefusal("twice", "duplicate", in: yard) { _ = try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in } }
        }
        let tree = try yard.room.rawTree([.init("b", blob), .init("a", blob)])
        try expectRefusal("order", "order", in: yard) { _ = try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in } }
    }

    @Test(
        "trees of a few hundred bytes that come to a thousand million files, or lie a thousand folders deep, are refused before a byte is written"
    )
    func bombs() throws {
        let yard = try HostileTreeFixture()
        var wide = try yard.room.rawTree([.init("f", try yard.room.blob("x"))])
        for _ in 0..<9 {
            let below = wide
            wide = try yard.room.rawTree((0..<10).map { .folder("\($0)", below) })
        }
        try expectRefusal("files", "files", in: yard) { _ = try yard.workTree.checkOut(wide, from: yard.room.repository) { _ in } }
        let steps =
            "id=4b825dc642cb6eb9a060e54bf8d69288fbee4904; for n in $(seq 140); do "
            + "id=$(printf '040000 tree %s\\td\\n' $id | git --git-dir=trees.git mktree --missing); done; echo $id"
        let made = try yard.room.run("sh", ["-c", steps], in: yard.room.path).trimmingCharacters(in: .newlines)
        let deep = try #require(ObjectID(made))
        try expectRefusal("deep", "deep", in: yard) { _ = try yard.workTree.checkOut(deep, from: yard.room.repository) { _ in } }
    }

    @Test("a link where the tree has a folder, from an earlier tree or put there, is replaced, and nothing behind it is touched")
    func links() throws {
        let yard = try HostileTreeFixture()
        let outside = "\(yard.room.path)/evil"
        let link = try yard.room.rawTree([.link("a", try yard.room.blob(outside))])
        let folder = try yard.room.tree(["a/kept": "from the tree", "a/new": "new"])
        let before = try yard.around()
        // From tree to tree, in both directions.
        for tree in [link, folder, link, folder] {
            let claim = try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in }
            #expect(yard.workTree.holds(claim))
            #expect(try yard.room.gitTree(of: yard.work) == tree.description)
        }
        // A link takes the place of a folder that the note records.
        for next in [try yard.room.tree(["a/kept": "again", "a/new": "new"]), try yard.room.tree(["b": "no a any more"]), folder] {
            if mkdir("\(yard.work)/a", 0o755) == 0 { #expect(rmdir("\(yard.work)/a") == 0) }
            try? FileManager.default.removeItem(atPath: "\(yard.work)/a")
            #expect(symlink(outside, "\(yard.work)/a") == 0)
            let claim = try yard.workTree.checkOut(next, from: yard.room.repository) { _ in }
            if !yard.workTree.holds(claim) { _ = try yard.workTree.checkOutWhole(next, from: yard.room.repository) { _ in } }
            #expect(try yard.room.gitTree(of: yard.work) == next.description)
        }
        #expect(try yard.around() == before)
    }

    @Test("a work tree that is itself a link is not written through")
    func linkedRoot() throws {
        let yard = try HostileTreeFixture()
        #expect(symlink("\(yard.room.path)/evil", yard.work) == 0)
        let tree = try yard.room.tree(["kept": "x"])
        #expect(throws: GitError.self) { try yard.workTree.checkOut(tree, from: yard.room.repository) { _ in } }
        #expect(try yard.room.read("evil/kept") == "kept")
    }

    @Test(
        "a folder with such a name in it becomes no tree",
        arguments: hostileNames.filter { !$0.contains("/") && !$0.hasPrefix("..") && $0 != "." })
    func imports(name: String) throws {
        let room = try RepositoryFixture()
        for path in ["\(name)/config", "sub/\(name)"] {
            let folder = try room.folder("in-\(UUID())", ["good": "1", path: "x"])
            #expect(throws: TreeFault.self) { try room.repository.importTree(from: folder) { _ in } }
        }
        // In a developer's folder, git's own folder is left out, but only in its exact spelling.
        guard name != ".git" else { return }
        let folder = try room.folder("mine", ["good": "1", "sub/\(name)": "x"])
        #expect(throws: TreeFault.self) { try room.repository.importCheckout(of: folder) { _ in } }
    }

    @Test("a folder with a link that has the name of git's list of modules becomes no tree")
    func importsModules() throws {
        let room = try RepositoryFixture()
        let folder = try room.folder("in", ["good": "1"])
        #expect(symlink("/etc/passwd", "\(folder)/.gitmodules") == 0)
        #expect(throws: TreeFault.self) { try room.repository.importTree(from: folder) { _ in } }
    }

    @Test(
        "a tree or a file cannot be put at such a path", arguments: hostileNames.filter { $0 != "." && $0 != "a/b" } + ["a//b", "a/", ""])
    func puts(path: String) throws {
        let room = try RepositoryFixture()
        let tree = try room.tree(["a": "1"])
        for path in [path, "d/\(path)"] where path != "d/" {
            #expect(throws: TreeFault.self) { try room.repository.tree(tree, with: [path: tree]) }
            #expect(throws: TreeFault.self) { try room.repository.tree(tree, with: [:], files: [path: [1]]) }
        }
    }
}
