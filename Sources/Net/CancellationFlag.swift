import Synchronization

/// A flag that a canceled task raises. Work on another thread checks it many times a second, because C libraries cannot observe the
/// cancellation of Swift tasks.
package final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package func raise() { flag.store(true, ordering: .relaxed) }

    package var isRaised: Bool { flag.load(ordering: .relaxed) }
}
