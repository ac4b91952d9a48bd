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

    /// Parses a date in the forms that git reads (git-commit(1), "DATE FORMATS"): that of a mail (RFC 5322, 3.3), git's
    /// own, ISO 8601, and seconds since 1970 with a time zone. Nil for anything else, and for a time without a time zone: it would depend on
    /// where it is read.
    package init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let found = Self.mail(words) ?? Self.git(words) ?? Self.iso(words) ?? Self.raw(words)
        guard let found else { return nil }
        self = found
    }

    /// `Thu, 26 Nov 2026 10:00:00 +0100 (CET)`.
    private static func mail(_ text: String) -> MailDate? {
        let form =
            /(?:[A-Za-z]{3},? )?(\d{1,2}) ([A-Za-z]{3,9}) (\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))? ([+-]\d{4}|[A-Za-z]{1,4})(?: \(.*\))?/
        guard let found = text.wholeMatch(of: form) else { return nil }
        return MailDate(found.3, month(found.2), found.1, (found.4, found.5, found.6 ?? "00"), zone: found.7)
    }

    /// `Thu Nov 26 10:00:00 2026 +0100`.
    private static func git(_ text: String) -> MailDate? {
        let form = /(?:[A-Za-z]{3},? )?([A-Za-z]{3,9}) (\d{1,2}) (\d{1,2}):(\d{2}):(\d{2}) (\d{4}) ([+-]\d{4}|[A-Za-z]{1,4})/
        guard let found = text.wholeMatch(of: form) else { return nil }
        return MailDate(found.6, month(found.1), found.2, (found.3, found.4, found.5), zone: found.7)
    }

    /// `2026-11-26 10:00:00 +0100` and `2026-11-26T10:00:00+01:00`.
    private static func iso(_ text: String) -> MailDate? {
        let form = /(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)? ?([+-]\d{2}:?\d{2}|[A-Za-z]{1,4})/
        guard let found = text.wholeMatch(of: form), let month = Int32(found.2) else { return nil }
        return MailDate(found.1, month - 1, found.3, (found.4, found.5, found.6 ?? "00"), zone: found.7)
    }

    /// `1795683600 +0100`.
    private static func raw(_ text: String) -> MailDate? {
        guard let found = text.wholeMatch(of: /@?(\d{9,12}) ([+-]\d{4})/), let seconds = Int64(found.1), let offset = offset(found.2),
            seconds < latest
        else { return nil }
        return MailDate(seconds: seconds, offset: offset)
    }

    /// The last day of the year 9999 in UTC: no form of a date has a later year, in any time zone.
    private static let latest: Int64 = 253_402_214_400

    private init?(
        _ year: Substring, _ month: Int32?, _ day: Substring, _ clock: (Substring, Substring, Substring), zone: Substring
    ) {
        guard let year = Int32(year), let month, let day = Int32(day), let hour = Int32(clock.0), let minute = Int32(clock.1),
            let second = Int32(clock.2), (0..<12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            let offset = Self.offset(zone), let local = Self.seconds(year, month, day, hour, minute, second)
        else { return nil }
        self.init(seconds: local - Int64(offset) * 60, offset: offset)
    }

    /// The months by their first three letters, as in git.
    private static func month(_ name: Substring) -> Int32? { months.firstIndex(of: name.prefix(3).capitalizedWord).map { Int32($0) } }

    /// The names of RFC 5322, 4.3, in hours; a zone of one letter but Z has no known meaning.
    private static let zones = [
        "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
        "WET": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "JST": 9,
    ]

    /// A time zone in minutes east of UTC; nil for an unknown one.
    private static func offset(_ zone: Substring) -> Int? {
        if let hours = zones[zone.uppercased()] { return hours * 60 }
        guard let found = zone.wholeMatch(of: /([+-])(\d{2}):?(\d{2})/), let hours = Int(found.2), let minutes = Int(found.3), minutes < 60
        else { return nil }
        let offset = (hours * 60 + minutes) * (found.1 == "-" ? -1 : 1)
        return abs(offset) <= 14 * 60 ? offset : nil
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
