import Glibc
import Net

extension CancellationFlag {
    /// Goes on, or throws `cancelled`.
    func check() throws(TransferError) {
        if isRaised { throw .cancelled }
    }

    /// Sleeps in slices that are short enough for a cancellation to be noticed at once.
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

/// Runs a transfer on a thread of its own.
///
/// - Parameter work: gets a flag that is raised when the task is canceled.
/// - Returns: the result; nil when the system gives no thread.
func onTransferThread<Value: Sendable>(
    _ work: @escaping @Sendable (CancellationFlag) throws(TransferError) -> Value
) async -> Result<Value, TransferError>? {
    do {
        return try await BlockingThread.run { cancellation in Result { () throws(TransferError) in try work(cancellation) } }
    } catch { return nil }
}
