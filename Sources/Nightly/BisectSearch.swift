import ExitCodes
import FileSystem
import Git
import Host
import Model
import Sanitizing
import SystemPackage

/// Searches the change among the candidates of a plan: one test after the other, each of them a boot.
package struct BisectSearch: Sendable {
    /// A candidate was built and booted, or it cannot be.
    package enum Outcome: Sendable {
        /// The recorded run, and its folder.
        case ran(Run, place: FilePath)
        /// The candidate itself cannot be tested; the error says why.
        case untestable(any Error)
    }

    /// How many candidates are tried if not one of them can be tested.
    private static let mostFailures = 8

    private let plan: BisectPlan
    private let events: EventSink
    private let test: @Sendable (BisectCandidate) async throws -> Outcome

    /// - Parameters:
    ///   - events: told what is tested next, and what it says.
    ///   - test: builds and boots a candidate. An error that it throws ends the search.
    package init(_ plan: BisectPlan, events: @escaping EventSink, test: @escaping @Sendable (BisectCandidate) async throws -> Outcome) {
        self.plan = plan
        self.events = events
        self.test = test
    }

    /// Tests until one change is found, or until nothing more can be tested.
    ///
    /// - Throws: `BisectError`; `CancellationError`, and what a test throws.
    package func run() async throws -> BisectReport {
        guard var bisection = Bisection(count: plan.candidates.count) else { throw BisectError.same(plan.candidates.first?.name ?? "") }
        var tests: [Int: BisectReport.Test] = [:]
        var order: [Int] = []
        var failure: (any Error)?
        while let next = bisection.next {
            try Task.checkCancellation()
            tell(next, bisection)
            let start = ContinuousClock.now
            let outcome = try await test(plan.candidates[next])
            var done = read(outcome, of: plan.candidates[next])
            done.seconds = start.duration(to: .now).seconds
            if case .untestable(let error) = outcome { failure = error }
            if let reason = done.reason { events(.note("\(done.candidate.shortName) cannot be tested and is passed over: \(reason)")) }
            tests[next] = done
            order.append(next)
            bisection.record(answer(done.answer), at: next)
            try giveUp(if: tests.values.allSatisfy { $0.run == nil } && tests.count >= Self.mostFailures, tests.count, failure)
        }
        try giveUp(if: tests.values.allSatisfy { $0.run == nil }, tests.count, failure)
        guard let result = bisection.result else { throw BisectError.same(plan.candidates[0].name) }
        return report(result, tests, order)
    }

    /// - Throws: `BisectError.untestable` with the last error's exit code.
    private func giveUp(if isHopeless: Bool, _ tried: Int, _ failure: (any Error)?) throws {
        guard isHopeless, let failure else { return }
        throw BisectError.untestable(tried: tried, last: "\(failure)", status: ExitStatus(for: failure))
    }

    /// Says which candidate comes next, and between which two it is.
    private func tell(_ index: Int, _ bisection: Bisection) {
        let name = plan.candidates[index].title
        let done = bisection.answers.count
        let isEnd = index == 0 || index == plan.candidates.count - 1
        guard !isEnd else {
            return events(.note("\(done + 1): \(name), the \(isGood(end: index) ? "good" : "bad") end, because the change is next to it"))
        }
        events(.note("\(done + 1) of at most \(done + bisection.mostLeft): \(name)"))
    }

    private func isGood(end index: Int) -> Bool { (index == 0) == plan.isFirstGood }

    private func answer(_ answer: BisectReport.Answer) -> Bisection.Answer {
        switch answer {
        case .skipped: .skipped
        case .good: plan.isFirstGood ? .near : .far
        case .bad: plan.isFirstGood ? .far : .near
        }
    }

    private func read(_ outcome: Outcome, of candidate: BisectCandidate) -> BisectReport.Test {
        switch outcome {
        case .untestable(let error):
            return BisectReport.Test(candidate: candidate, answer: .skipped, reason: Visible.excerpt("\(error)", most: 2000))
        case .ran(let run, let place):
            let answer: BisectReport.Answer =
                switch run.verdict.grade {
                case .clean: .good
                case .fatal, .degraded: .bad
                case .short, .inconclusive: .skipped
                }
            var built = candidate
            // What was built counts, should a tag have moved since the tags were listed.
            if candidate.commit != nil, let lock = run.lock, lock.kind == .git { built.commit = .init(lock.version) ?? candidate.commit }
            var test = BisectReport.Test(
                candidate: built, answer: answer, reason: answer == .skipped ? "\(run.verdict.title): \(run.verdict.summary)" : nil)
            (test.verdict, test.summary, test.run, test.place) = (run.verdict.title, run.verdict.summary, run.id, place.string)
            test.log = Self.log(of: run, in: place)
            return test
        }
    }

    /// The log that the verdict's evidence is from, or else the first one that is not the sandbox's own.
    private static func log(of run: Run, in place: FilePath) -> String? {
        let logs = Files.names(in: place).filter { $0.hasSuffix(".log") && !$0.hasSuffix("sandbox.log") }.sorted()
        let named = run.verdict.evidence.lazy.compactMap { evidence in
            logs.first { $0 == "\(evidence.source).log" || $0 == evidence.source }
        }
        return (named.first ?? logs.first { $0 == "kubelet.log" } ?? logs.first).map { place.appending($0).string }
    }

    private func report(_ result: Bisection.Result, _ tests: [Int: BisectReport.Test], _ order: [Int]) -> BisectReport {
        func end(_ index: Int) -> BisectReport.End {
            BisectReport.End(candidate: tests[index]?.candidate ?? plan.candidates[index], test: tests[index])
        }
        let (kind, before, after): (BisectReport.Kind, Int, Int) =
            switch result {
            case .change(let near, let far): (.change, near, far)
            case .range(let near, let far): (.range, near, far)
            case .wrongEnd(let index): (.wrongEnd, index, index)
            case .contradiction(let near, let far): (.contradiction, near, far)
            }
        return BisectReport(
            recipe: plan.recipe, axis: plan.axis, searched: plan.isFirstGood ? .bad : .good, candidates: plan.candidates.count,
            tests: order.compactMap { tests[$0] }, result: kind, before: end(before), after: end(after))
    }
}
