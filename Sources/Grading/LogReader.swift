import Model

/// Reads a node's log line by line and keeps what a verdict needs of it: bounded memory, whatever the log's length.
public struct LogReader: Sendable {
    /// A signal and the line it was seen in.
    struct Sighting: Sendable {
        let signal: Signal
        let evidence: Evidence
    }

    /// Lines that are forbidden for the same reason.
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

    /// The number of lines read.
    public private(set) var lines = 0
    /// The first line that only a kubelet writes.
    private(set) var kubelet: Evidence?
    /// The line that says that the node has started; the last one, when it started more than once.
    private(set) var started: Evidence?
    /// The first line that says that the node ends.
    private(set) var fatal: Sighting?
    /// The first forbidden line in warm-up, and how many there were.
    private(set) var early: Sighting?
    private(set) var earlyCount = 0
    /// What came after warm-up.
    private(set) var late: Tally?
    /// Forbidden lines of which nothing tells when they came.
    private(set) var undatedCount = 0
    /// The first line that tells why a forbidden one comes.
    private(set) var cause: Evidence?

    /// Pods' containers without figures, and when each was named first: seconds after the node's start.
    private var newborns: [String: Double] = [:]

    private let source: String
    private let warmUp: Double
    private let signals: [Signal]
    private var firstStamp: LogLine.Stamp?
    private var startStamp: LogLine.Stamp?
    private var startArrival: Double?
    private var lastStamp: LogLine.Stamp?
    private var lastBytes: [UInt8] = []

    /// - Parameters:
    ///   - source: what evidence calls this log.
    ///   - warmUp: seconds after the node's start in which a forbidden line may still come.
    ///   - signals: what to look for.
    public init(source: String, warmUp: Double, signals: [Signal] = Signal.kubelet) {
        self.source = source
        self.warmUp = warmUp
        self.signals = signals
    }

    /// Takes a line.
    ///
    /// - Parameter arrival: seconds after the boot began when it came; nil when the log is read afterwards.
    public mutating func take(_ line: [UInt8], arrival: Double? = nil) {
        lines += 1
        // A log of a gigabyte has few lines that matter: only those are looked into.
        lastBytes = line
        let mayBeFatal = line.first == UInt8(ascii: "F") || LogLine.contains(line, Self.fatalHeader)
        let found = signals.filter { isWanted($0) && LogLine.contains(line, $0.text) }
        guard firstStamp == nil || mayBeFatal || !found.isEmpty || Self.isCrash(line) else { return }
        let read = LogLine(line)
        if let stamp = read.stamp {
            firstStamp = firstStamp ?? stamp
            lastStamp = stamp
        }
        let evidence = Evidence(
            kind: .log, text: String(decoding: line, as: UTF8.self), source: source, line: lines, seconds: arrival ?? seconds(read.stamp))
        for signal in found { note(signal, evidence, read, arrival: arrival) }
        if fatal == nil, read.severity == UInt8(ascii: "F") || Self.isCrash(line) {
            fatal = Sighting(signal: found.first { $0.meaning == .fatal } ?? Signal("fatal line", "", .fatal), evidence: evidence)
        }
    }

    /// The known fault that a fatal line names.
    var fatalFault: Signal? {
        guard let fatal else { return nil }
        return signals.first { $0.meaning == .forbidden && LogLine.contains(Array(fatal.evidence.text.utf8), $0.text) }
    }

    /// Seconds from the node's start (or, without one, from the first line that tells the time) to the last line; nil when nothing tells.
    var seconds: Double? {
        guard let start = startStamp ?? firstStamp, let last = LogLine(lastBytes).stamp ?? lastStamp else { return nil }
        return last.since(start)
    }

    /// A boot's clock, for a log whose lines do not tell the time: the node answered for the first time now.
    mutating func assumeStarted(at arrival: Double) { startArrival = startArrival ?? arrival }

    private static let fatalHeader = Array(" F".utf8)

    /// How the Go runtime begins to tell that a program dies (runtime/panic.go).
    private static func isCrash(_ line: [UInt8]) -> Bool {
        line.starts(with: "panic: ".utf8) || line.starts(with: "fatal error: ".utf8)
    }

    private func isWanted(_ signal: Signal) -> Bool {
        switch signal.meaning {
        case .kubelet: kubelet == nil
        case .cause: cause == nil
        case .fatal: fatal == nil
        case .forbidden, .sparse, .started: true
        }
    }

    private func seconds(_ stamp: LogLine.Stamp?) -> Double? {
        guard let stamp, let firstStamp else { return nil }
        return stamp.since(firstStamp)
    }

    private mutating func note(_ signal: Signal, _ evidence: Evidence, _ line: LogLine, arrival: Double?) {
        switch signal.meaning {
        case .kubelet: kubelet = kubelet ?? evidence
        case .cause: cause = cause ?? evidence
        case .started:
            started = evidence
            startStamp = line.stamp
            startArrival = arrival
        case .fatal:
            // The same words in a warning, or quoted in a note, end nothing.
            let isGrave = line.severity == nil || line.severity == UInt8(ascii: "E") || line.severity == UInt8(ascii: "F")
            if isGrave, fatal == nil { fatal = Sighting(signal: signal, evidence: evidence) }
        case .forbidden, .sparse: noteForbidden(Sighting(signal: signal, evidence: evidence), line.stamp, arrival: arrival)
        }
    }

    private mutating func noteForbidden(_ sighting: Sighting, _ stamp: LogLine.Stamp?, arrival: Double?) {
        guard let age = age(stamp ?? lastStamp, arrival: arrival) else {
            undatedCount += 1
            return
        }
        if age > warmUp {
            if !isOfNewborns(sighting, age) { noteLate(sighting) }
        } else if sighting.signal.meaning == .forbidden {
            early = early ?? sighting
            earlyCount += 1
        }
    }

    /// A container that was only just made has no figures before it is looked at for the first time; it has a warm-up of its own, from the
    /// first line that names it.
    private mutating func isOfNewborns(_ sighting: Sighting, _ age: Double) -> Bool {
        guard let containers = LogLine.unmeasuredContainers(in: sighting.evidence.text) else { return false }
        // One that is still unmeasured after such a time comes again, and again.
        if newborns.count > 1000 { newborns = newborns.filter { age - $0.value < 10 * warmUp } }
        for container in containers where newborns[container] == nil { newborns[container] = age }
        return containers.allSatisfy { age - (newborns[$0] ?? age) <= warmUp }
    }

    private mutating func noteLate(_ sighting: Sighting) {
        switch (late?.first.signal.meaning, sighting.signal.meaning) {
        case (nil, _), (.sparse, .forbidden): late = Tally(sighting)
        case (.forbidden, .sparse): break
        default: late?.add(sighting.evidence)
        }
    }

    /// Seconds since the node's start; zero or less before it. The log's own clock first: a line may be late in the pipe.
    private func age(_ stamp: LogLine.Stamp?, arrival: Double?) -> Double? {
        if let stamp, let start = startStamp, let age = stamp.since(start) { return age }
        if let arrival { return startArrival.map { arrival - $0 } ?? 0 }
        // A log of which the beginning is missing: its first line stands for the start.
        if startStamp == nil, started == nil, let stamp, let firstStamp { return stamp.since(firstStamp) }
        return nil
    }
}
