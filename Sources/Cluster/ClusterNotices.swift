import Grading
import Synchronization

/// Facts of a cluster on their way to who grades: any task puts them in, one takes them out.
package final class ClusterNotices: Sendable {
    private let facts = Mutex<[ClusterFact]>([])

    /// Makes an empty box.
    package init() {}

    /// Puts a fact in.
    package func post(_ fact: ClusterFact) { facts.withLock { $0.append(fact) } }

    /// Takes all facts out, the oldest first.
    package func take() -> [ClusterFact] {
        facts.withLock { facts in
            defer { facts = [] }
            return facts
        }
    }
}
