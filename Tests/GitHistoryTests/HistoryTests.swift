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
        let bench = try HistoryFixture()
        let base = try bench.tree(["a": text([:]), "b": "b\n", "c": "c\n"])
        let ours = try bench.tree(["a": text([2: "ours"]), "b": "b\n", "c": "c2\n"])
        let theirs = try bench.tree(["a": text([11: "theirs"]), "b": "b2\n", "c": "c\n"])
        let both = try bench.tree(["a": text([2: "ours", 11: "theirs"]), "b": "b2\n", "c": "c2\n"])
        #expect(try bench.repository.mergeTrees(ancestor: base, ours: ours, theirs: theirs) == .clean(both))
        let other = try bench.tree(["a": text([2: "other"]), "b": "b\n"])
        guard case .conflicts(let conflicts) = try bench.repository.mergeTrees(ancestor: base, ours: ours, theirs: other) else {
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
        let bench = try HistoryFixture()
        try bench.write("dir/f", "0")
        try bench.write("g", "0")
        let first = try bench.commit("begin")
        var touching: [ObjectID] = []
        for number in 1...3 {
            try bench.write("dir/f", "\(number)")
            touching.insert(try bench.commit("f \(number)"), at: 0)
            try bench.write("g", "\(number)")
            try bench.commit("g \(number)")
        }
        let repository = try Repository.open(at: "\(bench.path)/tree/.git")
        let end = try #require(ObjectID(try bench.git("rev-parse", "HEAD")))
        #expect(try repository.log(of: "dir/f", from: first, to: end).map(\.id) == touching)
        #expect(try repository.log(of: "dir", from: first, to: end, limit: 1).map(\.subject) == ["f 3"])
        #expect(try repository.log(of: "none", from: first, to: end) == [])
    }

    @Test("a difference is one that git applies, with as many lines around as asked for, and files are listed below a directory")
    func diff() throws {
        let bench = try HistoryFixture()
        let old = try bench.tree(["d/a": text([:]), "d/gone": "x\n", "e": "e"])
        let new = try bench.tree(["d/a": text([6: "six"]), "d/new": "y\n", "e": "e"])
        try bench.write("d/a", text([:]))
        try bench.write("d/gone", "x\n")
        try bench.write("e", "e")
        let diff = try bench.repository.diff(from: old, to: new, context: 1)
        #expect(String(decoding: diff, as: UTF8.self).contains("@@ -5,3 +5,3 @@"))
        try Data(diff).write(to: URL(filePath: "\(bench.path)/it.diff"))
        try bench.git("add", "-A")
        try bench.git("apply", "--index", "\(bench.path)/it.diff")
        #expect(try bench.git("write-tree") == new.description)
        #expect(try bench.repository.files(of: new, under: "d") == ["d/a", "d/new"])
        #expect(try bench.repository.files(of: new) == ["d/a", "d/new", "e"])
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
        let bench = try HistoryFixture()
        try bench.write("dir/f", "1\n2\n3\n")
        try bench.write("gone", "x\n")
        let head = try bench.commit("begin")
        let old = try bench.repository.importCheckout(of: "\(bench.path)/tree") { _ in }
        #expect(old.head == head)
        let new = try bench.tree(["dir/f": "1\n2 ä\n3\n", "dir/f_test": "new\n"])
        let body = "Why it is so.\n\nSigned-off-by: \(name) <a@example.org>"
        let mailbox = try Mailbox(author: try Author(name: name, email: "a@example.org"), date: 1_767_225_600, subject: subject, body: body)
        let message = try mailbox.message(from: old.tree, to: new, in: bench.repository, signature: "ninepin")
        try Data(message).write(to: URL(filePath: "\(bench.path)/it.mbox"))
        try bench.git("am", "-q", "\(bench.path)/it.mbox")
        #expect(try bench.git("rev-parse", "HEAD^{tree}") == new.description)
        #expect(try bench.git("log", "-1", "--format=%an|%ae|%aI|%s") == "\(name)|a@example.org|2026-01-01T00:00:00+00:00|\(subject)")
        #expect(try bench.git("log", "-1", "--format=%b") == body)
        #expect(String(decoding: message, as: UTF8.self).contains("\n---\n dir/f "))
        #expect(try bench.git("status", "--porcelain") == "")
    }

    @Test("an author is git's; without one the error says how to name one")
    func author() throws {
        let bench = try HistoryFixture()
        #expect(try Author(environment: bench.environment) == Author(name: "A Tester", email: "tester@example.org"))
        let named = bench.environment.merging(["GIT_AUTHOR_NAME": "Another", "GIT_AUTHOR_EMAIL": "b@example.org"]) { $1 }
        #expect(try Author(environment: named).name == "Another")
        let none = bench.environment.merging(["GIT_CONFIG_GLOBAL": "/dev/null"]) { $1 }
        let error = #expect(throws: AuthorError.unknown) { try Author(environment: none) }
        #expect(error?.description.contains("git config --global user.name") == true)
    }

    @Test("a line that git would take for the patch, a second line in the subject, and an author with < are refused")
    func refused() throws {
        let author = try Author(name: "A", email: "a@example.org")
        for body in ["a\n---\nb", "diff --git a/x b/x", "--- a/x"] {
            #expect(throws: MailboxError.self) { try Mailbox(author: author, date: 0, subject: "s", body: body) }
        }
        #expect(throws: MailboxError.self) { try Mailbox(author: author, date: 0, subject: "a\nb", body: "") }
        #expect(throws: AuthorError.self) { try Author(name: "a <b>", email: "c") }
    }
}
