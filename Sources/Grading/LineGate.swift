/// Keeps back the lines of a log that look like the last ones: of the same process, with the same wrapper, in order of time. What such a line says is
/// looked for by itself; most say nothing that matters.
struct LineGate: Sendable {
    /// How the lines of a process look.
    private struct Look: Sendable {
        /// Where the time is, as it is written: of the same width in each line, and in the order of time.
        let start: Int
        var time: [UInt8]
        /// What stands right before it and is always the same: the end of the wrapper's, and the beginning of the header's.
        let before: [UInt8]
        /// Whether the byte between the two is a severity of klog's, which may change.
        let hasSeverity: Bool
        /// What stands right behind it: klog's number of the process, or the level of a line of logrus.
        let behind: [UInt8]
        let run: Int
        /// Whether the process is known to be a node's.
        let isNode: Bool
    }

    private var looks: [Look] = []
    /// Whose the last line was that was kept back.
    private(set) var lastRun: Int?
    /// Several processes may write in turns.
    private static let mostLooks = 3

    /// Lets everything through, until it has learned anew.
    mutating func close() { looks = [] }

    /// Lets the lines of a run through, until it has learned anew.
    mutating func forget(_ run: Int) { looks.removeAll { $0.run == run } }

    /// Learns how a line looks.
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

    /// Whether a line looks like one that was learned, and is no older; nil when it does not, and else whether it is of a process that is known to be a node's.
    mutating func isNodes(_ line: [UInt8]) -> Bool? {
        for index in looks.indices where Self.isLike(looks[index], line) {
            let start = looks[index].start
            for offset in looks[index].time.indices { looks[index].time[offset] = line[start + offset] }
            lastRun = looks[index].run
            return looks[index].isNode
        }
        return nil
    }

    /// ` 12345 `: klog gives the number seven columns.
    private static let processWidth = 9

    /// Where a time begins, behind the beginning of the program's own line, and how many bytes of it tell the order.
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
        // A line of Docker's has an end at 16 KiB, and goes on in the next.
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

    /// Whether a time is written with digits where the earlier one is, and is no less.
    private static func isInOrder(_ earlier: [UInt8], _ later: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var order = 0
        for (one, two) in zip(earlier, later) {
            guard isDigit(one) == isDigit(two), isDigit(one) || one == two else { return false }
            if order == 0, one != two { order = one < two ? 1 : -1 }
        }
        return order >= 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    /// Whether a line has nothing that may be hidden from a reader (``LogLine/readings(_:)``).
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

    /// Each of eight bytes is one.
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// A byte's highest bit where any of eight bytes is zero (Mycroft's test); other bits say nothing.
    private static func hasZero(_ bytes: UInt64) -> UInt64 { (bytes &- ones) & ~bytes }
}
