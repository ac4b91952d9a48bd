import Foundation
import Git
import Testing
import UnifiedDiff

@Suite("Patches of bytes that are no lines")
struct BinaryPatchTests {
    private let fixture: RepositoryFixture
    private let old: ObjectID
    private let new: ObjectID
    /// git's patch for two files: one is changed by a delta, and one is created.
    private let patch: String

    init() throws {
        fixture = try RepositoryFixture()
        let bytes = (0..<2000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        try fixture.write("a/changed", Data([0] + bytes))
        try fixture.write("b/changed", Data([0] + bytes[..<700] + [1, 2, 3] + bytes[700...]))
        try fixture.write("b/made", Data([0, 1, 2]))
        old = try fixture.repository.importTree(from: "\(fixture.path)/a") { _ in }
        new = try fixture.repository.importTree(from: "\(fixture.path)/b") { _ in }
        patch = try fixture.run("git", ["--git-dir=trees.git", "diff", "--binary", "\(old)", "\(new)"], in: fixture.path)
    }

    private func apply(_ text: String) throws -> ObjectID {
        try fixture.repository.apply(Patch(Array(text.utf8), name: "x"), to: old, under: ".")
    }

    private func error(_ text: String) throws -> String {
        do {
            _ = try apply(text)
            Issue.record("applied: \(text)")
            return ""
        } catch { return "\(error)" }
    }

    @Test("literal and delta make what git made them of, with the way back and without, with CR LF and without")
    func applies() throws {
        #expect(patch.contains("\ndelta ") && patch.contains("\nliteral 3\n"))
        #expect(try apply(patch) == new)
        #expect(try apply(patch.replacing("\n", with: "\r\n")) == new)
        let noWayBack = patch.replacing(/\nliteral 0\nHcmV\?d00001\n\n/, with: "\n").replacing(
            /\n\ndelta \d+\n\S+\n\ndiff/, with: "\n\ndiff")
        #expect(noWayBack.count < patch.count)
        #expect(try apply(noWayBack) == new)
    }

    @Test("a change is for the one content that it names, and makes the one that it names")
    func ids() throws {
        let ids = try #require(patch.firstMatch(of: /index ([0-9a-f]{40})\.\.([0-9a-f]{40}) 100644/))
        let other = String(repeating: "1", count: 40)
        let isOther = "not the file that the binary change is for"
        for (text, word) in [
            (patch.replacing(ids.1, with: other), isOther), (patch.replacing(ids.2, with: other), isOther),
            (patch.replacing(ids.1, with: ids.1.prefix(12)), "full IDs"),
            (patch.replacing("index \(ids.1)", with: "index "), "full IDs"),
            (patch.replacing("index \(ids.1)", with: "words"), "without a file"),
            (patch.replacing("KcmZQzWC8#H2LJ>B", with: "KcmZQzWC9#H2LJ>B"), "corrupt"),
        ] {
            #expect(try error(text).contains(word))
        }
        let later = try fixture.repository.apply(Patch(Array(patch.utf8), name: "x"), to: old, under: ".")
        let match = try Patch(Array(patch.utf8), name: "x").match { try fixture.repository.standing(at: $0, of: later) }
        #expect(match.state == .upstream)
    }

    @Test("no more bytes come of a change than it says, however many are packed into it, and no change says that it comes to very many")
    func bounds() throws {
        try fixture.write("zeros/f", Data(count: 8 << 20))
        let zeros = try fixture.repository.importTree(from: "\(fixture.path)/zeros") { _ in }
        let empty = try #require(ObjectID("4b825dc642cb6eb9a060e54bf8d69288fbee4904"))
        let text = try fixture.run("git", ["--git-dir=trees.git", "diff", "--binary", "\(empty)", "\(zeros)"], in: fixture.path)
        #expect(text.utf8.count < 80_000 && text.contains("literal 8388608\n"))
        #expect(try error(text.replacing("literal 8388608", with: "literal 1000")).contains("does not expand to 1000 bytes"))
        #expect(try error(text.replacing("literal 8388608", with: "literal 8388609")).contains("does not expand to 8388609 bytes"))
        for count in ["67108865", "99999999999999999999999", "-1", ""] {
            #expect(
                try error(text.replacing("literal 8388608", with: "literal \(count)")).contains(
                    count.count > 2 ? "exceed 64 MiB" : "expected 'literal"))
        }
        // Nine of them exceed the limit for a whole patch.
        let nine = (1...9).map { text.replacing("a/f b/f", with: "a/f\($0) b/f\($0)") }.joined()
        #expect(try error(nine).contains("exceed 64 MiB"))
    }

    @Test(
        "a line that git does not write so is refused, with its number",
        arguments: ["", "K", "KcmZQzWC8#H2LJ>", "KcmZQzWC8#H2LJ> ", "?cmZQzWC8#H2LJ>B", "K~~~~~WC8#H2LJ>B", "A"])
    func lines(_ line: String) throws {
        let head =
            "diff --git a/f b/f\nnew file mode 100644\nindex 0000000000000000000000000000000000000000..8352675d67aed6625ece79af41c27fdb4ee2e867\n"
        let words = try error("\(head)GIT binary patch\nliteral 3\n\(line)\n\nliteral 0\nHcmV?d00001\n\n")
        #expect(words.hasPrefix("line 5:") || words.hasPrefix("line 6:"), "\(words)")
        #expect(try error("\(head)GIT binary patch\nliteral 3\nKcmZQzWC8#H2LJ>B\n").contains("ends too early"))
    }
}
