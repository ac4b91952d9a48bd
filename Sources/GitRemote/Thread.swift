import Glibc
import Synchronization

/// A flag that a cancelled task raises, and that its transfer, on a thread of its own, looks at many times a second.
final class Stop: Sendable {
    private let flag = Atomic(false)

    func raise() { flag.store(true, ordering: .relaxed) }

    var isRaised: Bool { flag.load(ordering: .relaxed) }
}

/// A thread of its own for work that blocks: the cooperative pool has few, and must never wait for a network.
///
/// It takes no signals. They are for the program's own threads, and SIGPIPE, for a server that has hung up, would end the program.
enum Thread {
    /// Starts work and does not wait for it.
    ///
    /// - Returns: whether the system gave a thread.
    static func detach(_ work: @escaping @Sendable () -> Void) -> Bool {
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

    /// Does work, and gives what came of it.
    static func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let isStarted = detach { continuation.resume(with: Result { try work() }) }
            if !isStarted { continuation.resume(throwing: FetchError.noThread) }
        }
    }

    /// A closure in a box that C can point to.
    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
