import Model

/// One life of a process in a log that nobody watched: what a verdict needs of it, in bounded memory.
struct LogRun: Sendable, NodeLog {
    /// What systemd and the kernel said of the process.
    struct Unit: Sendable {
        var start: Evidence?
        /// Whether systemd has said that it has started it, and not only that it does.
        var isStarted = false
        var isStopping = false
        var end: (evidence: Evidence, ending: UnitEvent.Ending)?
        var memory: Evidence?
        var watchdog: Evidence?
        private(set) var remark: Evidence?

        mutating func note(_ evidence: Evidence) { remark = remark ?? evidence }
    }

    /// A line that comes again in each life of a process and in no other place.
    struct Beginning: Hashable, Sendable {
        /// Which line of the program's text it is.
        let place: [UInt8]
        /// The version that it tells; empty where it tells none.
        let version: [UInt8]

        /// The same line again, or another version of the program.
        func isOfOtherLife(than other: Beginning) -> Bool {
            place == other.place || !version.isEmpty && !other.version.isEmpty && version != other.version
        }
    }

    /// A forbidden line after warm-up of which it is not yet known whether a start follows at once.
    struct Held: Sendable {
        let sighting: Sighting
        let time: LogEntry.Time
        let age: Double
        let isWhole: Bool
    }

    /// Its place among all that began in the log.
    let order: Int
    let voice: LogVoice
    let prefix: LinePrefix
    /// Whether the log has the beginning of this life, and not only the rest of one.
    private(set) var hasBeginning: Bool
    let firstLine: Int
    private(set) var lastLine: Int
    private(set) var process: (wrapper: Int?, own: Int?)
    var unit = Unit()
    /// Whether what comes without a process's number is the next one's.
    var isClosed = false
    /// Whether the machine was started anew since: numbers of processes are given again.
    var isBeforeReboot = false

    /// The first line that only a kubelet writes.
    private(set) var kubelet: Evidence?
    private(set) var started: Evidence?
    private(set) var said: Sighting?
    /// Lines with a header that came after one without that said the end: what goes on writing has not ended, and the line was a quotation.
    private var doubts: Int?
    private(set) var crash: Crash?
    private(set) var forbidden: ForbiddenLines
    private(set) var cause: Evidence?
    private var beginnings: Set<Beginning> = []
    private var held: [Held] = []
    private(set) var firstTime: LogEntry.Time?
    private var startTime: LogEntry.Time?
    private var lastTime: LogEntry.Time?

    /// Seconds in which a start comes "at once": kubelet begins to collect garbage, which fails, and says that it has started (pkg/kubelet/kubelet.go,
    /// cmd/kubelet/app/server.go).
    private static let atOnce = 2.0
    private static let mostHeld = 32
    private static let mostDoubts = 3
    private static let mostBeginnings = 16
    /// Seconds by which a clock goes back when the time of day is set right, or lines of two threads change places.
    private static let clockSlack = 60.0
    private static let hour = 3600.0

    var fatal: Sighting? { said ?? crash?.sighting }
    var crashFrames: [Evidence] { said == nil ? crash?.trace.frames ?? [] : [] }
    /// Whether the next lines tell whether it has ended.
    var isInDoubt: Bool { crash != nil || doubts != nil }
    /// Whether it is a life of a node, or of a unit that should have been one.
    var isNode: Bool { kubelet != nil || unit.end != nil }
    /// Whether it has ended, as the log tells.
    var isOver: Bool { fatal != nil || unit.end != nil }

    /// Whether systemd's word that the unit has started may be of this life: it goes on, and was not said to have started.
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

    // MARK: Whose line it is

    /// Whether the process may have written a line.
    func isWriter(of entry: LogEntry) -> Bool {
        guard entry.voice == voice, entry.prefix == prefix, !isBeforeReboot else { return false }
        func isOther(_ one: Int?, _ two: Int?) -> Bool { one != nil && two != nil && one != two }
        if isOther(process.wrapper, entry.process.wrapper) || isOther(process.own, entry.process.own) { return false }
        return !isClosed || process.wrapper != nil && process.wrapper == entry.process.wrapper
    }

    /// Whether it may be the process with a number; without one it is.
    func isProcess(_ number: Int?) -> Bool {
        guard let number else { return true }
        let known = [process.wrapper, process.own].compactMap(\.self)
        return known.isEmpty || known.contains(number)
    }

    /// Whether a line that comes once in a life is another life's.
    func isBegunAnew(by beginning: Beginning) -> Bool {
        if isOver || beginnings.contains(where: { $0.isOfOtherLife(than: beginning) }) { return true }
        // Of a life of which the log has the end only.
        return beginnings.isEmpty && (started != nil || kubelet != nil && !hasBeginning)
    }

    /// Whether the process's clock begins anew with a line. Where summer time ends it goes back by an hour in one life.
    func isClockAnew(_ entry: LogEntry) -> Bool {
        guard let now = entry.time?.own, let last = lastTime?.own, let step = now.since(last) else { return false }
        return step < -Self.clockSlack && abs(step + Self.hour) > 2 * Self.clockSlack
    }

