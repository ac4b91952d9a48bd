/// Selects the end of a log: its last lines, and the lines since a moment.
package struct LogSelection {
    /// The moment that the log is looked at, in UTC: seconds since the year's beginning and since 1970.
    package struct Moment: Sendable {
        let inYear: Double
        let epoch: Double

        /// - Parameters:
        ///   - month: from 1, and so is the day.
        ///   - time: seconds since midnight.
        ///   - epoch: seconds since 1970.
        package init?(month: Int, day: Int, time: Double, epoch: Double) {
            guard let inYear = LogLine.instant(month: month, day: day, time) else { return nil }
            (self.inYear, self.epoch) = (inYear, epoch)
        }

        /// How many seconds ago a line was written; nil if its time cannot be compared.
        func age(of stamp: LogLine.Stamp) -> Double? {
            switch stamp.clock {
            case .klog, .iso: LogLine.Stamp(clock: stamp.clock, seconds: inYear).since(stamp)
            case .epoch: epoch - stamp.seconds
            case .boot: nil
            }
        }
    }

    private let most: Int?
    private let since: (seconds: Double, now: Moment)?
    private var isOpen: Bool
    private var begun: [UInt8] = []
    private var lines: [[UInt8]] = []

    /// - Parameters:
    ///   - tail: the number of lines; nil for all.
    ///   - since: the greatest age of the first line in seconds, and the moment from which it is counted; nil for any.
    package init(tail: Int?, since: (seconds: Double, now: Moment)?) {
        most = tail
        self.since = since
        isOpen = since == nil
    }

    /// Takes the next piece of the log.
    package mutating func take(_ piece: [UInt8]) {
        for line in piece.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            add(begun + line)
            begun = []
        }
        begun += piece.suffix(while: { $0 != UInt8(ascii: "\n") })
    }

    /// What is selected of everything so far. A line without an end is the last.
    package mutating func taken() -> [UInt8] {
        if !begun.isEmpty { add(begun, isWhole: false) }
        begun = []
        defer { lines = [] }
        return Array((most.map { lines.suffix($0) } ?? lines[...]).joined())
    }

    private mutating func add(_ line: [UInt8], isWhole: Bool = true) {
        if !isOpen, let since, let stamp = stamp(of: line), let age = since.now.age(of: stamp) { isOpen = age <= since.seconds }
        guard isOpen else { return }
        lines.append(isWhole ? line + [UInt8(ascii: "\n")] : line)
        // Now and then, so that most lines are appended without moving the others.
        if let most, lines.count / 2 > max(most, 1000) { lines.removeFirst(lines.count - most) }
    }

    private func stamp(of line: [UInt8]) -> LogLine.Stamp? {
        let entry = LogEntry(LineWrapper(line), learned: [])
        return entry.time?.own ?? entry.time?.wrapper ?? LogLine(line).stamp
    }
}

extension [UInt8] {
    /// The bytes after the last one that does not satisfy a condition.
    fileprivate func suffix(while condition: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        self[(lastIndex { !condition($0) }.map { $0 + 1 } ?? startIndex)...]
    }
}
