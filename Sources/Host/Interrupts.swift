import Dispatch
import Glibc
import Synchronization

/// Turns Ctrl-C and a polite kill into the cancellation of a task, so that every path out tidies up.
package enum Interrupts {
    /// Runs work until it ends or a signal comes; then the work is cancelled and waited for. A second signal ends the process at once.
    ///
    /// SIGHUP is left alone where it has no effect: whoever starts a program by nohup(1) wants it to go on without its terminal. SIGINT and SIGTERM
    /// are looked at in any case, since a shell without job control starts whatever is in the background without them, and somebody may want it
    /// to end all the same.
    ///
    /// - Returns: what the work made, and the signal that came, if one did.
    package static func guarding<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async -> (
        Result<Value, any Error>, Int32?
    ) {
        let queue = DispatchQueue(label: "interrupts")
        let sources = ([SIGINT, SIGTERM] + (isIgnored(SIGHUP) ? [] : [SIGHUP])).map { number in
            // A source sees only signals that have no other effect (signal(7)).
            signal(number, SIG_IGN)
            return (number, DispatchSource.makeSignalSource(signal: number, queue: queue))
        }
        let box = Caught()
        let registered = DispatchGroup()
        for (number, source) in sources {
            source.setEventHandler {
                if box.note(number) { box.cancel() } else { _exit(128 + number) }
            }
            registered.enter()
            source.setRegistrationHandler { registered.leave() }
            source.resume()
        }
        // Until then a signal has no effect at all.
        await withCheckedContinuation { continuation in registered.notify(queue: queue) { continuation.resume() } }
        let task = Task(operation: work)
        box.cancels { task.cancel() }
        let result = await task.result
        for (number, source) in sources {
            source.cancel()
            signal(number, SIG_DFL)
        }
        return (result, box.first)
    }

    /// Whether a signal has no effect on this process.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // Functions cannot be compared, and this one is none: it is the number 1 (signal.h).
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// The first signal that came, and what is cancelled by it, whichever was there first.
private final class Caught: Sendable {
    private let number = Mutex<Int32?>(nil)
    private let work = Mutex<(@Sendable () -> Void)?>(nil)

    var first: Int32? { number.withLock { $0 } }

    func cancels(_ cancel: @escaping @Sendable () -> Void) {
        work.withLock { $0 = cancel }
        if first != nil { cancel() }
    }

    func cancel() { work.withLock { $0 }?() }

    /// Notes a signal; false when one came before.
    func note(_ signal: Int32) -> Bool {
        number.withLock { number in
            guard number == nil else { return false }
            number = signal
            return true
        }
    }
}
