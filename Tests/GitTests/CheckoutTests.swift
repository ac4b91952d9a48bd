import Foundation
import Git
import Glibc
import Testing

@Suite("Developers' folders")
struct CheckoutTests {
    /// A checkout with one commit.
    private func checkout(_ fixture: RepositoryFixture, _ name: String, _ files: [String: String]) throws -> String {
        let folder = try fixture.folder(name, files)
        try fixture.run("git", ["init", "-q"], in: folder)
        try commit(fixture, folder)
        return folder
    }

    private func commit(_ fixture: RepositoryFixture, _ folder: String) throws {
        try fixture.run("git", ["add", "-A", "-f"], in: folder)
        try fixture.run("git", ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x"], in: folder)
    }

    @Test("a clean checkout is its commit's tree: modes, links, carriage returns, a tracked file that is ignored; and says so")
    func clean() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("work", ["x.txt": "x\r\n", "run.sh": "#!/bin/sh\n", ".gitignore": "*.o\nout/\n", "kept.o": "1"])
        #expect(chmod("\(folder)/run.sh", 0o755) == 0)
        #expect(symlink("x.txt", "\(folder)/link") == 0)
        try fixture.run("git", ["init", "-q"], in: folder)
        try commit(fixture, folder)
        try fixture.write("work/made.o", Data("2".utf8))
        try fixture.write("work/out/made", Data("3".utf8))
        let read = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(
            read.tree.description == (try fixture.run("git", ["rev-parse", "HEAD^{tree}"], in: folder)).trimmingCharacters(in: .newlines))
        #expect(read.head?.description == (try fixture.run("git", ["rev-parse", "HEAD"], in: folder)).trimmingCharacters(in: .newlines))
        #expect(!read.isDirty)
        try fixture.write("work/new", Data("4".utf8))
        let dirty = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(dirty.isDirty)
        #expect(dirty.head == read.head)
        #expect(try fixture.repository.changedPaths(from: read.tree, to: dirty.tree) == ["new"])
    }

    @Test("line endings that git would change stay as they lie there, and do not make a checkout dirty")
    func lineEndings() throws {
        let fixture = try RepositoryFixture()
        let folder = try checkout(fixture, "work", [".gitattributes": "*.bat text eol=crlf\n", "a.bat": "1\n", "b": "2\r\n"])
        try FileManager.default.removeItem(atPath: "\(folder)/a.bat")
        try fixture.run("git", ["checkout", "-q", "a.bat"], in: folder)
        let read = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(try fixture.repository.blob(at: "a.bat", of: read.tree) == Array("1\r\n".utf8))
        #expect(try fixture.repository.blob(at: "b", of: read.tree) == Array("2\r\n".utf8))
        #expect(!read.isDirty)
    }

    @Test("a folder that is no checkout is taken whole, with the id that importTree gives it")
    func plain() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("work", ["a": "1", ".gitignore": "*\n", "d/b.o": "2"])
        let read = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(read.tree == (try fixture.repository.importTree(from: folder) { _ in }))
        #expect(read.head == nil)
        #expect(!read.isDirty)
    }

    @Test("a submodule's files are content, without its .git, and by its own rules")
    func submodule() throws {
        let fixture = try RepositoryFixture()
        let folder = try checkout(fixture, "work", ["a": "1", ".gitignore": "*.tmp\n"])
        let inner = try checkout(fixture, "inner", ["b": "2", ".gitignore": "*.o\n"])
        try fixture.run("git", ["-c", "protocol.file.allow=always", "submodule", "add", "-q", inner, "sub"], in: folder)
        try commit(fixture, folder)
        try fixture.write("work/sub/made.o", Data("3".utf8))
        let read = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(try fixture.repository.blob(at: "sub/b", of: read.tree) == Array("2".utf8))
        #expect(try fixture.repository.blob(at: "sub/.git", of: read.tree) == nil)
        #expect(try fixture.repository.blob(at: "sub/made.o", of: read.tree) == nil)
        #expect(!read.isDirty)
    }

    @Test("a repository without a commit has no head, and its files are content")
    func unborn() throws {
        let fixture = try RepositoryFixture()
        let folder = try fixture.folder("work", ["a": "1"])
        try fixture.run("git", ["init", "-q"], in: folder)
        let read = try fixture.repository.importCheckout(of: folder) { _ in }
        #expect(read.head == nil)
        #expect(read.isDirty)
        #expect(try fixture.repository.blob(at: "a", of: read.tree) == Array("1".utf8))
    }
}
