import ExitCodes
import Git
import Model

/// The record of a bisection: every test, and what they amount to.
package struct BisectReport: Hashable, Sendable, Codable {
    /// What a test of a candidate told.
    package enum Answer: String, Hashable, Sendable, Codable {
        case good, bad, skipped
    }

    /// One tested candidate.
    package struct Test: Hashable, Sendable, Codable {
        package let candidate: BisectCandidate
        package let answer: Answer
        /// Why it could not be tested; nil if it was.
        package var reason: String?
        /// The verdict's grade, with its cause; nil if nothing was booted.
        package var verdict: String?
        /// The verdict's summary.
        package var summary: String?
        /// The recorded run; nil if nothing was booted.
        package var run: String?
        /// The run's folder.
        package var place: String?
        /// The run's main log.
        package var log: String?
        /// How long it took to prepare and to boot it.
        package var seconds: Double

        package init(candidate: BisectCandidate, answer: Answer, reason: String? = nil, seconds: Double = 0) {
            self.candidate = candidate
            self.answer = answer
            self.reason = reason
            self.seconds = seconds
        }
    }

    /// An end of a result.
    package struct End: Hashable, Sendable, Codable {
        package let candidate: BisectCandidate
        /// The test; nil if it is good or bad by the user's word only.
        package let test: Test?
    }

    /// What the tests amount to.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// One change was found, between two neighbors that were both tested.
        case change
        /// The change is between two candidates; what lies in between, or an end itself, could not be tested.
        case range
        /// An end is not what the user says.
        case wrongEnd = "wrong-end"
        /// The answers contradict each other: there is more than one change.
        case contradiction
    }

    package let recipe: String
    package let axis: BisectAxis
    /// Whether the first bad candidate was searched, or the first good one.
    package let searched: Answer
    /// The number of candidates, with both ends.
    package let candidates: Int
    /// The tests in their order.
    package let tests: [Test]
    package let result: Kind
    /// The last candidate that is like the first end; for a wrong end, the end.
    package let before: End
    /// The first candidate that is like the last end; for a wrong end, the end.
    package let after: End

    /// The number of boots, or of asked probes.
    package var boots: Int { tests.count { $0.run != nil } }

    /// The tests that told nothing.
    package var skipped: [Test] { tests.filter { $0.answer == .skipped } }

    package var exitStatus: ExitStatus { result == .change ? .good : .no }

    /// The result in one sentence.
    package var sentence: String {
        let (last, first) = (searched == .bad ? "good" : "bad", searched.rawValue)
        switch result {
        case .change:
            if axis == .series, let patch = after.candidate.patch {
                return "\(patch) turns the result \(first)"
            }
            return "the first \(first) \(axis.singular) is \(after.candidate.shortName)"
        case .range:
            let unproven = [before, after].filter { $0.test?.answer == .skipped }.map(\.candidate.shortName)
            let between =
                "the first \(first) \(axis == .series ? "beginning of the series" : axis.singular) is after "
                + "\(before.candidate.shortName) and not after \(after.candidate.shortName)"
            return unproven.isEmpty
                ? "\(between): what is in between cannot be tested"
                : "\(between), if \(unproven.joined(separator: " and ")) is as you say: it cannot be tested"
        case .wrongEnd:
            let said = after.test?.answer == .good ? "bad" : "good"
            return "\(after.candidate.shortName) is not \(said), as you say, but \(after.test?.answer.rawValue ?? ""): "
                + (after.test?.verdict ?? "") + "; nothing can be found between these ends"
        case .contradiction:
            return "\(before.candidate.shortName) is \(last) although \(after.candidate.shortName), before it, is \(first): "
                + "there is more than one change"
        }
    }
}

extension BisectCandidate {
    /// The name, shortened if it is a commit's ID.
    package var shortName: String { commit?.description == name ? String(name.prefix(12)) : name }

    /// The name with all that is known about it, in one line.
    package var title: String {
        if commit?.description == name { return "\(shortName) \(subject ?? "")" }
        guard let commit else { return name }
        return "\(name) (\(tag.map { "\($0), " } ?? "")commit \(commit.description.prefix(12)))"
    }
}
