import Model

extension LogReader {
    /// What a log alone can say. It can say fatal or degraded; it cannot say clean, because nobody was asked whether the node lives.
    ///
    /// - Parameter isCut: whether the log ends in the middle of a line.
    public func verdict(isCut: Bool) -> Verdict {
        let notes = self.notes + (isCut ? ["the log ends in the middle of a line: it was cut off"] : [])
        guard kubelet != nil else {
            let reason = lines == 0 ? "the log is empty" : "no line of the log is one that a kubelet writes"
            return verdict(.inconclusive, summary: "\(reason): nothing can be said of a node", evidence: [harness(reason)], notes: notes)
        }
        if let fatal { return fatalVerdict(fatal, level: .log, notes: notes) }
        if let late { return lateVerdict(late, level: .log, notes: notes) }
        let reason =
            if isCut { "the log was cut off in the middle, and up to there nothing decides" } else if undatedCount > 0 {
                "\(undatedCount) forbidden lines came, but no line tells the time: whether it was after warm-up cannot be said"
            } else if started == nil { "the log does not show that the node started, nor that it ended" } else {
                "nothing bad came after warm-up, but a log alone cannot show that the node lives"
            }
        let seen = [early?.evidence, started].compactMap(\.self)
        return verdict(.inconclusive, summary: reason, evidence: seen.isEmpty ? [harness(reason)] : seen, notes: notes)
    }

    /// The node says itself that it ends.
    ///
    /// - Parameter exit: how its process ended, where somebody saw it.
    func fatalVerdict(_ fatal: Sighting, level: Level, notes: [String], exit: Evidence? = nil) -> Verdict {
        let fault = fatalFault
        let summary = fault.map { "the node ended by itself: \($0.name)" } ?? "the node ended by itself: \(fatal.signal.name)"
        // A forbidden line that came before, and the reading that failed, say why.
        let why = [fault == nil ? early?.evidence : nil, cause].compactMap(\.self)
        let evidence = [fatal.evidence] + crashFrames + why + [exit].compactMap(\.self)
        return Verdict(grade: .fatal, level: level, cause: fault?.name, summary: summary, evidence: evidence, notes: notes)
    }

    /// A forbidden line goes on after warm-up.
    func lateVerdict(_ late: Tally, level: Level, notes: [String]) -> Verdict {
        let times = late.count == 1 ? "once" : "\(late.count) times"
        let last = late.count > 1 ? late.last : nil
        let signal = late.first.signal
        return Verdict(
            grade: .degraded, level: level, cause: signal.name, summary: "after warm-up '\(signal.name)' still came, \(times)",
            evidence: [late.first.evidence, last, cause].compactMap(\.self), notes: notes)
    }

    /// What a user must know of the log, whatever the grade.
    var notes: [String] {
        let long =
            longLines == 0
            ? []
            : [
                "\(longLines == 1 ? "one line is" : "\(longLines) lines are") longer than \(LogReader.pieceLimit) bytes, and was read in pieces"
            ]
        guard let early, fatal == nil else { return long }
        let times = earlyCount == 1 ? "one line" : "\(earlyCount) lines"
        let line = early.evidence.line.map { ", the first is line \($0)" } ?? ""
        return long + [
            "\(times) with '\(early.signal.name)' came in warm-up\(line); a healthy node writes it too, before its first housekeeping"
        ]
    }

    private func verdict(_ grade: Grade, summary: String, evidence: [Evidence], notes: [String]) -> Verdict {
        Verdict(grade: grade, level: .log, summary: summary, evidence: evidence, notes: notes)
    }

    private func harness(_ text: String) -> Evidence { Evidence(kind: .harness, text: text, source: "ninepin") }
}
