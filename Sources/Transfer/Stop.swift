import Glibc
import Synchronization

/// A flag that a cancelled task raises, and that its transfer, on a thread of its own, looks at many times a second.
final class Stop: Sendable {
    private let flag = Atomic(false)

    func raise() { flag.store(true, ordering: .relaxed) }

    var isRaised: Bool { flag.load(ordering: .relaxed) }

    /// Goes on, or throws `cancelled`.
    func check() throws(TransferError) {
        if isRaised { throw .cancelled }
    }

    /// Sleeps, in slices short enough that a cancellation is felt at once.
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

/// Runs work that blocks on a thread of its own: the cooperative pool has few threads, and must never wait for a network.
///
/// The thread takes no signals. They are for the program's own threads, and SIGPIPE, which a TLS library may raise when a
/// server has hung up, would end the program.
func onThread<T: Sendable>(_ work: @escaping @Sendable () -> T) async -> T? {
    await withCheckedContinuation { continuation in
        let box = Unmanaged.passRetained(Work { continuation.resume(returning: work()) })
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
            continuation.resume(returning: nil)
            return
        }
        pthread_detach(thread)
    }
}

/// What a thread is given to do: a closure in a box that C can point to.
private final class Work {
    let run: () -> Void

    init(_ run: @escaping () -> Void) { self.run = run }
}
