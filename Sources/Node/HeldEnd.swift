import Grading

/// The node's end, while its log may still say why: the last lines come on another stream than the exit status, and may come after it.
struct HeldEnd: Sendable {
    private var end: NodeFact?

    /// What is to be taken now of what the first program tells: not yet the node's end, and nothing that comes after it. The sandbox goes with its
    /// node: that containerd ended then, too, says nothing of which was first.
    mutating func pass(_ fact: NodeFact) -> NodeFact? {
        guard end == nil else { return nil }
        guard case .exit = fact else { return fact }
        end = fact
        return nil
    }

    /// The node's end, if it was held; it is held no longer.
    mutating func release() -> NodeFact? {
        defer { end = nil }
        return end
    }
}
