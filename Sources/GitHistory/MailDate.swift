import Glibc

/// The time of a commit, with the author's time zone.
package struct MailDate: Hashable, Sendable, CustomStringConvertible {
    /// Seconds since 1970.
    package let seconds: Int64
    /// The time zone, in minutes east of UTC.
    package let offset: Int

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// A time in a time zone. A time zone that does not exist becomes UTC.
    package init(seconds: Int64, offset: Int = 0) {
        self.seconds = seconds
        self.offset = abs(offset) <= 14 * 60 ? offset : 0
    }

    /// Parses the date of a mail, such as `Thu, 26 Nov 2026 10:00:00 +0100` (RFC 5322, 3.3); nil for anything else.
    package init?(_ text: String) {
        let form = /\s*(?:[A-Za-z]{3},)?\s*(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{2}):(\d{2})(?::(\d{2}))?\s+([+-])(\d{2})(\d{2})\b.*/
        guard let found = text.wholeMatch(of: form), let month = Self.months.firstIndex(of: found.2.capitalizedWord),
            let day = Int32(found.1), let year = Int32(found.3), let hour = Int32(found.4), let minute = Int32(found.5),
            let second = found.6.map({ Int32($0) }) ?? 0, let zoneHours = Int(found.8), let zoneMinutes = Int(found.9)
        else { return nil }
        let offset = (zoneHours * 60 + zoneMinutes) * (found.7 == "-" ? -1 : 1)
        guard (1...31).contains(day), hour < 24, minute < 60, second <= 60, zoneMinutes < 60, abs(offset) <= 14 * 60,
            let local = Self.seconds(year, Int32(month), day, hour, minute, second)
        else { return nil }
        self.init(seconds: local - Int64(offset) * 60, offset: offset)
    }

    /// Parses a day, such as `2026-11-26`, as its first second in UTC; nil for anything else.
    package init?(day text: String) {
        guard let found = text.wholeMatch(of: /\s*(\d{4})-(\d{2})-(\d{2})\s*/), let year = Int32(found.1), let month = Int32(found.2),
            let day = Int32(found.3), (1...12).contains(month), (1...31).contains(day),
            let seconds = Self.seconds(year, month - 1, day, 0, 0, 0)
        else { return nil }
        self.init(seconds: seconds)
    }

    private static func seconds(_ year: Int32, _ month: Int32, _ day: Int32, _ hour: Int32, _ minute: Int32, _ second: Int32) -> Int64? {
        guard (1970...9999).contains(year) else { return nil }
        var parts = tm()
        (parts.tm_year, parts.tm_mon, parts.tm_mday) = (year - 1900, month, day)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (hour, minute, second)
        return Int64(timegm(&parts))
    }

    /// The date format of RFC 5322, 3.3. strftime is not used because its names depend on the locale.
    package var description: String {
        var (time, parts) = (time_t(seconds + Int64(offset) * 60), tm())
        gmtime_r(&time, &parts)
        let day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
        let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { two(Int($0)) }.joined(separator: ":")
        let zone = "\(offset < 0 ? "-" : "+")\(two(abs(offset) / 60))\(two(abs(offset) % 60))"
        return "\(day), \(parts.tm_mday) \(Self.months[Int(parts.tm_mon)]) \(parts.tm_year + 1900) \(clock) \(zone)"
    }
}

extension Substring {
    fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst().lowercased() }
}
