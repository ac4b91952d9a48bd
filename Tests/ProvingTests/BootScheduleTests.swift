import FileSystem
import Host
import Model
import Node
import Synchronization
import Testing

@testable import Building
@testable import Proving

/// The events of a schedule, in order.
private final class Diary: Sendable {
    private let lines = Mutex<[String]>([])
    private let living = Mutex((now: 0, most: 0, starting: 0, mostStarting: 0))

    var all: [String] { lines.withLock { $0 } }
    var most: Int { living.withLock { $0.most } }
    var mostStarting: Int { living.withLock { $0.mostStarting } }

    func note(_ line: String) { lines.withLock { $0.append(line) } }

    func begin() {
        living.withLock { living in
            living.now += 1
            living.most = max(living.most, living.now)
        }
    }

    func end() { living.withLock { $0.now -= 1 } }

    func starts(_ change: Int) {
        living.withLock { living in
            living.starting += change
            living.mostStarting = max(living.mostStarting, living.starting)
        }
    }
}

/// A gate that opens once.
private actor Door {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    func open() {
        isOpen = true
        for one in waiting { one.resume() }
        waiting = []
    }
    func pass() async {
        if isOpen { return }
        await withCheckedContinuation { waiting.append($0) }
    }
}

private struct Trouble: Error {}

@Suite("Boots that overlap")
struct BootScheduleTests {
    private func schedule(_ jobs: Jobs, free: Int64? = 1 << 40) -> BootSchedule {
        BootSchedule(jobs, memoryOfBoot: 1 << 20, availableMemory: { free })
    }

    private func jobs(_ seconds: [Double]) -> [BootSchedule.Job] {
        seconds.enumerated().map { .init(number: $0, seconds: $1) }
    }

    /// A boot that starts and is then watched until all have started.
    private func together(_ schedule: BootSchedule, count: Int, diary: Diary) async throws {
        let (door, started) = (Door(), Counter())
        try await schedule.run { handIn in
            handIn(jobs([Double](repeating: 1, count: count)))
        } boot: { _, seat in
            diary.begin()
            try await seat.turn.enter()
            diary.starts(1)
            await Task.yield()
            diary.starts(-1)
            if started.next() == count { await door.open() }
            seat.turn.leave()
            await door.pass()
            diary.end()
        }
    }

    @Test("boots start one after the other, and are watched together")
    func overlap() async throws {
        let diary = Diary()
        try await together(schedule(.auto), count: 8, diary: diary)
        #expect(diary.most == 8)
        #expect(diary.mostStarting == 1)
    }

    @Test("one boot at a time is one at a time, and a number is the most that there are", arguments: [1, 3])
    func counted(_ count: Int) async throws {
        let diary = Diary()
        try await schedule(.count(count)).run { handIn in
            handIn(jobs([Double](repeating: 1, count: 9)))
        } boot: { _, seat in
            diary.begin()
            try await seat.turn.enter()
            seat.turn.leave()
            for _ in 0..<20 { await Task.yield() }
            #expect(seat.company < count)
            diary.end()
        }
        #expect(diary.most <= count)
        #expect(diary.most == 1 || count > 1)
    }

    @Test("without memory for a second one there is one at a time, and never none")
    func memory() async throws {
        let diary = Diary()
        try await schedule(.auto, free: 0).run { handIn in
            handIn(jobs([1, 1, 1]))
        } boot: { number, seat in
            diary.begin()
            try await seat.turn.enter()
            seat.turn.leave()
            for _ in 0..<20 { await Task.yield() }
            diary.note("\(number)")
            diary.end()
        }
        #expect(diary.most == 1)
        #expect(diary.all == ["0", "1", "2"])
    }

    @Test("a boot that has not started yet counts for the memory that it will take")
    func unstarted() async throws {
        let (diary, begun) = (Diary(), Counter())
        // Enough memory for the reserve and two and a half boots.
        try await schedule(.auto, free: BootSchedule.reserve + 5 << 19).run { handIn in
            handIn(jobs([1, 1, 1, 1]))
        } boot: { _, seat in
            diary.begin()
            if begun.next() == 1 { for _ in 0..<50 { await Task.yield() } }
            try await seat.turn.enter()
            seat.turn.leave()
            diary.end()
        }
        #expect(diary.most <= 2)
    }

