import Model

/// What is known of a question that is asked of a node again and again.
struct Probe: Sendable {
    /// When it was asked the last time and not answered since; seconds after the boot began.
    var asked: Double?
    /// When the question was asked to which the last answer belongs.
    private(set) var answered: Double?
    /// The last answer.
    private(set) var last: Evidence?
    /// Whether the last answer is good.
    private(set) var isGood = false
    /// The first bad answer after warm-up.
    private(set) var failed: Evidence?

    /// Takes an answer.
    ///
    /// - Parameter isLate: whether it came after warm-up.
    mutating func note(_ isGood: Bool, _ evidence: Evidence, isLate: Bool) {
        last = evidence
        self.isGood = isGood
        (answered, asked) = (asked, nil)
        if !isGood, isLate, failed == nil { failed = evidence }
    }
}
