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

    /// Bytes of a line that are looked at in one piece.
    public static let pieceLimit = 1 << 16

    /// The number of lines read.
    public private(set) var lines = 0
    /// The first line that only a kubelet writes.
    private(set) var kubelet: Evidence?
    /// The line that says that the node has started: of a boot that is watched the first one, since a boot has one start; of a log that is read
    /// afterwards the last one.
    private(set) var started: Evidence?
    /// Lines of a watched boot that say again that the node has started: the first of them, and how many there were.
    private(set) var restart: Tally?
    /// The first line that says that the node ends.
    var fatal: Sighting? { said ?? (isForeign ? nil : crash?.sighting) }
    /// Lines longer than a piece: they were looked through piece by piece.
    public private(set) var longLines = 0
    /// Of a watched boot: the line at which the log's clock and the boot's own had come apart the most.
    private(set) var clocks: Disagreement?
    /// The first forbidden line in warm-up, and how many there were.
    private(set) var early: Sighting?
    private(set) var earlyCount = 0
    /// What came after warm-up.
    private(set) var late: Tally?
    /// Forbidden lines of which nothing tells when they came.
    private(set) var undatedCount = 0
    /// The first line that tells why a forbidden one comes.
    private(set) var cause: Evidence?

    /// Two clocks that tell different times of the same line.
    struct Disagreement: Sendable {
        /// Seconds from the node's first line to this one, as the log says, and as they went by here.
        let told: Double
        let seen: Double
        let evidence: Evidence
        /// How far the two have come apart since the boot began, in seconds.
        let width: Double
    }

    /// The line in the node's own voice that says that it ends.
    private(set) var said: Sighting?
    /// The line by which Go's runtime says that the program dies, and how many lines of the node's own came after it: one that goes on writing has
    /// not died, and the line was a quotation.
    private var crash: Crash?
    private var crashDoubts = 0
    /// What stands before the lines of a kubelet in a log that is read afterwards; nil while no line has told.
    private var prefix: LinePrefix?

    /// A program that dies, as Go's runtime tells.
    private struct Crash: Sendable {
        let sighting: Sighting
        /// What stands before the line.
        let prefix: LinePrefix
        /// What came after it.
        var trace = CrashTrace()
    }

    /// Whether the crash is another program's, by what stands before its lines.
    private var isForeign: Bool { crash.map { $0.prefix != prefix ?? .none } ?? false }

    /// Whether the log ends with a crash of which more may come: where it happened is told after it.
    var isInCrash: Bool { said == nil && !isForeign && crash?.trace.isFull == false }

    /// Where the program was that died, the innermost function first; none where it is not a crash that ends the node.
    var crashFrames: [Evidence] { said == nil && !isForeign ? crash?.trace.frames ?? [] : [] }
    /// The process that writes the log, by its first line.
    private var process: Int?
    private var gap = ClockGap()

    /// Pods' containers without figures, and when each was named first: seconds after the node's start.
    private var newborns: [String: Double] = [:]
    /// When old ones were forgotten.
    private var swept = 0.0
    private static let mostNewborns = 1000
    private let hasPods: Bool
    /// The last letters and digits of a watched log, for a text that goes over the end of a line or a piece.
    private var carried: [UInt8] = []
    /// What a watched log is searched for whatever stands between the letters, and its letters and digits.
    private let spellings: [(text: [UInt8], letters: [UInt8])]

    private let source: String
    private let warmUp: Double
    private let signals: [Signal]
    private var firstStamp: LogLine.Stamp?
    private var startStamp: LogLine.Stamp?
    private var startArrival: Double?
    private var lastStamp: LogLine.Stamp?
    private var lastBytes: [UInt8] = []
    private var isInLongLine = false
    private var isWatched = false

    /// - Parameters:
    ///   - source: what evidence calls this log.
    ///   - warmUp: seconds after the node's start in which a forbidden line may still come.
    ///   - hasPods: whether pods may be on the node, whose containers have no figures at first.
    ///   - signals: what to look for.
    public init(source: String, warmUp: Double, hasPods: Bool = true, signals: [Signal] = Signal.kubelet) {
        self.source = source
        self.hasPods = hasPods
        // A sparse one ends in a sign, and without it would be found in the names of other groups.
        spellings = signals.filter { $0.meaning == .forbidden }.map { ($0.text, LogLine.letters($0.text)) }
        self.warmUp = warmUp
        self.signals = signals
    }

    /// Takes a line.
    ///
    /// - Parameter arrival: seconds after the boot began when it came; nil when the log is read afterwards.
    public mutating func take(_ line: [UInt8], arrival: Double? = nil) {
        lines += 1
        isInLongLine = false
        isWatched = arrival != nil
        // A log of a gigabyte has few lines that matter: only those are looked into.
        lastBytes = line
        let readings = LogLine.readings(line)
        let plain = readings[0]
        let spelled = arrival == nil ? [] : spelled(in: readings)
        let found = signals.filter { signal in
            isWanted(signal) && readings.contains { LogLine.contains($0, signal.text) } || spelled.contains(signal.text)
        }
        let mayBeFatal = plain.first == UInt8(ascii: "F") || LogLine.contains(plain, Self.fatalHeader)
        let crashed = crash == nil || isForeign ? Self.crash(in: plain, isWatched: arrival != nil) : nil
        let isTimed = arrival != nil && plain.first.map(Self.severities.contains) == true
        guard firstStamp == nil || mayBeFatal || crashed != nil || crash != nil || isTimed || !found.isEmpty else { return }
        let read = LogLine(plain)
        if let stamp = read.stamp {
            firstStamp = firstStamp ?? stamp
            lastStamp = stamp
        }
        let evidence = Evidence(
            kind: .log, text: String(decoding: line, as: UTF8.self), source: source, line: lines, seconds: arrival ?? seconds(read.stamp))
        if isOwn(read, isWatched: arrival != nil) { noteOwn(read, evidence, arrival: arrival) }
        for signal in found { note(signal, evidence, read, plain, isPlain: readings.count == 1, arrival: arrival) }
        if read.header == nil, let text = crash?.prefix.text(of: plain) { crash?.trace.take(text, evidence) }
        if let crashed, prefix == nil || prefix == crashed {
            crash = Crash(sighting: Sighting(signal: Signal("panic", "", .fatal), evidence: evidence), prefix: crashed)
            crashDoubts = 0
        }
        noteFatal(found, evidence, read, isWatched: arrival != nil)
    }

    /// Takes a further piece of the last line, which was too long for one.
    ///
    /// - Parameters:
    ///   - overlap: how many bytes at its beginning the piece before had too, so that a text on the border is found, and none is found twice.
    ///   - arrival: as with `take`.
    public mutating func take(more piece: [UInt8], overlap: Int, arrival: Double? = nil) {
        if !isInLongLine { longLines += 1 }
        isInLongLine = true
        crash?.trace.count(piece.count - overlap)
        let readings = LogLine.readings(piece)
        let spelled = arrival == nil ? [] : spelled(in: LogLine.readings(Array(piece.dropFirst(overlap))))
        let found = signals.filter { signal in
            guard [.forbidden, .sparse, .cause].contains(signal.meaning), isWanted(signal) else { return false }
            if spelled.contains(signal.text) { return true }
            return readings.contains { reading in
                let isWhole = reading.count == piece.count
                let fresh = isWhole ? reading.dropFirst(max(0, overlap - signal.text.count + 1)) : reading[...]
                return LogLine.contains(Array(fresh), signal.text)
            }
        }
        guard !found.isEmpty else { return }
        let evidence = Evidence(
            kind: .log, text: String(decoding: piece.prefix(4096), as: UTF8.self), source: source, line: lines,
            seconds: arrival ?? seconds(lastStamp))
        for signal in found {
            switch signal.meaning {
            case .cause: cause = cause ?? evidence
            default: noteForbidden(Sighting(signal: signal, evidence: evidence), nil, isWhole: false, arrival: arrival)
            }
        }
    }

    /// The known fault that a fatal line names.
    var fatalFault: Signal? {
        guard let fatal else { return nil }
        let readings = LogLine.readings(Array(fatal.evidence.text.utf8))
        return signals.first { signal in signal.meaning == .forbidden && readings.contains { LogLine.contains($0, signal.text) } }
    }

    /// Seconds from the node's start (or, without one, from the first line that tells the time) to the last line; nil when nothing tells.
    var seconds: Double? {
        guard let start = startStamp ?? firstStamp, let last = LogLine(lastBytes).stamp ?? lastStamp else { return nil }
        return last.since(start)
    }

    /// A boot's clock, for a log whose lines do not tell the time: the node answered for the first time now.
    mutating func assumeStarted(at arrival: Double) { startArrival = startArrival ?? arrival }

    /// The texts that are there when nothing but letters and digits is looked at: blanks, signs, line breaks and what no terminal shows may stand
    /// between them. Of a watched boot alone: a log of a gigabyte is not searched twice.
    private mutating func spelled(in readings: [[UInt8]]) -> [[UInt8]] {
        let letters = readings.map(LogLine.letters)
        let found = spellings.filter { _, spelling in
            // As much of what came before as cannot have the whole text in it.
            let before = carried.suffix(spelling.count - 1)
            return letters.contains { LogLine.contains(before + $0, spelling) }
        }.map(\.text)
        carried = Array((carried + letters[0].suffix(Self.mostCarried)).suffix(Self.mostCarried))
        return found
    }

    private static let mostCarried = 128

    private static let fatalHeader = Array(" F".utf8)
    private static let severities = Set("IWEF".utf8)
    /// So many lines of the node's own after a crash show that it was none: while a program dies, others of its threads may still write one.
    private static let doubtsOfCrash = 3

    /// Whether a line is the node's own: it begins with klog's header, of the process whose lines these are. What a pod wrote may stand in the
    /// log too, as it is. Of a log that is read afterwards nobody knows what else stands before a line.
    private func isOwn(_ line: LogLine, isWatched: Bool) -> Bool {
        guard let header = line.header else { return false }
        guard isWatched else { return true }
        return header == 0 && (process == nil || line.process == process)
    }

    private mutating func noteOwn(_ line: LogLine, _ evidence: Evidence, arrival: Double?) {
        let isFirst = process == nil
        process = process ?? line.process
        if crash != nil, isFirst || line.process == process { crashDoubts += 1 }
        if crashDoubts == Self.doubtsOfCrash { (crash, crashDoubts) = (nil, 0) }
        guard let arrival, let stamp = line.stamp, let (told, seen) = gap.take(stamp, at: arrival), gap.width > clocks?.width ?? 0 else {
            return
        }
        clocks = Disagreement(told: told, seen: seen, evidence: evidence, width: gap.width)
    }

    private mutating func noteFatal(_ found: [Signal], _ evidence: Evidence, _ line: LogLine, isWatched: Bool) {
        guard said == nil, line.severity == UInt8(ascii: "F"), isOwn(line, isWatched: isWatched) else { return }
        said = Sighting(signal: found.first { $0.meaning == .fatal } ?? Signal("fatal line", "", .fatal), evidence: evidence)
    }

    /// What stands before the words by which Go's runtime begins to tell that a program dies (runtime/panic.go); nil for a line without them. In a
    /// watched boot nothing may; of a log that is read afterwards nobody knows yet what stands before a kubelet's lines.
    private static func crash(in line: [UInt8], isWatched: Bool) -> LinePrefix? {
        if deaths.contains(where: { line.starts(with: $0) }) { return LinePrefix.none }
        guard !isWatched else { return nil }
        let head = Array(line.prefix(256))
        return deaths.lazy.compactMap { LogLine.place(of: $0, in: head) }.first.map { LinePrefix(head[..<$0]) }
    }

    private static let deaths = ["panic: ", "fatal error: "].map { Array($0.utf8) }

    private func isWanted(_ signal: Signal) -> Bool {
        switch signal.meaning {
        case .kubelet: kubelet == nil || prefix == nil && !isWatched
        case .cause: cause == nil
        case .fatal: said == nil
        case .forbidden, .sparse, .started: true
        }
    }

    private func seconds(_ stamp: LogLine.Stamp?) -> Double? {
        guard let stamp, let firstStamp else { return nil }
        return stamp.since(firstStamp)
    }

    private mutating func note(
        _ signal: Signal, _ evidence: Evidence, _ line: LogLine, _ plain: [UInt8], isPlain: Bool, arrival: Double?
    ) {
        switch signal.meaning {
        case .kubelet:
            kubelet = kubelet ?? evidence
            if prefix == nil, !isWatched, let place = line.header ?? Self.beginning(of: plain) { prefix = LinePrefix(plain[..<place]) }
        case .cause: cause = cause ?? evidence
        case .started: if isStart(signal, line, plain, isWatched: arrival != nil) { noteStart(signal, evidence, line, arrival: arrival) }
        case .fatal:
            // The same words in a warning, or quoted in a note, end nothing.
            guard said == nil, isSaid(signal, line, plain, isWatched: arrival != nil), line.severity.map(Self.grave.contains) ?? true else {
                return
            }
            said = Sighting(signal: signal, evidence: evidence)
        case .forbidden, .sparse:
            let sighting = Sighting(signal: signal, evidence: evidence)
            noteForbidden(sighting, line.stamp, isWhole: isPlain, arrival: arrival)
        }
    }

    private static let grave = Set("EF".utf8)

    /// Where a line of the other two forms begins that a kubelet or a k3s writes: JSON, and logrus.
    private static func beginning(of line: [UInt8]) -> Int? {
        [Array("{\"ts\":".utf8), logrus].lazy.compactMap { LogLine.place(of: $0, in: line) }.first
    }

    /// Whether a line tells of a start. In a watched boot it may be another process's: a node that is started again under a new number has restarted.
    private func isStart(_ signal: Signal, _ line: LogLine, _ plain: [UInt8], isWatched: Bool) -> Bool {
        if isWatched { return line.header == 0 && line.begins(plain, with: signal.text) }
        return isSaid(signal, line, plain, isWatched: false)
    }

    /// Whether the node says a text itself, and does not quote it: the text is what its line begins with.
    private func isSaid(_ signal: Signal, _ line: LogLine, _ plain: [UInt8], isWatched: Bool) -> Bool {
        if line.header != nil { return isOwn(line, isWatched: isWatched) && line.begins(plain, with: signal.text) }
        return Self.isSaid(signal.text, in: plain, isWatched: isWatched)
    }

    /// The same of a line without klog's header: cobra writes `Error: …`, logrus `time="…" level=fatal …`.
    private static func isSaid(_ text: [UInt8], in line: [UInt8], isWatched: Bool) -> Bool {
        let beginnings = [[], Array("Error: ".utf8), Array("error: ".utf8)]
        // A field of logrus stands after others.
        if !text.starts(with: "level=".utf8), beginnings.contains(where: { line.starts(with: $0 + text) }) { return true }
        guard let logrus = LogLine.place(of: logrus, in: line), !isWatched || logrus == 0 else {
            return isWatched ? false : isAfterWrapper(text, line)
        }
        // The fields of logrus: the time has no blank in it.
        let rest = line.dropFirst(logrus + Self.logrus.count)
        guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: " ") }) else { return false }
        return line[end...].starts(with: "\" ".utf8 + text)
    }

    private static let logrus = Array("time=\"".utf8)

    /// Whether a text comes right after what a wrapper wrote, in a log of which nobody knows how it was wrapped: `[x] file.go:12] text`, `PID]: text`.
    private static func isAfterWrapper(_ text: [UInt8], _ line: [UInt8]) -> Bool {
        guard let place = LogLine.place(of: text, in: line), place >= 2 else { return false }
        let before = line[(place - 2)..<place]
        return before.elementsEqual("] ".utf8) || before.elementsEqual(": ".utf8) || line[place - 1] == UInt8(ascii: "\"")
    }

    private mutating func noteStart(_ signal: Signal, _ evidence: Evidence, _ line: LogLine, arrival: Double?) {
        if arrival != nil, started != nil {
            let again = Sighting(signal: signal, evidence: evidence)
            if restart == nil { restart = Tally(again) } else { restart?.add(evidence) }
            return
        }
        started = evidence
        startStamp = line.stamp
        // A node that answered before it said so has started then.
        startArrival = startArrival ?? arrival
    }

    /// - Parameter isWhole: whether the evidence is a whole line, as it is read.
    private mutating func noteForbidden(_ sighting: Sighting, _ stamp: LogLine.Stamp?, isWhole: Bool, arrival: Double?) {
        guard let age = age(stamp ?? lastStamp, arrival: arrival) else {
            undatedCount += 1
            return
        }
        if age > warmUp {
            let seen = arrival.flatMap { arrival in startArrival.map { arrival - $0 } } ?? age
            if !(isWhole && isOfNewborns(sighting, seen)) { noteLate(sighting) }
        } else if sighting.signal.meaning == .forbidden {
            early = early ?? sighting
            earlyCount += 1
        }
    }

    /// A container that was only just made has no figures before it is looked at for the first time; it has a warm-up of its own, from the
    /// first line that names it.
    private mutating func isOfNewborns(_ sighting: Sighting, _ age: Double) -> Bool {
        guard hasPods, sighting.signal.name == "memory cache",
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

    private mutating func noteLate(_ sighting: Sighting) {
        switch (late?.first.signal.meaning, sighting.signal.meaning) {
        case (nil, _), (.sparse, .forbidden): late = Tally(sighting)
        case (.forbidden, .sparse): break
        default: late?.add(sighting.evidence)
        }
    }

    /// Seconds since the node's start; zero or less before it. Of a watched boot the later of two ages: the node writes its own clock, and a line
    /// may be late in the pipe.
    private func age(_ stamp: LogLine.Stamp?, arrival: Double?) -> Double? {
        let told = startStamp.flatMap { start in stamp?.since(start) }
        if let arrival { return max(told ?? 0, startArrival.map { arrival - $0 } ?? 0) }
        if let told { return told }
        // A log of which the beginning is missing: its first line stands for the start.
        if startStamp == nil, started == nil, let stamp, let firstStamp { return stamp.since(firstStamp) }
        return nil
    }
}