    @Test("the longest goes first")
    func longestFirst() async throws {
        let diary = Diary()
        try await schedule(.count(1)).run { handIn in
            handIn(jobs([7, 37, 7, 37]))
        } boot: { number, seat in
            diary.note("\(number)")
            try await seat.turn.enter()
        }
        #expect(diary.all == ["1", "3", "0", "2"])
    }

    @Test("the first boot is done while the second one's binary is still being made")
    func pipelined() async throws {
        let (diary, door) = (Diary(), Door())
        try await schedule(.auto).run { handIn in
            handIn([.init(number: 0, seconds: 1)])
            await door.pass()
            diary.note("built")
            handIn([.init(number: 1, seconds: 1)])
        } boot: { number, seat in
            try await seat.turn.enter()
            diary.note("booted \(number)")
            await door.open()
        }
        #expect(diary.all == ["booted 0", "built", "booted 1"])
    }

    @Test("each boot knows how many went on beside it")
    func company() async throws {
        let seats = Mutex<[Int]>([])
        let (door, started) = (Door(), Counter())
        try await schedule(.auto).run { handIn in
            handIn(jobs([1, 1, 1]))
        } boot: { _, seat in
            try await seat.turn.enter()
            if started.next() == 3 { await door.open() }
            seat.turn.leave()
            await door.pass()
            seats.withLock { $0.append(seat.company) }
        }
        #expect(seats.withLock { $0 } == [2, 2, 2])
    }

    @Test("a boot that throws ends all others, and its error comes out")
    func failure() async throws {
        let ended = Mutex(0)
        await #expect(throws: Trouble.self) {
            try await schedule(.auto).run { handIn in
                handIn(jobs([1, 1, 1]))
            } boot: { number, seat in
                defer { ended.withLock { $0 += 1 } }
                try await seat.turn.enter()
                seat.turn.leave()
                if number == 2 { throw Trouble() }
                try await Task.sleep(for: .seconds(600))
            }
        }
        #expect(ended.withLock { $0 } == 3)
    }

    @Test("a build that throws ends the boots, and its error comes out")
    func failedBuild() async throws {
        await #expect(throws: Trouble.self) {
            try await schedule(.auto).run { handIn in
                handIn(jobs([1]))
                throw Trouble()
            } boot: { _, seat in
                try await seat.turn.enter()
                try await Task.sleep(for: .seconds(600))
            }
        }
    }

    @Test("a cancelled schedule ends with all its boots, those that wait for their turn too")
    func cancelled() async throws {
        let started = AsyncStream<Void>.makeStream()
        let ended = Mutex(0)
        let task = Task {
            try await schedule(.auto).run { handIn in
                handIn(jobs([1, 1, 1]))
            } boot: { _, seat in
                defer { ended.withLock { $0 += 1 } }
                started.continuation.yield()
                try await seat.turn.enter()
                try await Task.sleep(for: .seconds(600))
            }
        }
        var iterator = started.stream.makeAsyncIterator()
        for _ in 0..<2 { await iterator.next() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // Of three, the first one had its turn, the second one waited for it, and the third one never started.
        #expect(ended.withLock { $0 } == 2)
    }
}

@Suite("Whether a boot is believed")
struct DoubtTests {
    private func verdict(_ grade: Grade, _ cause: Cause? = nil) -> Verdict {
        Verdict(grade: grade, level: .boot, cause: cause, summary: "", evidence: [])
    }

    private let quiet = BootConditions(cpuPressure: 0.2, longestSilence: 1, longestDelay: 0.1)
    private let slow = BootConditions(cpuPressure: 1, longestSilence: 12, longestDelay: 0.1, company: 3)

    @Test("a quiet boot that is as its history says is believed, and so is one without history")
    func believed() {
        #expect(Doubt.about(verdict(.clean), conditions: quiet, known: nil) == nil)
        #expect(Doubt.about(verdict(.fatal, .memoryCache), conditions: quiet, known: verdict(.fatal, .memoryCache)) == nil)
        #expect(Doubt.about(verdict(.inconclusive), conditions: quiet, known: verdict(.clean)) == nil)
        #expect(Doubt.about(verdict(.inconclusive), conditions: nil, known: nil) == nil)
    }

