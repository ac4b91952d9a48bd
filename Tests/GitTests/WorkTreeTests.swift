import Foundation
import Git
import Glibc
import Testing

@Suite("Work trees")
struct WorkTreeTests {
    /// A worktree with its own repository.
    private struct WorkTreeFixture {
        let room: RepositoryFixture
        let work: String
        let workTree: WorkTree

        init() throws {
            room = try RepositoryFixture()
            work = "\(room.path)/work"
            workTree = WorkTree(directory: work, note: "\(room.path)/note")
        }

        /// Updates the directory to a tree as a build does: checks out first, then verifies, and repairs what was wrong.
        @discardableResult
        func bring(to tree: ObjectID) throws -> (changes: Int, wasMended: Bool) {
            let claim = try workTree.checkOut(tree, from: room.repository) { _ in }
            if workTree.holds(claim) { return (claim.changes, false) }
            let mended = try workTree.checkOutWhole(tree, from: room.repository) { _ in }
            #expect(workTree.holds(mended))
            return (mended.changes, true)
        }

        func isExactly(_ tree: ObjectID) throws -> Bool { try room.gitTree(of: work) == tree.description }
    }

    private let files = ["a": "1", "d/b": "2", "d/c": "3", "later": "x"]

    @Test("a checkout makes a directory exactly the tree, and a second one writes nothing")
    func checkOut() throws {
        let bench = try WorkTreeFixture()
        let tree = try bench.room.tree(files)
        #expect(try bench.bring(to: tree) == (4, false))
        #expect(try bench.isExactly(tree))
        #expect(try bench.bring(to: tree) == (0, false))
    }

    @Test("from one tree to the next only what differs is written, and the other files keep their inodes and times")
    func changes() throws {
        let bench = try WorkTreeFixture()
        let first = try bench.room.tree(files.merging(["gone/deep/file": "1"]) { $1 })
        let second = try bench.room.tree(files.merging(["d/b": "changed", "new/deep/file": "2"]) { $1 })
        try bench.bring(to: first)
        let before = try FileManager.default.attributesOfItem(atPath: "\(bench.work)/a")
        #expect(try bench.bring(to: second) == (3, false))
        let after = try FileManager.default.attributesOfItem(atPath: "\(bench.work)/a")
        #expect(before[.systemFileNumber] as? Int == after[.systemFileNumber] as? Int)
        #expect(before[.modificationDate] as? Date == after[.modificationDate] as? Date)
        #expect(try bench.isExactly(second))
        #expect(!FileManager.default.fileExists(atPath: "\(bench.work)/gone"))
        #expect(try bench.bring(to: first) == (3, false))
        #expect(try bench.isExactly(first))
    }

    /// One way of modifying a worktree from outside.
    enum Touch: CaseIterable {
        case rewritten, rewrittenInPlace, removed, added, addedDirectory, executable, linked
    }

    @Test(
        "whatever was touched from outside is found and mended, on the way to the same tree and to another one", arguments: Touch.allCases)
    func touched(_ touch: Touch) throws {
        for (name, content) in [("same", "2"), ("other", "9")] {
            let bench = try WorkTreeFixture()
            try bench.bring(to: try bench.room.tree(files))
            try self.touch(bench, touch)
            let tree = try bench.room.tree(files.merging(["d/b": content]) { $1 })
            #expect(try bench.bring(to: tree).wasMended, "\(name)")
            #expect(try bench.isExactly(tree), "\(name)")
        }
    }

    private func touch(_ bench: WorkTreeFixture, _ touch: Touch) throws {
        let (file, directory) = ("\(bench.work)/later", "\(bench.work)/empty")
        switch touch {
        case .rewritten: try bench.room.write("work/later", Data("y".utf8))
        case .rewrittenInPlace:
            let open = open(file, O_WRONLY)
            #expect(write(open, "y", 1) == 1)
            close(open)
        case .removed: #expect(unlink(file) == 0)
        case .added: try bench.room.write("work/extra/deep/file", Data("9".utf8))
        case .addedDirectory: #expect(mkdir(directory, 0o755) == 0)
        case .executable: #expect(chmod(file, 0o755) == 0)
        case .linked:
            #expect(unlink(file) == 0)
            #expect(symlink("a", file) == 0)
        }
    }

