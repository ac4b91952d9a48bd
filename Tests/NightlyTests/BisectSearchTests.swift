import Building
import ExitCodes
import FileSystem
import Foundation
import Git
import GoTree
import Host
import Model
import Patches
import Synchronization
import SystemPackage
import Testing

@testable import Nightly

@Suite("A search among candidates")
struct BisectSearchTests {
    private struct Unbuilt: ExitStatusError, CustomStringConvertible {
        let description: String
        var exitStatus: ExitCodes.ExitStatus { .no }
    }

    /// What a fake boot says.
    private enum Say {
        case grade(Grade, Cause? = nil)
        case fails(String)
    }

    private static func plan(_ count: Int, isFirstGood: Bool = true) -> BisectPlan {
        BisectPlan(
            recipe: "r", axis: .versions, candidates: (0..<count).map { BisectCandidate(name: "1.\($0).0", tag: "refs/tags/v1.\($0).0") },
            isFirstGood: isFirstGood)
    }

    private static func run(_ id: String, _ grade: Grade, _ cause: Cause?) throws -> Run {
        let digest = try #require(Digest(String(repeating: "0", count: 64)))
        return Run(
            id: id, started: "2026-01-01T00:00:00Z", recipe: "r", series: [], layout: .sandbox(.root9p), lock: nil, tree: nil,
            artifact: Artifact(digest: digest, path: "/a", bytes: 1), steps: [], tools: [:], secondsToVerdict: 0,
            verdict: Verdict(grade: grade, level: .boot, cause: cause, summary: "it is \(grade.rawValue)", evidence: [], notes: []))
    }

    /// Runs a search; each candidate has the number in its name.
    ///
    /// - Returns: the report, and the notes.
    private func search(_ plan: BisectPlan, _ say: @escaping @Sendable (Int) -> Say) async throws -> (BisectReport, [String]) {
        let notes = Mutex<[String]>([])
        let events: EventSink = { event in if case .note(let text) = event { notes.withLock { $0.append(text) } } }
        let search = BisectSearch(plan, events: events) { candidate in
            let number = plan.candidates.firstIndex(of: candidate) ?? -1
            switch say(number) {
            case .grade(let grade, let cause):
                return .ran(try Self.run("run-\(number)", grade, cause), place: FilePath("/runs/run-\(number)"))
            case .fails(let text): return .untestable(Unbuilt(description: text))
            }
        }
        return (try await search.run(), notes.withLock { $0 })
    }

    @Test("the first bad version is named with the one before it, both runs, and the number of boots; the exit code is 0")
    func change() async throws {
        let (report, notes) = try await search(Self.plan(64)) { $0 < 37 ? .grade(.clean) : .grade(.fatal, .memoryCache) }
        #expect(report.result == .change && report.exitStatus == .good && report.boots <= 6 && report.searched == .bad)
        #expect(report.before.candidate.name == "1.36.0" && report.before.test?.run == "run-36" && report.before.test?.answer == .good)
        #expect(report.after.candidate.name == "1.37.0" && report.after.test?.place == "/runs/run-37")
        #expect(report.after.test?.verdict == "fatal, memory cache" && report.sentence == "the first bad version is 1.37.0")
        #expect(notes.first == "1 of at most 6: 1.31.0" && notes.count == report.boots)
    }

    @Test("with the good end last, the first good version is found; degraded is bad")
    func mended() async throws {
        let (report, _) = try await search(Self.plan(20, isFirstGood: false)) { $0 < 11 ? .grade(.degraded) : .grade(.clean) }
        #expect(report.result == .change && report.searched == .good && report.after.candidate.name == "1.11.0")
        #expect(report.before.test?.answer == .bad && report.sentence == "the first good version is 1.11.0")
    }

    @Test("a version that does not build, and an inconclusive boot, are passed over and told, and the range around them is the result")
    func skipped() async throws {
        let (report, notes) = try await search(Self.plan(9)) {
            switch $0 {
            case 3: .fails("it does not compile")
            case 4: .grade(.inconclusive)
            case 5: .grade(.short)
            default: $0 < 4 ? .grade(.clean) : .grade(.fatal)
            }
        }
        #expect(report.result == .range && report.exitStatus == .no)
        #expect(report.before.candidate.name == "1.2.0" && report.after.candidate.name == "1.6.0")
        #expect(report.skipped.map(\.candidate.name) == ["1.4.0", "1.3.0", "1.5.0"])
        #expect(report.skipped.compactMap(\.reason) == ["inconclusive: it is inconclusive", "it does not compile", "short: it is short"])
        #expect(notes.contains("1.3.0 cannot be tested and is passed over: it does not compile"))
        #expect(report.boots == 4 && report.skipped[0].run == "run-4")
    }

