import ExitCodes
import GitHistory
import Patches
import Testing

/// A text in Latin-1: each scalar is one byte.
func latin(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

@Suite("Mails that are stored and exported make the commits that git am makes of them")
struct MailTests {
    private typealias Bench = GitBench

    private static let charset = "Content-Type: text/plain; charset=ISO-8859-1\nContent-Transfer-Encoding: 8bit\n"
    private static let second = (from: "C D <c@d.e>", subject: "[PATCH 2/2] fs: second")

    private static func two(_ first: String, _ other: String, diff: String = GitBench.otherDiff) -> String {
        Bench.mail(separator: first) + Bench.mail(separator: other, from: second.from, subject: second.subject, diff: diff)
    }

    static let mails: [String: [UInt8]] = [
        "mutt": Array(two("From alice@example.org Thu Nov 26 10:00:00 2026", "From bob@example.org Thu Nov 26 11:00:00 2026").utf8),
        "Thunderbird": Array(two("From - Thu Nov 26 10:00:00 2026", "From - Thu Nov 26 11:00:00 2026").utf8),
        "mutt, one file": Array(
            two(
                "From a@example.org Thu Nov 26 10:00:00 2026", "From b@example.org Thu Nov 26 11:00:00 2026",
                diff: Bench.diff.replacing("FS 11", with: "x").replacing("fs 11", with: "FS 11")
            ).utf8),
        "colons": Array(Bench.mail(body: "Problem: it fails.\nFrom: the beginning it did\n\nMore.\n").utf8),
        "evil": Array(Bench.mail(body: "Note: x\nFrom: Evil <evil@x.y>\n\nMore.\n").utf8),
        "in body": Array(
            Bench.mail(body: "From: Real Author <real@x.y>\nDate: Mon, 1 Jan 2024 00:00:00 +0100\nSubject: fs: real\n\nBody.\n").utf8),
        "date in body": Array(Bench.mail(body: "Date: Mon, 1 Jan 2024 00:00:00 +0100\n\nBody.\n").utf8),
        "From in body": Array(Bench.mail(body: "From the start it was.\n\nMore.\n").utf8),
        "Latin-1 body": latin(Bench.mail(extra: charset, body: "Gr\u{FC}\u{DF}e.\n\nSigned-off-by: Andr\u{E9} <a@b.c>\n")),
        "Latin-1 author": latin(Bench.mail(from: "Andr\u{E9} B <a@b.c>", extra: charset)),
        "Latin-1 untold": latin(Bench.mail(body: "Gr\u{FC}\u{DF}e.\n")),
        "windows-1252": Array(Bench.mail(from: "=?windows-1252?Q?Andr=E9_B?= <a@b.c>").utf8),
        "8859-2": Array(Bench.mail(from: "=?iso-8859-2?Q?Pawe=B3?= <a@b.c>").utf8),
        "8859-15": Array(Bench.mail(subject: "[PATCH] =?ISO-8859-15?Q?J=FCrgen=A4?=").utf8),
        "gb2312": Array(Bench.mail(from: "=?gb2312?B?0MLOxQ==?= <a@b.c>").utf8),
        "base64 without padding": Array(Bench.mail(subject: "[PATCH] =?UTF-8?B?w6k?= it").utf8),
        "split character": Array(Bench.mail(subject: "[PATCH] =?UTF-8?q?caf=C3?=\n =?UTF-8?q?=A9_x?=").utf8),
        "word in quotes": Array(Bench.mail(from: "\"=?UTF-8?Q?Andr=C3=A9_B?=\" <a@b.c>").utf8),
        "comma": Array(Bench.mail(from: "\"Last, First\" <a@b.c>").utf8),
        "remark": Array(Bench.mail(from: "A B <a@b.c> (ACME)").utf8),
        "ISO date": Array(Bench.mail(date: "2026-11-26 10:00:00 +0100").utf8),
        "git's date": Array(Bench.mail(date: "Thu Nov 26 10:00:00 2026 +0100").utf8),
        "GMT": Array(Bench.mail(date: "26 Nov 2026 10:00:00 GMT").utf8),
        "PST": Array(Bench.mail(date: "Thu, 26 Nov 2026 10:00:00 PST").utf8),
        "raw date": Array(Bench.mail(date: "1795683600 +0100").utf8),
        "hunk in prose": Array(Bench.mail(body: "Before:\n@@ -1,2 +1,2 @@\nfoo\n@@@ -1 -1 +1 @@@\n").utf8),
        "submodule in prose": Array(Bench.mail(body: "Submodule foo 1234567..89abcde:\nBinary files a/x and b/x differ\n").utf8),
        "field in prose": Array(Bench.mail(body: "It said\nContent-Transfer-Encoding: base64 is bad\n\nMore.\n").utf8),
        "hg": Array(
            "# HG changeset patch\n# User A B <a@b.c>\n# Date 1700000000 -3600\n# Node ID abc\nfs: do it\n\nBody.\n\n\(Bench.diff)".utf8),
    ]

    @Test("the same commits: authors, dates, messages and trees", arguments: mails.keys.sorted())
    func same(_ name: String) throws {
        let bench = try Bench()
        let mailbox = try #require(Self.mails[name])
        #expect(try bench.commits(of: bench.stored(bench.series(mailbox))) == bench.commits(of: mailbox))
    }

    @Test(
        "what cannot be read as its author wrote it is refused with what to do, and nothing is stored",
        arguments: [
            (Bench.mail(extra: "Content-Transfer-Encoding: Quoted-Printable\n"), "save the decoded text"),
            (Bench.mail(extra: "Content-Type: multipart/mixed; boundary=\"BB\"\n"), "several parts (MIME, multipart/mixed)"),
            (Bench.mail(extra: "Content-Type: text/plain; charset=utf-8;\n format=flowed\n"), "format=flowed"),
            (Bench.mail(from: "=?x-unknown?Q?Andr=E9?= <a@b.c>"), "'x-unknown'"),
            (Bench.mail(extra: "Content-Type: text/plain; charset=../../x\n", body: "x\n"), "'../../x'"),
            (Bench.mail(date: "Thu, 26 Nov 26 10:00:00 +0000"), "is not a date with a time zone"),
            (Bench.mail(from: "nobody"), "is not one author"),
            (Bench.mail(from: "A <a@b.c>, C <c@d.e>"), "is not one author"),
            (
                Bench.mail().replacing("-- \n2.39\n\n", with: "") + Bench.mail(separator: "", from: "C <c@d.e>", diff: Bench.otherDiff),
                "another commit or message begins"
            ),
            (
                ["A <a@b.c>", "C <c@d.e>"].map {
                    "commit 0123456789012345678901234567890123456789\nAuthor: \($0)\nDate:   Thu Nov 26 10:00:00 2026 +0100\n\n    s\n\n"
                }.joined(separator: Bench.diff) + Bench.otherDiff, "git format-patch --stdout"
            ),
            ("abc1234 first\n\(Bench.diff)def1234 second\n\(Bench.otherDiff)", "another commit or message begins"),
        ])
    func refused(_ text: String, _ words: String) throws {
        let bench = try Bench()
        let error = #expect(throws: PatchesError.self) { try bench.series(Array(text.utf8)) }
        #expect(error?.description.contains(words) == true && error?.exitStatus == .data, "\(String(describing: error))")
    }

    @Test("what git show wrote has its author, date and message")
    func shown() throws {
        let bench = try Bench()
        try bench.write("base/fs/fs.go", "changed\n")
        try bench.commit("fs: do it\n\nNote: x\nFrom: Evil <e@x.y>\n\n    indented\n", in: "base")
        let wanted = try bench.log(in: "base", "HEAD~1..HEAD")
        let shown = try bench.git("show", in: "base")
        try bench.git("reset", "-q", "--hard", "HEAD~1", in: "base")
        #expect(try bench.commits(of: bench.stored(bench.series(shown))).suffix(1) == wanted[...])
    }
}

@Suite("Commits of a repository that are stored and exported")
struct CommitTests {
    private typealias Bench = GitBench

    /// The commits that git makes of the last commit of `base`, stored and exported, and that commit.
    private func both(_ bench: Bench, range: String = "HEAD~1..HEAD") throws -> (made: [String], wanted: [String]) {
        let wanted = try bench.log(in: "base", "HEAD~1..HEAD")
        let mailbox = try bench.stored(try PatchImport(commits: range, in: "\(bench.path)/base"))
        try bench.git("reset", "-q", "--hard", "HEAD~1", in: "base")
        return (Array(try bench.commits(of: mailbox).suffix(1)), wanted)
    }

    @Test(
        "author, date and message are those of the commit, whatever its text looks like",
        arguments: [
            "fs: do it\n\nFrom: Other <o@x.y>\n\nBody\n", "fs: do it\n\nDate: Mon, 1 Jan 2024 00:00:00 +0100\nSubject: other\n\nBody\n",
            "fs: x\n\nNote: a\nFrom: the start it broke\n\nSigned-off-by: A B <a@b.c>\n", "fs: do it\n\nFrom the start\nFrom: x\n",
            "fs: x\n\nContent-Transfer-Encoding: base64 is bad\n\nmore\n", "fs: x\n\n@@ -1,2 +1,2 @@\nfoo\n@@@ -1 -1 +1 @@@\n",
            "fs: x\n\nSubmodule foo 1234567..89abcde:\n", "fs: x\n\n  indented = code\n\n * one\n", "fs: x\n\n\ttab\n",
            "fs: x\n\n* one\n# two\n",
            "fs: =?UTF-8?Q?a?= b\n\nx\n", "fs: x\n\n[PATCH] said: y\n", "fs: x\n\nChange: 1\nDate: soon\n",
        ])
    func verbatim(_ message: String) throws {
        let bench = try Bench()
        try bench.write("base/fs/fs.go", "changed\n")
        try bench.commit(message, in: "base")
        let (made, wanted) = try both(bench)
        #expect(made == wanted)
    }

    @Test("a message in Latin-1 is read as such, whether the commit says so or not", arguments: [true, false])
    func charset(_ isTold: Bool) throws {
        let bench = try Bench()
        try bench.write("base/fs/fs.go", "changed\n")
        try bench.commit(latin("fs: \u{E4}rger\n\nF\u{FC}r Andr\u{E9}.\n"), in: "base", isTold ? ["ISO-8859-1"] : [])
        let (made, _) = try both(bench)
        #expect(made.first?.hasSuffix("\nfs: ärger\n\nFür André.\n") == true, "\(made)")
    }

    @Test("a message that ends its lines with CR LF keeps its lines, as git am keeps them")
    func returns() throws {
        let bench = try Bench()
        try bench.write("base/fs/fs.go", "changed\n")
        try bench.commit("fs: x\r\n\r\nbody\r\nmore\r\n", in: "base")
        let (made, wanted) = try both(bench)
        #expect(made == wanted.map { $0.replacing("\r\n", with: "\n") })
    }

    @Test("empty files that come and go make the same tree as git's own")
    func empty() throws {
        let bench = try Bench()
        try bench.write("base/fs/old", "")
        try bench.commit("begin", in: "base")
        try bench.git("rm", "-q", "fs/old", in: "base")
        try bench.write("base/fs/new", "")
        try bench.commit("fs: x\n", in: "base")
        for range in ["HEAD", "HEAD~1..HEAD"] {
            let (made, wanted) = try both(bench, range: range)
            #expect(made == wanted)
            try bench.git("reset", "-q", "--hard", "ORIG_HEAD", in: "base")
        }
    }

    @Test(
        "what a repository configures for its diffs is not in the stored patch",
        arguments: [
            ["diff.noprefix", "true"], ["diff.mnemonicPrefix", "true"], ["diff.ignoreSubmodules", "all"], ["diff.context", "0"],
        ])
    func configured(_ setting: [String]) throws {
        let bench = try Bench()
        try bench.git("config", setting[0], setting[1], in: "base")
        try bench.write("base/fs/new", "x\n")
        try bench.commit("fs: x\n", in: "base")
        let mail = try #require(try PatchImport(commits: "HEAD", in: "\(bench.path)/base").mails.first)
        #expect(String(decoding: mail.text, as: UTF8.self).contains("diff --git a/fs/new b/fs/new\n"))
    }

    @Test("a merge is no patch, alone or in a range")
    func merge() throws {
        let bench = try Bench()
        try bench.git("checkout", "-q", "-b", "side", in: "base")
        try bench.commit("side", in: "base")
        try bench.git("checkout", "-q", "main", in: "base")
        try bench.commit("main", in: "base")
        try bench.git("merge", "-q", "-m", "both", "side", in: "base")
        for range in ["HEAD", "HEAD~1..HEAD"] {
            let error = #expect(throws: (any Error).self) { try PatchImport(commits: range, in: "\(bench.path)/base") }
            #expect("\(String(describing: error))".contains("is a merge"))
        }
    }
}
