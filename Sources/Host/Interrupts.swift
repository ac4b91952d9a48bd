import Dispatch
import Glibc
import Synchronization

/// Turns Ctrl-C and SIGTERM into task cancellation, so that every exit path cleans up.
package enum Interrupts {
    /// Runs work until it ends or a signal arrives; then cancels the work and waits for it. A second signal ends the process at once.
    ///
    /// SIGHUP is not handled if it is ignored, because a program started with nohup(1) must continue without its terminal. SIGINT and
    /// SIGTERM are always handled: a shell without job control starts background programs with them ignored, but a user may still want to
    /// end one.
    ///
    /// - Returns: the result of the work, and the signal that arrived, if any.
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
        // Until the sources are registered, signals have no effect at all.
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

    /// Whether this process ignores a signal.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // Functions cannot be compared. SIG_IGN is not a function but the number 1 (signal.h).
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// The first signal, and the task that it cancels, in whichever order they arrive.
private final class Caught: Sendable {
    private let number = Mutex<Int32?>(nil)
    private let work = Mutex<(@Sendable () -> Void)?>(nil)

    var first: Int32? { number.withLock { $0 } }

    func cancels(_ cancel: @escaping @Sendable () -> Void) {
        work.withLock { $0 = cancel }
        if first != nil { cancel() }
    }

    func cancel() { work.withLock { $0 }?() }

    /// Records a signal; false if there was an earlier one.
    func note(_ signal: Int32) -> Bool {
        number.withLock { number in
            guard number == nil else { return false }
            number = signal
            return true
        }
    }
}
