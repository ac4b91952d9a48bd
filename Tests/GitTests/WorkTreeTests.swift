import Foundation
import Git
import Glibc
import Testing

@Suite("Work trees")
struct WorkTreeTests {
    /// A worktree with its own repository.
    private struct WorkTreeFixture {
        let trees: RepositoryFixture
        let work: String
        let workTree: WorkTree

        init() throws {
            trees = try RepositoryFixture()
            work = "\(trees.path)/work"
            workTree = WorkTree(directory: work, note: "\(trees.path)/note")
        }

        /// Updates the directory to a tree as a build does: checks out first, then verifies, and repairs what was wrong.
        @discardableResult
        func bring(to tree: ObjectID) throws -> (changes: Int, wasMended: Bool) {
            let claim = try workTree.checkOut(tree, from: trees.repository) { _ in }
            if workTree.holds(claim) { return (claim.changes, false) }
            let mended = try workTree.checkOutWhole(tree, from: trees.repository) { _ in }
            #expect(workTree.holds(mended))
            return (mended.changes, true)
        }

        func isExactly(_ tree: ObjectID) throws -> Bool { try trees.gitTree(of: work) == tree.description }
    }

    private let files = ["a": "1", "d/b": "2", "d/c": "3", "later": "x"]

    @Test("a checkout makes a directory exactly the tree, and a second one writes nothing")
    func checkOut() throws {
        let fixture = try WorkTreeFixture()
        let tree = try fixture.trees.tree(files)
        #expect(try fixture.bring(to: tree) == (4, false))
        #expect(try fixture.isExactly(tree))
        #expect(try fixture.bring(to: tree) == (0, false))
    }

