import Foundation
import Git
import Glibc
import Testing

@Suite("Trees from directories, and back")
struct TreeTests {
    @Test("a directory's tree id is the one that git gives it: modes, links, empty files, names that are no UTF-8")
    func sameAsGit() throws {
        let room = try Room()
        let folder = try room.folder(
            "a", ["x.txt": "x\r\n", "empty": "", "dir/deep/er/file": "1", "dir.c": "sorted as git sorts", "dir-a/b": "2"])
        try room.write("a/run.sh", Data("#!/bin/sh\n".utf8))
        #expect(chmod("\(folder)/run.sh", 0o755) == 0)
        #expect(symlink("x.txt", "\(folder)/link") == 0)
        #expect(symlink("nowhere/at/all", "\(folder)/dangling") == 0)
        #expect(mkdir("\(folder)/hollow", 0o755) == 0)
        let odd = Array(folder.utf8) + Array("/odd-".utf8) + [0xFF, 0xFE, 0]
        let file = odd.withUnsafeBytes { open($0.bindMemory(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY, 0o644) }
        #expect(file >= 0)
        close(file)
        try room.write("a/.gitignore", Data("*.o\n".utf8))
        try room.write("a/b.o", Data([0, 1, 2]))
        try room.write("a/.gitattributes", Data("* text eol=lf\n".utf8))
        let tree = try room.repository.importTree(from: folder, excluding: []) { _ in }
        // git itself would change line endings by that file, so it is asked without it.
        let other = try room.folder("b", [:])
        try room.run("cp", ["-a", "\(folder)/.", other], in: room.path)
        try FileManager.default.removeItem(atPath: "\(other)/.gitattributes")
        let plain = try room.repository.importTree(from: other, excluding: []) { _ in }
        #expect(plain.description == (try room.gitTree(of: other)))
        #expect(try room.repository.blob(at: "x.txt", of: tree) == Array("x\r\n".utf8))
    }

    @Test("the same content from two places has one id, and excluded names are no part of it")
    func sameContent() throws {
        let room = try Room()
        let one = try room.repository.importTree(from: try room.folder("a", ["f": "1", "d/g": "2"]), excluding: []) { _ in }
        let two = try room.repository.importTree(from: try room.folder("b", ["f": "1", "d/g": "2", ".pc/x": "3"]), excluding: [".pc"]) {
            _ in
        }
        #expect(one == two)
        #expect(try room.tree(["f": "1", "d/g": "3"]) != one)
    }

    @Test("an empty directory is git's empty tree")
    func empty() throws {
        let room = try Room()
        #expect(try room.tree([:]).description == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    }

    @Test(
        "a name that git keeps for itself, a pipe, and a missing directory are refused, and named", arguments: [".git", ".GIT", "sub/.git"])
    func gitName(_ name: String) throws {
        let room = try Room()
        let folder = try room.folder("a", ["\(name)/config": "x"])
        #expect(throws: GitError.self) { try room.repository.importTree(from: folder, excluding: []) { _ in } }
        #expect(throws: GitError.self) { try room.repository.importTree(from: "\(folder)/none", excluding: []) { _ in } }
    }

    @Test("a pipe in the directory is refused by its path, and does not hang the import")
    func pipe() throws {
        let room = try Room()
        let folder = try room.folder("a", ["f": "1"])
        #expect(mkfifo("\(folder)/pipe", 0o644) == 0)
        let error = #expect(throws: GitError.self) { try room.repository.importTree(from: folder, excluding: []) { _ in } }
        #expect(error?.description.contains("\(folder)/pipe") == true)
    }

    @Test("what progress throws ends the import")
    func cancelled() throws {
        let room = try Room()
        let files = Dictionary(uniqueKeysWithValues: (0..<600).map { ("f\($0)", "\($0)") })
        let folder = try room.folder("a", files)
        var asked = 0
        #expect(throws: CancellationError.self) {
            try room.repository.importTree(from: folder, excluding: []) { _ in
                asked += 1
                throw CancellationError()
            }
        }
        #expect(asked == 1)
    }

    @Test("a kept tree has its name, and a repository is found again where it was made")
    func keeps() throws {
        let room = try Room()
        let tree = try room.tree(["f": "1"])
        try room.repository.keep(tree, as: "refs/ninepin/trees/\(tree)")
        let store = "\(room.path)/trees.git"
        #expect(try Repository.open(at: store).contains(tree))
        #expect(
            try room.run("git", ["--git-dir=\(store)", "rev-parse", "refs/ninepin/trees/\(tree)"], in: room.path).hasPrefix(
                tree.description))
        #expect(throws: GitError.self) { try Repository.open(at: "\(room.path)/none.git") }
    }

    @Test("a checkout makes a directory exactly the tree, and leaves alone what is right already")
    func checkOut() throws {
        let room = try Room()
        let tree = try room.tree(["a": "1", "d/b": "2", "d/c": "3", "later": "x"])
        let (work, cache) = ("\(room.path)/work", "\(room.path)/stamps")
        #expect(try room.repository.checkOut(tree, to: work, cache: cache) { _ in } == 4)
        #expect(try room.repository.checkOut(tree, to: work, cache: cache) { _ in } == 0)
        try room.write("work/d/b", Data("9".utf8))
        try room.write("work/extra/deep/file", Data("9".utf8))
        try FileManager.default.removeItem(atPath: "\(work)/later")
        #expect(try room.repository.checkOut(tree, to: work, cache: cache) { _ in } == 3)
        #expect(try room.gitTree(of: work) == tree.description)
        #expect(try room.read("work/d/b") == "2")
    }

    @Test("a checkout turns files into directories, directories into files, and links into neither")
    func kinds() throws {
        let room = try Room()
        let (work, cache) = ("\(room.path)/work", "\(room.path)/stamps")
        let first = try room.tree(["a": "file", "b/c": "in a directory"])
        let second = try room.tree(["a/x": "in a directory", "b": "file"])
        for tree in [first, second, first] {
            _ = try room.repository.checkOut(tree, to: work, cache: cache) { _ in }
            #expect(try room.gitTree(of: work) == tree.description)
        }
        let outside = try room.folder("outside", ["c": "not ours"])
        try FileManager.default.removeItem(atPath: "\(work)/b")
        #expect(symlink(outside, "\(work)/b") == 0)
        _ = try room.repository.checkOut(first, to: work, cache: cache) { _ in }
        #expect(try room.gitTree(of: work) == first.description)
        #expect(try room.read("outside/c") == "not ours")
    }

    @Test("a spoilt cache of stamps costs time and changes nothing", arguments: ["", "rubbish", "ninepin stamps 1\0a\0b"])
    func spoiltCache(_ content: String) throws {
        let room = try Room()
        let tree = try room.tree(["a": "1", "b": "2"])
        let work = "\(room.path)/work"
        _ = try room.repository.checkOut(tree, to: work, cache: "\(room.path)/stamps") { _ in }
        try room.write("stamps", Data(content.utf8))
        try room.write("work/a", Data("9".utf8))
        _ = try room.repository.checkOut(tree, to: work, cache: "\(room.path)/stamps") { _ in }
        #expect(try room.gitTree(of: work) == tree.description)
    }
}