    @Test("an end next to the change is booted too; one that is not what the user says is the answer, with exit code 1")
    func wrongEnd() async throws {
        let (confirmed, notes) = try await search(Self.plan(8)) { $0 < 1 ? .grade(.clean) : .grade(.fatal) }
        #expect(confirmed.result == .change && confirmed.before.test?.run == "run-0")
        #expect(notes.last == "3: 1.0.0, the good end, because the change is next to it")
        let (low, _) = try await search(Self.plan(8)) { _ in .grade(.fatal, .memoryCache) }
        #expect(low.result == .wrongEnd && low.exitStatus == .no && low.after.candidate.name == "1.0.0")
        #expect(low.sentence.hasPrefix("1.0.0 is not good, as you say, but bad: fatal, memory cache"), "\(low.sentence)")
        let (high, _) = try await search(Self.plan(8)) { _ in .grade(.clean) }
        #expect(high.result == .wrongEnd && high.sentence.hasPrefix("1.7.0 is not bad, as you say, but good"), "\(high.sentence)")
        let (mended, _) = try await search(Self.plan(8, isFirstGood: false)) { _ in .grade(.clean) }
        #expect(mended.sentence.hasPrefix("1.0.0 is not bad, as you say, but good"), "\(mended.sentence)")
    }

    @Test("an end that cannot be booted leaves a range, and the sentence says that it hangs on the user's word")
    func unprovenEnd() async throws {
        let (report, _) = try await search(Self.plan(8)) { $0 == 0 ? .fails("no") : .grade(.fatal) }
        #expect(report.result == .range && report.exitStatus == .no)
        #expect(report.sentence.contains("if 1.0.0 is as you say: it cannot be tested"), "\(report.sentence)")
    }

    @Test("if nothing can be tested, the search gives up early, with the last reason and its exit code")
    func hopeless() async throws {
        let tried = Mutex(0)
        let error = await #expect(throws: BisectError.self) {
            try await search(Self.plan(1000)) { _ in
                tried.withLock { $0 += 1 }
                return .fails("no such compiler")
            }
        }
        #expect(error?.description.contains("no such compiler") == true && error?.exitStatus == .no)
        #expect(tried.withLock { $0 } == 8)
        await #expect(throws: BisectError.self) { try await search(Self.plan(3)) { _ in .fails("no") } }
        // Inconclusive boots are results, each with its own reason.
        let (report, _) = try await search(Self.plan(12)) { _ in .grade(.inconclusive) }
        #expect(report.result == .range && report.boots == 12)
    }

    @Test("an error that is not the candidate's own ends the search, and so does cancellation")
    func ended() async throws {
        struct Down: Error {}
        let search = BisectSearch(Self.plan(8), events: { _ in }) { _ in throw Down() }
        await #expect(throws: Down.self) { try await search.run() }
        let (started, signal) = AsyncStream<Void>.makeStream()
        let slow = BisectSearch(Self.plan(8), events: { _ in }) { _ in
            signal.yield()
            try await Task.sleep(for: .seconds(600))
            throw Down()
        }
        let task = Task { try await slow.run() }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("errors of a candidate are its source's and its patches'; errors of the machine and of the command line are not")
    func kinds() throws {
        let name = try #require(PatchName("a/b"))
        #expect(BisectProver.isCandidates(PatchesError.inUpstream(name, variant: "v", upstreamPath: "p")))
        #expect(BisectProver.isCandidates(PatchesError.ambiguous(name, variants: [])))
        #expect(!BisectProver.isCandidates(PatchesError.unknown(name: "x", advice: "")))
        #expect(!BisectProver.isCandidates(PatchesError.noUpstream(name, recipe: "r", advice: "")))
        #expect(!BisectProver.isCandidates(CancellationError()))
    }

    @Test("the report is one document that is read back as it was written")
    func document() async throws {
        let (report, _) = try await search(Self.plan(5)) { $0 < 2 ? .grade(.clean) : .grade(.fatal) }
        #expect(try JSONDecoder().decode(BisectReport.self, from: JSONEncoder().encode(report)) == report)
    }
}

