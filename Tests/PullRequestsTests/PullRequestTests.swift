import Foundation
import GitHistory
import Model
import Patches
import PullRequests
import SystemPackage
import Testing

@Suite("Pull requests")
struct PullRequestTests {
    @Test(
        "git am takes the mailbox onto a clean tree: change and test in one commit, with author, subject, body and sign-off",
        arguments: [("plain", "."), ("nested", "lib/up")], [true, false])
    func mailbox(_ project: (name: String, home: String), _ isFromSource: Bool) throws {
        let fixture = try PullRequestFixture()
        try fixture.checkout("work", at: project.home)
        let base = isFromSource ? fixture.source("work", at: project.home) : .registry(variant: nil)
        let bundle = try fixture.bundle(try fixture.request(to: project.name, for: base))
        try bundle.write(to: FilePath("\(fixture.path)/out"))
        try fixture.git("am", "\(fixture.path)/out/\(bundle.names[0])", in: "work")
        let home = project.home == "." ? "" : "\(project.home)/"
        #expect(try fixture.git("show", "--format=", "--name-only", in: "work") == "\(home)fs/gap_test.go\n\(home)fs/read.go\n")
        #expect(try fixture.text("work/\(home)fs/read.go").contains("\t// A gap is no data.\n\treturn open"))
        #expect(try fixture.text("work/\(home)fs/gap_test.go") == fixture.text("patches/up/gap/test/gap_test.go"))
        #expect(try fixture.git("status", "--porcelain", in: "work").isEmpty)
        #expect(try fixture.git("log", "-1", "--format=%an <%ae> %at", in: "work") == "Zoë Tester <zoe@example.org> 1700000000\n")
        let signed = project.name == "plain" ? "\n\nSigned-off-by: Zoë Tester <zoe@example.org>" : ""
        let subject = project.name == "plain" ? "Tolerate a gap" : "fs: tolerate a gap"
        #expect(
            try fixture.git("log", "-1", "--format=%B", in: "work") == """
                \(subject)

                Some kernels have no such file, and then nothing at all is read,
                although the rest is there.

                Take it for no data.\(signed)


                """)
    }

    @Test("a variant written for one home goes to the project's own, when it was read from a copy")
    func copied() throws {
        let fixture = try PullRequestFixture()
        try fixture.checkout("work", at: "vendor/up")
        let request = try fixture.request(to: "nested", for: fixture.source("work", at: "vendor/up"))
        #expect(String(decoding: request.diff, as: UTF8.self).contains("+++ b/lib/up/fs/read.go\n"))
        #expect(request.tests.map(\.path) == ["lib/up/fs/gap_test.go"])
    }

    @Test("what is there is not written over, and what cannot be is an error that says why")
    func refusals() throws {
        let fixture = try PullRequestFixture()
        let bundle = try fixture.bundle(try fixture.request())
        try fixture.write("out/mine", "mine")
        #expect(throws: PullRequestError.occupied("\(fixture.path)/out")) { try bundle.write(to: FilePath("\(fixture.path)/out")) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/out") == ["mine"])
        #expect(throws: PullRequestError.needsSource(project: "up/copies")) { try fixture.request(to: "copies") }
        #expect(throws: PullRequestError.unknownProject("plainn", advice: "did you mean 'plain'?")) { try fixture.request(to: "plainn") }
        try fixture.checkout("work", at: ".")
        try fixture.write("work/fs/gap_test.go", "package fs\n")
        #expect(throws: PullRequestError.testExists(path: "fs/gap_test.go")) { try fixture.request(for: fixture.source("work", at: ".")) }
        try fixture.entry(status: "refuted")
        #expect(throws: PullRequestError.notWanted(try fixture.registry().entries[0].name, .refuted)) { try fixture.request() }
    }

    @Test("the plain diff has the upstream's own paths and the blobs' IDs, and git applies it, even where the lines have moved")
    func plainDiff() throws {
        let fixture = try PullRequestFixture()
        try fixture.checkout("work", at: ".")
        let registry = try fixture.registry()
        let entry = try registry.entry(named: "gap")
        let diff = try UpstreamDiff(entry, for: fixture.source("work", at: "."), registry: registry)
        #expect(diff.variant == "v1" && diff.madeFor == "work")
        let text = String(decoding: diff.bytes, as: UTF8.self)
        #expect(text.hasPrefix("diff --git a/fs/read.go b/fs/read.go\nindex "), "\(text)")
        try fixture.write("gap.diff", text)
        try fixture.write("work/fs/read.go", "// One line more.\n" + PullRequestFixture.code)
        try fixture.git("commit", "-q", "-a", "-m", "one more", in: "work")
        try fixture.git("apply", "-3", "../gap.diff", in: "work")
        #expect(try fixture.text("work/fs/read.go").contains("// A gap is no data."))
        let newest = try UpstreamDiff(entry, for: nil, registry: registry)
        #expect(try newest.bytes == Array(fixture.text("patches/up/gap/v1.patch").utf8) && newest.madeFor == "up *")
    }

    @Test("a test, a proposal or a project's rules that a link takes from outside the registry are not published")
    func links() throws {
        for file in ["up/gap/test/gap_test.go", "up/gap/pull-request.yaml", "projects/plain.yaml"] {
            let fixture = try PullRequestFixture()
            let place = "\(fixture.path)/patches/\(file)"
            try FileManager.default.moveItem(atPath: place, toPath: "\(fixture.path)/outside")
            try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "\(fixture.path)/outside")
            let error = #expect(throws: (any Error).self, "\(file)") { try fixture.request() }
            #expect("\(error.map { "\($0)" } ?? "")".contains("a symbolic link leads out of"), "\(String(describing: error))")
        }
    }

    @Test("what is said of some variants is in the message and the text of those, and of no others")
    func remarks() throws {
        let fixture = try PullRequestFixture()
        let proposal = try fixture.text("patches/up/gap/pull-request.yaml")
        for (variant, isTold) in [("v1", true), ("v2", false)] {
            try fixture.write(
                "patches/up/gap/pull-request.yaml",
                proposal + "remarks:\n  - {variants: [\(variant)], problem: It fails twice., solution: And once more.}\n")
            let request = try fixture.request()
            for text in [request.page(evidence: []), request.message(by: try Author(name: "A", email: "a@example.org"), evidence: [])] {
                #expect(text.contains("It fails twice.") == isTold, "\(text)")
            }
        }
        #expect(
            try fixture.request().message(by: try Author(name: "A", email: "a@example.org"), evidence: []).contains("Take it for no data."))
    }

    @Test("a script is offered for versions that the probe can be built with")
    func probeVersions() throws {
        let fixture = try PullRequestFixture()
        try fixture.write("patches/up/gap/probe/main.go", "package main\n\nimport \"upstream/fs\"\n\nfunc main() { fs.Open() }\n")
        let entry = try fixture.text("patches/up/gap/patch.yaml").replacing("versions: '*'}", with: "versions: '>=2 <3'}")
        for (range, isOffered) in [("*", true), (">=2", true), ("<2.5", true), ("<2", false), (">=3", false)] {
            try fixture.write("patches/up/gap/patch.yaml", entry + "probeVersions: '\(range)'\n")
            #expect(try fixture.bundle(try fixture.request()).names.contains("reproduce.sh") == isOffered, "\(range)")
        }
    }

    @Test("a patch that came with a message alone is told by it: once, as it was written, without the trailers of the commit")
    func message() throws {
        let fixture = try PullRequestFixture()
        try FileManager.default.removeItem(atPath: "\(fixture.path)/patches/up/gap/pull-request.yaml")
        let body = "It fails:\n\n    $ kubelet\n    F1127 gone\n\nSteps:\n- one\n- two\n\nSee the\nother side."
        let mail =
            "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\n"
            + "Date: Fri, 27 Nov 2026 10:00:00 +0100\nSubject: [PATCH] fs: tolerate a gap\n\n\(body)\n\nFixes: #12\nSigned-off-by: A <a@example.org>\n---\n"
        try fixture.write("patches/up/gap/v1.patch", mail + (try fixture.text("patches/up/gap/v1.patch")) + "-- \n2.39\n")
        try fixture.write(
            "patches/up/gap/patch.yaml",
            try fixture.text("patches/up/gap/patch.yaml").replacing(
                "why: w",
                with: "why: |2\n" + body.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }.joined(separator: "\n"))
        )
        let request = try fixture.request(to: "nested")
        let page = request.page(evidence: [])
        #expect(page.contains("It fails:\n\n    $ kubelet\n    F1127 gone\n\nSteps:\n- one\n- two\n\nSee the other side."), "\(page)")
        #expect(
            page.components(separatedBy: "It fails").count == 2 && !page.contains("Signed-off-by") && !page.contains("Fixes"), "\(page)")
        let rules = try fixture.bundle(request).rules
        #expect(rules.first { $0.rule == "the subject" }?.isKept == true, "\(rules)")
        let message = request.message(by: try Author(name: "B", email: "b@example.org"), evidence: [])
        #expect(message.contains("Fixes: #12\nSigned-off-by: A <a@example.org>"), "\(message)")
    }

    @Test("a patch that does not fit the source makes no pull request")
    func misfit() throws {
        let fixture = try PullRequestFixture()
        try fixture.write("work/fs/read.go", "package fs\n")
        #expect(throws: (any Error).self) { try fixture.request(for: fixture.source("work", at: ".")) }
    }

    @Test("an empty folder is taken, and nothing else is left beside it")
    func emptyFolder() throws {
        let fixture = try PullRequestFixture()
        try FileManager.default.createDirectory(atPath: "\(fixture.path)/new/out", withIntermediateDirectories: true)
        let bundle = try fixture.bundle(try fixture.request())
        try bundle.write(to: FilePath("\(fixture.path)/new/out"))
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/new/out").sorted()
        #expect(names == ["0001-Tolerate-a-gap.patch", "CHECKLIST.md", "PULL_REQUEST.md"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/new") == ["out"])
    }

    @Test("a link to an empty folder is followed; a file and a dangling link are refused")
    func linkedFolder() throws {
        let fixture = try PullRequestFixture()
        let bundle = try fixture.bundle(try fixture.request())
        try FileManager.default.createDirectory(atPath: "\(fixture.path)/there", withIntermediateDirectories: true)
        for (name, target) in [("link", "there"), ("dangling", "nowhere")] {
            try FileManager.default.createSymbolicLink(atPath: "\(fixture.path)/\(name)", withDestinationPath: "\(fixture.path)/\(target)")
        }
        try fixture.write("file", "")
        try bundle.write(to: FilePath("\(fixture.path)/link"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(fixture.path)/there").contains("PULL_REQUEST.md"))
        for name in ["file", "dangling"] {
            #expect(throws: PullRequestError.self) { try bundle.write(to: FilePath("\(fixture.path)/\(name)")) }
        }
        #expect(try fixture.text("file").isEmpty)
    }
}

@Suite("The checklist of a pull request")
struct ChecklistTests {
    private func rules(_ fixture: PullRequestFixture, to project: String = "plain", evidence: [EvidenceRow] = []) throws -> [String:
        CheckedRule]
    {
        let rules = try fixture.bundle(try fixture.request(to: project), evidence: evidence).rules
        return Dictionary(uniqueKeysWithValues: rules.map { ($0.rule, $0) })
    }

    @Test("every rule is ticked or explained, and what nobody can see is never ticked")
    func all() throws {
        let fixture = try PullRequestFixture()
        let rules = try rules(fixture)
        #expect(rules.count == 8)
        #expect(rules.values.allSatisfy { !$0.why.isEmpty })
        #expect(rules["the agreement is signed"]?.isKept == false)
        for check in ["subject", "message", "keywords", "test", "signOff"] { #expect(rules["the \(check)"]?.isKept == true, "\(check)") }
        #expect(rules["the evidence"]?.isKept == false)
        // The same test for a project in which nobody ran it.
        let unseen = try self.rules(fixture, to: "nested")["the test"]
        #expect(
            unseen?.isKept == false && unseen?.why == "lib/up/fs/gap_test.go: not run yet for this version", "\(String(describing: unseen))"
        )
        let bundle = try fixture.bundle(try fixture.request())
        try bundle.write(to: FilePath("\(fixture.path)/out"))
        let page = try fixture.text("out/CHECKLIST.md")
        #expect(page.contains("- [x] the subject\n      'Tolerate a gap': 14 characters, at most 20"))
        #expect(page.contains("- [ ] the agreement is signed\n      a bot says so"))
    }

    @Test(
        "a title that is too long or ends with a full stop is not ticked, and the area counts",
        arguments: [
            ("plain", "tolerate each gap so", true), ("plain", "tolerate each gap too", false), ("plain", "tolerate a gap.", false),
            ("nested", "tolerate the gap", true), ("nested", "tolerate each gap", false),
        ])
    func title(_ project: String, _ subject: String, _ isKept: Bool) throws {
        let fixture = try PullRequestFixture()
        try fixture.proposal(subject: subject)
        #expect(try rules(fixture, to: project)["the subject"]?.isKept == isKept)
    }

    @Test("a keyword that closes an issue, and a mention, are found in the message")
    func keywords() throws {
        let fixture = try PullRequestFixture()
        for text in ["Fixes up/up#7 at last.", "As @somebody said.", "This closes: #7"] {
            try fixture.proposal(subject: "tolerate a gap", problem: text)
            #expect(try rules(fixture)["the keywords"]?.isKept == false, "\(text)")
        }
        try fixture.proposal(subject: "tolerate a gap", problem: "A fix, see up/up#7.")
        #expect(try rules(fixture)["the keywords"]?.isKept == true)
    }

    @Test("a message's line that git would take for a patch is an error")
    func fence() throws {
        let fixture = try PullRequestFixture()
        let author = try Author(name: "A", email: "a@example.org")
        #expect(throws: MailboxError.body(line: "---")) {
            try Mailbox(author: author, date: MailDate(seconds: 0), subject: "s", body: "a\n---\nb")
        }
        try fixture.proposal(subject: "tolerate a gap", problem: "A line --- of dashes.")
        #expect(throws: Never.self) { try fixture.bundle(try fixture.request()) }
    }

    @Test("an exported patch without a message has that of its pull request, and its plain diff has no message at all")
    func exported() throws {
        let fixture = try PullRequestFixture()
        let registry = try Registry(FilePath("\(fixture.path)/patches"))
        let projects = Projects(FilePath("\(fixture.path)/patches"))
        let (entry, sender) = (try registry.entry(named: "gap"), try Author(name: "S", email: "s@example.org"))
        let texts = CommitText(projects, registry, by: sender)
        var export = PatchExport(registry, sender: sender, now: MailDate(seconds: 1)) { try texts.message(of: $0, variant: $1) }
        try export.add(entry)
        let request = try PullRequest(
            entry, to: projects.project(named: "plain"), for: .registry(variant: nil), projects: projects, registry: registry)
        let message = try #require(try PatchMessage(of: export.files(.mailbox)[0].bytes))
        #expect(message.subject == request.subject && message.body == request.message(by: sender, evidence: []))
        #expect(message.body.hasSuffix("Signed-off-by: S <s@example.org>"))
        let file = "patches/up/gap/v1.patch"
        let plain = try String(contentsOfFile: "\(fixture.path)/\(file)", encoding: .utf8)
        #expect(try UpstreamDiff(entry, for: nil, registry: registry).bytes == Array(plain.utf8))
        try fixture.write(file, "From: A <a@b.c>\nSubject: s\n\nText\n---\n f | 1 +\n\n\(plain)-- \n2.39\n")
        let diff = String(decoding: try UpstreamDiff(entry, for: nil, registry: registry).bytes, as: UTF8.self)
        #expect(diff.hasPrefix("diff --git a/fs/read.go b/fs/read.go\n") && diff.hasSuffix("\n }\n"), "\(diff)")
    }
}
