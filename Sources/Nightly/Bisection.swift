/// A search for the one place in a row of candidates where an answer changes: pure, without knowledge of what the candidates are.
///
/// The first candidate is on the near side and the last on the far side by the user's word. Between them, each test halves what is left. A
/// candidate that cannot be tested is passed over, as by git-bisect(1), "bisect skip". If the place is next to an end that was not tested,
/// the end is tested too.
package struct Bisection: Hashable, Sendable {
    /// What a test of a candidate tells.
    package enum Answer: String, Hashable, Sendable, Codable {
        /// It is like the first candidate.
        case near
        /// It is like the last candidate.
        case far
        /// It cannot be tested.
        case skipped
    }

    /// What the answers amount to.
    package enum Result: Hashable, Sendable {
        /// The answer changes between two neighbors, and both were tested.
        case change(near: Int, far: Int)
        /// The answer changes somewhere between two candidates; those in between, or the ends themselves, could not be tested.
        case range(near: Int, far: Int)
        /// An end is not what the user says it is.
        case wrongEnd(Int)
        /// A candidate is like the first one although an earlier one is like the last one, so there is more than one change.
        case contradiction(near: Int, far: Int)
    }

    /// The number of candidates, with both ends.
    package let count: Int
    /// The answers so far.
    package private(set) var answers: [Int: Answer] = [:]

    /// - Parameter count: at least two.
    package init?(count: Int) {
        guard count >= 2 else { return nil }
        self.count = count
    }

    private var last: Int { count - 1 }

    /// The last candidate that is known, or said, to be like the first.
    private var near: Int { answers.filter { $0.value == .near }.keys.max() ?? 0 }

    /// The first candidate that is known, or said, to be like the last.
    private var far: Int { answers.filter { $0.value == .far }.keys.min() ?? last }

    /// The candidate to test next; nil once there is a result.
    package var next: Int? {
        let (near, far) = (near, far)
        guard settled == nil else { return nil }
        if let inside = untested(between: near, far) { return inside }
        return near == 0 && answers[0] == nil ? 0 : far == last && answers[last] == nil ? last : nil
    }

    /// The candidate in the middle, or else the nearest one that was not tested.
    private func untested(between near: Int, _ far: Int) -> Int? {
        let middle = near + (far - near) / 2
        for distance in 0..<max(1, far - near) {
            for index in [middle - distance, middle + distance] where index > near && index < far && answers[index] == nil { return index }
        }
        return nil
    }

    /// Notes an answer. The same candidate's later answer replaces an earlier one.
    package mutating func record(_ answer: Answer, at index: Int) {
        guard (0..<count).contains(index) else { return }
        answers[index] = answer
    }

    /// The most tests that are still needed if none is skipped, without those of the ends.
    package var mostLeft: Int { settled == nil ? Self.halvings(far - near) : 0 }

    /// How often a number of places must be halved until one is left: ⌈log₂ of it⌉.
    package static func halvings(_ places: Int) -> Int { places < 2 ? 0 : Int.bitWidth - (places - 1).leadingZeroBitCount }

    /// A result that no further test can change.
    private var settled: Result? {
        let (near, far) = (near, far)
        if answers[0] == .far { return .wrongEnd(0) }
        if answers[last] == .near { return .wrongEnd(last) }
        return near > far ? .contradiction(near: near, far: far) : nil
    }

    /// The result; nil while there is something to test.
    package var result: Result? {
        if let settled { return settled }
        guard next == nil else { return nil }
        let (near, far) = (near, far)
        return far - near == 1 && answers[near] == .near && answers[far] == .far
            ? .change(near: near, far: far) : .range(near: near, far: far)
    }
}