    @Test("a slowed boot is not believed, whatever its grade", arguments: Grade.allCases)
    func slowed(_ grade: Grade) {
        #expect(Doubt.about(verdict(grade), conditions: slow, known: nil)?.contains("the probes were silent for 12.0 s") == true)
    }

    @Test("another grade or another cause than that of an earlier boot is not believed")
    func history() {
        #expect(Doubt.about(verdict(.clean), conditions: quiet, known: verdict(.degraded))?.contains("degraded") == true)
        #expect(Doubt.about(verdict(.fatal, .percpu), conditions: quiet, known: verdict(.fatal, .pod))?.contains("fatal, pod") == true)
    }

    @Test(
        "a boot in company, or on a busy machine, that says nothing or is degraded is not believed, unless an earlier one was the same",
        arguments: [BootConditions(longestSilence: 1, company: 1), BootConditions(cpuPressure: 0.95, longestSilence: 1)])
    func untimely(_ conditions: BootConditions) {
        for bad in [verdict(.inconclusive), verdict(.degraded), verdict(.degraded, .notJoined)] {
            #expect(Doubt.about(bad, conditions: conditions, known: nil) != nil)
            #expect(Doubt.about(bad, conditions: quiet, known: nil) == nil)
        }
        #expect(Doubt.about(verdict(.degraded, .percpu), conditions: conditions, known: verdict(.degraded, .percpu)) == nil)
        for good in [verdict(.clean), verdict(.fatal, .memoryCache)] {
            #expect(Doubt.about(good, conditions: conditions, known: nil) == nil)
        }
    }

    @Test("of boots that disagree the fewer are not believed; without a majority none is")
    func dissent() {
        #expect(Doubt.about([verdict(.clean), verdict(.clean)]) == [nil, nil])
        let odd = Doubt.about([verdict(.clean), verdict(.degraded), verdict(.clean)])
        #expect(odd[0] == nil && odd[2] == nil && odd[1]?.contains("1 × degraded") == true)
        #expect(Doubt.about([verdict(.clean), verdict(.fatal)]).allSatisfy { $0 != nil })
        #expect(Doubt.about([]) == [])
    }

    private func settled(
        _ second: Verdict, _ conditions: BootConditions, after first: Verdict, _ suffered: BootConditions
    ) -> Verdict {
        Doubt.settled(second, conditions: conditions, after: (first, suffered), because: "the doubt")
    }

    @Test("a repeated boot is believed where the machine explains the first one, and a note tells of that")
    func explained() {
        for suffered in [slow, BootConditions(company: 2), BootConditions(cpuPressure: 0.95)] {
            let found = settled(verdict(.clean), quiet, after: verdict(.degraded), suffered)
            #expect(found.grade == .clean && found.notes == ["an earlier boot was degraded and is not counted: the doubt"])
        }
        #expect(settled(verdict(.clean), quiet, after: verdict(.inconclusive), quiet).grade == .clean)
        #expect(settled(verdict(.clean), quiet, after: verdict(.clean), slow).notes.isEmpty)
    }

    @Test("two boots that disagree on a quiet machine settle nothing: the fault comes and goes")
    func intermittent() {
        let found = settled(verdict(.clean), quiet, after: verdict(.fatal, .memoryCache), quiet)
        #expect(found.grade == .inconclusive && found.cause == nil)
        #expect(found.summary.contains("The first was fatal, memory cache, the second clean."))
    }

    @Test("a repeated boot that was slowed too is believed only as clean or as a known fault, and only when it is as the first was")
    func slowedTwice() {
        let alike = settled(verdict(.clean), slow, after: verdict(.clean), slow)
        #expect(alike.grade == .clean && alike.notes.contains { $0.contains("slowed even when repeated alone") })
        #expect(settled(verdict(.fatal, .percpu), slow, after: verdict(.fatal, .percpu), slow).grade == .fatal)
        for both in [verdict(.degraded), verdict(.degraded, .percpu), verdict(.fatal), verdict(.inconclusive)] {
            #expect(settled(both, slow, after: both, slow).grade == .inconclusive)
        }
        #expect(settled(verdict(.clean), slow, after: verdict(.degraded), slow).grade == .inconclusive)
    }
}
