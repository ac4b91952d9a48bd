import Model
import Sanitizing

/// How values are written, in all formats.
enum Wording {
    /// The beginning of a text that may be long.
    static func clipped(_ text: String, _ most: Int) -> String { Visible.excerpt(text, most: most) }

    /// `3 boots`, `1 boot`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// `0.4 s`, `41 s`, `3 min 05 s`.
    static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "unknown" }
        if seconds < 10 { return "\((seconds * 10).rounded() / 10) s" }
        guard seconds < 1e9 else { return "very long" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60) min \(padded(whole % 60)) s" }
        return "\(whole / 3600) h \(padded(whole % 3600 / 60)) min"
    }

    /// A round number of a scale: `0`, `0.5`, `20`.
    static func number(_ number: Double) -> String {
        if number == number.rounded(), abs(number) < 1e15 { return String(Int(number)) }
        return String((number * 10_000).rounded() / 10_000)
    }

    /// `2026-11-27 02:00 UTC` for a time in ISO 8601 format; any other text as it is.
    static func time(_ time: String) -> String {
        isTime(time) ? "\(time.prefix(10)) \(time.dropFirst(11).prefix(5)) UTC" : clipped(time, 60)
    }

    /// `11-27` of a time in ISO 8601 format; any other text as it is.
    static func day(_ time: String) -> String { isTime(time) ? String(time.dropFirst(5).prefix(5)) : clipped(time, 20) }

    /// Whether a text is a time in ISO 8601 format, UTC, such as `2026-11-27T02:00:00Z`.
    static func isTime(_ text: String) -> Bool {
        let form = Array("0000-00-00T00:00:00".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count >= form.count, bytes.last == UInt8(ascii: "Z") else { return false }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        guard zip(form, bytes).allSatisfy({ form, byte in isDigit(form) ? isDigit(byte) : form == byte }) else { return false }
        return bytes.dropFirst(form.count).dropLast().allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
    }

    /// Results in a row as words, oldest first: `13 × clean, 1 × fatal`.
    static func runs(_ results: [String]) -> String {
        var groups: [(result: String, count: Int)] = []
        for result in results {
            if groups.last?.result == result { groups[groups.count - 1].count += 1 } else { groups.append((result, 1)) }
        }
        let shown = groups.suffix(8).map { "\($0.count) × \(clipped($0.result, 60))" }.joined(separator: ", ")
        return groups.count > 8 ? "…, \(shown)" : shown
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Evidence {
    /// Where it was seen: `kubelet line 112, 6.6 s`.
    var place: String {
        let parts = [line.map { "line \($0)" }, seconds.map(Wording.seconds)].compactMap(\.self)
        return "\(Wording.clipped(source, 80))\(parts.isEmpty ? "" : " \(parts.joined(separator: ", "))")"
    }
}

extension Drift {
    /// What changed between which sources, and when it was otherwise; empty if nothing is known.
    var circumstances: String {
        let sources = before == after ? before.map { "source \($0)" } : [before, after].map { $0 ?? "nothing" }.joined(separator: " → ")
        return [since.map { "last otherwise \(Wording.time($0))" }, sources].compactMap(\.self).joined(separator: "; ")
    }
}

extension ReportDocument.LogExcerpt {
    /// A line with its number.
    struct Line {
        let number: Int
        let text: String
        let isDeciding: Bool
    }

    /// The lines around the deciding one, or the last ones.
    ///
    /// - Parameter most: the maximum number of lines.
    func shown(most: Int) -> [Line] {
        let all = lines.enumerated().map { index, text in
            Line(number: first &+ index, text: Self.untabbed(text), isDeciding: deciding == first &+ index)
        }
        guard all.count > most else { return all }
        guard let middle = all.firstIndex(where: \.isDeciding) else { return all.suffix(most) }
        let start = max(0, min(middle - most * 2 / 3, all.count - most))
        return Array(all[start..<(start + most)])
    }

    /// A line with blanks in the place of its tabs, which would otherwise be shown as controls.
    private static func untabbed(_ text: String) -> String {
        text.utf8.contains(UInt8(ascii: "\t"))
            ? text.split(separator: "\t", omittingEmptySubsequences: false).joined(separator: "    ") : text
    }
}
