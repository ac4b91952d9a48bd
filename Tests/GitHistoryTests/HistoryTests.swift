import Foundation
import Git
import Glibc
import Testing

@testable import GitHistory

/// A checkout created by git itself, and a repository of ours next to it.
final class HistoryFixture {
    let path: String
    let repository: Repository
    let environment: [String: String]

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ninepin-history-\(UUID())").path
        environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "\(path)/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "HOME": path,
        ]
        try FileManager.default.createDirectory(atPath: "\(path)/tree", withIntermediateDirectories: true)
        repository = try Repository.openOrCreateBare(at: "\(path)/trees.git")
        for (name, value) in ["user.name": "A Tester", "user.email": "tester@example.org", "init.defaultBranch": "main"] {
            try run("git", "config", "--file", "\(path)/gitconfig", name, value)
        }
        try git("init", "-q")
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ content: String) throws {
        let url = URL(filePath: "\(path)/tree/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: url)
    }

    @discardableResult
    func git(_ arguments: String...) throws -> String { try run(["git", "-C", "\(path)/tree"] + arguments) }

    @discardableResult
    func commit(_ subject: String) throws -> ObjectID {
        try git("add", "-A")
        try git("commit", "-q", "-m", subject)
        return try #require(ObjectID(try git("rev-parse", "HEAD")))
    }

    @discardableResult
    func run(_ arguments: String...) throws -> String { try run(arguments) }

    private func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.environment = environment
        let (output, messages) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = messages
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let words = messages.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Complaint(description: "\(arguments): \(String(decoding: words, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct Complaint: Error, CustomStringConvertible { let description: String }

    /// A tree of some files.
    func tree(_ files: [String: String]) throws -> ObjectID {
        let folder = "\(path)/\(UUID())"
        for (file, content) in files { try write("../\(URL(filePath: folder).lastPathComponent)/\(file)", content) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return try repository.importTree(from: folder) { _ in }
    }
}

@Suite("Merges, logs and differences")
struct HistoryTests {
    private let lines = (1...12).map { "line \($0)\n" }

    private func text(_ changes: [Int: String]) -> String {
        lines.enumerated().map { changes[$0.offset + 1].map { "\($0)\n" } ?? $0.element }.joined()
    }

    @Test("two changes far apart merge, and two of the same line leave git's markers with the sides' names")
    func mergeFile() throws {
        let (base, ours) = (Array(text([:]).utf8), Array(text([2: "ours"]).utf8))
        let merged = try Repository.mergeFile(ancestor: base, ours: ours, theirs: Array(text([11: "theirs"]).utf8))
        #expect(merged == MergedFile(content: Array(text([2: "ours", 11: "theirs"]).utf8), hasConflicts: false))
        let names = MergeNames(ours: "0.38", theirs: "0.39")
        let clash = try Repository.mergeFile(ancestor: base, ours: ours, theirs: Array(text([2: "theirs"]).utf8), names: names)
        #expect(clash.hasConflicts)
        #expect(String(decoding: clash.content, as: UTF8.self).contains("<<<<<<< 0.38\nours\n=======\ntheirs\n>>>>>>> 0.39\n"))
    }

    @Test("trees merge to the tree that has both changes; a clash gives the file's text, a removed file none")
    func mergeTrees() throws {
        let fixture = try HistoryFixture()
        let base = try fixture.tree(["a": text([:]), "b": "b\n", "c": "c\n"])
        let ours = try fixture.tree(["a": text([2: "ours"]), "b": "b\n", "c": "c2\n"])
        let theirs = try fixture.tree(["a": text([11: "theirs"]), "b": "b2\n", "c": "c\n"])
        let both = try fixture.tree(["a": text([2: "ours", 11: "theirs"]), "b": "b2\n", "c": "c2\n"])
        #expect(try fixture.repository.mergeTrees(ancestor: base, ours: ours, theirs: theirs) == .clean(both))
        let other = try fixture.tree(["a": text([2: "other"]), "b": "b\n"])
        guard case .conflicts(let conflicts) = try fixture.repository.mergeTrees(ancestor: base, ours: ours, theirs: other) else {
            return #expect(Bool(false), "it merged")
        }
        #expect(conflicts.map(\.path) == ["a", "c"])
        #expect(
            String(decoding: try #require(conflicts[0].text), as: UTF8.self).contains(
                "<<<<<<< ours\nours\n=======\nother\n>>>>>>> theirs\n"))
        #expect(conflicts[1].text == nil)
    }

    @Test("a log has the commits between two that touch a path, the newest first, and no more than asked for")
    func log() throws {
        let fixture = try HistoryFixture()
        try fixture.write("dir/f", "0")
        try fixture.write("g", "0")
        let first = try fixture.commit("begin")
        var touching: [ObjectID] = []
        for number in 1...3 {
            try fixture.write("dir/f", "\(number)")
            touching.insert(try fixture.commit("f \(number)"), at: 0)
            try fixture.write("g", "\(number)")
            try fixture.commit("g \(number)")
        }
        let repository = try Repository.open(at: "\(fixture.path)/tree/.git")
        let end = try #require(ObjectID(try fixture.git("rev-parse", "HEAD")))
        #expect(try repository.log(of: "dir/f", from: first, to: end).map(\.id) == touching)
        #expect(try repository.log(of: "dir", from: first, to: end, limit: 1).map(\.subject) == ["f 3"])
        #expect(try repository.log(of: "none", from: first, to: end) == [])
    }

    @Test("a difference is one that git applies, with as many lines around as asked for, and files are listed below a directory")
    func diff() throws {
        let fixture = try HistoryFixture()
        let old = try fixture.tree(["d/a": text([:]), "d/gone": "x\n", "e": "e"])
        let new = try fixture.tree(["d/a": text([6: "six"]), "d/new": "y\n", "e": "e"])
        try fixture.write("d/a", text([:]))
        try fixture.write("d/gone", "x\n")
        try fixture.write("e", "e")
        let diff = try fixture.repository.diff(from: old, to: new, context: 1)
        #expect(String(decoding: diff, as: UTF8.self).contains("@@ -5,3 +5,3 @@"))
        try Data(diff).write(to: URL(filePath: "\(fixture.path)/it.diff"))
        try fixture.git("add", "-A")
        try fixture.git("apply", "--index", "\(fixture.path)/it.diff")
        #expect(try fixture.git("write-tree") == new.description)
        #expect(try fixture.repository.files(of: new, under: "d") == ["d/a", "d/new"])
        #expect(try fixture.repository.files(of: new) == ["d/a", "d/new", "e"])
    }
}

@Suite("Mailboxes")
struct MailboxTests {
    @Test(
        "git am takes a message onto a clean checkout, with its author, date, subject and body, and comes to the same tree",
        arguments: [
            ("A Tester", "fs: treat a missing cpuacct.usage_percpu as no data"),
            ("Jürgen J. Ökçe", "Ein Betreff, der lang ist und Umlaute hat: äöü, äöü, äöü, äöü, äöü, äöü, äöü"), ("A. B, C", "a =?b?= c"),
        ])
    func am(_ name: String, _ subject: String) throws {
        let fixture = try HistoryFixture()
        try fixture.write("dir/f", "1\n2\n3\n")
        try fixture.write("gone", "x\n")
        let head = try fixture.commit("begin")
        let old = try fixture.repository.importCheckout(of: "\(fixture.path)/tree") { _ in }
        #expect(old.head == head)
        let new = try fixture.tree(["dir/f": "1\n2 ä\n3\n", "dir/f_test": "new\n"])
        let body = "Why it is so.\n\nSigned-off-by: \(name) <a@example.org>"
        let mailbox = try Mailbox(
            author: try Author(name: name, email: "a@example.org"), date: MailDate(seconds: 1_767_225_600), subject: subject, body: body)
        let message = try mailbox.message(from: old.tree, to: new, in: fixture.repository, signature: "ninepin")
        try Data(message).write(to: URL(filePath: "\(fixture.path)/it.mbox"))
        try fixture.git("am", "-q", "\(fixture.path)/it.mbox")
        #expect(try fixture.git("rev-parse", "HEAD^{tree}") == new.description)
        #expect(try fixture.git("log", "-1", "--format=%an|%ae|%aI|%s") == "\(name)|a@example.org|2026-01-01T00:00:00+00:00|\(subject)")
        #expect(try fixture.git("log", "-1", "--format=%b") == body)
        #expect(String(decoding: message, as: UTF8.self).contains("\n---\n dir/f "))
        #expect(try fixture.git("status", "--porcelain") == "")
    }

    @Test("an author is git's; without one the error says how to name one")
    func author() throws {
        let fixture = try HistoryFixture()
        #expect(try Author(environment: fixture.environment) == Author(name: "A Tester", email: "tester@example.org"))
        let named = fixture.environment.merging(["GIT_AUTHOR_NAME": "Another", "GIT_AUTHOR_EMAIL": "b@example.org"]) { $1 }
        #expect(try Author(environment: named).name == "Another")
        let none = fixture.environment.merging(["GIT_CONFIG_GLOBAL": "/dev/null"]) { $1 }
        let error = #expect(throws: AuthorError.unknown) { try Author(environment: none) }
        #expect(error?.description.contains("git config --global user.name") == true)
    }

    @Test("a line that git would take for the patch, a second line in the subject, and an author with < are refused")
    func refused() throws {
        let author = try Author(name: "A", email: "a@example.org")
        for body in ["a\n---\nb", "diff --git a/x b/x", "--- a/x"] {
            #expect(throws: MailboxError.self) { try Mailbox(author: author, date: MailDate(seconds: 0), subject: "s", body: body) }
        }
        #expect(throws: MailboxError.self) { try Mailbox(author: author, date: MailDate(seconds: 0), subject: "a\nb", body: "") }
        #expect(throws: AuthorError.self) { try Author(name: "a <b>", email: "c") }
    }
}
