import Foundation
import Model
import Testing

@Suite("Patches as people send them", .timeLimit(.minutes(3)))
struct PatchFormsTests {
    /// An upstream of version 1.1.0 and two commits on top of it: modes, a link, a quoted name, a renamed file, binary content.
    private func origin() throws -> Origin {
        let origin = try Origin()
        try origin.write("tree/run.sh", "#!/bin/sh\necho one\n")
        try origin.run("chmod", "755", "tree/run.sh")
        try origin.write("tree/old name.txt", (1...9).map { "line \($0)\n" }.joined())
        try origin.git("add", "-A")
        try origin.git("commit", "-q", "-m", "begin")
        try origin.git("tag", "-f", "-a", "v1.1.0", "-m", "1.1.0")
        try origin.run("git", "-C", "served/up.git", "fetch", "-q", "\(origin.path)/tree", "+refs/*:refs/*")
        try origin.gitRecipe(url: "\(origin.path)/served/up.git")
        try origin.write("tree/run.sh", "#!/bin/sh\necho two\n")
        try origin.run("ln", "-s", "run.sh", "tree/caf\u{E9}")
        try origin.git("mv", "old name.txt", "new name.txt")
        try origin.git("add", "-A")
        try origin.git("commit", "-q", "-m", "Say two")
        try origin.write("tree/run.sh", "#!/bin/sh\necho three\n")
        try origin.write("tree/binary", "\u{0}\u{1}\u{2}")
        try origin.write("tree/empty", "")
        try origin.git("add", "-A")
        try origin.git("commit", "-q", "-m", "Say three")
        try origin.run("mkdir", "-p", "project/patches/thing")
        #expect(try origin.tool.run(["fetch", "thing@1.1.0"]).status == 0)
        return origin
    }

    @Test("a mailbox becomes a patch for each commit, and the series makes the very tree of the last one")
    func mailbox() throws {
        let origin = try origin()
        try origin.write("box", try origin.git("format-patch", "--binary", "--stdout", "v1.1.0..HEAD"))
        let added = try origin.tool.run(["patches", "add", "thing/say", "--from", "\(origin.path)/box", "--why", "w", "--versions", "*"])
        #expect(added.status == 0 && added.output.contains("--series thing/say-1,thing/say-2"), "\(added.errors) \(added.output)")
        let again = ["patches", "add", "thing/again", "--from", "\(origin.path)/box", "--why", "w", "--versions", "*", "--json"]
        try expectDocument(try origin.tool.run(again).output, is: "patches-add")
        let patched = try origin.tool.run(["patch", "thing@1.1.0", "--series", "say-1,say-2"])
        #expect(patched.status == 0, "\(patched.errors)")
        let tree = try origin.tree("HEAD").trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(patched.output.hasPrefix(tree), "\(patched.output)")
    }

    @Test("a commit of a folder becomes a patch that makes its tree; check says so of the recipe and of a folder")
    func commit() throws {
        let origin = try origin()
        try origin.git("checkout", "-q", "HEAD~1")
        let added = try origin.tool.run([
            "patches", "add", "thing/two", "--from", "HEAD", "--source", "\(origin.path)/tree", "--why", "w", "--versions", "*",
            "--json",
        ])
        #expect(added.status == 0, "\(added.errors)")
        try expectDocument(added.output, is: "patches-add")
        let patched = try origin.tool.run(["patch", "thing@1.1.0", "--series", "two"])
        #expect(try patched.output.hasPrefix(origin.tree("HEAD").trimmingCharacters(in: .whitespacesAndNewlines)), "\(patched.errors)")
        let checked = try origin.tool.run(["patches", "check", "two", "--all", "--json"])
        let rows = try #require(try checked.json()["checks"] as? [[String: Any]])
        #expect(rows.count == 1 && rows[0]["fits"] as? Bool == true, "\(checked.output) \(checked.errors)")
        try expectDocument(checked.output, is: "patches-check")
    }

    @Test("one patch of two commits that change one file is refused with what to do")
    func twoCommits() throws {
        let origin = try origin()
        let entry = "\(origin.path)/project/patches/thing/both"
        try FileManager.default.createDirectory(atPath: entry, withIntermediateDirectories: true)
        try origin.write("project/patches/thing/both/v1.patch", try origin.git("format-patch", "--binary", "--stdout", "v1.1.0..HEAD"))
        try origin.write(
            "project/patches/thing/both/patch.yaml",
            "title: t\nwhy: w\nupstream: thing\nversions: '*'\nvariants: [{name: v1, versions: '*'}]\nevidence: e\nstatus: local\n")
        let patched = try origin.tool.run(["patch", "thing@1.1.0", "--series", "both"])
        #expect(patched.status == 65 && patched.errors.contains("'ninepin patches add' makes one patch per commit"), "\(patched.errors)")
    }
}
