import Glibc
import Model

/// What can be read off a line of a node's log: how bad its writer thinks it is, and when it was written.
struct LogLine {
    /// The letter of klog's header: `I`, `W`, `E` or `F`; nil in a line without one.
    let severity: UInt8?
    /// When it was written, on one of two clocks that cannot be compared; nil when it does not say.
    let stamp: Stamp?

    /// A time of day and year, in the log's own time zone.
    struct Stamp: Hashable {
        enum Clock { case klog, iso }

        let clock: Clock
        let seconds: Double

        /// Seconds since an earlier stamp; nil when the clocks are different ones. klog writes no year: New Year is no jump back.
        func since(_ other: Stamp) -> Double? {
            guard clock == other.clock else { return nil }
            let difference = seconds - other.seconds
            return difference < -180 * 86_400 ? difference + 365 * 86_400 : difference
        }
    }

    /// Reads a line. The header may stand anywhere near its beginning: journald, docker and k3s write something before it.
    init(_ line: [UInt8]) {
        let head = line.prefix(256)
        for start in head.indices where Self.severities.contains(head[start]) && (start == 0 || !Self.isWord(head[start - 1])) {
            guard let seconds = Self.klog(head, at: start + 1) else { continue }
            severity = head[start]
            stamp = Stamp(clock: .klog, seconds: seconds)
            return
        }
        severity = nil
        stamp = Self.iso(head).map { Stamp(clock: .iso, seconds: $0) }
    }

    /// Whether a line has some bytes in it.
    static func contains(_ line: [UInt8], _ text: [UInt8]) -> Bool {
        guard let first = text.first, line.count >= text.count else { return text.isEmpty }
        return line.withUnsafeBufferPointer { line in
            text.withUnsafeBufferPointer { text in
                guard var place = line.baseAddress, let wanted = text.baseAddress else { return false }
                let last = place + (line.count - text.count)
                // The C library's memchr skips a line faster than a loop of our own.
                while place <= last, let found = memchr(place, Int32(first), last - place + 1) {
                    if memcmp(found, wanted, text.count) == 0 { return true }
                    place = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) + 1
                }
                return false
            }
        }
    }

    private static let severities = Set("IWEF".utf8)

    /// `mmdd hh:mm:ss.uuuuuu`, from klog's header `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg` (klog, klog.go).
    private static func klog(_ bytes: ArraySlice<UInt8>, at start: Int) -> Double? {
        guard let month = number(bytes, start, 2), let day = number(bytes, start + 2, 2), bytes.has(" ", at: start + 4),
            let time = timeOfDay(bytes, at: start + 5)
        else { return nil }
        return instant(month: month, day: day, time)
    }

    /// `YYYY-MM-DDThh:mm:ss`, as logrus, docker and containerd write it (RFC 3339).
    private static func iso(_ bytes: ArraySlice<UInt8>) -> Double? {
        for place in bytes.indices where bytes.has("T", at: place) && place >= 10 {
            guard let month = number(bytes, place - 5, 2), let day = number(bytes, place - 2, 2), bytes.has("-", at: place - 3),
                bytes.has("-", at: place - 6), let time = timeOfDay(bytes, at: place + 1)
            else { continue }
            return instant(month: month, day: day, time)
        }
        return nil
    }

    private static func timeOfDay(_ bytes: ArraySlice<UInt8>, at start: Int) -> Double? {
        guard let hour = number(bytes, start, 2), let minute = number(bytes, start + 3, 2), let second = number(bytes, start + 6, 2),
            bytes.has(":", at: start + 2), bytes.has(":", at: start + 5)
        else { return nil }
        let fraction = bytes.has(".", at: start + 8) ? number(bytes, start + 9, 3) ?? 0 : 0
        return Double(hour * 3600 + minute * 60 + second) + Double(fraction) / 1000
    }

    private static func instant(month: Int, day: Int, _ time: Double) -> Double? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        return Double(before[month - 1] + day - 1) * 86_400 + time
    }

    private static func number(_ bytes: ArraySlice<UInt8>, _ start: Int, _ count: Int) -> Int? {
        guard start >= bytes.startIndex, start + count <= bytes.endIndex else { return nil }
        var value = 0
        for byte in bytes[start..<(start + count)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
    }
}

extension ArraySlice<UInt8> {
    fileprivate func has(_ character: Unicode.Scalar, at place: Int) -> Bool {
        indices.contains(place) && self[place] == UInt8(ascii: character)
    }
}