@Suite("What a bisection goes over")
struct BisectPlanTests {
    private func versions(_ names: [String]) throws -> VersionTags {
        VersionTags(try names.map { VersionTags.Offer(version: try #require(Version($0)), name: "refs/tags/v\($0)", commit: nil) })
    }

    private func version(_ text: String) throws -> Version { try #require(Version(text)) }

    @Test("versions: those between the ends, in the order of their numbers; the direction follows from which end is good")
    func order() throws {
        let all = try versions(["1.2.0", "1.10.0", "1.9.1", "2.0.0", "1.9.0"])
        let forward = try BisectPlan(among: all, of: "r", good: version("v1.9.0"), bad: version("2.0.0"), series: nil)
        #expect(forward.candidates.map(\.name) == ["1.9.0", "1.9.1", "1.10.0", "2.0.0"] && forward.isFirstGood)
        let backward = try BisectPlan(among: all, of: "r", good: version("2.0.0"), bad: version("1.9.0"), series: nil)
        #expect(backward.candidates == forward.candidates && !backward.isFirstGood)
    }

    @Test("an end that the source does not offer is an error that names the nearest one, and two equal ends are one")
    func ends() throws {
        let all = try versions(["1.2.0", "1.9.1+k3s1", "1.9.1+k3s2"])
        let unknown = #expect(throws: BisectError.self) {
            try BisectPlan(among: all, of: "r", good: version("1.2.1"), bad: version("1.9.1+k3s1"), series: nil)
        }
        #expect(unknown?.description.contains("has no version 1.2.1") == true && unknown?.description.contains("1.2.0") == true)
        #expect(unknown?.exitStatus == .usage)
        // Two releases of a packager have one version; neither is taken for the other.
        #expect(throws: BisectError.self) {
            try BisectPlan(among: all, of: "r", good: version("1.2.0"), bad: version("1.9.1"), series: nil)
        }
        #expect(throws: BisectError.self) { try BisectPlan(among: all, of: "r", good: version("1.2"), bad: version("1.2.0"), series: nil) }
        let packagers = try BisectPlan(among: all, of: "r", good: version("1.2.0"), bad: version("1.9.1+k3s1"), series: nil)
        #expect(packagers.candidates.map(\.name) == ["1.2.0", "1.9.1+k3s1"])
    }

    @Test("commits: the first parents between two of them, oldest first; a commit inside a merge is none of them")
    func commits() async throws {
        try await SmallProject.use { project in
            let first = try project.commit("one")
            try project.git(["checkout", "--quiet", "-b", "side"])
            let inside = try project.commit("inside")
            try project.git(["checkout", "--quiet", "main"])
            try project.git(["merge", "--quiet", "--no-ff", "--message", "merge of side", "side"])
            let last = try project.commit("last")
            try project.recipe("thing", "git: {url: 'file://\(project.repository)', ref: main}")
            let plan = try await BisectPlan.commits(
                of: "thing", good: first, bad: "main", series: nil, in: project.catalogue, with: project.builder)
            #expect(plan.candidates.map(\.subject) == ["one", "merge of side", "last"] && plan.isFirstGood)
            #expect(plan.candidates.first?.name == first && plan.candidates.last?.commit?.description == last)
            let backward = try await BisectPlan.commits(
                of: "thing", good: "main", bad: first, series: nil, in: project.catalogue, with: project.builder)
            #expect(backward.candidates == plan.candidates && !backward.isFirstGood)
            let error = await #expect(throws: BisectError.self) {
                try await BisectPlan.commits(
                    of: "thing", good: inside, bad: "main", series: nil, in: project.catalogue, with: project.builder)
            }
            #expect(error?.description.contains("first parents") == true && error?.exitStatus == .usage)
        }
    }

    @Test("series: the beginnings of the longer one from the shorter one on, each with the patch that it adds")
    func series() async throws {
        try await SmallProject.use { project in
            for name in ["one", "two", "three"] {
                let folder = "\(project.path)/project/patches/thing/\(name)"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                let entry =
                    "title: t\nwhy: w\nupstream: thing\nversions: '*'\nvariants: [{name: v, versions: '*'}]\nevidence: e\nstatus: local\n"
                try Data(entry.utf8).write(to: URL(filePath: "\(folder)/patch.yaml"))
                try Data("--- a/file\n+++ b/file\n@@ -1 +1 @@\n-a\n+b\n".utf8).write(to: URL(filePath: "\(folder)/v.patch"))
            }
            try project.recipe("thing", "git: {url: u, ref: main}")
            let plan = try BisectPlan.series(of: "thing", good: ["one", "two", "three"], bad: ["one"], in: project.catalogue)
            #expect(plan.candidates.map(\.name) == ["one", "one,two", "one,two,three"] && !plan.isFirstGood)
            #expect(plan.candidates.map { $0.patch?.description } == [nil, "thing/two", "thing/three"])
            let none = try BisectPlan.series(of: "thing", good: [], bad: ["two", "one"], in: project.catalogue)
            #expect(none.candidates.map(\.name) == ["none", "two", "two,one"] && none.isFirstGood && none.longest?.count == 2)
            for (good, bad) in [(["two"], ["one", "two"]), (["one"], ["one"])] {
                #expect(throws: BisectError.self) { try BisectPlan.series(of: "thing", good: good, bad: bad, in: project.catalogue) }
            }
        }
    }
}