    /// Whether a line that says that the node has started is another life's: it has started already, or has written what a node writes that lives.
    func isStartedAnew(at time: LogEntry.Time?) -> Bool {
        started != nil || !hasBeginning && (forbidden.late != nil || held.contains { !Self.isAtOnce($0, time) })
    }

    /// Lets go of the lines that belong to a start: they came just before it.
    mutating func release(at time: LogEntry.Time?) -> [Held] {
        let released = held.filter { Self.isAtOnce($0, time) }
        held.removeAll { Self.isAtOnce($0, time) }
        return released
    }

    private static func isAtOnce(_ held: Held, _ time: LogEntry.Time?) -> Bool {
        time.flatMap { $0.since(held.time) }.map { abs($0) <= atOnce } ?? false
    }

    // MARK: Its lines

    /// Takes a line of the process.
    ///
    /// - Parameter isWhole: whether the evidence is a whole line, as it is read.
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

    /// Passes over a line in which nothing matters but when it was written, and by whom.
    mutating func pass(_ entry: LogEntry) {
        process = (process.wrapper ?? entry.process.wrapper, process.own ?? entry.process.own)
        guard let time = entry.time else { return }
        firstTime = firstTime ?? time
        // A panic has no clock of its own.
        lastTime = LogEntry.Time(own: time.own ?? lastTime?.own, wrapper: time.wrapper ?? lastTime?.wrapper)
    }

    mutating func passed(line: Int) { lastLine = line }

    /// Takes a piece of a long line of the process.
    mutating func take(more found: [Signal], _ evidence: Evidence) {
        for signal in found {
            if signal.meaning == .cause { cause = cause ?? evidence } else { forbid(signal, evidence, nil, isWhole: false) }
        }
    }

    mutating func count(_ bytes: Int) { crash?.trace.count(bytes) }

    /// Takes lines that another life gave up.
    mutating func take(_ released: [Held]) {
        for held in released {
            firstTime = firstTime ?? held.time
            forbidden.take(held.sighting, age: 0, isWhole: held.isWhole)
        }
    }

    /// Seconds from the first line that tells the time.
    func seconds(_ time: LogEntry.Time?) -> Double? {
        guard let time else { return nil }
        return firstTime.map { time.since($0) } ?? 0
    }

    private mutating func note(_ signal: Signal, _ found: [Signal], _ entry: LogEntry, _ evidence: Evidence, isWhole: Bool) {
        switch signal.meaning {
        case .kubelet:
            // What another program tells of a kubelet is not a kubelet's.
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

    /// Whether a line is kubelet's own word that it has started. systemd's, which begins alike, tells the unit's description too.
    static func isStart(_ entry: LogEntry, _ signal: Signal) -> Bool {
        guard signal.meaning == .started else { return false }
        return entry.form == .plain ? entry.saysOnly(signal.text) : entry.says(signal.text)
    }

    private mutating func noteFatal(_ entry: LogEntry, _ found: [Signal], _ evidence: Evidence) {
        guard mayEnd(entry), entry.severity == UInt8(ascii: "F") else { return }
        say(entry.form == .logrus ? Self.k3sEnd : Self.fatalLine, found, entry, evidence)
    }

    /// Whether a line's word of the end would count: nobody has said so yet, or only a line that may be a quotation, and this one is none.
    private func mayEnd(_ entry: LogEntry) -> Bool { said == nil || doubts != nil && Self.isHeaded(entry) }

    private static func isHeaded(_ entry: LogEntry) -> Bool { entry.form == .klog || entry.form == .document }

    private mutating func say(_ signal: Signal, _ found: [Signal], _ entry: LogEntry, _ evidence: Evidence) {
        // Who is stopped may say so loudly.
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
        // With the beginning known, all that came so far came before the start.
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

    /// No start comes any more.
    mutating func settle() {
        for held in held { settle(held) }
        held = []
    }

    private mutating func settle(_ held: Held) { forbidden.take(held.sighting, age: held.age, isWhole: held.isWhole) }

    /// Seconds since the node's start; zero or less before it.
    private func age(_ time: LogEntry.Time) -> Double? {
        if let startTime { return time.since(startTime) }
        // A log of which the beginning is missing: its first line stands for the start.
        guard started == nil else { return nil }
        return firstTime.flatMap { time.since($0) }
    }
}

extension LogRun.Beginning {
    /// Reads a line that comes once in a life: kubelet's version, or k3s' own first word. The other parts of Kubernetes within k3s tell their version
    /// too, each in a line of its own.
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

    /// `v1.20.8+k3s1`, wherever the line tells it.
    private static func version(in said: ArraySlice<UInt8>) -> [UInt8] {
        let text = said.prefix(256)
        let start = text.indices.first { text[$0] == UInt8(ascii: "v") && LogLine.number(text, $0 + 1, 1) != nil }
        return start.map { Array(text[$0...].prefix { LogLine.isWord($0) || ".+-".utf8.contains($0) }) } ?? []
    }

    /// What such lines begin with.
    static let words = ["Version: v", "Kubelet version", "Starting k3s "].map { Array($0.utf8) }
}
