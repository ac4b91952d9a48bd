import Grading
import Synchronization

/// A queue of cluster facts for the grader. Any task may post; one task takes.
package final class ClusterNotices: Sendable {
    private let facts = Mutex<[ClusterFact]>([])

    package init() {}

    /// Adds a fact.
    package func post(_ fact: ClusterFact) { facts.withLock { $0.append(fact) } }

    /// Removes and returns all facts, oldest first.
    package func take() -> [ClusterFact] {
        facts.withLock { facts in
            defer { facts = [] }
            return facts
        }
    }
}
