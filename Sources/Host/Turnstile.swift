import Synchronization

/// Admits one task at a time, in the order of arrival.
package final class Turnstile: Sendable {
    private struct State {
        var isTaken = false
        var count: UInt64 = 0
        var waiting: [(number: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        /// The tasks that were canceled before they joined the queue.
        var cancelled: Set<UInt64> = []
    }

    private let state = Mutex(State())

    /// Creates a free turnstile.
    package init() {}

    /// Waits for this task's turn.
    ///
    /// - Throws: `CancellationError` if the task is canceled while waiting; then it does not get a turn.
    package func enter() async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.remove(number) != nil { return .failure(CancellationError()) }
                    guard state.isTaken else {
                        state.isTaken = true
                        return .success(())
                    }
                    state.waiting.append((number, continuation))
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                guard let place = state.waiting.firstIndex(where: { $0.number == number }) else {
                    state.cancelled.insert(number)
                    return nil as CheckedContinuation<Void, any Error>?
                }
                return state.waiting.remove(at: place).continuation
            }
            continuation?.resume(throwing: CancellationError())
        }
        // A task that is canceled after it was given its turn keeps it.
        state.withLock { _ = $0.cancelled.remove(number) }
    }

    /// Ends this task's turn and starts the next one's.
    package func leave() {
        let next = state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil as CheckedContinuation<Void, any Error>?
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }
}
