import Synchronization

/// A flag that a canceled task raises and that work on another thread checks many times a second: C libraries know nothing of Swift's tasks.
package final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package func raise() { flag.store(true, ordering: .relaxed) }

    package var isRaised: Bool { flag.load(ordering: .relaxed) }
}
