import LogLines
import Model

/// One run of a process in a recorded log: keeps what a verdict needs, in bounded memory.
struct LogRun: Sendable, NodeLog {
    /// What systemd and the kernel logged about the process.
    struct Unit: Sendable {
        var start: Evidence?
        /// Whether systemd has logged that it started the unit, not only that it is starting it.
        var isStarted = false
        var isStopping = false
        var end: (evidence: Evidence, ending: UnitEvent.Ending)?
        var memory: Evidence?
        var watchdog: Evidence?
        private(set) var remark: Evidence?

        mutating func note(_ evidence: Evidence) { remark = remark ?? evidence }
    }

    /// A line that occurs once in each run of a process and nowhere else.
    struct Beginning: Hashable, Sendable {
        /// Identifies the line within the program's output.
        let place: [UInt8]
        /// The version in the line; empty if there is none.
        let version: [UInt8]

        /// Whether this is the same line again, or names another version of the program.
        func isOfOtherLife(than other: Beginning) -> Bool {
            place == other.place || !version.isEmpty && !other.version.isEmpty && version != other.version
        }
    }

    /// A forbidden line after warm-up that is held until it is known whether a start follows at once.
    struct Held: Sendable {
        let sighting: Sighting
        let time: LogEntry.Time
        let age: Double
        let isWhole: Bool
    }

    /// Its index among all runs in the log.
    let order: Int
    let voice: LogVoice
    let prefix: LinePrefix
    /// Whether the log contains the beginning of this run, not only the rest.
    private(set) var hasBeginning: Bool
    let firstLine: Int
    private(set) var lastLine: Int
    private(set) var process: (wrapper: Int?, own: Int?)
    var unit = Unit()
    /// Whether further lines without a process ID belong to the next run.
    var isClosed = false
    /// Whether the machine has rebooted since, so that process IDs are reused.
    var isBeforeReboot = false

    private(set) var kubelet: Evidence?
    private(set) var started: Evidence?
    /// Whether the log goes on after the time in which forbidden lines are tolerated.
    var isPastWarmUp: Bool { lastTime.flatMap { age($0) }.map { $0 > forbidden.warmUp } ?? false }
    private(set) var said: Sighting?
    /// The number of lines with a header since a fatal line without one. If the process keeps writing, it has not ended, and the fatal line
    /// was a quotation.
    private var doubts: Int?
    private(set) var crash: Crash?
    private(set) var forbidden: ForbiddenLines
    private(set) var cause: Evidence?
    private var beginnings: Set<Beginning> = []
    private var held: [Held] = []
    private(set) var firstTime: LogEntry.Time?
    private var startTime: LogEntry.Time?
    private var lastTime: LogEntry.Time?

    /// Seconds within which a start counts as "at once": kubelet starts garbage collection, which fails, and then logs that it has started
    /// (pkg/kubelet/kubelet.go, cmd/kubelet/app/server.go).
    private static let atOnce = 2.0
    private static let mostHeld = 32
    private static let mostDoubts = 3
    private static let mostBeginnings = 16
    /// Seconds by which a clock may go back because the system time is corrected or lines of two threads are out of order.
    private static let clockSlack = 60.0
    private static let hour = 3600.0

    var fatal: Sighting? { said ?? crash?.sighting }
    var crashFrames: [Evidence] { said == nil ? crash?.trace.frames ?? [] : [] }
    /// Whether the next lines decide whether the process has ended.
    var isInDoubt: Bool { crash != nil || doubts != nil }
    /// Whether this is a run of a node, or of a unit that should have been one.
    var isNode: Bool { kubelet != nil || unit.end != nil }
    /// Whether the run has ended according to the log.
    var isOver: Bool { fatal != nil || unit.end != nil }

    /// Whether systemd's report that the unit has started may refer to this run: it has neither ended nor been reported as started.
    var mayStart: Bool { !isOver && !isClosed && !unit.isStarted && !unit.isStopping }

    init(
        order: Int, voice: LogVoice, prefix: LinePrefix = .none, process: (wrapper: Int?, own: Int?) = (nil, nil), hasBeginning: Bool,
        line: Int,
        warmUp: Double, hasPods: Bool
    ) {
        self.order = order
        self.voice = voice
        self.prefix = prefix
        self.process = process
        self.hasBeginning = hasBeginning
        (firstLine, lastLine) = (line, line)
        forbidden = ForbiddenLines(warmUp: warmUp, hasPods: hasPods)
    }

    // MARK: Matching lines

    /// Whether this process may have written a line.
    func isWriter(of entry: LogEntry) -> Bool {
        guard entry.voice == voice, entry.prefix == prefix, !isBeforeReboot else { return false }
        func isOther(_ one: Int?, _ two: Int?) -> Bool { one != nil && two != nil && one != two }
        if isOther(process.wrapper, entry.process.wrapper) || isOther(process.own, entry.process.own) { return false }
        return !isClosed || process.wrapper != nil && process.wrapper == entry.process.wrapper
    }

