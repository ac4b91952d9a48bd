import Git
import Testing

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
        let room = try Room()
        let (x, link) = (try room.blob("x\n"), try room.blob("d"))
        let inner = try room.rawTree([.init("f", x)])
        let tree = try room.rawTree([.folder("d", inner), .init("file", x), .link("link", link)])
        for path in ["d", "file/new", "link/new", "link", "file", "file/a/b"] {
            let patch = try Patch(made(path), name: "p")
            #expect(throws: ApplyError.self, "\(path)") { try room.repository.apply(patch, to: tree, under: ".") }
        }
        for path in ["link/f", "d"] {
            for text in [changed(path), removed(path)] {
                let patch = try Patch(text, name: "p")
                #expect(throws: ApplyError.self, "\(path)") { try room.repository.apply(patch, to: tree, under: ".") }
            }
        }
        let good = try room.repository.apply(try Patch(made("d/new/deep"), name: "p"), to: tree, under: ".")
        #expect(try room.repository.changedPaths(from: tree, to: good) == ["d/new/deep"])
    }
}
