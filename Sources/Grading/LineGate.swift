import LogLines

/// Holds back log lines that look like recent ones: same process, same wrapper, ascending time. Their text is searched separately; most of
/// them say nothing relevant.
struct LineGate: Sendable {
    /// What the lines of a process have in common.
    private struct Look: Sendable {
        /// The offset of the time. It has the same width in each line, and the times ascend.
        let start: Int
        var time: [UInt8]
        /// The constant bytes right before the time: the end of the wrapper and the beginning of the header.
        let before: [UInt8]
        /// Whether the byte between ``before`` and the time is a klog severity, which may vary.
        let hasSeverity: Bool
        /// The constant bytes right after the time: klog's process ID, or the level in a logrus line.
        let behind: [UInt8]
        let run: Int
        /// Whether the process is known to be a node's.
        let isNode: Bool
    }

    private var looks: [Look] = []
    /// The run of the last line that was held back.
    private(set) var lastRun: Int?
    /// Several processes may write alternately.
    private static let mostLooks = 3

    /// Lets every line through until the gate has learned again.
    mutating func close() { looks = [] }

    /// Lets the lines of a run through until the gate has learned again.
    mutating func forget(_ run: Int) { looks.removeAll { $0.run == run } }

    /// Learns the look of a line.
    mutating func learn(_ line: [UInt8], _ entry: LogEntry, _ shape: (header: Int, fixed: Int), run: LogRun) {
        let (lead, width) = Self.time(in: entry.form)
        let (start, hasSeverity) = (shape.header + lead, entry.form == .klog)
        let end = start + width
        let tail = entry.form == .klog ? Self.processWidth : entry.form == .logrus ? shape.header + entry.message - end : 0
        guard shape.fixed <= shape.header, tail >= 0, end + tail <= line.count else { return }
        let look = Look(
            start: start, time: Array(line[start..<end]), before: Array(line[shape.fixed..<(hasSeverity ? start - 1 : start)]),
            hasSeverity: hasSeverity, behind: Array(line[end..<(end + tail)]), run: run.order, isNode: run.isNode)
        looks.removeAll { $0.start == look.start && $0.before == look.before && $0.behind == look.behind }
        looks.insert(look, at: 0)
        if looks.count > Self.mostLooks { looks.removeLast() }
    }

    /// Returns nil unless the line looks like a learned one and is no older; otherwise, whether its process is known to be a node's.
    mutating func isNodes(_ line: [UInt8]) -> Bool? {
        for index in looks.indices where Self.isLike(looks[index], line) {
            let start = looks[index].start
            for offset in looks[index].time.indices { looks[index].time[offset] = line[start + offset] }
            lastRun = looks[index].run
            return looks[index].isNode
        }
        return nil
    }

    /// ` 12345 `: klog pads the process ID to seven columns.
    private static let processWidth = 9

    /// The offset of the time from the start of the program's own line, and the number of bytes that determine the order.
    private static func time(in form: LogEntry.Form) -> (lead: Int, width: Int) {
        switch form {
        case .klog, .plain: (1, "mmdd hh:mm:ss.uuuuuu".utf8.count)
        // Milliseconds since 1970 have thirteen digits until the year 2286.
        case .document: ("{\"ts\":".utf8.count, 13)
        case .logrus: ("time=\"".utf8.count, "yyyy-mm-ddThh:mm:ss".utf8.count)
        }
    }

    private static func isLike(_ look: Look, _ line: [UInt8]) -> Bool {
        let end = look.start + look.time.count
        // Docker splits a line at 16 KiB and continues it in the next one.
        guard line.count >= end + look.behind.count, line.count < 1 << 14 else { return false }
        return line.withUnsafeBufferPointer { line in
            let before = look.hasSeverity ? look.start - 1 : look.start
            if look.hasSeverity {
                let severity = line[before]
                guard severity != UInt8(ascii: "F"), LogLine.isSeverity(severity) else { return false }
            }
            return isPlain(line) && line[(before - look.before.count)..<before].elementsEqual(look.before)
                && line[end..<(end + look.behind.count)].elementsEqual(look.behind) && isInOrder(look.time, line[look.start..<end])
        }
    }

    /// Whether the later time has digits in the same positions as the earlier one and is not less.
    private static func isInOrder(_ earlier: [UInt8], _ later: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var order = 0
        for (one, two) in zip(earlier, later) {
            guard isDigit(one) == isDigit(two), isDigit(one) || one == two else { return false }
            if order == 0, one != two { order = one < two ? 1 : -1 }
        }
        return order >= 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// Whether a line contains no characters that may be hidden from a reader (``LogLine/readings(_:)``).
    private static func isPlain(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        var place = 0
        while place + 8 <= line.count {
            let bytes = UnsafeRawBufferPointer(line).loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let controls = (bytes &- ones &* 0x20) & ~bytes
            let others =
                hasZero(bytes ^ ones &* 0x7F) | hasZero(bytes ^ ones &* 0xC2) | hasZero(bytes ^ ones &* 0xE2)
                | hasZero(bytes ^ ones &* 0xEF)
            if (controls | others) & (ones &* 0x80) != 0 { return false }
            place += 8
        }
        return !line[place...].contains(where: LogLine.isSuspect)
    }

    /// The value 1 in each of the eight bytes.
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Sets the highest bit of a byte if any of the eight bytes is zero (Mycroft's test). The other bits have no meaning.
    private static func hasZero(_ bytes: UInt64) -> UInt64 { (bytes &- ones) & ~bytes }
}
