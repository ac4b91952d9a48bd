import Foundation
import Git
import Glibc
import Testing

@Suite("Trees from directories")
struct TreeTests {
    @Test("a directory's tree id is the one that git gives it: modes, links, empty files, names that are no UTF-8")
    func sameAsGit() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder(
            "a", ["x.txt": "x\r\n", "empty": "", "dir/deep/er/file": "1", "dir.c": "sorted as git sorts", "dir-a/b": "2"])
        try fixture.write("a/run.sh", Data("#!/bin/sh\n".utf8))
        #expect(chmod("\(folder)/run.sh", 0o755) == 0)
        #expect(symlink("x.txt", "\(folder)/link") == 0)
        #expect(symlink("nowhere/at/all", "\(folder)/dangling") == 0)
        #expect(mkdir("\(folder)/hollow", 0o755) == 0)
        let odd = Array(folder.utf8) + Array("/odd-".utf8) + [0xFF, 0xFE, 0]
        let file = odd.withUnsafeBytes { open($0.bindMemory(to: CChar.self).baseAddress!, O_CREAT | O_WRONLY, 0o644) }
        #expect(file >= 0)
        close(file)
        try fixture.write("a/.gitignore", Data("*.o\n".utf8))
        try fixture.write("a/b.o", Data([0, 1, 2]))
        try fixture.write("a/.gitattributes", Data("* text eol=lf\n".utf8))
        let tree = try fixture.repository.importTree(from: folder) { _ in }
        // git itself would convert line endings because of that file, so run git without it.
        let other = try fixture.folder("b", [:])
        try fixture.run("cp", ["-a", "\(folder)/.", other], in: fixture.path)
        try FileManager.default.removeItem(atPath: "\(other)/.gitattributes")
        let plain = try fixture.repository.importTree(from: other) { _ in }
        #expect(plain.description == (try fixture.gitTree(of: other)))
        #expect(try fixture.repository.blob(at: "x.txt", of: tree) == Array("x\r\n".utf8))
    }

    @Test("the same content from two places has one id, and other content has another")
    func sameContent() throws {
        let fixture = try RepositoryFixture()
        let one = try fixture.repository.importTree(from: try fixture.folder("a", ["f": "1", "d/g": "2"])) { _ in }
        let two = try fixture.repository.importTree(from: try fixture.folder("b", ["f": "1", "d/g": "2"])) { _ in }
        #expect(one == two)
        #expect(try fixture.tree(["f": "1", "d/g": "3"]) != one)
    }

    @Test("a file of a tree is read as such only where it is no link, and no larger than it may be")
    func plainFile() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("a", ["go.mod": "module a\n", "d/f": ""])
        #expect(symlink("go.mod", "\(folder)/go.work") == 0)
        let tree = try fixture.repository.importTree(from: folder) { _ in }
        #expect(try fixture.repository.plainFile(at: "go.mod", of: tree, most: 9) == Array("module a\n".utf8))
        #expect(throws: GitError.self) { try fixture.repository.plainFile(at: "go.mod", of: tree, most: 8) }
        #expect(throws: GitError.self) { try fixture.repository.plainFile(at: "go.work", of: tree, most: 100) }
        for path in ["none", "d"] { #expect(try fixture.repository.plainFile(at: path, of: tree, most: 100) == nil) }
    }

    @Test("an empty directory is git's empty tree")
    func empty() throws {
        let fixture = try RepositoryFixture()
        #expect(try fixture.tree([:]).description == "4b825dc642cb6eb9a060e54bf8d69288fbee4904")
    }

    @Test(
        "a name that git keeps for itself, a pipe, and a missing directory are refused, and named", arguments: [".git", ".GIT", "sub/.git"])
    func gitName(_ name: String) throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("a", ["\(name)/config": "x"])
        #expect(throws: TreeFault.self) { try fixture.repository.importTree(from: folder) { _ in } }
        #expect(throws: GitError.self) { try fixture.repository.importTree(from: "\(folder)/none") { _ in } }
    }

    @Test("a pipe in the directory is refused by its path, and does not hang the import")
    func pipe() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("a", ["f": "1"])
        #expect(mkfifo("\(folder)/pipe", 0o644) == 0)
        let error = #expect(throws: GitError.self) { try fixture.repository.importTree(from: folder) { _ in } }
        #expect(error?.description.contains("\(folder)/pipe") == true)
    }

    @Test("what progress throws ends the import")
    func cancelled() throws {
        let fixture = try RepositoryFixture()
        let files = Dictionary(uniqueKeysWithValues: (0..<600).map { ("f\($0)", "\($0)") })
        let folder = try fixture.folder("a", files)
        var asked = 0
        #expect(throws: CancellationError.self) {
            try fixture.repository.importTree(from: folder) { _ in
                asked += 1
                throw CancellationError()
            }
        }
        #expect(asked == 1)
    }

    @Test("a kept tree has its name, and a repository is found again where it was made")
    func keeps() throws {
        let fixture = try RepositoryFixture()
        let tree = try fixture.tree(["f": "1"])
        try fixture.repository.keepTree(tree)
        let store = "\(fixture.path)/trees.git"
        #expect(try Repository.open(at: store).contains(tree))
        #expect(
            try fixture.run("git", ["--git-dir=\(store)", "rev-parse", "refs/ninepin/trees/\(tree)"], in: fixture.path).hasPrefix(
                tree.description))
        #expect(throws: GitError.self) { try Repository.open(at: "\(fixture.path)/none.git") }
    }
}