    @Test("from one tree to the next only what differs is written, and the other files keep their inodes and times")
    func changes() throws {
        let fixture = try WorkTreeFixture()
        let first = try fixture.trees.tree(files.merging(["gone/deep/file": "1"]) { $1 })
        let second = try fixture.trees.tree(files.merging(["d/b": "changed", "new/deep/file": "2"]) { $1 })
        try fixture.bring(to: first)
        let before = try FileManager.default.attributesOfItem(atPath: "\(fixture.work)/a")
        #expect(try fixture.bring(to: second) == (3, false))
        let after = try FileManager.default.attributesOfItem(atPath: "\(fixture.work)/a")
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
        #expect(try fixture.isExactly(second))
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.work)/gone"))
        #expect(try fixture.bring(to: first) == (3, false))
        #expect(try fixture.isExactly(first))
    }

    /// One way of modifying a worktree from outside.
    enum Touch: CaseIterable {
        case rewritten, rewrittenInPlace, removed, added, addedDirectory, executable, linked
    }

    @Test(
        "whatever was touched from outside is found and mended, on the way to the same tree and to another one", arguments: Touch.allCases)
    func touched(_ touch: Touch) throws {
        for (name, content) in [("same", "2"), ("other", "9")] {
            let fixture = try WorkTreeFixture()
            try fixture.bring(to: try fixture.trees.tree(files))
            try self.touch(fixture, touch)
            let tree = try fixture.trees.tree(files.merging(["d/b": content]) { $1 })
            #expect(try fixture.bring(to: tree).wasMended, "\(name)")
            #expect(try fixture.isExactly(tree), "\(name)")
        }
    }

    private func touch(_ fixture: WorkTreeFixture, _ touch: Touch) throws {
        let (file, directory) = ("\(fixture.work)/later", "\(fixture.work)/empty")
        switch touch {
        case .rewritten: try fixture.trees.write("work/later", Data("y".utf8))
        case .rewrittenInPlace:
            let open = open(file, O_WRONLY)
            #expect(write(open, "y", 1) == 1)
            close(open)
        case .removed: #expect(unlink(file) == 0)
        case .added: try fixture.trees.write("work/extra/deep/file", Data("9".utf8))
        case .addedDirectory: #expect(mkdir(directory, 0o755) == 0)
        case .executable: #expect(chmod(file, 0o755) == 0)
        case .linked:
            #expect(unlink(file) == 0)
            #expect(symlink("a", file) == 0)
        }
    }

    @Test("files become directories, directories become files, links neither, and modes change")
    func kinds() throws {
        let fixture = try WorkTreeFixture()
        let first = try fixture.trees.tree(["a": "file", "b/c": "in a directory", "run": "1"])
        let folder = try fixture.trees.folder("second", ["a/x": "in a directory", "b": "file", "run": "1"])
        #expect(chmod("\(folder)/run", 0o755) == 0)
        #expect(symlink("b", "\(folder)/link") == 0)
        let second = try fixture.trees.repository.importTree(from: folder) { _ in }
        for tree in [first, second, first, second] {
            #expect(try !fixture.bring(to: tree).wasMended)
            #expect(try fixture.isExactly(tree))
        }
    }

    @Test("a link that was put in a directory's place leads nothing out of the work tree")
    func linkedDirectory() throws {
        let fixture = try WorkTreeFixture()
        let first = try fixture.trees.tree(["b/c": "1", "d": "1"])
        try fixture.bring(to: first)
        let outside = try fixture.trees.folder("outside", ["c": "not ours"])
        try FileManager.default.removeItem(atPath: "\(fixture.work)/b")
        #expect(symlink(outside, "\(fixture.work)/b") == 0)
        for second in [["b/c": "2", "d": "1"], ["d": "1"], ["b/new": "3"]].map({ try? fixture.trees.tree($0) }) {
            let tree = try #require(second)
            try fixture.bring(to: tree)
            #expect(try fixture.isExactly(tree))
            #expect(try fixture.trees.read("outside/c") == "not ours")
            #expect(!FileManager.default.fileExists(atPath: "\(outside)/new"))
            try FileManager.default.removeItem(atPath: fixture.work)
            try fixture.bring(to: first)
            try FileManager.default.removeItem(atPath: "\(fixture.work)/b")
            #expect(symlink(outside, "\(fixture.work)/b") == 0)
        }
    }

    @Test("a checkout that was cut off is taken up again, and ends with exactly the tree")
    func cutOff() throws {
        let fixture = try WorkTreeFixture()
        let first = try fixture.trees.tree(files)
        let many = try fixture.trees.tree(Dictionary(uniqueKeysWithValues: (0..<600).map { ("d/f\($0)", "\($0)") }))
        for start in [nil, first] {
            if let start { try fixture.bring(to: start) }
            #expect(throws: CancellationError.self) {
                try fixture.workTree.checkOut(many, from: fixture.trees.repository) { if $0 >= 256 { throw CancellationError() } }
            }
            #expect(try !fixture.isExactly(many))
            try fixture.bring(to: many)
            #expect(try fixture.isExactly(many))
        }
    }

    @Test("a spoilt or missing note costs time and changes nothing", arguments: ["", "rubbish", "ninepin work tree 1\nx\ny\n"])
    func spoiltNote(_ content: String) throws {
        let fixture = try WorkTreeFixture()
        let tree = try fixture.trees.tree(files)
        try fixture.bring(to: tree)
        try fixture.trees.write("note", Data(content.utf8))
        try fixture.trees.write("work/a", Data("9".utf8))
        #expect(try fixture.bring(to: tree) == (1, false))
        #expect(try fixture.isExactly(tree))
    }

    @Test("a note of another tree than the directory's is found out")
    func wrongNote() throws {
        let fixture = try WorkTreeFixture()
        let (first, second) = (try fixture.trees.tree(files), try fixture.trees.tree(["a": "1"]))
        try fixture.bring(to: first)
        let text = try fixture.trees.read("note").replacingOccurrences(of: first.description, with: second.description)
        try fixture.trees.write("note", Data(text.utf8))
        try fixture.bring(to: first)
        #expect(try fixture.isExactly(first))
    }

    @Test("the directory that a tree was imported from is taken over, without its empty directories")
    func adopted() throws {
        let fixture = try WorkTreeFixture()
        _ = try fixture.trees.folder("work", files)
        _ = try fixture.trees.folder("work/hollow/deep", [:])
        let tree = try fixture.trees.repository.importTree(from: fixture.work) { _ in }
        try fixture.workTree.adopt(tree)
        #expect(!FileManager.default.fileExists(atPath: "\(fixture.work)/hollow"))
        #expect(rename(fixture.work, "\(fixture.trees.path)/moved") == 0)
        let moved = WorkTree(directory: "\(fixture.trees.path)/moved", note: "\(fixture.trees.path)/note")
        let claim = try moved.checkOut(tree, from: fixture.trees.repository) { _ in }
        #expect(claim.changes == 0)
        #expect(moved.holds(claim))
    }
}
