import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import Store
import SystemPackage
import Testing

@testable import Runs

@Suite("What a workspace holds, and what is removed")
struct WorkspaceContentsTests {
    private let folder: TestWorkspace
    private let ledger: Ledger
    private var workspace: Workspace { folder.workspace }
    private let now = Date(timeIntervalSince1970: 1_767_225_600)
    private static let key = String(repeating: "a", count: 64)

    init() throws {
        folder = try TestWorkspace()
        ledger = try Ledger(folder.workspace)
    }

    private func contents() throws -> WorkspaceContents {
        try WorkspaceContents(of: ledger) { _ in }.removing(unusedFor: 30 * 86_400, downTo: nil, at: now)
    }

    private func remove() async throws -> WorkspaceContents {
        let use = try WorkspaceUse.removal(in: workspace)
        defer { use.end() }
        let scratch = try await Scratch(in: workspace.unfinished)
        let contents = try contents()
        try contents.remove(during: use, scratch: scratch) { _ in }
        scratch.remove()
        return contents
    }

    private func setAge(of path: FilePath, days: Double) throws {
        let time = timespec(tv_sec: Int(now.timeIntervalSince1970 - days * 86_400), tv_nsec: 0)
        var times = [time, time]
        try #require(utimensat(AT_FDCWD, path.string, &times, AT_SYMLINK_NOFOLLOW) == 0)
    }

    @discardableResult
    private func entry(_ step: String, _ key: String = key, days: Double) throws -> FilePath {
        let place = workspace.store.appending(step).appending(key)
        try Files.makeDirectory(place)
        try Files.write(String(repeating: "x", count: 10_000), to: place.appending("result.json"))
        try setAge(of: place, days: days)
        return place
    }

    private func record(_ id: String, _ grade: Grade = .clean, recipe: String = "r", step: Character) throws {
        let run = try TestWorkspace.run(id, recipe: recipe, grade, steps: [try TestWorkspace.step("build", step)])
        _ = try ledger.record(run, logs: try folder.logs())
    }

    @Test("worktrees and unpacked sources go when they have not changed for long; a link to one stays, and what it leads to")
    func folders() async throws {
        let outside = folder.path.appending("outside")
        for (name, days) in [("cache/work/old", 40.0), ("cache/work/new", 2), ("cache/unpacked/old", 40)] {
            let place = workspace.path.appending(FilePath(name).components)
            try Files.makeDirectory(place.appending("tree"))
            try Files.write("x", to: place.appending("tree/file"))
            try setAge(of: place, days: days)
        }
        try Files.makeDirectory(outside)
        let link = workspace.path.appending("cache/work/link")
        try #require(symlink(outside.string, link.string) == 0)
        try setAge(of: link, days: 40)
        let contents = try await remove()
        #expect(contents.removable.map { $0.lastComponent?.string } == ["old", "old"])
        #expect(Files.names(in: workspace.path.appending("cache/work")) == ["link", "new"])
        #expect(Files.names(in: workspace.path.appending("cache/unpacked")).isEmpty && Files.exists(outside))
    }

    @Test("an old result that no run refers to is removed; one that was used lately stays")
    func age() async throws {
        let (old, recent) = (try entry("build", days: 31), try entry("patch", days: 29))
        let plan = try contents()
        #expect(plan.removable == [old] && Files.exists(old))
        #expect(plan.bytes >= 10_000)
        #expect(try await remove().bytes == plan.bytes)
        #expect(!Files.exists(old) && Files.exists(recent))
        #expect(Files.names(in: workspace.unfinished) == [".gate"])
        #expect(try contents().removable.isEmpty)
    }

    @Test("what a recent run, a cell's newest run, or its newest clean run refers to stays, however old it is")
    func references() async throws {
        try record("20250101T000000-1", step: "0")
        try record("20250102T000000-1", step: "1")
        try record("20250103T000000-1", .fatal, step: "2")
        try record("20250104T000000-1", .fatal, step: "3")
        try record("20251230T000000-1", recipe: "q", step: "4")
        try record("20251231T000000-1", recipe: "q", step: "5")
        for digit in 0...6 { try entry("build", String(repeating: "\(digit)", count: 64), days: 400) }
        _ = try await remove()
        #expect(Files.names(in: workspace.store.appending("build")).map { String($0.prefix(1)) } == ["1", "3", "4", "5"])
        #expect(try ledger.runs().count == 6)
    }

