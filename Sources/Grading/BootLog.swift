import Model

/// Reads the log of a boot that is watched, line by line as it comes, and keeps what a verdict needs of it: bounded memory, whatever the log's length.
struct BootLog: Sendable, NodeLog {
    /// The number of lines read.
    private(set) var lines = 0
    /// The first line that only a kubelet writes.
    private(set) var kubelet: Evidence?
    /// The first line that says that the node has started: a boot has one start.
    private(set) var started: Evidence?
    /// Lines that say again that the node has started: the first of them, and how many there were.
    private(set) var restart: Tally?
    /// The first line that says that the node ends.
    var fatal: Sighting? { said ?? crash?.sighting }
    /// Lines longer than a piece: they were looked through piece by piece.
    private(set) var longLines = 0
    /// The line at which the log's clock and the boot's own had come apart the most.
    private(set) var clocks: Disagreement?
    private(set) var forbidden: ForbiddenLines
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
    private var crash: Crash?

    /// Whether the log ends with a crash of which more may come: where it happened is told after it.
    var isInCrash: Bool { said == nil && crash?.trace.isFull == false }

    /// Where the program was that died, the innermost function first; none where it is not a crash that ends the node.
    var crashFrames: [Evidence] { said == nil ? crash?.trace.frames ?? [] : [] }
    /// How the log is written, by the node's first line: the process that its header names, or that each line is a document.
    private var voice: (process: Int?, isDocument: Bool)?
    private var gap = ClockGap()
    /// The last letters and digits, for a text that goes over the end of a line or a piece.
    private var carried: [UInt8] = []
    /// What the log is searched for whatever stands between the letters, and its letters and digits.
    private let spellings: [(text: [UInt8], letters: [UInt8])]

    private let source: String
    private let signals: [Signal]
    /// Those but for the many that begin alike, and how those begin: few lines have them, and each is searched for by itself.
    private let plainSignals: [Signal]
    private static let stem = Array(Signal.failedUpdateStem.utf8)
    private var firstStamp: LogLine.Stamp?
    private var startStamp: LogLine.Stamp?
    private var startArrival: Double?
    private var lastStamp: LogLine.Stamp?
    private var isInLongLine = false

    /// - Parameters:
    ///   - source: what evidence calls this log.
    ///   - warmUp: seconds after the node's start in which a forbidden line may still come.
    ///   - hasPods: whether pods may be on the node, whose containers have no figures at first.
    ///   - signals: what to look for.
    init(source: String, warmUp: Double, hasPods: Bool = true, signals: [Signal] = Signal.kubelet) {
        self.source = source
        // A sparse one ends in a sign, and without it would be found in the names of other groups.
        spellings = signals.filter { $0.meaning == .forbidden }.map { ($0.text, LogLine.letters($0.text)) }
        forbidden = ForbiddenLines(warmUp: warmUp, hasPods: hasPods)
        self.signals = signals
        plainSignals = signals.filter { !$0.text.starts(with: Self.stem) }
    }

    /// Takes a line.
    ///
    /// - Parameter arrival: seconds after the boot began when it came.
    mutating func take(_ line: [UInt8], arrival: Double) {
        lines += 1
        isInLongLine = false
        let readings = LogLine.readings(line)
        let plain = readings[0]
        let spelled = spelled(in: readings)
        let mayHaveAll = readings.contains { LogLine.contains($0, Self.stem) }
        let found = (mayHaveAll ? signals : plainSignals).filter { signal in
            isWanted(signal) && readings.contains { LogLine.contains($0, signal.text) } || spelled.contains(signal.text)
        }
        let read = LogLine(plain)
        if let stamp = read.stamp {
            firstStamp = firstStamp ?? stamp
            lastStamp = stamp
        }
        let evidence = Evidence(kind: .log, text: String(decoding: line, as: UTF8.self), source: source, line: lines, seconds: arrival)
        if isOwn(read) { noteOwn(read, evidence, arrival: arrival) }
        for signal in found { note(signal, found, evidence, read, plain, isPlain: readings.count == 1, arrival: arrival) }
        if read.header == nil { crash?.trace.take(plain, evidence) }
        if crash == nil, Crash.begins(in: plain) { crash = Crash(evidence, fault: Signal.fault(in: found)) }
        noteFatal(found, evidence, read)
    }

    /// Takes a further piece of the last line, which was too long for one.
    ///
    /// - Parameters:
    ///   - overlap: how many bytes at its beginning the piece before had too, so that a text on the border is found, and none is found twice.
    ///   - arrival: as with `take`.
    mutating func take(more piece: [UInt8], overlap: Int, arrival: Double) {
        if !isInLongLine { longLines += 1 }
        isInLongLine = true
        crash?.trace.count(piece.count - overlap)
        let spelled = spelled(in: LogLine.readings(Array(piece.dropFirst(overlap))))
        let found = Signal.found(signals.filter(isWanted), in: piece, overlap: overlap, spelled: spelled)
        guard !found.isEmpty else { return }
        let evidence = Evidence(
            kind: .log, text: String(decoding: piece.prefix(4096), as: UTF8.self), source: source, line: lines, seconds: arrival)
        for signal in found {
            switch signal.meaning {
            case .cause: cause = cause ?? evidence
            default: noteForbidden(Sighting(signal: signal, evidence: evidence), nil, isWhole: false, arrival: arrival)
            }
        }
    }

    /// A boot's clock, for a log whose lines do not tell the time: the node answered for the first time now.
    mutating func assumeStarted(at arrival: Double) { startArrival = startArrival ?? arrival }

    /// The texts that are there when nothing but letters and digits is looked at: blanks, signs, line breaks and what no terminal shows may stand
    /// between them.
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

