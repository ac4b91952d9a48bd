import GitHistory
import Testing

@Suite("The message of a patch")
struct PatchMessageTests {
    private let diff = "diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n"

    private func message(_ head: String) throws -> PatchMessage? { try PatchMessage(of: Array((head + diff).utf8)) }

    @Test("author, date, subject and body of git format-patch are read, with encoded words and folded lines, and sign-offs stay")
    func mail() throws {
        let head = """
            From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
            From: =?UTF-8?q?Zo=C3=AB_T?= =?UTF-8?B?ZXN0ZXI=?= <zoe@example.org>
            Date: Thu, 26 Nov 2026 10:00:05 +0130
            Subject: [PATCH v2 1/2] [fs] count
             twice
            MIME-Version: 1.0

            Why: so.

            Signed-off-by: Zoë Tester <zoe@example.org>
            ---
             f | 2 +-

            """
        let found = try #require(try message(head))
        #expect(try found.author == Author(name: "Zoë Tester", email: "zoe@example.org"))
        #expect(found.date?.description == "Thu, 26 Nov 2026 10:00:05 +0130" && found.date?.seconds == 1_795_681_805)
        #expect(found.subject == "[fs] count twice")
        #expect(found.body == "Why: so.\n\nSigned-off-by: Zoë Tester <zoe@example.org>")
    }

    @Test("an author in the body comes before the sender of the mail")
    func sentByAnother() throws {
        let found = try #require(
            try message("From: S <s@example.org>\nSubject: [PATCH] s\n\nFrom: \"A. U\" <a@example.org>\n\nText.\n---\n"))
        #expect(try found.author == Author(name: "A. U", email: "a@example.org"))
        #expect(found.body == "Text.")
    }

    @Test("the headers of DEP-3 are read: description, author and day")
    func dep3() throws {
        let head = """
            Description: count twice
             The first line.
             .
             The second.
            Author: Zoë Tester <zoe@example.org>
            Origin: upstream, https://example.org/1
            Last-Update: 2026-11-26
            ---
            This patch header follows DEP-3.

            """
        let found = try #require(try message(head))
        #expect(found.author?.email == "zoe@example.org" && found.date?.description == "Thu, 26 Nov 2026 00:00:00 +0000")
        #expect(found.subject == "count twice" && found.body == "The first line.\n\nThe second.\n\nOrigin: upstream, https://example.org/1")
    }

    @Test(
        "a mail whose sender is no author is refused, and what names nobody has none",
        arguments: ["nobody", "<>", "a <b> <c", "a <a@b>, c <c@d>"])
    func nobody(_ sender: String) throws {
        #expect(try message("") == nil && message("Some words.\n\n") == nil)
        #expect(throws: PatchMessageError.author(sender)) { try message("From: \(sender)\nSubject: s\n\n---\n") }
        #expect(try #require(try message("X: y\nSubject: s\n\n---\n")).author == nil)
    }

    @Test(
        "dates are read in the forms that git reads",
        arguments: [
            ("Thu, 26 Nov 2026 10:00:00 +0100", 1_795_683_600, 60), ("26 Nov 2026 10:00 +0100 (CET)", 1_795_683_600, 60),
            ("Thu Nov 26 10:00:00 2026 +0100", 1_795_683_600, 60), ("2026-11-26 10:00:00 +0100", 1_795_683_600, 60),
            ("2026-11-26T10:00:00+01:00", 1_795_683_600, 60), ("2026-11-26T09:00:00Z", 1_795_683_600, 0),
            ("1795683600 +0100", 1_795_683_600, 60), ("Thu, 26 Nov 2026 09:00:00 GMT", 1_795_683_600, 0),
            ("Thu, 26 Nov 2026 01:00:00 PST", 1_795_683_600, -480), ("Thu, 26 November 2026 04:00:00 -0500", 1_795_683_600, -300),
        ])
    func dates(_ text: String, _ seconds: Int64, _ offset: Int) { #expect(MailDate(text) == MailDate(seconds: seconds, offset: offset)) }

    @Test(
        "what is no date is none",
        arguments: [
            "", "yesterday", "Thu, 32 Nov 2026 10:00:00 +0000", "Thu, 1 Nov 2026 25:00:00 +0000", "1 Foo 2026 10:00:00 +0000",
            "Thu Nov 26 10:00:00 2026",
            "Thu, 26 Nov 26 10:00:00 +0000", "2026-11-26 10:00:00", "Thu, 26 Nov 2026 10:00:00 +2500", "99999999999999 +0000",
        ])
    func noDate(_ text: String) { #expect(MailDate(text) == nil) }

    @Test("a message that is written and read again is the same, and so are its bytes", arguments: [-330, 0, 765])
    func roundTrip(_ offset: Int) throws {
        let (author, date) = (try Author(name: "Ö. \"Quo\" Ted", email: "o@example.org"), MailDate(seconds: 1_700_000_000, offset: offset))
        let body = "First.\n\n  indented -- dashes\nSigned-off-by: X <x@example.org>"
        let mailbox = try Mailbox(author: author, date: date, subject: "größer: is [better]", body: body)
        for isSeparated in [true, false] {
            let text = mailbox.plain(diff: Array(diff.utf8), number: (1, 2), isSeparated: isSeparated, signature: "1")
            let found = try #require(try PatchMessage(of: text))
            #expect(found == PatchMessage(author: author, date: date, subject: "größer: is [better]", body: body))
        }
    }
}