    @Test("a limit removes what was used least recently, only as much as needed, and nothing of the last hour or of a cell's newest run")
    func limit() async throws {
        try record("20251231T120000-1", step: "5")
        try record("20251231T130000-1", step: "6")
        for (digit, days) in [("1", 20.0), ("2", 10), ("3", 2), ("4", 0.02), ("5", 25), ("6", 25)] {
            try entry("build", String(repeating: digit, count: 64), days: days)
        }
        func removed(downTo limit: Int64?) throws -> [String] {
            let plan = try WorkspaceContents(of: ledger) { _ in }.removing(unusedFor: 30 * 86_400, downTo: limit, at: now)
            if let limit, plan.removable.count < 4 { #expect(plan.remainingBytes <= limit) }
            return plan.removable.compactMap { $0.lastComponent?.string.prefix(1) }.map(String.init)
        }
        let all = try contents().remainingBytes
        let one = try #require(contents().kinds.first { $0.name == "store/build" }).bytes / 6
        #expect(try removed(downTo: nil) == [])
        #expect(try removed(downTo: all) == [])
        #expect(try removed(downTo: all - 1) == ["1"])
        #expect(try removed(downTo: all - one - 1) == ["1", "2"])
        // The step 5 was last used by a run on the day before.
        #expect(try removed(downTo: all - 3 * one - 1) == ["1", "2", "3", "5"])
        #expect(try removed(downTo: 1) == ["1", "2", "3", "5"])
    }

    @Test("the time in a run's name is read, and another name has none")
    func time() {
        let time = Date(timeIntervalSince1970: 1_767_225_599)
        #expect(RecordName.time(of: RecordName.new(at: time)) == 1_767_225_599)
        for name in ["", "-", "x", "20251231T235959", "2025-12-31T23:59:59Z", "20251331T235959-1", "20251231T235959\u{0301}-1"] {
            #expect(RecordName.time(of: name) == (name == "20251231T235959" ? 1_767_225_599 : nil), "\(name)")
        }
    }

    @Test("nothing that is not a result is removed: neither a link, nor what it points to, nor a folder with another name")
    func strangers() async throws {
        let outside = folder.path.appending("outside")
        try Files.makeDirectory(outside.appending(Self.key))
        try Files.write("mine", to: outside.appending(Self.key).appending("result.json"))
        try Files.makeDirectory(workspace.store.appending("build"))
        let link = workspace.store.appending("build").appending(Self.key)
        try Files.link(link, to: outside.appending(Self.key).string)
        try Files.link(workspace.store.appending("patch"), to: outside.string)
        for path in [link, outside.appending(Self.key)] { try setAge(of: path, days: 90) }
        let other = try entry("build", "notes", days: 90)
        let trees = try entry("trees.git", days: 90)
        let inside = try entry("fetch", days: 90)
        try Files.link(inside.appending("out"), to: outside.string)
        try setAge(of: inside, days: 90)
        #expect(try await remove().removable == [inside])
        #expect(Files.exists(outside.appending(Self.key).appending("result.json")))
        #expect(Files.exists(link) && Files.exists(other) && Files.exists(trees))
    }

    @Test("of Go's build cache, only its old files are removed")
    func goCache() async throws {
        let part = workspace.cache.appending("go-build/aa")
        try Files.makeDirectory(part)
        let names = ["\(Self.key)-a", "\(Self.key)-d", "\(String(repeating: "b", count: 64))-d", "README"]
        for name in names { try Files.write("x", to: part.appending(name)) }
        for name in [names[0], names[1], names[3]] { try setAge(of: part.appending(name), days: 40) }
        try setAge(of: part.appending(names[2]), days: 1)
        _ = try await remove()
        #expect(Files.names(in: part) == ["README", names[2]])
    }

    @Test("a file with several links counts once")
    func links() throws {
        let place = try entry("build", days: 1)
        let before = try #require(try contents().kinds.first).bytes
        try #require(link(place.appending("result.json").string, place.appending("again").string) == 0)
        #expect(try #require(try contents().kinds.first).bytes == before)
    }

    @Test("nothing can be removed while a runner is open, and a runner waits for a removal")
    func exclusion() async throws {
        let host = Host(environment: [:], workspace: folder.path, project: folder.path, isRoot: false)
        let (first, second) = (try await StepRunner(host) { _ in }, try await StepRunner(host) { _ in })
        first.close()
        #expect(throws: WorkspaceUse.InUse.self) { try WorkspaceUse.removal(in: workspace) }
        second.close()
        let removal = try WorkspaceUse.removal(in: workspace)
        let (notes, note) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task {
            try await StepRunner(host) { event in if case .note = event { note.yield() } }
        }
        for await _ in notes { break }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        removal.end()
        try await StepRunner(host) { _ in }.close()
    }

    /// A step with a trivial result.
    private struct OneStep: Step {
        static let name = "one"
        func run(in context: StepContext, folder: FilePath) async throws -> Int { 1 }
    }

    @Test("using a result renews it, and a removed one is produced again")
    func renewal() async throws {
        let host = Host(environment: [:], workspace: folder.path, project: folder.path, isRoot: false)
        func perform() async throws -> (place: FilePath, cached: Bool) {
            let runner = try await StepRunner(host) { _ in }
            defer { runner.close() }
            let done = try await runner.perform(OneStep(), subject: "") { _ in "" }
            return (done.place, done.record.cached)
        }
        let place = try await perform().place
        try setAge(of: place, days: 90)
        #expect(try contents().removable == [place])
        #expect(try await perform().cached)
        #expect(try contents().removable.isEmpty)
        try setAge(of: place, days: 90)
        _ = try await remove()
        #expect(try await !perform().cached)
        #expect(Files.exists(place))
    }

    @Test("what a killed removal left behind is removed by the next one")
    func interrupted() async throws {
        let left = workspace.unfinished.appending("999999999-1/1-gc")
        try Files.makeDirectory(left)
        _ = try await remove()
        #expect(Files.names(in: workspace.unfinished) == [".gate"])
    }
}
