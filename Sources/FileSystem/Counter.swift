import Synchronization

/// A counter that starts at 1 and can be used from any task.
package final class Counter: Sendable {
    private let count = Mutex(0)

    package init() {}

    /// Returns the next number.
    package func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
