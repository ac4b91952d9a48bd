import Glibc
import Net

extension CancellationFlag {
    /// Throws `cancelled` if the flag is raised.
    func check() throws(TransferError) {
        if isRaised { throw .cancelled }
    }

    /// Sleeps in slices short enough to notice a cancellation at once.
    func sleep(_ duration: Duration) throws(TransferError) {
        let end = ContinuousClock.now + duration
        while true {
            try check()
            let left = end - .now
            guard left > .zero else { return }
            usleep(UInt32(min(left, .milliseconds(50)) / .microseconds(1)))
        }
    }
}

/// Runs a transfer on its own thread.
///
/// - Parameter work: receives a flag that is raised when the task is canceled.
/// - Returns: the result; nil if the system could not create a thread.
func onTransferThread<Value: Sendable>(
    _ work: @escaping @Sendable (CancellationFlag) throws(TransferError) -> Value
) async -> Result<Value, TransferError>? {
    do {
        return try await BlockingThread.run { cancellation in Result { () throws(TransferError) in try work(cancellation) } }
    } catch { return nil }
}
