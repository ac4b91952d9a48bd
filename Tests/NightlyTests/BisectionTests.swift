import Testing

@testable import Nightly

@Suite("A search by halves")
struct BisectionTests {
    /// Runs a search to its end.
    ///
    /// - Parameter answer: what a test of a candidate tells.
    /// - Returns: the candidates in the order in which they were tested.
    private func search(_ count: Int, _ answer: (Int) -> Bisection.Answer) throws -> (tested: [Int], bisection: Bisection) {
        var bisection = try #require(Bisection(count: count))
        var tested: [Int] = []
        while let next = bisection.next {
            try #require(bisection.result == nil && !tested.contains(next) && tested.count <= count, "\(tested), \(next)")
            tested.append(next)
            bisection.record(answer(next), at: next)
        }
        return (tested, bisection)
    }

    @Test("every place among up to 200 candidates is found, in at most ⌈log₂(n - 1)⌉ tests; an end that is next to it is tested too")
    func everyPlace() throws {
        for count in 2...200 {
            for far in 1..<count {
                let (tested, bisection) = try search(count) { $0 < far ? .near : .far }
                try #require(bisection.result == .change(near: far - 1, far: far), "\(far) of \(count)")
                let inside = tested.filter { $0 > 0 && $0 < count - 1 }
                try #require(inside.count <= Bisection.halvings(count - 1), "\(far) of \(count): \(tested)")
                try #require(tested.contains(0) == (far == 1) && tested.contains(count - 1) == (far == count - 1))
            }
        }
    }

    @Test("64 candidates need at most 6 tests between their ends, and the number that is left is never too small")
    func sixtyFour() throws {
        #expect([1, 2, 3, 4, 5, 32, 33, 63, 64, 65].map(Bisection.halvings) == [0, 1, 2, 2, 3, 5, 6, 6, 6, 7])
        for far in 1..<64 {
            var bisection = try #require(Bisection(count: 64))
            var promised: [Int] = []
            while let next = bisection.next {
                promised.append(bisection.mostLeft)
                bisection.record(next < far ? .near : .far, at: next)
            }
            let inside = promised.filter { $0 > 0 }
            #expect(inside.first == 6 && zip(inside, inside.dropFirst()).allSatisfy { $1 < $0 } && bisection.mostLeft == 0)
        }
    }

    @Test(
        "with one candidate that cannot be tested, the place is found, or a range that holds it and that one alone", arguments: [3, 8, 17])
    func oneSkip(count: Int) throws {
        for far in 1..<count {
            for skipped in 1..<count - 1 {
                let (_, bisection) = try search(count) { $0 == skipped ? .skipped : $0 < far ? .near : .far }
                switch bisection.result {
                case .change(let near, let there)?: #expect(near == far - 1 && there == far)
                case .range(let near, let there)?:
                    #expect(
                        near < far && far <= there && (near + 1..<there).elementsEqual([skipped]), "\(far) of \(count) without \(skipped)")
                default: Issue.record("\(String(describing: bisection.result))")
                }
                if skipped != far, skipped != far - 1 { #expect(bisection.result == .change(near: far - 1, far: far)) }
            }
        }
    }

    @Test("however many cannot be tested, the range holds the place, everything inside it was tried, and its borders were tested")
    func manySkips() throws {
        var state: UInt64 = 1
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<2000 {
            let count = 2 + random(60)
            let far = 1 + random(count - 1)
            let share = random(101)
            let skipped = Set((0..<count).filter { _ in random(100) < share })
            let (tested, bisection) = try search(count) { skipped.contains($0) ? .skipped : $0 < far ? .near : .far }
            switch bisection.result {
            case .change(let near, let there)?: try #require(near == far - 1 && there == far)
            case .range(let near, let there)?:
                try #require(near < far && far <= there)
                try #require((near + 1..<there).allSatisfy { skipped.contains($0) && tested.contains($0) })
                try #require(!skipped.contains(near) || near == 0)
                try #require(!skipped.contains(there) || there == count - 1)
                try #require(there - near > 1 || skipped.contains(near) || skipped.contains(there))
            default: Issue.record("\(count), \(far): \(String(describing: bisection.result))")
            }
        }
    }

    @Test("after a candidate that cannot be tested comes the nearest one to it")
    func nearest() throws {
        let (tested, bisection) = try search(9) { (3...5).contains($0) ? .skipped : $0 < 4 ? .near : .far }
        #expect(tested == [4, 3, 5, 2, 6] && bisection.result == .range(near: 2, far: 6))
    }

    @Test("an end that is not what it was said to be is the result, whatever else was seen")
    func wrongEnds() throws {
        for count in 2...20 {
            let (allFar, low) = try search(count) { _ in .far }
            #expect(low.result == .wrongEnd(0) && allFar.last == 0)
            let (allNear, high) = try search(count) { _ in .near }
            #expect(high.result == .wrongEnd(count - 1) && allNear.last == count - 1)
        }
    }

    @Test("a near one after a far one is a contradiction that names both, and ends the search")
    func contradiction() throws {
        var bisection = try #require(Bisection(count: 10))
        bisection.record(.far, at: 3)
        bisection.record(.near, at: 7)
        #expect(bisection.result == .contradiction(near: 7, far: 3) && bisection.next == nil && bisection.mostLeft == 0)
        bisection.record(.near, at: 3)
        #expect(bisection.result == nil && bisection.next == 8)
    }

    @Test("an end that cannot be tested leaves a range of two neighbors, not a change")
    func unprovenEnd() throws {
        let (_, first) = try search(5) { $0 == 0 ? .skipped : .far }
        #expect(first.result == .range(near: 0, far: 1))
        let (_, last) = try search(5) { $0 == 4 ? .skipped : .near }
        #expect(last.result == .range(near: 3, far: 4))
    }

    @Test("fewer than two candidates have nothing between them")
    func tooFew() { #expect(Bisection(count: 1) == nil && Bisection(count: 0) == nil && Bisection(count: -1) == nil) }
}
