import Git
import Testing
import UnifiedDiff

@Suite("Patches that are hostile")
struct HostilePatchTests {
    private func made(_ path: String) -> [UInt8] { Array("--- /dev/null\n+++ b/\(path)\n@@ -0,0 +1 @@\n+evil\n".utf8) }
    private func changed(_ path: String) -> [UInt8] { Array("--- a/\(path)\n+++ b/\(path)\n@@ -1 +1 @@\n-x\n+evil\n".utf8) }
    private func removed(_ path: String) -> [UInt8] { Array("--- a/\(path)\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n".utf8) }

    @Test(
        "a file's name that leads out, or is git's own, is refused at its line",
        arguments: hostileNames.filter { $0 != "a/b" } + ["a//b", "a/./b", "a/", "d/.git/config", "d/GIT~1/x", "a\u{0}b"])
    func names(path: String) throws {
        for text in [made(path), changed(path), removed(path)] {
            let error = #expect(throws: PatchError.self) { _ = try Patch(text, name: "p") }
            #expect(error?.line == 1 || error?.line == 2)
        }
    }

    @Test("a made file takes no folder's place, and goes through no file and no link")
    func places() throws {
        let fixture = try RepositoryFixture()
        let (x, link) = (try fixture.blob("x\n"), try fixture.blob("d"))
        let inner = try fixture.rawTree([.init("f", x)])
        let tree = try fixture.rawTree([.folder("d", inner), .init("file", x), .link("link", link)])
        for path in ["d", "file/new", "link/new", "link", "file", "file/a/b"] {
            let patch = try Patch(made(path), name: "p")
            #expect(throws: ApplyError.self, "\(path)") { try fixture.repository.apply(patch, to: tree, under: ".") }
        }
        for path in ["link/f", "d"] {
            for text in [changed(path), removed(path)] {
                let patch = try Patch(text, name: "p")
                #expect(throws: ApplyError.self, "\(path)") { try fixture.repository.apply(patch, to: tree, under: ".") }
            }
        }
        let good = try fixture.repository.apply(try Patch(made("d/new/deep"), name: "p"), to: tree, under: ".")
        #expect(try fixture.repository.changedPaths(from: tree, to: good) == ["d/new/deep"])
    }

    @Test(
        "however long a line or a name is, in a patch or in the file, an error quotes only its beginning",
        arguments: [
            "--- a/f\n+++ b/f\n@@ -1 +LONG @@\n-x\n+y\n", "--- a/f\n+++ b/f\n@@ -1 +9999999999 @@LONG\n-x\n+y\n",
            "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-LONG\n+y\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n",
            "--- a/LONG\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n",
            "--- a/NAMEa\n+++ b/NAMEb\n@@ -1 +1 @@\n-x\n+y\n", "--- a/same\n+++ b/same\n@@ -99999 +99999 @@\n-x\n+y\n",
        ])
    func longQuotations(text: String) throws {
        let long = String(repeating: "\u{FFFD}", count: 100_000)
        let name = Array(repeating: String(repeating: "n", count: 200), count: 20).joined(separator: "/")
        let written = text.replacing("LONG", with: long).replacing("NAME", with: name)
        let files = ["f": Array(long.utf8), "same": Array(String(repeating: "x\n", count: 10_000).utf8)]
        let error = #expect(throws: (any Error).self) {
            _ = try Patch(Array(written.utf8), name: "p").applied(to: { files[$0].map { .file(TreeFile($0)) } ?? .nothing })
        }
        #expect("\(try #require(error))".utf8.count < 2000)
    }
}
