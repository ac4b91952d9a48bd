import LogLines
import Model

/// A signal and the line in which it was found.
struct Sighting: Sendable {
    let signal: Signal
    let evidence: Evidence
    /// The known fault that the line also names.
    var fault: Signal?
}

/// Lines with the same meaning: the first, the last, and their number.
struct Tally: Sendable {
    let first: Sighting
    private(set) var last: Evidence
    private(set) var count = 1

    init(_ first: Sighting) {
        self.first = first
        last = first.evidence
    }

    mutating func add(_ evidence: Evidence) {
        last = evidence
        count += 1
    }
}

/// The forbidden lines of one run of a node, in bounded memory.
struct ForbiddenLines: Sendable {
    /// The first one during warm-up.
    private(set) var early: Sighting?
    private(set) var earlyCount = 0
    /// Those after warm-up.
    private(set) var late: Tally?
    /// The number of those with an unknown time.
    private(set) var undatedCount = 0

    /// Pod containers without statistics and the time each was first named, in seconds after the node's start.
    private var newborns: [String: Double] = [:]
    /// When old entries were last removed.
    private var swept = 0.0
    private static let mostNewborns = 1000
    /// Seconds after the node's start during which forbidden lines are tolerated.
    let warmUp: Double
    private let hasPods: Bool

    init(warmUp: Double, hasPods: Bool) {
        self.warmUp = warmUp
        self.hasPods = hasPods
    }

    /// Processes a forbidden line.
    ///
    /// - Parameters:
    ///   - age: seconds after the node's start; nil if unknown.
    ///   - seen: the same as measured by the harness, for the grace period of new containers; nil if the log was not read live.
    ///   - isWhole: whether the evidence is a complete line without hidden characters.
    mutating func take(_ sighting: Sighting, age: Double?, seen: Double? = nil, isWhole: Bool) {
        guard let age else {
            undatedCount += 1
            return
        }
        if age > warmUp {
            if !(isWhole && isOfNewborns(sighting, seen ?? age)) { takeLate(sighting) }
        } else if sighting.signal.meaning == .forbidden {
            takeEarly(sighting, count: 1)
        }
    }

    /// Reclassifies late lines as early: they came before the node's start.
    mutating func forgiveLate() {
        if let late, late.first.signal.meaning == .forbidden { takeEarly(late.first, count: late.count) }
        late = nil
    }

    private mutating func takeEarly(_ sighting: Sighting, count: Int) {
        early = early ?? sighting
        earlyCount += count
    }

    /// Whether a line only names new containers. A new container has no statistics until it is first measured, so it has its own warm-up
    /// from the first line that names it.
    private mutating func isOfNewborns(_ sighting: Sighting, _ age: Double) -> Bool {
        guard hasPods, sighting.signal.cause == .memoryCache,
            let containers = LogLine.unmeasuredContainers(in: sighting.evidence.text)
        else { return false }
        // A container that is still unmeasured after this time is logged repeatedly.
        if newborns.count > Self.mostNewborns, age - swept > warmUp {
            newborns = newborns.filter { age - $0.value < 10 * warmUp }
            swept = age
        }
        // No node creates so many containers at once: the names are fake.
        guard newborns.count + containers.count <= 2 * Self.mostNewborns else { return false }
        for container in containers where newborns[container] == nil { newborns[container] = age }
        return containers.allSatisfy { age - (newborns[$0] ?? age) <= warmUp }
    }

    private mutating func takeLate(_ sighting: Sighting) {
        switch (late?.first.signal.meaning, sighting.signal.meaning) {
        case (nil, _), (.sparse, .forbidden): late = Tally(sighting)
        case (.forbidden, .sparse): break
        default: late?.add(sighting.evidence)
        }
    }
}