    /// Whether this may be the process with the given ID; true for nil.
    func isProcess(_ number: Int?) -> Bool {
        guard let number else { return true }
        let known = [process.wrapper, process.own].compactMap(\.self)
        return known.isEmpty || known.contains(number)
    }

    /// Whether a line that occurs once per run belongs to another run.
    func isBegunAnew(by beginning: Beginning) -> Bool {
        if isOver || beginnings.contains(where: { $0.isOfOtherLife(than: beginning) }) { return true }
        // The log contains only the end of this run.
        return beginnings.isEmpty && (started != nil || kubelet != nil && !hasBeginning)
    }

    /// Whether the process's clock starts over at a line. When daylight saving time ends, it goes back by an hour within a run.
    func isClockAnew(_ entry: LogEntry) -> Bool {
        guard let now = entry.time?.own, let last = lastTime?.own, let step = now.since(last) else { return false }
        return step < -Self.clockSlack && abs(step + Self.hour) > 2 * Self.clockSlack
    }

    /// Whether a line that says that the node has started belongs to another run: this one has already started, or has logged what only a
    /// running node logs.
    func isStartedAnew(at time: LogEntry.Time?) -> Bool {
        started != nil || !hasBeginning && (forbidden.late != nil || held.contains { !Self.isAtOnce($0, time) })
    }

    /// Removes and returns the held lines that came just before a start and belong to it.
    mutating func release(at time: LogEntry.Time?) -> [Held] {
        let released = held.filter { Self.isAtOnce($0, time) }
        held.removeAll { Self.isAtOnce($0, time) }
        return released
    }

    private static func isAtOnce(_ held: Held, _ time: LogEntry.Time?) -> Bool {
        time.flatMap { $0.since(held.time) }.map { abs($0) <= atOnce } ?? false
    }

    // MARK: Processing lines

    /// Processes a line of the process.
    ///
    /// - Parameter isWhole: whether the evidence is a complete line without hidden characters.
    mutating func take(_ entry: LogEntry, _ found: [Signal], _ evidence: Evidence, beginning: Beginning?, isWhole: Bool) {
        pass(entry)
        if voice.isNode { kubelet = kubelet ?? evidence }
        if let beginning, beginnings.count < Self.mostBeginnings {
            hasBeginning = hasBeginning || started == nil
            beginnings.insert(beginning)
        }
        if entry.form != .plain, crash?.doubt() == true { crash = nil }
        if Self.isHeaded(entry), let count = doubts {
            (said, doubts) = count + 1 == Self.mostDoubts ? (nil, nil) : (said, count + 1)
        }
        for signal in found { note(signal, found, entry, evidence, isWhole: isWhole) }
        guard entry.form == .plain else { return noteFatal(entry, found, evidence) }
        crash?.trace.take(entry.text, evidence)
        if crash == nil, Crash.begins(in: entry.text) { crash = Crash(evidence, fault: Signal.fault(in: found)) }
    }

    /// Records the time and the process ID of a line that is otherwise irrelevant.
    mutating func pass(_ entry: LogEntry) {
        process = (process.wrapper ?? entry.process.wrapper, process.own ?? entry.process.own)
        guard let time = entry.time else { return }
        firstTime = firstTime ?? time
        // A panic has no timestamp of its own.
        lastTime = LogEntry.Time(own: time.own ?? lastTime?.own, wrapper: time.wrapper ?? lastTime?.wrapper)
    }

    mutating func passed(line: Int) { lastLine = line }

    /// Processes a piece of a long line of the process.
    mutating func take(more found: [Signal], _ evidence: Evidence) {
        for signal in found {
            if signal.meaning == .cause { cause = cause ?? evidence } else { forbid(signal, evidence, nil, isWhole: false) }
        }
    }

    mutating func count(_ bytes: Int) { crash?.trace.count(bytes) }

    /// Processes lines released from another run.
    mutating func take(_ released: [Held]) {
        for held in released {
            firstTime = firstTime ?? held.time
            forbidden.take(held.sighting, age: 0, isWhole: held.isWhole)
        }
    }

    /// Seconds since the first line with a timestamp.
    func seconds(_ time: LogEntry.Time?) -> Double? {
        guard let time else { return nil }
        return firstTime.map { time.since($0) } ?? 0
    }

    private mutating func note(_ signal: Signal, _ found: [Signal], _ entry: LogEntry, _ evidence: Evidence, isWhole: Bool) {
        switch signal.meaning {
        case .kubelet:
            // A kubelet line quoted by another program does not count.
            if entry.form != .plain ? entry.hasOwn(signal.text) : voice.isOpen || voice.isNode { kubelet = kubelet ?? evidence }
        case .cause: cause = cause ?? evidence
        case .started: if Self.isStart(entry, signal) { noteStart(evidence, entry.time) }
        case .fatal:
            guard mayEnd(entry), entry.says(signal.text), entry.severity.map(Self.grave.contains) ?? true else { return }
            say(signal, found, entry, evidence)
        case .forbidden, .sparse: forbid(signal, evidence, entry.time, isWhole: isWhole)
        }
    }