    /// Whether a line is the node's own: it begins with klog's header, of the process whose lines these are. What a pod wrote may stand in the
    /// log too, as it is.
    private func isOwn(_ line: LogLine) -> Bool { line.header == 0 && isOfVoice(line) }

    /// Whether a line is written as the node's first one was. A kubelet may write its first lines before it knows that it is to write documents;
    /// pods are not there before it has started.
    private func isOfVoice(_ line: LogLine) -> Bool {
        guard let voice, !(line.isDocument && started == nil) else { return true }
        return voice.isDocument == line.isDocument && (voice.process == nil || line.process == voice.process)
    }

    private mutating func noteOwn(_ line: LogLine, _ evidence: Evidence, arrival: Double) {
        if voice?.isDocument != line.isDocument || voice?.process == nil { voice = (line.process, line.isDocument) }
        if isOfVoice(line), crash?.doubt() == true { crash = nil }
        guard let stamp = line.stamp, let (told, seen) = gap.take(stamp, at: arrival), gap.width > clocks?.width ?? 0 else { return }
        clocks = Disagreement(told: told, seen: seen, evidence: evidence, width: gap.width)
    }

    private mutating func noteFatal(_ found: [Signal], _ evidence: Evidence, _ line: LogLine) {
        guard said == nil, line.severity == UInt8(ascii: "F"), isOwn(line) else { return }
        said = Sighting(
            signal: found.first { $0.meaning == .fatal } ?? Signal("fatal line", "", .fatal), evidence: evidence,
            fault: Signal.fault(in: found))
    }

    private func isWanted(_ signal: Signal) -> Bool {
        switch signal.meaning {
        case .kubelet: kubelet == nil
        case .cause: cause == nil
        case .fatal: said == nil
        case .forbidden, .sparse, .started: true
        }
    }

    private mutating func note(
        _ signal: Signal, _ found: [Signal], _ evidence: Evidence, _ line: LogLine, _ plain: [UInt8], isPlain: Bool, arrival: Double
    ) {
        switch signal.meaning {
        case .kubelet: kubelet = kubelet ?? evidence
        case .cause: cause = cause ?? evidence
        // It may be another process's: a node that is started again under a new number has restarted.
        case .started:
            if line.header == 0, line.begins(plain, with: signal.text) { noteStart(signal, evidence, line, arrival: arrival) }
        case .fatal:
            // The same words in a warning, or quoted in a note, end nothing.
            guard said == nil, isSaid(signal, line, plain), line.severity.map(Self.grave.contains) ?? true else { return }
            said = Sighting(signal: signal, evidence: evidence, fault: Signal.fault(in: found))
        case .forbidden, .sparse:
            noteForbidden(Sighting(signal: signal, evidence: evidence), line.stamp, isWhole: isPlain, arrival: arrival)
        }
    }

    private static let grave = Set("EF".utf8)

    /// Whether the node says a text itself, and does not quote it: the text is what its line begins with.
    private func isSaid(_ signal: Signal, _ line: LogLine, _ plain: [UInt8]) -> Bool {
        if line.header != nil { return isOwn(line) && line.begins(plain, with: signal.text) }
        return Self.isSaid(signal.text, in: plain)
    }

    /// The same of a line without klog's header: cobra writes `Error: …`, logrus `time="…" level=fatal …`.
    private static func isSaid(_ text: [UInt8], in line: [UInt8]) -> Bool {
        let beginnings = [[], Array("Error: ".utf8), Array("error: ".utf8)]
        // A field of logrus stands after others.
        if !text.starts(with: "level=".utf8), beginnings.contains(where: { line.starts(with: $0 + text) }) { return true }
        guard line.starts(with: logrus) else { return false }
        // The fields of logrus: the time has no blank in it.
        let rest = line.dropFirst(logrus.count)
        guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: " ") }) else { return false }
        return line[end...].starts(with: "\" ".utf8 + text)
    }

    private static let logrus = Array("time=\"".utf8)

    private mutating func noteStart(_ signal: Signal, _ evidence: Evidence, _ line: LogLine, arrival: Double) {
        if started != nil {
            let again = Sighting(signal: signal, evidence: evidence)
            if restart == nil { restart = Tally(again) } else { restart?.add(evidence) }
            return
        }
        started = evidence
        startStamp = line.stamp
        // A node that answered before it said so has started then.
        startArrival = startArrival ?? arrival
    }

    private mutating func noteForbidden(_ sighting: Sighting, _ stamp: LogLine.Stamp?, isWhole: Bool, arrival: Double) {
        let seen = startArrival.map { arrival - $0 }
        // The later of two ages: the node writes its own clock, and a line may be late in the pipe.
        let told = startStamp.flatMap { start in (stamp ?? lastStamp)?.since(start) }
        forbidden.take(sighting, age: max(told ?? 0, seen ?? 0), seen: seen, isWhole: isWhole)
    }
}

extension Signal {
    /// The known fault among what a line has.
    static func fault(in found: [Signal]) -> Signal? { found.first { $0.meaning == .forbidden } }

    /// What a further piece of a long line has, of what counts wherever it stands; what the piece before had already is left out.
    static func found(_ signals: [Signal], in piece: [UInt8], overlap: Int, spelled: [[UInt8]] = []) -> [Signal] {
        let readings = LogLine.readings(piece)
        return signals.filter { signal in
            guard [.forbidden, .sparse, .cause].contains(signal.meaning) else { return false }
            if spelled.contains(signal.text) { return true }
            return readings.contains { reading in
                let isWhole = reading.count == piece.count
                let fresh = isWhole ? reading.dropFirst(max(0, overlap - signal.text.count + 1)) : reading[...]
                return LogLine.contains(Array(fresh), signal.text)
            }
        }
    }
}
