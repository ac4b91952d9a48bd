import Testing
import UnifiedDiff

private func error(_ text: String) -> PatchError? {
    do throws(PatchError) {
        _ = try Patch(Array(text.utf8), name: "x.patch")
        return nil
    } catch { return error }
}

@Suite("Reading patches")
struct PatchTests {
    private static let good = "--- a/f\n+++ b/f\n@@ -1,2 +1,3 @@\n one\n+new\n two\n"

    @Test("a patch is read with its files, hunks and lines, and prose before and after it is no part of it")
    func reads() throws {
        let mailed =
            "From: someone\nSubject: a change\n\nWhy.\n---\n f | 1 +\n\ndiff --git a/f b/f\nindex 1..2 100644\n\(Self.good)-- \n2.39\n"
        for text in [Self.good, mailed] {
            let patch = try Patch(Array(text.utf8), name: "x.patch")
            #expect(patch.files.map(\.path) == ["f"])
            #expect(patch.files[0].change == .modified)
            #expect(patch.files[0].hunks.map(\.oldStart) == [1])
            #expect(patch.files[0].hunks[0].lines.map(\.kind) == [.context, .added, .context])
        }
    }

    @Test(
        "what is no patch is refused with the line and what was expected",
        arguments: [
            ("", 1, "the patch changes no file"), ("hello\n", 1, "the patch changes no file"), ("--- a/f\n+++ b/f\n", 2, "has no hunk"),
            ("--- a/f\n+++ b/f\n@@ one @@\n", 3, "is not a hunk header"),
            ("--- a/f\n+++ b/f\n@@ -9223372036854775807 +1 @@\n-a\n+b\n", 3, "a line beyond"),
            ("--- a/f\n+++ b/f\n@@ -1,1 +1,9223372036854775807 @@\n-a\n+b\n", 3, "a line beyond"),
            ("--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n", 4, "ends too early"),
            ("--- a/f\n+++ b/f\n@@ -1,1 +1,2 @@\n one\n+two\n+three\n", 6, "more lines than its header says"),
            ("--- a/f\n+++ b/f\n@@ -1,1 +1,1 @@\n one\n", 3, "changes nothing"),
            ("--- a/../f\n+++ b/../f\n@@ -1 +1 @@\n-1\n+2\n", 1, "is not a path below"),
            ("--- /etc/f\n+++ /etc/f\n@@ -1 +1 @@\n-1\n+2\n", 1, "is not a path below"),
            ("--- a/f\n+++ b/g\n@@ -1 +1 @@\n-1\n+2\n", 2, "name changes"), ("GIT binary patch\n", 1, "binary"),
            ("@@ -1 +1 @@\n-1\n+2\n", 1, "a hunk without a file"),
            ("--- a/f\n+++ b/f\n@@ -1 +1 @@\n-1\n+2\n--- a/f\n+++ b/f\n@@ -9 +9 @@\n-1\n+2\n", 8, "appears twice"),
        ])
    func refused(_ text: String, _ line: Int, _ words: String) throws {
        let found = try #require(error(text))
        #expect(found.line == line)
        #expect(found.message.contains(words), "\(found)")
    }
}
