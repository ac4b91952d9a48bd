import Foundation
import Fuzzing
import Model
import Testing

/// All readers of external input. CONTRIBUTING.md describes how to fuzz one for ten minutes.
let fuzzTargets: [FuzzTarget] = [
    .yaml, .diff, .message, .references, .tree, .repository, .archive, .index, .elf, .log, .boot, .marks, .summary, .cluster, .records,
    .place,
    .nightly, .tags, .comparison,
]

@Suite("Readers of what comes from outside", .serialized)
struct FuzzTests {
    @Test(
        "whatever a reader is given, it ends within bounds, with a value or an error of its own, and what must hold of both holds",
        arguments: chosen)
    func holds(target: FuzzTarget) async throws {
        let environment = ProcessInfo.processInfo.environment
        let seconds = environment["NINEPIN_FUZZ_SECONDS"].flatMap(Double.init)
        let figures = project.appending(path: ".build/fuzz")
        try FileManager.default.createDirectory(at: figures, withIntermediateDirectories: true)
        var settings = Fuzzer.Settings(
            seconds: seconds ?? 0.3, seed: environment["NINEPIN_FUZZ_SEED"].flatMap(UInt64.init) ?? .random(in: 0 ... .max),
            isAlone: seconds != nil, kept: environment["NINEPIN_FUZZ_KEPT"] ?? project.appending(path: "Tests/Fixtures/fuzz").path,
            running: figures.appending(path: "\(target.name).running").path)
        settings.isByTheClock = environment["NINEPIN_FUZZ_CLOCK"] != nil
        var fuzzer = try Fuzzer(target, settings)
        let outcome = try await fuzzer.run()
        let told =
            "\(target.name): \(outcome.executions) inputs in \(Int(outcome.seconds.rounded())) s, \(outcome.kinds) outcomes, seed \(settings.seed)\n"
        try Data(told.utf8).write(to: figures.appending(path: "\(target.name).txt"))
        if let finding = outcome.finding { Issue.record(finding) }
    }

    /// The targets named in the environment, or all of them.
    private static var chosen: [FuzzTarget] {
        let names = ProcessInfo.processInfo.environment["NINEPIN_FUZZ_TARGET"]?.split(separator: ",").map(String.init)
        return names.map { names in fuzzTargets.filter { names.contains($0.name) } } ?? fuzzTargets
    }

    @Test("each reader has a name of its own, and a folder of kept inputs is a reader's")
    func names() throws {
        let names = fuzzTargets.map(\.name)
        #expect(Set(names).count == names.count)
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: project.appending(path: "Tests/Fixtures/fuzz").path)) ?? []
        #expect(Set(folders).subtracting(["seeds"]).isSubset(of: names))
    }
}
