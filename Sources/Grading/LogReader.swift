import LogLines
import Model

/// Reads a recorded log line by line and keeps what a verdict needs, in bounded memory whatever the log's length.
///
/// A log may contain several consecutive **runs** of the node's process, with lines of other programs between them. Each run is judged
/// separately; the verdict is that of the last one. docs/architecture.md describes what begins a run.
package struct LogReader: Sendable {
    /// The maximum number of bytes of a line that are processed at once.
    package static let pieceLimit = 1 << 16

    package private(set) var lines = 0
    /// The number of lines longer than one piece. They were searched piece by piece.
    package private(set) var longLines = 0
    /// The encoding of the log if it is not UTF-8 or ASCII, for a note.
    package var encoding: String?

    /// systemd's last action that no line of the node has followed yet.
    private(set) var pending: (evidence: Evidence, isStarted: Bool, remark: Evidence?)?
    /// The open runs, which may get further lines, in the order they began.
    private(set) var live: [LogRun] = []
    /// The closed runs.
    private(set) var past = PastRuns()
    private var begun = 0
    private var order = LineOrder()
    /// Prefixes that belong to no known wrapper.
    private var learned: [LinePrefix] = []
    private var partials = PartialLines()
    private var gate: LineGate
    /// The last line that the gate held back.
    private var skipped: [UInt8]?
    /// The run of the last line.
    private var lastRun: Int?
    private var isInLongLine = false

    private let source: String
    private let warmUp: Double
    private let hasPods: Bool
    private let signals: [Signal]
    /// The signals that do not begin with ``stem``. Few lines contain the stem, so the many signals with it are searched for only in those
    /// lines.
    private let plainSignals: [Signal]
    /// The filters for relevant texts: for lines of a node, and for lines of a program that may be a node.
    private let filter: TextFilter
    private let wholeFilter: TextFilter
    private static let stem = Array(Signal.failedUpdateStem.utf8)
    /// The maximum number of open runs. Several processes may write alternately.
    private static let mostLive = 24
    private static let mostLearned = 4

    /// - Parameters:
    ///   - source: the name of this log in evidence.
    ///   - warmUp: seconds after the node's start during which forbidden lines are tolerated.
    ///   - hasPods: whether pods may run on the node; their containers have no statistics at first.
    ///   - signals: what to look for.
    ///   - wanted: the number of a run whose verdict is always kept, however many follow.
    package init(source: String, warmUp: Double, hasPods: Bool = true, signals: [Signal] = Signal.written, wanted: Int? = nil) {
        self.source = source
        self.warmUp = warmUp
        self.hasPods = hasPods
        self.signals = signals
        plainSignals = signals.filter { !$0.text.starts(with: Self.stem) }
        let words = [Self.stem] + Crash.deaths + LogRun.Beginning.words
        filter = TextFilter(plainSignals.filter { $0.meaning != .kubelet }.map(\.text) + words)
        wholeFilter = TextFilter(plainSignals.map(\.text) + words)
        gate = LineGate()
        past.wanted = wanted
    }

    /// Whether the newest line comes first, as in the output of `journalctl -r`.
    var isReversed: Bool { order.isReversed }

    /// Processes a line.
    package mutating func take(_ line: [UInt8]) {
        lines += 1
        isInLongLine = false
        // Few lines of a gigabyte log are relevant. Only those are parsed.
        if partials.isEmpty, let isNodes = gate.isNodes(line), !(isNodes ? filter : wholeFilter).finds(in: line) {
            skipped = line
            return
        }
        noteSkipped()
        let readings = LogLine.readings(line)
        let wrapper = LineWrapper(readings[0])
        guard wrapper.isPartial || !partials.isEmpty else { return take(line, readings, wrapper) }
        switch partials.take(wrapper) {
        case .none: break
        case .other: take(line, readings, wrapper)
        case .whole(let whole): take(whole.text, LogLine.readings(whole.text), whole)
        case .more(let text): take(more: text, of: lastRun)
        }
    }

    /// Processes the next piece of the last line, which is longer than one piece.
    ///
    /// - Parameter overlap: how many bytes at the beginning repeat the end of the previous piece, so that a text on the border is found,
    ///   but only once.
    package mutating func take(more piece: [UInt8], overlap: Int) {
        noteSkipped()
        if !isInLongLine { longLines += 1 }
        isInLongLine = true
        take(more: piece, overlap: overlap, of: lastRun)
    }

    private mutating func take(more piece: [UInt8], overlap: Int = 0, of order: Int?) {
        guard let index = live.lastIndex(where: { $0.order == order }) else { return }
        live[index].count(piece.count - overlap)
        let found = Signal.found(signals, in: piece, overlap: overlap)
        guard !found.isEmpty else { return }
        live[index].take(more: found, evidence(piece.prefix(4096), seconds: nil))
    }

    private func evidence(_ text: some Collection<UInt8>, seconds: Double?) -> Evidence {
        Evidence(kind: .log, text: String(decoding: text, as: UTF8.self), source: source, line: lines, seconds: seconds)
    }

    /// Handles the end of the log: nothing more will come.
    mutating func finish() {
        noteSkipped()
        for line in partials.finish() { take(line.text, LogLine.readings(line.text), line) }
        for index in live.indices { live[index].settle() }
    }

    // MARK: Lines

    /// Processes the time of the skipped line. It is also the time of a following line without one.
    private mutating func noteSkipped() {
        guard let line = skipped else { return }
        skipped = nil
        guard let index = live.lastIndex(where: { $0.order == gate.lastRun }) else { return }
        let entry = LogEntry(LineWrapper(line), learned: learned)
        order.take(entry.time)
        live[index].pass(entry)
        live[index].passed(line: lines - 1)
        lastRun = live[index].order
    }

    private mutating func take(_ line: [UInt8], _ readings: [[UInt8]], _ wrapper: LineWrapper) {
        lastRun = nil
        let voice = LogVoice(name: wrapper.name, isContainer: wrapper.isContainer)
        let texts = wrapper.isQuoted ? readings + [wrapper.text] : readings
        let found = found(in: texts)
        // Most lines of another program say nothing about a node.
        if found.isEmpty, !voice.isOpen, !voice.isKnown, !live.contains(where: { $0.voice == voice }) { return }
        let entry = LogEntry(wrapper, learned: learned)
        if let event = event(in: entry) { return take(event, entry, line) }
        guard !entry.voice.isSystem else { return }
        order.take(entry.time)
        let beginning = LogRun.Beginning(entry)
        let index = run(of: entry, found, beginning)
        if entry.prefix != .none, !learned.contains(entry.prefix), learned.count < Self.mostLearned { learned.append(entry.prefix) }
        let evidence = evidence(wrapper.isEncoded ? wrapper.text : line, seconds: live[index].seconds(entry.time))
        live[index].take(entry, found, evidence, beginning: beginning, isWhole: readings.count == 1)
        live[index].passed(line: lines)
        lastRun = live[index].order
        if live[index].isInDoubt {
            gate.forget(live[index].order)
        } else if readings.count == 1, let shape = entry.shape {
            gate.learn(line, entry, shape, run: live[index])
        }
    }

    private func found(in texts: [[UInt8]]) -> [Signal] {
        guard texts.contains(where: wholeFilter.finds) else { return [] }
        let mayHaveAll = texts.contains { LogLine.contains($0, Self.stem) }
        return (mayHaveAll ? signals : plainSignals).filter { signal in texts.contains { LogLine.contains($0, signal.text) } }
    }

    /// An event of systemd or the kernel, also in a log without names, as `journalctl -o cat` writes it.
    private func event(in entry: LogEntry) -> UnitEvent? {
        guard entry.voice.isSystem || entry.form == .plain && entry.voice.name.isEmpty else { return nil }
        return UnitEvent(entry.text)
    }

    // MARK: Runs

    /// The run that a line belongs to: an open one or a new one.
    private mutating func run(of entry: LogEntry, _ found: [Signal], _ beginning: LogRun.Beginning?) -> Int {
        let open = writer(of: entry)
        var released: [LogRun.Held] = []
        if let open {
            let isStart = found.contains { LogRun.isStart(entry, $0) }
            let isNew = beginning.map(live[open].isBegunAnew) ?? false || live[open].isClockAnew(entry)
            guard isNew || isStart && live[open].isStartedAnew(at: entry.time) else { return open }
            released = live[open].release(at: entry.time)
            live[open].isClosed = true
        }
        return begin(entry, released, hasBeginning: beginning != nil)
    }

    /// The open run that a line belongs to. Runs that are not closed take precedence; for a line without a process ID, a node's run does;
    /// then the run that wrote last.
    private func writer(of entry: LogEntry) -> Int? {
        let isNamed = entry.process.wrapper != nil || entry.process.own != nil
        func rank(_ run: LogRun) -> (Int, Int, Int) { (run.isClosed ? 0 : 1, run.isNode && !isNamed ? 1 : 0, run.lastLine) }
        return live.indices.filter { live[$0].isWriter(of: entry) }.max { rank(live[$0]) < rank(live[$1]) }
    }

    private mutating func begin(_ entry: LogEntry, _ released: [LogRun.Held], hasBeginning: Bool) -> Int {
        let isFollower = live.contains { $0.voice == entry.voice && $0.prefix == entry.prefix }
        var run = LogRun(
            order: begun, voice: entry.voice, prefix: entry.prefix, process: entry.process,
            hasBeginning: hasBeginning || isFollower || pending != nil,
            line: lines, warmUp: warmUp, hasPods: hasPods)
        run.unit.start = pending?.evidence
        run.unit.isStarted = pending?.isStarted ?? false
        run.take(released)
        pending = nil
        add(run)
        return live.count - 1
    }

    private mutating func add(_ run: LogRun) {
        begun += 1
        live.append(run)
        while live.count > Self.mostLive {
            let last = live.count - 1
            // Drop runs of other programs first, then the run that has been silent longest.
            guard
                let index = (0..<last).min(by: {
                    (live[$0].isNode ? 1 : 0, live[$0].lastLine) < (live[$1].isNode ? 1 : 0, live[$1].lastLine)
                })
            else { return }
            past.add(live.remove(at: index))
        }
    }

    // MARK: systemd and the kernel

    private mutating func take(_ event: UnitEvent, _ entry: LogEntry, _ line: [UInt8]) {
        gate.close()
        let current = live.lastIndex { $0.isNode }
        let evidence = evidence(line, seconds: current.flatMap { live[$0].seconds(entry.time) })
        switch event {
        case .reboot:
            for index in live.indices { live[index].isBeforeReboot = true }
        case .starting, .started: start(current, evidence, isStarted: event == .started)
        case .ended(let ending) where ending.isOfHelper && pending == nil: if let current { live[current].unit.note(evidence) }
        case .ended(let ending):
            guard pending == nil, let current, live[current].unit.end == nil else { return endBeforeLine(ending, evidence) }
            live[current].unit.end = (evidence, ending)
        case .stopping: if let current, pending == nil { live[current].unit.isStopping = true }
        case .remark:
            guard let start = pending else { return current.map { live[$0].unit.note(evidence) } ?? () }
            pending = (start.evidence, start.isStarted, start.remark ?? evidence)
        case .watchdog: if let current, pending == nil { live[current].unit.watchdog = evidence }
        case .outOfMemory(let process):
            guard let current = live.lastIndex(where: { $0.isNode && $0.isProcess(process) }) else { return }
            live[current].unit.memory = live[current].unit.memory ?? evidence
        }
    }

    /// Handles a unit that systemd is starting or has started. A program that reports its own start has written lines by then.
    private mutating func start(_ current: Int?, _ evidence: Evidence, isStarted: Bool) {
        guard let current, isStarted, pending == nil, live[current].mayStart else {
            if let current { live[current].isClosed = true }
            pending = (evidence, isStarted, nil)
            return
        }
        live[current].unit.start = live[current].unit.start ?? evidence
        live[current].unit.isStarted = true
    }

    /// Handles the end of a unit's program that has written no line.
    private mutating func endBeforeLine(_ ending: UnitEvent.Ending, _ evidence: Evidence) {
        var run = LogRun(
            order: begun, voice: LogVoice(name: []), hasBeginning: true, line: lines, warmUp: warmUp, hasPods: hasPods)
        run.unit.start = pending?.evidence
        run.unit.end = (evidence, ending)
        if let remark = pending?.remark { run.unit.note(remark) }
        run.isClosed = true
        pending = nil
        add(run)
    }
}

/// Whether the lines of a log are in ascending order of time.
struct LineOrder: Sendable {
    private var last: LogEntry.Time?
    private var steps = (on: 0, back: 0)
    /// Seconds by which lines of two threads may be out of order.
    private static let slack = 0.5

    /// Processes the time of the next line.
    mutating func take(_ time: LogEntry.Time?) {
        guard let time else { return }
        if let step = last.flatMap({ time.since($0) }), abs(step) > Self.slack {
            steps = step > 0 ? (steps.on + 1, steps.back) : (steps.on, steps.back + 1)
        }
        last = time
    }

    /// Whether nearly all steps go back in time.
    var isReversed: Bool { steps.back > 2 && steps.back > 4 * steps.on }
}
