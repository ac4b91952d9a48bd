import Foundation
import Model
import Synchronization
import Testing

/// How real tests share the machine: each may block its thread, and a limited number run at once. Most of them mainly wait.
struct RealTrait: SuiteTrait, TestTrait, TestScoping {
    /// How many minutes the test is known to wait: the longest tests start first, so that they do not start last.
    let minutes: Int

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite's trait applies to the suite and to each of its tests; a test may have its own.
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

/// Runs every job on its own thread, so that a test waiting for a program does not block the others.
final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedTaskExecutor()
        Thread.detachNewThread { job.runSynchronously(on: executor) }
    }
}

/// A number of slots, given to the waiting task with the greatest weight.
final class Slots: Sendable {
    /// For real tests that boot and watch nodes. A test that waits for a build gives up its slot in the meantime.
    static let real = Slots(5)

    /// The weight with which this task took a slot; nil if it has none.
    @TaskLocal private static var weight: Int?

    private struct State {
        var free: Int
        var waiting: [(weight: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    /// Whether this task has a slot.
    static var isPlaced: Bool { weight != nil }

    /// Runs `body` while holding a slot.
    func holding<Value>(weight: Int, _ body: () async throws -> Value) async rethrows -> Value {
        await take(weight: weight)
        defer { give() }
        return try await Self.$weight.withValue(weight) { try await body() }
    }

    /// Runs `body` without the task's slot, if it has one, and takes a slot again afterwards.
    func leaving<Value>(_ body: () async throws -> Value) async throws -> Value {
        guard let weight = Self.weight else { return try await body() }
        give()
        let result: Result<Value, any Error>
        do { result = .success(try await Self.$weight.withValue(nil) { try await body() }) } catch { result = .failure(error) }
        await take(weight: weight)
        return try result.get()
    }

    /// Runs `body` as a task without a slot, even if the starting task has one.
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

/// Tests whose node joins a control plane. Its five programs start together with the node, and a node that joins too late is not a valid
/// worker, so at most two run at once.
enum Joining {
    private static let slots = Slots(2)

    static func scenario<Value>(_ body: () async throws -> Value) async throws -> Value {
        // A test that waits here holds no slot, because those that are done may want theirs back.
        try await Slots.real.leaving { await slots.take(weight: 0) }
        defer { slots.give() }
        return try await body()
    }
}

/// Long computations, at most two at a time: a single one leaves a CPU idle while it links, and more than two starve the nodes that other
/// tests watch.
enum Computing {
    private static let slots = Slots(2)

    /// Runs a computation when a slot is free.
    ///
    /// - Parameter minutes: how long other tests may have to wait for it. Computations needed by tests that then boot nodes go first.
    static func inTurn<Value>(minutes: Int = 0, _ body: () throws -> Value) async throws -> Value {
        try await Slots.real.leaving {
            await slots.take(weight: -minutes)
            defer { slots.give() }
            return try body()
        }
    }
}

/// A resource shared by several tests. The first one to need it creates it; a failure applies to all of them.
final class Once<Value: Sendable>: Sendable {
    private let task = Mutex<Task<Value, any Error>?>(nil)

    func value(_ make: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let shared = task.withLock { task in
            if let task { return task }
            // The task belongs to no test: every waiting test has given up its own slot.
            let new = Task {
                try await withTaskExecutorPreference(BlockingExecutor.shared) { try await Slots.unplaced { try await make() } }
            }
            task = new
            return new
        }
        return try await Slots.real.leaving { try await shared.value }
    }
}
