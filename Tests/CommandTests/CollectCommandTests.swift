import FileSystem
import Foundation
import Glibc
import SystemPackage
import Testing

@Suite("gc")
struct CollectCommandTests {
    private let place: ProjectFixture
    private var workspace: FilePath { FilePath(place.tool.workspace) }
    private var old: FilePath { workspace.appending("store").appending("build").appending(String(repeating: "a", count: 64)) }

    /// A workspace with a result that was last used in 2020.
    init() throws {
        place = try ProjectFixture()
        try Files.makeDirectory(old)
        try Files.write("{}", to: old.appending("result.json"))
        var times = [timespec(tv_sec: 1_577_836_800, tv_nsec: 0), timespec(tv_sec: 1_577_836_800, tv_nsec: 0)]
        try #require(utimensat(AT_FDCWD, old.string, &times, 0) == 0)
    }

    @Test("gc shows a plan and changes nothing; with --yes it removes what the plan said")
    func plan() async throws {
        let plan = try await place.tool.ran(["gc"])
        #expect(plan.status == 0 && plan.output.contains("store/build") && plan.output.contains("would be freed: "), "\(plan)")
        #expect(Files.names(in: workspace) == ["store"])
        let before = try await place.tool.ran(["gc", "--json"]).json()
        #expect(before["removed"] as? Bool == false && Files.exists(old))
        try expectDocument(try await place.tool.ran(["gc", "--json"]).output, is: "gc.schema.json")
        let after = try await place.tool.ran(["gc", "--yes", "--json"]).json()
        #expect(after["removed"] as? Bool == true)
        #expect(try #require(before["bytes"] as? Int) > 0 && before["bytes"] as? Int == after["bytes"] as? Int)
        #expect(!Files.exists(old))
        #expect(try await place.tool.ran(["gc", "--json"]).json()["bytes"] as? Int == 0)
    }

    @Test("gc --limit also removes what is not old, least recently used first, and says if what stays is still too large")
    func limit() async throws {
        // Used three hours ago: far from old, and more than an hour.
        let recent = workspace.appending("store").appending("build").appending(String(repeating: "b", count: 64))
        try Files.makeDirectory(recent)
        try Files.write(String(repeating: "x", count: 100_000), to: recent.appending("result.json"))
        let time = timespec(tv_sec: time(nil) - 3 * 3600, tv_nsec: 0)
        var times = [time, time]
        try #require(utimensat(AT_FDCWD, recent.string, &times, 0) == 0)
        #expect(try await place.tool.ran(["gc", "--yes"]).status == 0)
        #expect(!Files.exists(old) && Files.exists(recent))
        #expect(try await place.tool.ran(["gc", "--yes", "--limit", "1g"]).status == 0)
        #expect(Files.exists(recent))
        let configuration = try place.write("config.yaml", "gc:\n  limit: 50k\n")
        var tool = place.tool
        tool.environment = ["NINEPIN_CONFIG": configuration]
        let found = try await tool.ran(["gc", "--yes"])
        #expect(found.status == 0 && !Files.exists(recent), "\(found)")
        // Mirrors stay, because upstream may not have the files any more.
        _ = try place.write("workspace/mirrors/file", String(repeating: "x", count: 50_000))
        #expect(try await place.tool.ran(["gc", "--limit", "1k"]).errors.contains("what stays is larger than"))
    }

    @Test("gc --yes removes nothing while another process uses the workspace, and says so")
    func inUse() async throws {
        let locks = workspace.appending("cache").appending("locks")
        try Files.makeDirectory(locks)
        let use = try #require(try FileLock.tryShare(locks.appending("in-use")))
        let outcome = try await place.tool.ran(["gc", "--yes"])
        #expect(outcome.status == 69 && outcome.errors.contains("another ninepin uses it"), "\(outcome)")
        #expect(Files.exists(old))
        #expect(try await place.tool.ran(["gc"]).status == 0)
        use.release()
        #expect(try await place.tool.ran(["gc", "--yes"]).status == 0)
        #expect(!Files.exists(old))
    }

    @Test("a time to keep that protects nothing is refused", arguments: ["0h", "59m", "-1h", "nan", "x", "1e300h"])
    func keep(_ text: String) async throws {
        #expect(try await place.tool.ran(["gc", "--yes", "--keep=\(text)"]).status == 64)
        #expect(Files.exists(old))
    }

    @Test("a workspace that does not exist is not created")
    func nothing() async throws {
        try Files.remove(workspace)
        let outcome = try await place.tool.ran(["gc", "--yes", "--json"])
        #expect(try outcome.status == 0 && outcome.json()["removed"] as? Bool == false)
        #expect(!Files.exists(workspace))
    }
}
