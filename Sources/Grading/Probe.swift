import Model

/// The state of a probe that is sent to a node repeatedly.
struct Probe: Sendable {
    /// When the unanswered probe was sent, in seconds after the boot began; nil if all are answered.
    var asked: Double?
    /// When the probe was sent that the last answer belongs to.
    private(set) var answered: Double?
    private(set) var last: Evidence?
    /// Whether the last answer is good.
    private(set) var isGood = false
    /// The first bad answer after warm-up.
    private(set) var failed: Evidence?

    /// Processes an answer.
    ///
    /// - Parameter isLate: whether it came after warm-up.
    mutating func note(_ isGood: Bool, _ evidence: Evidence, isLate: Bool) {
        last = evidence
        self.isGood = isGood
        (answered, asked) = (asked, nil)
        if !isGood, isLate, failed == nil { failed = evidence }
    }
}
