import Host
import Model
import Node
import Synchronization

/// Boots that start one after the other and are watched together, because a node that is only being watched leaves the machine mostly idle.
package struct BootSchedule: Sendable {
    private let jobs: Jobs
    /// Bytes that each additional boot needs.
    private let memoryOfBoot: Int64
    private let availableMemory: @Sendable () -> Int64?

    /// Bytes that stay free for everything else on the machine.
    static let reserve: Int64 = 1 << 30

    /// - Parameter availableMemory: bytes available to new programs; nil if unknown, in which case two boots run at the same time.
    package init(
        _ jobs: Jobs, memoryOfBoot: Int64, availableMemory: @escaping @Sendable () -> Int64? = { MachineLoad.availableMemory() }
    ) {
        self.jobs = jobs
        self.memoryOfBoot = memoryOfBoot
        self.availableMemory = availableMemory
    }

    /// A boot's view of the schedule.
    package struct Seat: Sendable {
        /// When the boot may start, and how it reports that it has started.
        let turn: BootTurn
        fileprivate let peak: Counted

        /// The maximum number of other boots that ran at the same moment.
        var company: Int { peak.value }
    }

    /// A boot to be done.
    package struct Job: Sendable {
        /// The caller's identifier.
        package let number: Int
        /// The expected duration in seconds. The longest job runs first, so that no long job remains at the end.
        package let seconds: Double

        package init(number: Int, seconds: Double) {
            self.number = number
            self.seconds = seconds
        }
    }

    private enum Signal: Sendable {
        case ready([Job])
        case allReady
        case started
        case ended(Int)
        case failed(any Error)
    }

    /// Does all boots that are handed in, and returns when all are done.
    ///
    /// - Parameters:
    ///   - produce: hands in boots as soon as they are ready; it may continue while others are being watched.
    ///   - boot: does one boot. It begins its turn before the node starts and ends it when the node has started.
    /// - Throws: the first error of any of them, after all others were canceled; `CancellationError`.
    package func run(
        producing produce: @escaping @Sendable (_ handIn: @Sendable ([Job]) -> Void) async throws -> Void,
        boot: @escaping @Sendable (Int, Seat) async throws -> Void
    ) async throws {
        let (signals, continuation) = AsyncStream<Signal>.makeStream()
        let turnstile = Turnstile()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await produce { continuation.yield(.ready($0)) }
                    continuation.yield(.allReady)
                } catch { continuation.yield(.failed(error)) }
            }
            var state = State()
            for await signal in signals {
                if case .failed(let error) = signal { throw error }
                state.take(signal)
                while state.mayPrepare, hasRoom(beside: state.running.count, unstarted: state.unstarted), let number = state.next() {
                    let seat = Self.seat(at: turnstile) { continuation.yield(.started) }
                    state.begin(number, seat.peak)
                    group.addTask {
                        do { try await boot(number, seat) } catch { continuation.yield(.failed(error)) }
                        seat.turn.leave()
                        continuation.yield(.ended(number))
                    }
                }
                if state.isDone { break }
            }
            try Task.checkCancellation()
        }
    }

    /// - Parameter unstarted: the number of boots that have not yet taken their memory.
    private func hasRoom(beside running: Int, unstarted: Int) -> Bool {
        guard running > 0 else { return true }
        switch jobs {
        case .count(let most): return running < most
        case .auto:
            guard let available = availableMemory() else { return running < 2 }
            return available >= memoryOfBoot * Int64(unstarted + 1) + Self.reserve
        }
    }

    private static func seat(at turnstile: Turnstile, started: @escaping @Sendable () -> Void) -> Seat {
        // A boot may end before its turn, and reports its start more than once.
        let phase = Mutex(Phase.waiting)
        let enter: @Sendable () async throws -> Void = {
            try await turnstile.enter()
            phase.withLock { $0 = .starting }
        }
        let leave: @Sendable () -> Void = {
            let before = phase.withLock { phase in
                defer { phase = .over }
                return phase
            }
            guard before != .over else { return }
            if before == .starting { turnstile.leave() }
            started()
        }
        return Seat(turn: BootTurn(enter: enter, leave: leave), peak: Counted())
    }

    private enum Phase { case waiting, starting, over }

    /// The current state of the schedule.
    private struct State {
        private var waiting: [Job] = []
        private(set) var running: [Int: Counted] = [:]
        /// Boots that have not started yet: one has its turn while another is being prepared.
        private(set) var unstarted = 0
        private var isComplete = false

        var mayPrepare: Bool { unstarted < 2 }
        var isDone: Bool { isComplete && waiting.isEmpty && running.isEmpty }

        mutating func take(_ signal: Signal) {
            switch signal {
            case .ready(let jobs): waiting += jobs
            case .allReady: isComplete = true
            case .started: unstarted -= 1
            case .ended(let number): running[number] = nil
            case .failed: break
            }
        }

        /// The waiting job with the longest expected duration; the first of several equal ones.
        mutating func next() -> Int? {
            guard let longest = waiting.map(\.seconds).max(), let place = waiting.firstIndex(where: { $0.seconds == longest }) else {
                return nil
            }
            return waiting.remove(at: place).number
        }

        mutating func begin(_ number: Int, _ peak: Counted) {
            unstarted += 1
            running[number] = peak
            for other in running.values { other.raise(to: running.count - 1) }
        }
    }

    /// The highest number so far.
    fileprivate final class Counted: Sendable {
        private let number = Mutex(0)
        var value: Int { number.withLock { $0 } }
        func raise(to value: Int) { number.withLock { $0 = max($0, value) } }
    }
}
