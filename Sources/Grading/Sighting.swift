import Model

/// A signal and the line it was seen in.
struct Sighting: Sendable {
    let signal: Signal
    let evidence: Evidence
    /// The known fault that the line names, too.
    var fault: Signal?
}

/// Lines that mean the same: the first, the last, and how many there were.
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

/// The forbidden lines of one life of a node: bounded, however many there are.
struct ForbiddenLines: Sendable {
    /// The first one in warm-up, and how many there were.
    private(set) var early: Sighting?
    private(set) var earlyCount = 0
    /// What came after warm-up.
    private(set) var late: Tally?
    /// Those of which nothing tells when they came.
    private(set) var undatedCount = 0

    /// Pods' containers without figures, and when each was named first: seconds after the node's start.
    private var newborns: [String: Double] = [:]
    /// When old ones were forgotten.
    private var swept = 0.0
    private static let mostNewborns = 1000
    /// Seconds after the node's start in which a forbidden line may still come.
    let warmUp: Double
    private let hasPods: Bool

    init(warmUp: Double, hasPods: Bool) {
        self.warmUp = warmUp
        self.hasPods = hasPods
    }

    /// Takes a forbidden line.
    ///
    /// - Parameters:
    ///   - age: seconds after the node's start; nil when nothing tells.
    ///   - seen: the same for what a new container is given: as it was seen, where somebody saw it.
    ///   - isWhole: whether the evidence is a whole line, as it is read.
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

    /// What seemed late came before the node's start.
    mutating func forgiveLate() {
        if let late, late.first.signal.meaning == .forbidden { takeEarly(late.first, count: late.count) }
        late = nil
    }

    private mutating func takeEarly(_ sighting: Sighting, count: Int) {
        early = early ?? sighting
        earlyCount += count
    }

    /// A container that was only just made has no figures before it is looked at for the first time; it has a warm-up of its own, from the
    /// first line that names it.
    private mutating func isOfNewborns(_ sighting: Sighting, _ age: Double) -> Bool {
        guard hasPods, sighting.signal.cause == .memoryCache,
            let containers = LogLine.unmeasuredContainers(in: sighting.evidence.text)
        else { return false }
        // One that is still unmeasured after such a time comes again, and again.
        if newborns.count > Self.mostNewborns, age - swept > warmUp {
            newborns = newborns.filter { age - $0.value < 10 * warmUp }
            swept = age
        }
        // So many are not made at once: the names are made up.
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
