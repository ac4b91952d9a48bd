/// A line of a recorded log: its writer, severity, time and message.
package struct LogEntry {
    /// The format in which a program writes its lines.
    package enum Form { case klog, document, logrus, plain }

    /// When a line was written, according to the program and to its wrapper. Times from clocks of two kinds cannot be compared.
    package struct Time: Hashable {
        package var own: LogLine.Stamp?
        package var wrapper: LogLine.Stamp?

        package init(own: LogLine.Stamp?, wrapper: LogLine.Stamp?) { (self.own, self.wrapper) = (own, wrapper) }

        /// Seconds since an earlier time; nil if they have no clock in common.
        package func since(_ other: Time) -> Double? {
            own.flatMap { own in other.own.flatMap { own.since($0) } }
                ?? wrapper.flatMap { wrapper in other.wrapper.flatMap { wrapper.since($0) } }
        }
    }

    package let voice: LogVoice
    /// What precedes the program's own header and is not a known wrapper.
    package let prefix: LinePrefix
    /// The process ID, according to the wrapper and to klog's header.
    package let process: (wrapper: Int?, own: Int?)
    package let form: Form
    /// The klog letter `I`, `W`, `E` or `F`, also for the other formats; nil if the line has no severity.
    package let severity: UInt8?
    /// nil if unknown.
    package let time: Time?
    /// What the program wrote, including its header.
    package let text: [UInt8]
    /// The offset of the message in the text.
    package let message: Int
    /// The offset in the whole line of the program's header, and of the constant part of the wrapper before it; nil if other lines of the
    /// same writer may look different.
    package let shape: (header: Int, fixed: Int)?

    /// Parses the text in a wrapper.
    ///
    /// - Parameter learned: unknown prefixes that preceded headers earlier in this log.
    package init(_ wrapper: LineWrapper, learned: [LinePrefix]) {
        voice = LogVoice(name: wrapper.name, isContainer: wrapper.isContainer)
        let read = LogLine(wrapper.text)
        var text = wrapper.text
        var (prefix, skipped) = (LinePrefix.none, 0)
        if let header = read.header, header > 0, voice.isOpen {
            prefix = LinePrefix(wrapper.text[..<header])
            (text, skipped) = (Array(wrapper.text[header...]), header)
        } else if read.header == nil, voice.isOpen, let known = learned.first(where: { $0.text(of: wrapper.text) != nil }) {
            (prefix, text) = (known, known.text(of: wrapper.text) ?? text)
        }
        self.prefix = prefix
        let own: LogLine.Stamp?
        let isHeaded = read.header != nil && (read.header == 0 || skipped > 0)
        if isHeaded {
            form = read.isDocument ? .document : .klog
            (severity, own, message) = (read.severity, read.stamp, max(0, read.message - skipped))
        } else if let logrus = Logrus(text) {
            form = .logrus
            (severity, own, message) = (logrus.severity, logrus.stamp, logrus.message)
            text = logrus.text
        } else {
            form = .plain
            (severity, own, message) = (nil, nil, Self.unheaded(text))
        }
        process = (wrapper.process, isHeaded ? read.process : nil)
        time = own == nil && wrapper.stamp == nil ? nil : Time(own: own, wrapper: wrapper.stamp)
        let isEven = isHeaded || form == .logrus && text.starts(with: "time=\"".utf8) && severity == UInt8(ascii: "I")
        shape = isEven ? wrapper.start.map { ($0 + skipped, wrapper.fixed) } : nil
        self.text = text
    }

    /// Whether the program itself says a text rather than quoting it: its message begins with the text. cobra writes `Error: ` before it.
    package func says(_ words: [UInt8]) -> Bool {
        let said = text[min(message, text.count)...]
        if said.starts(with: words) { return true }
        switch form {
        case .klog: return said.first == UInt8(ascii: "\"") && said.dropFirst().starts(with: words)
        case .document, .logrus: return false
        case .plain: return ["Error: ", "error: ", "\""].contains { said.starts(with: $0.utf8 + words) }
        }
    }

    /// Whether words that only one program writes are the line's own: a file name in its header or near the start of its message. The words
    /// of an error may be anywhere.
    package func hasOwn(_ words: [UInt8]) -> Bool {
        guard let place = LogLine.place(of: words, in: text) else { return false }
        if words.suffix(Self.goFile.count).elementsEqual(Self.goFile) { return form == .klog && place < message }
        return severity == UInt8(ascii: "E") || severity == UInt8(ascii: "F") || place <= message + 2
    }

    /// Whether the program says this text and nothing else.
    package func saysOnly(_ words: [UInt8]) -> Bool {
        text[min(message, text.count)...].filter { $0 != UInt8(ascii: "\"") }.elementsEqual(words)
    }

    /// The offset of the message in a line with an incomplete header: after `file.go:12] `, near the line's beginning.
    private static func unheaded(_ text: [UInt8]) -> Int {
        guard let mark = LogLine.place(of: goFile, in: text, within: 128) else { return 0 }
        let digits = text[(mark + goFile.count)...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        let end = digits.endIndex
        return !digits.isEmpty && text[...].has("]", at: end) && text[...].has(" ", at: end + 1) ? end + 2 : 0
    }

    private static let goFile = Array(".go:".utf8)
}

/// A line in logrus format (sirupsen/logrus, text_formatter.go and json_formatter.go): fields, colored for a terminal, or a JSON document.
package struct Logrus {
    package let severity: UInt8?
    package let stamp: LogLine.Stamp?
    package let text: [UInt8]
    package let message: Int

    /// nil for a line in another format.
    package init?(_ line: [UInt8]) {
        if let fields = Self.fields(line) {
            self = fields
        } else if let colored = Self.colored(line) {
            self = colored
        } else {
            guard let document = Self.document(line) else { return nil }
            self = document
        }
    }

    private init(level: ArraySlice<UInt8>, time: ArraySlice<UInt8>, text: [UInt8], message: Int) {
        severity = Self.severity(level)
        stamp = LogLine.iso(time.prefix(40)).map { .init(clock: .iso, seconds: $0) }
        self.text = text
        self.message = message
    }

    /// The klog letter for a level, from the level's first letters: a terminal gets at most four.
    private static func severity(_ level: ArraySlice<UInt8>) -> UInt8? {
        guard level.count >= 4 else { return nil }
        switch level.prefix(4).map({ $0 | 0x20 }) {
        case Array("trac".utf8), Array("debu".utf8), Array("info".utf8): return UInt8(ascii: "I")
        case Array("warn".utf8): return UInt8(ascii: "W")
        case Array("erro".utf8): return UInt8(ascii: "E")
        case Array("fata".utf8), Array("pani".utf8): return UInt8(ascii: "F")
        default: return nil
        }
    }

    /// `time="…" level=fatal msg="…"`, with or without the time.
    private static func fields(_ line: [UInt8]) -> Logrus? {
        var place = 0
        var time: ArraySlice<UInt8> = []
        if line.starts(with: "time=".utf8) {
            let isQuoted = line[...].has("\"", at: 5)
            let start = isQuoted ? 6 : 5
            time = line[start...].prefix(64).prefix { $0 != UInt8(ascii: isQuoted ? "\"" : " ") }
            place = time.endIndex + (isQuoted ? 2 : 1)
        }
        guard place < line.count, line[place...].starts(with: "level=".utf8) else { return nil }
        let level = line[(place + 6)...].prefix { $0 != UInt8(ascii: " ") }
        let mark = Array("msg=".utf8)
        // Without a time, the message must follow the level directly. Otherwise the words are someone else's.
        guard place > 0 || line[level.endIndex...].dropFirst().starts(with: mark) else { return nil }
        var message = line.count
        if let found = LogLine.place(of: mark, in: line) {
            message = found + mark.count
            if line[...].has("\"", at: message) { message += 1 }
        }
        return Logrus(level: level, time: time, text: line, message: message)
    }

    /// `FATA[0003] …` and `FATA[2021-06-12T10:53:02Z] …`.
    private static func colored(_ line: [UInt8]) -> Logrus? {
        guard line.count > 6, line[4] == UInt8(ascii: "["), line[..<4].allSatisfy({ (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }),
            severity(line[..<4]) != nil,
            let end = line.prefix(64).firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        let message = line[(end + 1)...].firstIndex { $0 != UInt8(ascii: " ") } ?? line.count
        return Logrus(level: line[..<4], time: line[5..<end], text: line, message: message)
    }

    private static func document(_ line: [UInt8]) -> Logrus? {
        guard line.first == UInt8(ascii: "{"), let object = FlatObject(line[...], keys: ["level", "msg", "time"]),
            let level = object.values["level"], let text = object.values["msg"]
        else { return nil }
        return Logrus(level: level[...], time: (object.values["time"] ?? [])[...], text: text, message: 0)
    }
}
