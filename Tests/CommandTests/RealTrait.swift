import Foundation
import Synchronization
import Testing

/// How a real test shares the machine: it may block its thread, and only so many are under way at once. Most of what they do is waiting.
struct RealTrait: SuiteTrait, TestTrait, TestScoping {
    /// Minutes that it is known to wait: the longest begin first, so that they do not begin last.
    let minutes: Int

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A trait of a suite is asked for the suite as well as for each test in it; a test has its own where it says so.
        let own = test.traits.compactMap { $0 as? RealTrait }.map(\.minutes).max() ?? minutes
        guard testCase != nil, own == minutes, !Slots.isPlaced else { return try await function() }
        try await withTaskExecutorPreference(BlockingExecutor.shared) {
            try await Slots.real.holding(weight: minutes, function)
        }
    }
}

extension Trait where Self == RealTrait {
    /// A test that boots, builds or fetches for real.
    static func real(minutes: Int = 1) -> RealTrait { RealTrait(minutes: minutes) }
}

/// Runs every job on a thread of its own: a test that waits for a program must not keep the others from going on.
final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        Thread.detachNewThread { job.runSynchronously(on: executor) }
    }
}

/// A number of places, given to the heaviest of those that wait.
final class Slots: Sendable {
    /// Real tests that boot and watch nodes at once. Who waits for a build has no place meanwhile.
    static let real = Slots(5)

    /// The weight with which this task took a place; nil while it has none.
    @TaskLocal private static var weight: Int?

    private struct State {
        var free: Int
        var waiting: [(weight: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Whether this task has a place.
    static var isPlaced: Bool { weight != nil }

    /// Works in a place.
    func holding<Value>(weight: Int, _ body: () async throws -> Value) async rethrows -> Value {
        await take(weight: weight)
        defer { give() }
        return try await Self.$weight.withValue(weight) { try await body() }
    }

    /// Works without the place that the task may have, and takes one again.
    func leaving<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard let weight = Self.weight else { return try await body() }
        give()
        let result: Result<Value, any Error>
        do { result = .success(try await Self.$weight.withValue(nil) { try await body() }) } catch { result = .failure(error) }
        await take(weight: weight)
        return try result.get()
    }

    /// Works as a task that has no place, whatever the task that started it has.
    static func unplaced<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        try await $weight.withValue(nil) { try await body() }
    }

    func take(weight: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append((weight, continuation))
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state in
            guard let heaviest = state.waiting.map(\.weight).max(),
                let place = state.waiting.firstIndex(where: { $0.weight == heaviest })
            else {
                state.free += 1
                return nil as CheckedContinuation<Void, Never>?
            }
            return state.waiting.remove(at: place).continuation
        }
        next?.resume()
    }
}

/// Tests whose node joins a control plane. Its five programs start with it, and a node that joins too late is no worker: two at once are enough.
enum Joining {
    private static let slots = Slots(2)

    static func scenario<Value>(_ body: () async throws -> Value) async throws -> Value {
        // Who waits here has no place: those who are through may want theirs back.
        try await Slots.real.leaving { await slots.take(weight: 0) }
        defer { slots.give() }
        return try await body()
    }
}

/// Long computations, two at a time: one alone leaves a processor idle while it links, and more of them starve the nodes that others watch.
enum Computing {
    private static let slots = Slots(2)

    /// Works with the machine's processors.
    ///
    /// - Parameter minutes: how long others can wait for it. What tests wait for that then boot nodes goes first.
    static func inTurn<Value>(minutes: Int = 0, _ body: () throws -> Value) async throws -> Value {
        try await Slots.real.leaving {
            await slots.take(weight: -minutes)
            defer { slots.give() }
            return try body()
        }
    }
}

/// Something that several tests need. It is made once, by whoever comes first; a failure is everybody's.
final class Once<Value: Sendable>: Sendable {
    private let task = Mutex<Task<Value, any Error>?>(nil)

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let shared = task.withLock { task in
            if let task { return task }
            // It is nobody's test: whoever waits for it has given its own place back.
            let new = Task {
                try await withTaskExecutorPreference(BlockingExecutor.shared) { try await Slots.unplaced { try await make() } }
            }
            task = new
            return new
        }
        return try await Slots.real.leaving { try await shared.value }
    }
}