    private static let grave = Set("EF".utf8)

    /// Whether kubelet itself says in this line that it has started. systemd's line begins the same way but also contains the unit's
    /// description.
    static func isStart(_ entry: LogEntry, _ signal: Signal) -> Bool {
        guard signal.meaning == .started else { return false }
        return entry.form == .plain ? entry.saysOnly(signal.text) : entry.says(signal.text)
    }

    private mutating func noteFatal(_ entry: LogEntry, _ found: [Signal], _ evidence: Evidence) {
        guard mayEnd(entry), entry.severity == UInt8(ascii: "F") else { return }
        say(entry.form == .logrus ? Self.k3sEnd : Self.fatalLine, found, entry, evidence)
    }

    /// Whether a fatal line would count: there was none yet, or only one that may be a quotation, and this line is not.
    private func mayEnd(_ entry: LogEntry) -> Bool { said == nil || doubts != nil && Self.isHeaded(entry) }

    private static func isHeaded(_ entry: LogEntry) -> Bool { entry.form == .klog || entry.form == .document }

    private mutating func say(_ signal: Signal, _ found: [Signal], _ entry: LogEntry, _ evidence: Evidence) {
        // A process that is being stopped may say so in an error message.
        guard !unit.isStopping else { return }
        said = Sighting(signal: signal, evidence: evidence, fault: Signal.fault(in: found))
        doubts = Self.isHeaded(entry) ? nil : 0
    }

    private static let fatalLine = Signal("fatal line", "", .fatal)
    private static let k3sEnd = Signal("k3s", "", .fatal)

    private mutating func noteStart(_ evidence: Evidence, _ time: LogEntry.Time?) {
        started = evidence
        let near = release(at: time)
        settle()
        // The beginning is known, so everything up to now came before the start.
        if hasBeginning { forbidden.forgiveLate() }
        startTime = time
        take(near)
    }

    private mutating func forbid(_ signal: Signal, _ evidence: Evidence, _ time: LogEntry.Time?, isWhole: Bool) {
        let sighting = Sighting(signal: signal, evidence: evidence)
        let time = time ?? lastTime
        guard let time, let age = age(time), age > forbidden.warmUp else {
            forbidden.take(sighting, age: time.flatMap(age), isWhole: isWhole)
            return
        }
        held.append(Held(sighting: sighting, time: time, age: age, isWhole: isWhole))
        while let first = held.first, held.count > Self.mostHeld || !Self.isAtOnce(first, time) { settle(held.removeFirst()) }
    }

    /// Settles the held lines: no start will follow them.
    mutating func settle() {
        for held in held { settle(held) }
        held = []
    }

    private mutating func settle(_ held: Held) { forbidden.take(held.sighting, age: held.age, isWhole: held.isWhole) }

    /// Seconds since the node's start; zero or less before it.
    private func age(_ time: LogEntry.Time) -> Double? {
        if let startTime { return time.since(startTime) }
        // The beginning of the log is missing, so its first line counts as the start.
        guard started == nil else { return nil }
        return firstTime.flatMap { time.since($0) }
    }
}

extension LogRun.Beginning {
    /// Parses a line that occurs once per run: kubelet's version, or k3s's first line. The other Kubernetes components in k3s log their
    /// versions too, each in its own line.
    init?(_ entry: LogEntry) {
        let said = entry.text[min(entry.message, entry.text.count)...]
        let quoted = said.first == UInt8(ascii: "\"") ? said.dropFirst() : said
        switch entry.form {
        case .klog:
            let header = entry.text[..<said.startIndex]
            guard let blank = header.dropLast(2).lastIndex(of: UInt8(ascii: " ")) else { return nil }
            let place = header[(blank + 1)...]
            guard place.starts(with: "server.go:".utf8), Self.words.contains(where: { quoted.starts(with: $0) }) else { return nil }
            self.init(place: Array(place), version: Self.version(in: said))
        case .document:
            guard quoted.starts(with: Self.words[1]) else { return nil }
            self.init(place: Self.words[1], version: Self.version(in: said))
        case .logrus:
            guard quoted.starts(with: Self.words[2]) else { return nil }
            self.init(place: Self.words[2], version: [])
        case .plain: return nil
        }
    }

    /// Finds `v1.20.8+k3s1` anywhere in the line.
    private static func version(in said: ArraySlice<UInt8>) -> [UInt8] {
        let text = said.prefix(256)
        let start = text.indices.first { text[$0] == UInt8(ascii: "v") && LogLine.number(text, $0 + 1, 1) != nil }
        return start.map { Array(text[$0...].prefix { LogLine.isWord($0) || ".+-".utf8.contains($0) }) } ?? []
    }

    /// The beginnings of such lines.
    static let words = ["Version: v", "Kubelet version", "Starting k3s "].map { Array($0.utf8) }
}
