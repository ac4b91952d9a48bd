import Grading

/// Holds back the node's exit while its log may still contain the reason. The last log lines arrive on a different stream than the exit
/// status and may arrive after it.
struct HeldEnd: Sendable {
    private var end: NodeFact?

    /// Returns a fact of the first program to process now; nil for the node's exit, which is held, and for every later fact. The sandbox
    /// ends with its node, so a later report that containerd ended does not show which one ended first.
    mutating func pass(_ fact: NodeFact) -> NodeFact? {
        guard end == nil else { return nil }
        guard case .exit = fact else { return fact }
        end = fact
        return nil
    }

    /// Returns the held exit, if any, and no longer holds it.
    mutating func release() -> NodeFact? {
        defer { end = nil }
        return end
    }
}
