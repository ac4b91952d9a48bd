import Foundation
import Git
import GitRemote
import Glibc
import Testing

/// A test's own folder with an upstream repository created by git itself, and a mirror next to it.
final class Upstream {
    let path: String
    let repository: String
    /// An environment that excludes this machine's settings.
    var environment: [String: String]

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "ninepin-remote-\(UUID())").path
        repository = "\(path)/served/up.git"
        environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "\(path)/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "HOME": path,
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        ]
        try FileManager.default.createDirectory(atPath: "\(path)/tree/dir", withIntermediateDirectories: true)
        try configure(["user.name": "A Tester", "user.email": "tester@example.org", "init.defaultBranch": "main"])
        try git("init", "-q", "--bare", repository)
        try git("init", "-q")
        try git("remote", "add", "origin", repository)
        try write("x.txt", "x\r\n")
        try write("dir/run.sh", "#!/bin/sh\n")
        #expect(chmod("\(path)/tree/dir/run.sh", 0o755) == 0)
        #expect(symlink("x.txt", "\(path)/tree/link") == 0)
        try commit("first")
        try git("tag", "-a", "v1", "-m", "one")
        try write("second", "2")
        try commit("second")
        try git("tag", "light")
        try git("checkout", "-q", "-b", "side")
        try write("side", String(repeating: "only on the side\n", count: 100))
        try commit("side")
        try git("checkout", "-q", "main")
        try publish()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var mirror: Mirror { Mirror(at: "\(path)/mirror.git", patience: .seconds(20)) }

    /// Writes settings where git and the mirror find them.
    func configure(_ settings: [String: String]) throws {
        for (name, value) in settings { try run("git", ["config", "--file", "\(path)/gitconfig", name, value], in: path) }
    }

    func write(_ file: String, _ content: String) throws { try Data(content.utf8).write(to: URL(filePath: "\(path)/tree/\(file)")) }

    func commit(_ subject: String) throws {
        try git("add", "-A")
        try git("commit", "-q", "-m", subject)
    }

    func publish() throws {
        try git("push", "-q", "--force", "--all", "origin")
        try git("push", "-q", "--force", "--tags", "origin")
    }

    @discardableResult
    func git(_ arguments: String...) throws -> String { try run("git", arguments, in: "\(path)/tree") }

    func id(_ name: String) throws -> String { try git("rev-parse", name) }

    /// The output of git for the mirror.
    func mirrored(_ arguments: String...) throws -> String { try run("git", ["--git-dir=\(path)/mirror.git"] + arguments, in: path) }

    @discardableResult
    func run(_ program: String, _ arguments: [String], in directory: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(filePath: directory)
        process.environment = environment
        let (output, messages) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = messages
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = messages.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Complaint(description: "\(program) \(arguments): \(String(decoding: complaint, as: UTF8.self))")
        }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

struct Complaint: Error, CustomStringConvertible {
    let description: String
}
