import Synchronization

/// Counts from 1, from any task.
package final class Counter: Sendable {
    private let count = Mutex(0)

    /// Makes a counter at zero.
    package init() {}

    /// The next number.
    package func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
