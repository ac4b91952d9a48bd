import FileSystem
import Host
import Model
import Synchronization
import Testing

/// Records who has passed a turnstile.
private final class Seen: Sendable {
    private let state = Mutex((now: 0, most: 0, numbers: [Int]()))

    var most: Int { state.withLock { $0.most } }
    var numbers: [Int] { state.withLock { $0.numbers } }

    func comes() {
        state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
        }
    }

    func goes(_ number: Int) {
        state.withLock { state in
            state.now -= 1
            state.numbers.append(number)
        }
    }
}

@Suite("Taking turns")
struct TurnstileTests {
    @Test("one task is through at a time, and each gets its turn")
    func turns() async throws {
        let (turnstile, seen) = (Turnstile(), Seen())
        try await turnstile.enter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    try await turnstile.enter()
                    seen.comes()
                    await Task.yield()
                    seen.goes(number)
                    turnstile.leave()
                }
            }
            await Task.yield()
            #expect(seen.numbers.isEmpty)
            turnstile.leave()
            try await group.waitForAll()
        }
        #expect(seen.numbers.sorted() == Array(0..<20))
        #expect(seen.most == 1)
        try await turnstile.enter()
    }

    @Test("who is cancelled while waiting has no turn, and those behind get theirs")
    func cancelled() async throws {
        let turnstile = Turnstile()
        try await turnstile.enter()
        let waiting = Task { try await turnstile.enter() }
        let behind = Task { try await turnstile.enter() }
        await Task.yield()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        turnstile.leave()
        try await behind.value
        // The second one holds the turn: a third has to wait until it is canceled.
        let third = Task { try await turnstile.enter() }
        third.cancel()
        await #expect(throws: CancellationError.self) { try await third.value }
        turnstile.leave()
        try await turnstile.enter()
    }
}
