import Glibc

/// A dedicated thread for work that blocks. The cooperative pool has few threads and must never wait for a network.
///
/// The thread receives no signals. Signals are for the program's own threads. SIGPIPE, which a TLS library may raise when a server closes
/// the connection, would end the program.
package enum BlockingThread {
    /// Thrown if no thread can be created: pthread_create(3) failed.
    package struct Unavailable: Error {}

    /// Starts work and does not wait for it.
    ///
    /// - Returns: whether the thread was created.
    package static func detach(_ work: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread, nil,
            { context in
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_SETMASK, &all, nil)
                guard let context else { return nil }
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard failure == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Runs work and returns its result.
    ///
    /// - Throws: `Unavailable`; any error of the work.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isStarted = detach { continuation.resume(with: Result { try work() }) }
            if !isStarted { continuation.resume(throwing: Unavailable()) }
        }
    }

    /// Runs work that can be canceled, and returns its result.
    ///
    /// - Parameter work: receives a flag that is raised when the task is canceled. It must check the flag often.
    /// - Throws: `Unavailable`; any error of the work.
    package static func run<Value: Sendable>(_ work: @escaping @Sendable (CancellationFlag) throws -> Value) async throws -> Value {
        let cancellation = CancellationFlag()
        return try await withTaskCancellationHandler {
            try await run { try work(cancellation) }
        } onCancel: {
            cancellation.raise()
        }
    }

    /// A box for a closure that a C pointer can refer to.
    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
