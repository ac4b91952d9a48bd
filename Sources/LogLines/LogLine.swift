import Glibc
import Model

/// The severity, time and process of a line of a node's log.
package struct LogLine {
    /// The letter of klog's header: `I`, `W`, `E` or `F`; nil in a line without a header. A JSON document distinguishes only `I` and `E`.
    package let severity: UInt8?
    /// When the line was written, on one of several clocks that cannot be compared; nil if it has no time.
    package let stamp: Stamp?
    /// The offset of klog's header or JSON document; nil in a line without one.
    package let header: Int?
    /// The process ID in klog's header; nil in a line without one.
    package let process: Int?
    /// The offset of the message after the header; zero in a line without a header.
    package let message: Int
    /// Whether the line is a JSON document, as kubelet writes with `--logging-format=json`.
    package let isDocument: Bool

    /// A date and time in the log's own time zone.
    package struct Stamp: Hashable {
        /// What the seconds are counted from; `boot` is the machine's own start.
        package enum Clock { case klog, iso, epoch, boot }

        package let clock: Clock
        let seconds: Double

        /// Seconds since an earlier stamp; nil if the clocks differ. klog writes no year, so New Year does not count as a step back.
        package func since(_ other: Stamp) -> Double? {
            guard clock == other.clock else { return nil }
            let difference = seconds - other.seconds
            return difference < -180 * 86_400 ? difference + 365 * 86_400 : difference
        }
    }

    /// Parses a line. The header may follow a prefix, because journald, Docker and k3s write something before it.
    package init(_ line: [UInt8]) {
        let head = line.prefix(256)
        let document = Self.document(in: head)
        // The one that comes first is the line's own; the other is a quotation.
        for start in head[..<(document ?? head.endIndex)].indices
        where Self.isSeverity(head[start]) && (start == 0 || !Self.isWord(head[start - 1])) {
            guard let seconds = Self.klog(head, at: start + 1) else { continue }
            isDocument = false
            severity = head[start]
            stamp = Stamp(clock: .klog, seconds: seconds)
            header = start
            (process, message) = Self.introduction(head, after: start + 20)
            return
        }
        if let start = document {
            isDocument = true
            // Errors have no verbosity.
            severity = Self.contains(line, Self.verbosity) ? UInt8(ascii: "I") : UInt8(ascii: "E")
            stamp = Self.milliseconds(head, at: start + Self.documentBeginning.count).map { Stamp(clock: .epoch, seconds: $0 / 1000) }
            (header, process) = (start, nil)
            message = Self.place(of: Self.documentMessage, in: line).map { $0 + Self.documentMessage.count } ?? line.count
            return
        }
        isDocument = false
        severity = nil
        stamp = Self.iso(head).map { Stamp(clock: .iso, seconds: $0) }
        (header, process, message) = (nil, nil, 0)
    }

    /// Whether a line contains some bytes.
    package static func contains(_ line: [UInt8], _ text: [UInt8]) -> Bool { place(of: text, in: line) != nil }

    /// The offset of the first occurrence of some bytes, completely within the first `limit` bytes of the line; nil if there is none.
    package static func place(of text: [UInt8], in line: [UInt8], within limit: Int = .max) -> Int? {
        let count = min(line.count, limit)
        guard let first = text.first, count >= text.count else { return text.isEmpty ? 0 : nil }
        return line.withUnsafeBufferPointer { line in
            text.withUnsafeBufferPointer { text in
                guard let start = line.baseAddress, let wanted = text.baseAddress else { return nil }
                var place = start
                let last = place + (count - text.count)
                // The C library's memchr scans a line faster than a Swift loop.
                while place <= last, let found = memchr(place, Int32(first), last - place + 1) {
                    let here = UnsafePointer(found.assumingMemoryBound(to: UInt8.self))
                    if memcmp(found, wanted, text.count) == 0 { return here - start }
                    place = here + 1
                }
                return nil
            }
        }
    }

    /// The readings of a line to search for a text. The first omits what a terminal does not show: control characters, escape sequences
    /// (ECMA-48) and zero-width characters. If there are any, a second omits only those characters, because an escape sequence may swallow
    /// the beginning of a word. Most lines have none of them and are their own only reading.
    package static func readings(_ line: [UInt8]) -> [[UInt8]] {
        guard line.contains(where: isSuspect) else { return [line] }
        return [visible(line, escape: escape), visible(line, escape: coloring), visible(line) { _ in 1 }]
    }

    /// The letters and digits of a line.
    package static func letters(_ line: [UInt8]) -> [UInt8] { line.filter(isWord) }

    /// The length of an escape sequence that begins with `ESC [` or `ESC ]`. Of any other sequence only the first byte is dropped, because
    /// the next may belong to a word.
    private static func coloring(_ bytes: ArraySlice<UInt8>) -> Int {
        guard let second = bytes.dropFirst().first, "[]".utf8.contains(second) else { return 1 }
        return escape(bytes)
    }

    private static func visible(_ line: [UInt8], escape: (ArraySlice<UInt8>) -> Int) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(line.count)
        var place = line.startIndex
        while place < line.endIndex {
            if let length = hidden(line[place...], escape: escape) {
                place += length
            } else {
                result.append(line[place])
                place += 1
            }
        }
        return result
    }

    /// Whether a byte may begin hidden text. Bytes that also begin other text (0xC2, 0xE2, 0xEF in UTF-8) are checked further.
    package static func isSuspect(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 0x09 || byte == 0x7F || byte == 0xC2 || byte == 0xE2 || byte == 0xEF
    }

    /// The number of hidden bytes at the beginning; nil if the first byte is visible.
    private static func hidden(_ bytes: ArraySlice<UInt8>, escape: (ArraySlice<UInt8>) -> Int) -> Int? {
        guard let first = bytes.first, isSuspect(first) else { return nil }
        if first == 0x1B { return escape(bytes) }
        if first < 0x80 { return 1 }
        let next = bytes.dropFirst().prefix(2)
        guard let second = next.first else { return nil }
        // C1 controls and the soft hyphen.
        if first == 0xC2 { return (0x80...0x9F).contains(second) || second == 0xAD ? 2 : nil }
        guard let third = next.dropFirst().first else { return nil }
        switch (first, second) {
        // U+200B to U+200F, U+202A to U+202E; U+2060 to U+206F; U+FEFF.
        case (0xE2, 0x80): return (0x8B...0x8F).contains(third) || (0xAA...0xAE).contains(third) ? 3 : nil
        case (0xE2, 0x81): return (0xA0...0xAF).contains(third) ? 3 : nil
        case (0xEF, 0xBB): return third == 0xBF ? 3 : nil
        default: return nil
        }
    }

    /// The length of an escape sequence: `ESC [` up to its final byte, `ESC ]` up to BEL or `ESC \`, any other up to its final byte.
    private static func escape(_ bytes: ArraySlice<UInt8>) -> Int {
        let start = bytes.startIndex
        let body = bytes.dropFirst(2)
        switch bytes.dropFirst().first {
        case UInt8(ascii: "["):
            guard let end = body.firstIndex(where: { !(0x20...0x3F).contains($0) }) else { return 2 }
            return (0x40...0x7E).contains(bytes[end]) ? end - start + 1 : end - start
        // Strings to a terminal: DCS, SOS, PM, APC and OSC.
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
            guard let end = body.firstIndex(where: { $0 == 0x07 || $0 == 0x1B }) else { return 2 }
            return bytes[end] == 0x07 ? end - start + 1 : min(end - start + 2, bytes.count)
        case (0x20...0x2F)?:
            guard let end = body.firstIndex(where: { !(0x20...0x2F).contains($0) }) else { return 2 }
            return end - start + 1
        case (0x30...0x7E)?: return 2
        default: return 1
        }
    }

    /// Whether the message begins with some bytes, with or without quotes: structured klog lines quote their message.
    package func begins(_ line: [UInt8], with text: [UInt8]) -> Bool {
        let said = line.dropFirst(message)
        return said.starts(with: text) || said.first == UInt8(ascii: "\"") && said.dropFirst().starts(with: text)
    }

    /// The beginning, message key and verbosity key of a JSON document (k8s.io/component-base/logs/json: zap, with these key names).
    private static let documentBeginning = Array("{\"ts\":".utf8)
    private static let documentMessage = Array("\"msg\":\"".utf8)
    private static let verbosity = Array(",\"v\":".utf8)

    /// Whether a line begins like a klog JSON document.
    package static func isDocument(_ line: some Sequence<UInt8>) -> Bool { line.starts(with: documentBeginning) }

    /// The offset of a JSON document, at the line's beginning or after a prefix from journald, Docker and others; nil if there is none.
    private static func document(in head: ArraySlice<UInt8>) -> Int? {
        guard head.contains(UInt8(ascii: "{")) else { return nil }
        return place(of: documentBeginning, in: Array(head))
    }

    /// Milliseconds since 1970, with a fraction.
    package static func milliseconds(_ bytes: ArraySlice<UInt8>, at start: Int) -> Double? {
        let digits = bytes.dropFirst(start).prefix { $0 == UInt8(ascii: ".") || $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return digits.count <= 24 ? Double(String(decoding: digits, as: UTF8.self)) : nil
    }

    /// Parses what stands between the time and the message in klog's header: `  threadid file:line] ` (klog, klog.go; threadid is the
    /// process ID).
    private static func introduction(_ head: ArraySlice<UInt8>, after time: Int) -> (process: Int?, message: Int) {
        var place = time
        while head.indices.contains(place), head[place] != UInt8(ascii: " ") { place += 1 }
        while head.has(" ", at: place) { place += 1 }
        var process: Int?
        while place < head.endIndex, let digit = number(head, place, 1) {
            process = ((process ?? 0) * 10 + digit) % 100_000_000
            place += 1
        }
        while head.indices.contains(place), !(head.has("]", at: place) && head.has(" ", at: place + 1)) { place += 1 }
        return (process, min(place + 2, head.endIndex))
    }

    package static func isSeverity(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "I") || byte == UInt8(ascii: "W") || byte == UInt8(ascii: "E") || byte == UInt8(ascii: "F")
    }

    /// `mmdd hh:mm:ss.uuuuuu`, from klog's header `Lmmdd hh:mm:ss.uuuuuu threadid file:line] msg` (klog, klog.go).
    package static func klog(_ bytes: ArraySlice<UInt8>, at start: Int) -> Double? {
        guard let month = number(bytes, start, 2), let day = number(bytes, start + 2, 2), bytes.has(" ", at: start + 4),
            let time = timeOfDay(bytes, at: start + 5)
        else { return nil }
        return instant(month: month, day: day, time)
    }

    /// `YYYY-MM-DDThh:mm:ss`, as logrus, docker and containerd write it (RFC 3339).
    package static func iso(_ bytes: ArraySlice<UInt8>) -> Double? {
        for place in bytes.indices where bytes.has("T", at: place) && place >= 10 {
            guard let month = number(bytes, place - 5, 2), let day = number(bytes, place - 2, 2), bytes.has("-", at: place - 3),
                bytes.has("-", at: place - 6), let time = timeOfDay(bytes, at: place + 1)
            else { continue }
            return instant(month: month, day: day, time)
        }
        return nil
    }

    /// `.123456789`, in seconds. Millisecond precision is sufficient.
    package static func fraction(_ bytes: ArraySlice<UInt8>, at place: Int) -> Double {
        bytes.has(".", at: place) ? Double(number(bytes, place + 1, 3) ?? 0) / 1000 : 0
    }

    package static func timeOfDay(_ bytes: ArraySlice<UInt8>, at start: Int) -> Double? {
        guard let hour = number(bytes, start, 2), let minute = number(bytes, start + 3, 2), let second = number(bytes, start + 6, 2),
            bytes.has(":", at: start + 2), bytes.has(":", at: start + 5)
        else { return nil }
        let fraction = bytes.has(".", at: start + 8) ? number(bytes, start + 9, 3) ?? 0 : 0
        return Double(hour * 3600 + minute * 60 + second) + Double(fraction) / 1000
    }

    package static func instant(month: Int, day: Int, _ time: Double) -> Double? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        return Double(before[month - 1] + day - 1) * 86_400 + time
    }

    package static func number(_ bytes: ArraySlice<UInt8>, _ start: Int, _ count: Int) -> Int? {
        guard start >= bytes.startIndex, start + count <= bytes.endIndex else { return nil }
        var value = 0
        for byte in bytes[start..<(start + count)] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    package static func isWord(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
    }
}

extension ArraySlice<UInt8> {
    /// Whether a byte is at an offset, which may be out of bounds.
    package func has(_ character: Unicode.Scalar, at place: Int) -> Bool {
        indices.contains(place) && self[place] == UInt8(ascii: character)
    }
}
