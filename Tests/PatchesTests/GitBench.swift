import Foundation
import GitHistory
import Model
import Patches
import SystemPackage
import Testing

/// A registry, and git itself to compare with: what `git am` makes of a mail must be what it makes of the stored and exported patch.
final class GitBench {
    let fixture = try? RegistryFixture()
    let path: String
    private static let config =
        "[user]\n name = Sender S\n email = sender@example.org\n[init]\n defaultBranch = main\n[safe]\n directory = *\n"

    init() throws {
        path = try #require(fixture).path
        try write("gitconfig", Self.config)
        for name in ["fs", "other"] {
            try write("base/fs/\(name).go", (1...30).map { "\(name) \($0)\n" }.joined())
        }
        try write("project/patches/up/upstream.yaml", "title: t\nmodules: [example.org/up]\nhomes: [.]\nmarks: [fs/fs.go]\n")
        try git("init", "-q", in: "base")
        try commit("base", in: "base")
    }

    func write(_ file: String, _ text: String) throws { try write(file, Array(text.utf8)) }

    func write(_ file: String, _ bytes: [UInt8]) throws {
        let url = URL(filePath: "\(path)/\(file)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    /// Runs git; its bytes, or its error.
    @discardableResult
    func git(_ arguments: String..., in folder: String, environment: [String: String] = [:]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git"] + arguments
        process.currentDirectoryURL = URL(filePath: "\(path)/\(folder)")
        process.environment = [
            "PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "\(path)/gitconfig", "GIT_CONFIG_SYSTEM": "/dev/null", "HOME": path,
            "GIT_AUTHOR_DATE": "2026-02-03T04:05:06+0130", "GIT_COMMITTER_DATE": "2026-02-03T04:05:06+0130",
        ].merging(environment) { $1 }
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let bytes = [UInt8](output.fileHandleForReading.readDataToEndOfFile())
        let words = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(words: String(decoding: words, as: UTF8.self)) }
        return bytes
    }

    struct Failed: Error { let words: String }

    /// Commits all changes with the message in a file, byte for byte.
    func commit(_ message: String, in folder: String, _ options: [String] = [], environment: [String: String] = [:]) throws {
        try commit(Array(message.utf8), in: folder, options, environment: environment)
    }

    func commit(_ message: [UInt8], in folder: String, _ options: [String] = [], environment: [String: String] = [:]) throws {
        try write("message", message)
        try git("add", "-A", in: folder)
        let encoding = options.isEmpty ? "UTF-8" : options[0]
        try git(
            "-c", "i18n.commitEncoding=\(encoding)", "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "\(path)/message",
            in: folder, environment: environment)
    }

    /// What git makes of a mailbox: authors, dates, trees and messages.
    func commits(of mailbox: [UInt8]) throws -> [String] {
        let name = "am-\(UUID())"
        try FileManager.default.copyItem(atPath: "\(path)/base", toPath: "\(path)/\(name)")
        try write("mailbox", mailbox)
        try git("am", "-q", "\(path)/mailbox", in: name)
        return try log(in: name, "HEAD")
    }

    func log(in folder: String, _ range: String) throws -> [String] {
        let bytes = try git(
            "log", "--reverse", "--format=%an <%ae>|%ad|%T%n%B%x00", "--date=raw", "--encoding=UTF-8", range, in: folder)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\0\n").map(String.init)
    }

    /// The mailbox of a series that is added to an empty registry and exported again.
    func stored(_ series: PatchImport) throws -> [UInt8] {
        let folder = FilePath("\(path)/project/patches")
        let registry = try Registry(folder)
        let drafts = try series.drafts(
            of: "up", taken: [], why: nil, evidence: "e", variant: "v1", versions: try #require(VersionRange("*")))
        let plans = try drafts.map { try registry.plan($0.draft, $0.mail) }
        try registry.write(plans)
        defer { for plan in plans { try? FileManager.default.removeItem(atPath: plan.place.string) } }
        var export = PatchExport(
            try Registry(folder), sender: try Author(name: "Exporter", email: "exporter@example.org"), now: MailDate(seconds: 1))
        for plan in plans { try export.add(try Registry(folder).entry(named: plan.name.description)) }
        return export.files(.mailbox)[0].bytes
    }

    func series(_ mailbox: [UInt8]) throws -> PatchImport {
        try write("sent", mailbox)
        return try PatchImport(mailbox: FilePath("\(path)/sent"))
    }

    static let diff = """
        diff --git a/fs/fs.go b/fs/fs.go
        --- a/fs/fs.go
        +++ b/fs/fs.go
        @@ -8,7 +8,7 @@ fs 7
         fs 8
         fs 9
         fs 10
        -fs 11
        +FS 11
         fs 12
         fs 13
         fs 14

        """
    static let otherDiff = diff.replacing("fs/fs.go", with: "fs/other.go").replacing("fs 1", with: "other 1").replacing(
        "fs 8", with: "other 8"
    )
    .replacing("fs 9", with: "other 9").replacing("FS", with: "OTHER")

    /// A mail of one patch.
    static func mail(
        separator: String = "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001", from: String = "A B <a@b.c>",
        date: String = "Thu, 26 Nov 2026 10:00:00 +0530", subject: String = "[PATCH] fs: do it", extra: String = "",
        body: String = "Body here.\n\nSigned-off-by: A B <a@b.c>\n", diff: String = diff
    ) -> String {
        "\(separator)\nFrom: \(from)\nDate: \(date)\nSubject: \(subject)\n\(extra)\n\(body)---\n\n\(diff)-- \n2.39\n\n"
    }
}
