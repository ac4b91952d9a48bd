import Synchronization

/// Counts from 1, from any task.
public final class Counter: Sendable {
    private let count = Mutex(0)

    /// Makes a counter at zero.
    public init() {}

    /// The next number.
    public func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
