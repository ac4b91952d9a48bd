/// What other software wrote around a program's line: journald, syslog, a container runtime, Docker, compose, kubectl, a CI runner. There
/// may be several layers.
package struct LineWrapper {
    /// The writer according to the wrapper: the name of a program, container or unit; empty if there is none.
    package private(set) var name: [UInt8] = []
    /// Whether the name is a container's, which does not identify the program in it.
    package private(set) var isContainer = false
    /// The process ID according to the wrapper.
    package private(set) var process: Int?
    /// The time according to the wrapper.
    package private(set) var stamp: LogLine.Stamp?
    /// What the program itself wrote.
    package private(set) var text: [UInt8] = []
    /// For a wrapper that splits long lines: the program's output stream.
    package private(set) var stream: [UInt8]?
    /// Whether the program's line continues in the wrapper's next line of the same stream.
    package private(set) var isPartial = false
    /// The offset of the text in the whole line; nil if unknown.
    package private(set) var start: Int?
    /// The end of the wrapper's time in the whole line. The bytes from there to the text are the same in the program's next line.
    package private(set) var fixed = 0
    /// Whether the text was a string in a JSON document.
    package private(set) var isQuoted = false
    /// Whether the text is encoded as a list of numbers, which a reader cannot read.
    package private(set) var isEncoded = false

    /// The maximum number of layers to remove.
    private static let mostLayers = 4

    /// Parses a line.
    package init(_ line: [UInt8]) {
        var rest = line[...]
        for _ in 0..<Self.mostLayers {
            guard let inner = unwrap(rest) else { break }
            rest = inner
        }
        text = Array(rest)
        start = isQuoted ? (line.starts(with: Self.dockerBeginning) ? Self.dockerBeginning.count : nil) : line.count - text.count
    }

    /// Creates a copy of a wrapper with another text, for a line that came in parts.
    package init(_ other: LineWrapper, text: [UInt8]) {
        self = other
        self.text = text
        (isPartial, start) = (false, nil)
    }

    /// Appends a part of the text.
    package mutating func append(_ part: [UInt8]) { text += part }

    /// Removes one layer; nil if there is none.
    private mutating func unwrap(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        // Once the program is known, the rest is the program's own text.
        guard let first = line.first, !LogVoice(name: name, isContainer: isContainer).isKnown else { return nil }
        switch first {
        case UInt8(ascii: "{"): return isQuoted ? nil : document(line)
        case UInt8(ascii: "["): return pod(line) ?? monotonic(line)
        case UInt8(ascii: "<"): return priority(line)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return precise(line) ?? unix(line) ?? compose(line)
        default: return traditional(line) ?? full(line) ?? compose(line)
        }
    }

    // MARK: Times

    /// `2026-11-23T12:00:07.123+0000 `: journald's short-iso format, a container runtime, Docker, kubectl, or a CI runner with timestamps.
    private mutating func precise(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard line.count > 20, line.has("T", at: line.startIndex + 10), let seconds = LogLine.iso(line.prefix(20)) else { return nil }
        var place = line.startIndex + 19
        while place < line.endIndex, line[place] != Self.blank {
            guard place - line.startIndex < 40, line[place] < 0x3B || line[place] == UInt8(ascii: "Z") else { return nil }
            place += 1
        }
        guard place < line.endIndex else { return nil }
        note(.init(clock: .iso, seconds: seconds + LogLine.fraction(line, at: line.startIndex + 19)), line, end: place)
        let rest = line[(place + 1)...]
        return container(rest) ?? origin(rest, isSure: false) ?? rest
    }

    /// `1700000000.123456 host name[1]: `: journald's short-unix format.
    private mutating func unix(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let digits = line.prefix { $0 == UInt8(ascii: ".") || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard digits.count >= 12, digits.count <= 24, line.has(" ", at: digits.endIndex), digits.contains(UInt8(ascii: ".")),
            let seconds = Double(String(decoding: digits, as: UTF8.self))
        else { return nil }
        return timed(line, .init(clock: .epoch, seconds: seconds), end: digits.endIndex)
    }

    /// `[ 1234.567890] host name[1]: `: journald's short-monotonic format; without a name, the kernel's own.
    private mutating func monotonic(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = line.prefix(24).firstIndex(of: UInt8(ascii: "]")), line.has(" ", at: end + 1) else { return nil }
        let digits = line[(line.startIndex + 1)..<end].drop { $0 == Self.blank }
        guard name.isEmpty, digits.contains(UInt8(ascii: ".")), let seconds = Double(String(decoding: digits, as: UTF8.self)) else {
            return nil
        }
        note(.init(clock: .boot, seconds: seconds), line, end: end + 1)
        let rest = line[(end + 2)...]
        if let named = origin(rest, isSure: false) { return named }
        name = Array("kernel".utf8)
        return rest
    }

    /// `Nov 23 12:00:07 host name[1]: `: journald's short format, and syslog (RFC 3164).
    private mutating func traditional(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let start = line.startIndex
        guard line.count > 16, line.has(" ", at: start + 3), line.has(" ", at: start + 6),
            let month = Self.months.firstIndex(where: { line.starts(with: $0) }),
            let day = LogLine.number(line, start + (line.has(" ", at: start + 4) ? 5 : 4), line.has(" ", at: start + 4) ? 1 : 2),
            let time = LogLine.timeOfDay(line, at: start + 7), let seconds = LogLine.instant(month: month + 1, day: day, time)
        else { return nil }
        guard let end = line[(start + 15)...].prefix(12).firstIndex(of: Self.blank) else { return nil }
        return timed(line, .init(clock: .iso, seconds: seconds), end: end)
    }

    /// `Thu 2026-11-23 12:00:07 UTC host name[1]: `: journald's short-full and with-unit formats.
    private mutating func full(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let start = line.startIndex
        guard line.count > 28, line.has(" ", at: start + 3), line.has("-", at: start + 8), line.has("-", at: start + 11),
            line.has(" ", at: start + 14), let month = LogLine.number(line, start + 9, 2), let day = LogLine.number(line, start + 12, 2),
            let time = LogLine.timeOfDay(line, at: start + 15), let seconds = LogLine.instant(month: month, day: day, time),
            let zone = line[(start + 23)...].prefix(16).firstIndex(of: Self.blank),
            let end = line[(zone + 1)...].prefix(16).firstIndex(of: Self.blank)
        else { return nil }
        return timed(line, .init(clock: .iso, seconds: seconds), end: end)
    }

    private mutating func timed(_ line: ArraySlice<UInt8>, _ stamp: LogLine.Stamp, end: Int) -> ArraySlice<UInt8>? {
        guard let rest = origin(line[min(end + 1, line.endIndex)...], isSure: true) else { return nil }
        note(stamp, line, end: end)
        return rest
    }

    private mutating func note(_ stamp: LogLine.Stamp, _ line: ArraySlice<UInt8>, end: Int) {
        self.stamp = self.stamp ?? stamp
        if !isQuoted { fixed = end }
    }

    // MARK: Names

    /// `host name[1]: `.
    ///
    /// - Parameter isSure: whether the time before it occurs only in logs of several programs. If not, a process ID or a known name is
    ///   required.
    private mutating func origin(_ line: ArraySlice<UInt8>, isSure: Bool) -> ArraySlice<UInt8>? {
        let host = line.prefix(256).prefix { $0 != Self.blank }
        guard name.isEmpty, !host.isEmpty, !host.contains(where: { ":[]{\"=".utf8.contains($0) }), line.has(" ", at: host.endIndex) else {
            return nil
        }
        let rest = line[(host.endIndex + 1)...]
        var place = rest.startIndex
        while place < rest.endIndex, place - rest.startIndex < 128, !"[: {\"=".utf8.contains(rest[place]) { place += 1 }
        let word = Array(rest[rest.startIndex..<place])
        guard !word.isEmpty else { return nil }
        var number: Int?
        if rest.has("[", at: place) {
            let digits = rest[(place + 1)...].prefix(10).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
            guard !digits.isEmpty, rest.has("]", at: digits.endIndex) else { return nil }
            number = Int(String(decoding: digits, as: UTF8.self))
            place = digits.endIndex + 1
        }
        guard rest.has(":", at: place), isSure || number != nil || LogVoice(name: word).isKnown else { return nil }
        place += 1
        if rest.has(" ", at: place) { place += 1 } else if place < rest.endIndex { return nil }
        (name, process, isContainer) = (word, number, false)
        return rest[place...]
    }

    /// `stdout F ` after the time, as a container runtime writes it (Kubernetes, the CRI logging format).
    private mutating func container(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let stream = ["stdout ", "stderr "].first(where: { line.starts(with: $0.utf8) }) else { return nil }
        let tags = line[(line.startIndex + stream.utf8.count)...].prefix(32).prefix { $0 != Self.blank }
        // A tag may be followed by others.
        guard let tag = tags.first, "FP".utf8.contains(tag), tags.count == 1 || tags.has(":", at: tags.startIndex + 1) else { return nil }
        self.stream = Array(stream.utf8)
        isPartial = tag == UInt8(ascii: "P")
        return line[min(tags.endIndex + 1, line.endIndex)...]
    }

    /// `name-1  | `, from Docker compose.
    private mutating func compose(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !isContainer else { return nil }
        let word = line.prefix(128).prefix { LogLine.isWord($0) || "-_.".utf8.contains($0) }
        var place = word.endIndex
        while line.has(" ", at: place), place - word.endIndex < 64 { place += 1 }
        guard !word.isEmpty, place > word.endIndex, line.has("|", at: place) else { return nil }
        guard line.has(" ", at: place + 1) || place + 1 == line.endIndex else { return nil }
        (name, isContainer) = (Array(word), true)
        return line[min(place + 2, line.endIndex)...]
    }

    /// `[pod/name/container] `, from `kubectl logs --prefix`.
    private mutating func pod(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !isContainer, line.starts(with: "[pod/".utf8), let end = line.prefix(400).firstIndex(of: UInt8(ascii: "]")),
            line.has(" ", at: end + 1)
        else {
            return nil
        }
        (name, isContainer) = (Array(line[(line.startIndex + 1)..<end]), true)
        return line[(end + 2)...]
    }

    /// `<30>`, and the rest of an RFC 5424 header: `1 TIME HOST NAME PID ID - `.
    private mutating func priority(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let digits = line.dropFirst().prefix(4).prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        guard !digits.isEmpty, digits.count < 4, line.has(">", at: digits.endIndex) else { return nil }
        let rest = line[(digits.endIndex + 1)...]
        guard rest.starts(with: "1 ".utf8) else { return rest }
        let words = rest.prefix(512).split(separator: Self.blank, maxSplits: 6, omittingEmptySubsequences: false)
        guard words.count == 7, words[1].has("T", at: words[1].startIndex + 10), let seconds = LogLine.iso(words[1]) else { return rest }
        note(.init(clock: .iso, seconds: seconds), line, end: words[1].endIndex)
        (name, process) = (Array(words[3]), Int(String(decoding: words[4], as: UTF8.self)))
        return structured(rest[words[6].startIndex...])
    }

    /// The text after the structured data of RFC 5424, which is `-` or elements in brackets.
    private func structured(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = line
        if rest.first == UInt8(ascii: "-") {
            rest = rest.dropFirst()
        } else {
            while rest.first == UInt8(ascii: "["), let end = rest.firstIndex(of: UInt8(ascii: "]")) { rest = rest[(end + 1)...] }
        }
        if rest.first == Self.blank { rest = rest.dropFirst() }
        return rest.starts(with: [0xEF, 0xBB, 0xBF]) ? rest.dropFirst(3) : rest
    }

    // MARK: Documents

    /// A line in a string of a JSON document: Docker's json-file (`log`), journald's json (`MESSAGE`), log collectors (`message`).
    private mutating func document(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard !LogLine.isDocument(line), let object = FlatObject(line, keys: Self.keys) else { return nil }
        let values = object.values
        guard values["level"] == nil || values["msg"] == nil,
            let message = ["log", "MESSAGE", "message"].lazy.compactMap({ values[$0] }).first
        else { return nil }
        if let time = values["time"], let seconds = LogLine.iso(time[...]) { stamp = stamp ?? .init(clock: .iso, seconds: seconds) }
        if let time = values["__REALTIME_TIMESTAMP"], let micros = Double(String(decoding: time, as: UTF8.self)) {
            stamp = stamp ?? .init(clock: .epoch, seconds: micros / 1e6)
        }
        if values["MESSAGE"] != nil {
            name = ["SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT"].lazy.compactMap { values[$0] }.first ?? name
            process =
                ["_PID", "SYSLOG_PID"].lazy.compactMap { values[$0].flatMap { Int(String(decoding: $0, as: UTF8.self)) } }.first ?? process
        }
        (isQuoted, isEncoded) = (true, object.hasList)
        let end = (message.lastIndex { $0 != 0x0A && $0 != 0x0D } ?? -1) + 1
        // Docker splits a line at 16 KiB, and only its last part ends in a line break.
        if values["log"] != nil { stream = values["stream"] ?? [] }
        isPartial = values["log"] != nil && object.isWhole && message.last != 0x0A && message.count >= Self.dockerPart
        // Colors and other characters that a terminal does not show may have been escaped.
        return LogLine.readings(Array(message[..<end]))[0][...]
    }

    /// The beginning of a Docker line; the text follows it.
    private static let dockerBeginning = Array("{\"log\":\"".utf8)
    private static let dockerPart = 1 << 14
    private static let keys: Set<String> = [
        "log", "time", "stream", "MESSAGE", "_PID", "SYSLOG_PID", "SYSLOG_IDENTIFIER", "_SYSTEMD_UNIT", "_COMM", "__REALTIME_TIMESTAMP",
        "message",
        "level", "msg",
    ]
    private static let blank = UInt8(ascii: " ")
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"].map { Array($0.utf8) }
}

/// The writer of a line, judged by the name in its wrapper.
package struct LogVoice: Hashable, Sendable {
    package let name: [UInt8]
    /// Users choose container names freely.
    package var isContainer = false

    package init(name: [UInt8], isContainer: Bool = false) {
        (self.name, self.isContainer) = (name, isContainer)
    }

    /// The usual program name, without a unit's suffix.
    private var program: String {
        let text = String(decoding: name.prefix(64), as: UTF8.self)
        return text.hasSuffix(".service") ? String(text.dropLast(8)) : text
    }

    /// Whether the line comes from the kernel or from the service manager.
    package var isSystem: Bool {
        guard !isContainer else { return false }
        let program = program
        return Self.systems.contains(program) || program.hasPrefix("systemd-") || program.hasPrefix("(")
    }

    /// Whether the program is one that a node runs as.
    package var isNode: Bool { !isContainer && Self.isNode(program) }

    /// Whether the line may come from a node because the writer is unnamed or the name is a container's.
    package var isOpen: Bool { name.isEmpty || isContainer }

    package var isKnown: Bool { isSystem || isNode }

    /// Whether a node's program or unit has this name, including snap names such as `snap.microk8s.daemon-kubelite`.
    package static func isNode(_ name: String) -> Bool {
        if ["hyperkube", "snap.kubelet.daemon", "k0s", "k0scontroller", "k0sworker"].contains(name) { return true }
        if ["k3s", "rke2"].contains(where: { name == $0 || name.hasPrefix("\($0)-") }) { return true }
        return ["kubelet", "kubelite"].contains { name == $0 || name.hasSuffix(".\($0)") || name.hasSuffix(".daemon-\($0)") }
    }

    private static let systems: Set<String> = ["systemd", "init", "init.scope", "kernel", "audit", "auditd", "audispd"]
}