    @Test("files become directories, directories become files, links neither, and modes change")
    func kinds() throws {
        let bench = try WorkTreeFixture()
        let first = try bench.room.tree(["a": "file", "b/c": "in a directory", "run": "1"])
        let folder = try bench.room.folder("second", ["a/x": "in a directory", "b": "file", "run": "1"])
        #expect(chmod("\(folder)/run", 0o755) == 0)
        #expect(symlink("b", "\(folder)/link") == 0)
        let second = try bench.room.repository.importTree(from: folder) { _ in }
        for tree in [first, second, first, second] {
            #expect(try !bench.bring(to: tree).wasMended)
            #expect(try bench.isExactly(tree))
        }
    }

    @Test("a link that was put in a directory's place leads nothing out of the work tree")
    func linkedDirectory() throws {
        let bench = try WorkTreeFixture()
        let first = try bench.room.tree(["b/c": "1", "d": "1"])
        try bench.bring(to: first)
        let outside = try bench.room.folder("outside", ["c": "not ours"])
        try FileManager.default.removeItem(atPath: "\(bench.work)/b")
        #expect(symlink(outside, "\(bench.work)/b") == 0)
        for second in [["b/c": "2", "d": "1"], ["d": "1"], ["b/new": "3"]].map({ try? bench.room.tree($0) }) {
            let tree = try #require(second)
            try bench.bring(to: tree)
            #expect(try bench.isExactly(tree))
            #expect(try bench.room.read("outside/c") == "not ours")
            #expect(!FileManager.default.fileExists(atPath: "\(outside)/new"))
            try FileManager.default.removeItem(atPath: bench.work)
            try bench.bring(to: first)
            try FileManager.default.removeItem(atPath: "\(bench.work)/b")
            #expect(symlink(outside, "\(bench.work)/b") == 0)
        }
    }

    @Test("a checkout that was cut off is taken up again, and ends with exactly the tree")
    func cutOff() throws {
        let bench = try WorkTreeFixture()
        let first = try bench.room.tree(files)
        let many = try bench.room.tree(Dictionary(uniqueKeysWithValues: (0..<600).map { ("d/f\($0)", "\($0)") }))
        for start in [nil, first] {
            if let start { try bench.bring(to: start) }
            #expect(throws: CancellationError.self) {
                try bench.workTree.checkOut(many, from: bench.room.repository) { if $0 >= 256 { throw CancellationError() } }
            }
            #expect(try !bench.isExactly(many))
            try bench.bring(to: many)
            #expect(try bench.isExactly(many))
        }
    }

    @Test("a spoilt or missing note costs time and changes nothing", arguments: ["", "rubbish", "ninepin work tree 1\nx\ny\n"])
    func spoiltNote(_ content: String) throws {
        let bench = try WorkTreeFixture()
        let tree = try bench.room.tree(files)
        try bench.bring(to: tree)
        try bench.room.write("note", Data(content.utf8))
        try bench.room.write("work/a", Data("9".utf8))
        #expect(try bench.bring(to: tree) == (1, false))
        #expect(try bench.isExactly(tree))
    }

    @Test("a note of another tree than the directory's is found out")
    func wrongNote() throws {
        let bench = try WorkTreeFixture()
        let (first, second) = (try bench.room.tree(files), try bench.room.tree(["a": "1"]))
        try bench.bring(to: first)
        let text = try bench.room.read("note").replacingOccurrences(of: first.description, with: second.description)
        try bench.room.write("note", Data(text.utf8))
        try bench.bring(to: first)
        #expect(try bench.isExactly(first))
    }

    @Test("the directory that a tree was imported from is taken over, without its empty directories")
    func adopted() throws {
        let bench = try WorkTreeFixture()
        _ = try bench.room.folder("work", files)
        _ = try bench.room.folder("work/hollow/deep", [:])
        let tree = try bench.room.repository.importTree(from: bench.work) { _ in }
        try bench.workTree.adopt(tree)
        #expect(!FileManager.default.fileExists(atPath: "\(bench.work)/hollow"))
        #expect(rename(bench.work, "\(bench.room.path)/moved") == 0)
        let moved = WorkTree(directory: "\(bench.room.path)/moved", note: "\(bench.room.path)/note")
        let claim = try moved.checkOut(tree, from: bench.room.repository) { _ in }
        #expect(claim.changes == 0)
        #expect(moved.holds(claim))
    }
}
