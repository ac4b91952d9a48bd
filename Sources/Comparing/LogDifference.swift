/// How the messages of two logs differ. Times, numbers, addresses and identifiers in them are not compared.
package struct LogDifference: Hashable, Encodable, Sendable {
    /// The run that a line is from: the first or the second.
    package enum Side: String, Encodable, Sendable { case before, after }

    /// A message that only one of the logs has.
    package struct Line: Hashable, Encodable, Sendable {
        package let side: Side
        /// The number of a line with it in its file, counted from 1.
        package let line: Int
        /// How many lines have it.
        package let count: Int
        /// The beginning of that line, as it is in the file; not safe for a terminal.
        package let text: String
        /// The klog letter of its severity; nil if it has none.
        package let severity: String?
        /// Whether it is among the evidence of its run's verdict.
        package let isEvidence: Bool
    }

    /// A message that both logs have, but not equally often.
    package struct Count: Hashable, Encodable, Sendable {
        package let before: Int
        package let after: Int
        /// The beginning of the first line with it in the first log.
        package let text: String
    }

    /// The log's name in the folders of both runs.
    package let name: String
    /// What must be known about the comparison: that a log is missing, was changed, or is only compared in part.
    package let notes: [String]
    /// How many different messages both have.
    package let same: Int
    /// How many different messages only the first has.
    package let onlyBefore: Int
    /// How many different messages only the second has.
    package let onlyAfter: Int
    /// The messages that only one has, in the order of the logs: aligned at what they have in common.
    package let lines: [Line]
    /// How many such messages are not in `lines`.
    package let omitted: Int
    /// The messages that are not equally frequent, the largest ratio first; nil if not asked for.
    package let counts: [Count]?

    /// A log that cannot be compared.
    package init(name: String, notes: [String]) {
        (self.name, self.notes) = (name, notes)
        (same, onlyBefore, onlyAfter, lines, omitted, counts) = (0, 0, 0, [], 0, nil)
    }

    /// Compares two logs. Evidence is always shown; errors come before warnings, and warnings before the rest.
    ///
    /// - Parameters:
    ///   - limit: the largest number of lines, and of counts; nil for all.
    ///   - isCounted: whether frequencies are compared too.
    package init(
        name: String, before: LogMessages, after: LogMessages, limit: Int?, isCounted: Bool = false, notes: [String] = []
    ) {
        let aligned = Self.aligned(before, after)
        let (kept, omitted) = Self.chosen(aligned, limit)
        self.name = name
        self.notes = notes
        same = before.messages.count { after.place(of: $0.key) != nil }
        onlyBefore = before.messages.count - same
        onlyAfter = after.messages.count - same
        lines = kept
        self.omitted = omitted
        counts = isCounted ? Self.counts(before, after, limit) : nil
    }

    /// Whether each message of one is in the other.
    package var isSame: Bool { onlyBefore == 0 && onlyAfter == 0 && (counts ?? []).isEmpty && notes.isEmpty }

    /// The messages that only one log has, in an order that both logs agree with: patience diff over the first lines of each message, in
    /// O(n log n) for n different messages.
    private static func aligned(_ before: LogMessages, _ after: LogMessages) -> [Line] {
        let pairs = before.messages.enumerated().compactMap { place, message in
            after.place(of: message.key).map { (before: place, after: $0) }
        }
        let anchors = longestIncreasing(pairs.map(\.after)).map { pairs[$0] }
        let (old, new) = (only(before, after, .before, anchors.map(\.before)), only(after, before, .after, anchors.map(\.after)))
        // What follows the same anchor: first what is gone, then what is new.
        var (lines, next) = ([Line](), 0)
        for (gap, line) in old {
            while next < new.count, new[next].gap < gap {
                lines.append(new[next].line)
                next += 1
            }
            lines.append(line)
        }
        return lines + new[next...].map(\.line)
    }

    /// The messages of a log that another does not have, each with the number of anchors before it.
    private static func only(_ log: LogMessages, _ other: LogMessages, _ side: Side, _ anchors: [Int]) -> [(gap: Int, line: Line)] {
        var gap = 0
        return log.messages.enumerated().compactMap { place, message in
            while gap < anchors.count, anchors[gap] < place { gap += 1 }
            guard other.place(of: message.key) == nil else { return nil }
            let line = Line(
                side: side, line: message.line, count: message.count, text: message.text, severity: message.severity,
                isEvidence: message.isEvidence)
            return (gap, line)
        }
    }

    /// The places of a longest increasing subsequence of different numbers (patience sorting).
    static func longestIncreasing(_ numbers: [Int]) -> [Int] {
        var piles: [Int] = []
        var previous = [Int?](repeating: nil, count: numbers.count)
        for (place, number) in numbers.enumerated() {
            var (low, high) = (0, piles.count)
            while low < high {
                let middle = (low + high) / 2
                if numbers[piles[middle]] < number { low = middle + 1 } else { high = middle }
            }
            if low > 0 { previous[place] = piles[low - 1] }
            if low < piles.count { piles[low] = place } else { piles.append(place) }
        }
        var found: [Int] = []
        var next = piles.last
        while let place = next {
            found.append(place)
            next = previous[place]
        }
        return found.reversed()
    }

    private static func chosen(_ lines: [Line], _ limit: Int?) -> (lines: [Line], omitted: Int) {
        guard let limit, lines.count > limit else { return (lines, 0) }
        let ranked = lines.indices.sorted { (lines[$0].rank, $0) < (lines[$1].rank, $1) }
        let evidence = lines.count(where: \.isEvidence)
        let kept = ranked.prefix(max(limit, evidence)).sorted()
        return (kept.map { lines[$0] }, lines.count - kept.count)
    }

    private static func counts(_ before: LogMessages, _ after: LogMessages, _ limit: Int?) -> [Count] {
        let counts = before.messages.compactMap { message -> Count? in
            guard let place = after.place(of: message.key), after.messages[place].count != message.count else { return nil }
            return Count(before: message.count, after: after.messages[place].count, text: message.text)
        }
        let sorted = counts.enumerated().sorted { ($1.element.ratio, $0.offset) < ($0.element.ratio, $1.offset) }.map(\.element)
        return limit.map { Array(sorted.prefix($0)) } ?? sorted
    }
}

extension LogDifference.Line {
    /// The lower, the more it is worth showing.
    fileprivate var rank: Int {
        if isEvidence { return 0 }
        switch severity {
        case "F", "E": return 1
        case "W": return 2
        default: return 3
        }
    }
}

extension LogDifference.Count {
    /// How many times as frequent it is in one log as in the other, at least 1.
    fileprivate var ratio: Double { Double(max(before, after)) / Double(max(1, min(before, after))) }
}
