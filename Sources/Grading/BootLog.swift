import LogLines
import Model

/// Reads the log of a running boot line by line and keeps what a verdict needs, in bounded memory whatever the log's length.
struct BootLog: Sendable, NodeLog {
    private(set) var lines = 0
    /// The first line that only a kubelet writes.
    private(set) var kubelet: Evidence?
    /// The first line that says that the node has started. A boot has only one start.
    private(set) var started: Evidence?
    /// Further lines that say that the node has started: the first of them and their number.
    private(set) var restart: Tally?
    /// The first line that says that the node ends.
    var fatal: Sighting? { said ?? crash?.sighting }
    /// The number of lines longer than one piece. They were searched piece by piece.
    private(set) var longLines = 0
    /// The line at which the log's clock and the boot's clock differed most.
    private(set) var clocks: Disagreement?
    private(set) var forbidden: ForbiddenLines
    /// The first line that explains a forbidden line.
    private(set) var cause: Evidence?

    /// Two clocks that give different times for the same line.
    struct Disagreement: Sendable {
        /// Seconds from the node's first line to this one: `told` according to the log, `seen` as measured here.
        let told: Double
        let seen: Double
        let evidence: Evidence
        /// The largest difference between the two clocks since the boot began, in seconds.
        let width: Double
    }

    /// The node's own line that says that it ends.
    private(set) var said: Sighting?
    private var crash: Crash?

    /// Whether the log ends in a crash that may have more lines: the location follows the message.
    var isInCrash: Bool { said == nil && crash?.trace.isFull == false }

    /// The frames of the crash, innermost function first; empty if no crash ended the node.
    var crashFrames: [Evidence] { said == nil ? crash?.trace.frames ?? [] : [] }
    /// The log format, from the node's first line: the process ID in its header, or whether each line is a JSON document.
    private var voice: (process: Int?, isDocument: Bool)?
    private var gap = ClockGap()
    /// The last letters and digits, to find a text that crosses the end of a line or piece.
    private var carried: [UInt8] = []
    /// The texts to find even if other characters stand between the letters, each with its letters and digits only.
    private let spellings: [(text: [UInt8], letters: [UInt8])]

    private let source: String
    private let signals: [Signal]
    /// The signals that do not begin with ``stem``. Few lines contain the stem, so the many signals with it are searched for only in those
    /// lines.
    private let plainSignals: [Signal]
    private static let stem = Array(Signal.failedUpdateStem.utf8)
    private var firstStamp: LogLine.Stamp?
    private var startStamp: LogLine.Stamp?
    private var startArrival: Double?
    private var lastStamp: LogLine.Stamp?
    private var isInLongLine = false

    /// - Parameters:
    ///   - source: the name of this log in evidence.
    ///   - warmUp: seconds after the node's start during which forbidden lines are tolerated.
    ///   - hasPods: whether pods may run on the node; their containers have no statistics at first.
    ///   - signals: what to look for.
    init(source: String, warmUp: Double, hasPods: Bool = true, signals: [Signal] = Signal.kubelet) {
        self.source = source
        // A sparse signal ends in a punctuation mark. Without the mark it would match the names of other groups.
        spellings = signals.filter { $0.meaning == .forbidden }.map { ($0.text, LogLine.letters($0.text)) }
        forbidden = ForbiddenLines(warmUp: warmUp, hasPods: hasPods)
        self.signals = signals
        plainSignals = signals.filter { !$0.text.starts(with: Self.stem) }
    }

    /// Processes a line.
    ///
    /// - Parameter arrival: when the line arrived, in seconds after the boot began.
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

    /// Processes the next piece of the last line, which is longer than one piece.
    ///
    /// - Parameters:
    ///   - overlap: how many bytes at the beginning repeat the end of the previous piece, so that a text on the border is found, but only
    ///     once.
    ///   - arrival: as in `take`.
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

    /// Records a start time from the boot's clock, for a log without timestamps: the node has just answered for the first time.
    mutating func assumeStarted(at arrival: Double) { startArrival = startArrival ?? arrival }

    /// The texts found when only letters and digits are compared. Blanks, punctuation, line breaks and characters that a terminal does not
    /// show may stand between them.
    private mutating func spelled(in readings: [[UInt8]]) -> [[UInt8]] {
        let letters = readings.map(LogLine.letters)
        let found = spellings.filter { _, spelling in
            // Short enough that the earlier characters cannot contain the whole text.
            let before = carried.suffix(spelling.count - 1)
            return letters.contains { LogLine.contains(before + $0, spelling) }
        }.map(\.text)
        carried = Array((carried + letters[0].suffix(Self.mostCarried)).suffix(Self.mostCarried))
        return found
    }

    private static let mostCarried = 128

    /// Whether a line is the node's own: it begins with the klog header of the node's process. Output of pods may appear in the log
    /// unchanged.
    private func isOwn(_ line: LogLine) -> Bool { line.header == 0 && isOfVoice(line) }

    /// Whether a line has the format of the node's first line. A kubelet may write its first lines before it switches to JSON; there are no
    /// pods before it has started.
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
        // The line may come from another process: a node that starts again under a new process ID has restarted.
        case .started:
            if line.header == 0, line.begins(plain, with: signal.text) { noteStart(signal, evidence, line, arrival: arrival) }
        case .fatal:
            // The same words in a warning or in a quotation are not an end.
            guard said == nil, isSaid(signal, line, plain), line.severity.map(Self.grave.contains) ?? true else { return }
            said = Sighting(signal: signal, evidence: evidence, fault: Signal.fault(in: found))
        case .forbidden, .sparse:
            noteForbidden(Sighting(signal: signal, evidence: evidence), line.stamp, isWhole: isPlain, arrival: arrival)
        }
    }

    private static let grave = Set("EF".utf8)

    /// Whether the node itself says a text rather than quoting it: its line begins with the text.
    private func isSaid(_ signal: Signal, _ line: LogLine, _ plain: [UInt8]) -> Bool {
        if line.header != nil { return isOwn(line) && line.begins(plain, with: signal.text) }
        return Self.isSaid(signal.text, in: plain)
    }

    /// The same for a line without a klog header: cobra writes `Error: …`, logrus `time="…" level=fatal …`.
    private static func isSaid(_ text: [UInt8], in line: [UInt8]) -> Bool {
        let beginnings = [[], Array("Error: ".utf8), Array("error: ".utf8)]
        // A signal that is a logrus field cannot begin the line, because it follows other fields.
        if !text.starts(with: "level=".utf8), beginnings.contains(where: { line.starts(with: $0 + text) }) { return true }
        guard line.starts(with: logrus) else { return false }
        // logrus fields: the time contains no blank.
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
        // A node that answered before it logged its start counts as started from that answer.
        startArrival = startArrival ?? arrival
    }

    private mutating func noteForbidden(_ sighting: Sighting, _ stamp: LogLine.Stamp?, isWhole: Bool, arrival: Double) {
        let seen = startArrival.map { arrival - $0 }
        // Use the larger of the two ages: the node sets its own clock, and a line may be late in the pipe.
        let told = startStamp.flatMap { start in (stamp ?? lastStamp)?.since(start) }
        forbidden.take(sighting, age: max(told ?? 0, seen ?? 0), seen: seen, isWhole: isWhole)
    }
}

extension Signal {
    /// The known fault among the signals found in a line.
    static func fault(in found: [Signal]) -> Signal? { found.first { $0.meaning == .forbidden } }

    /// The signals found in a piece of a long line, of those that count anywhere in a line, without those already found in the previous
    /// piece.
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
