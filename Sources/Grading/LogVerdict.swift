import LogLines
import Model

/// What a node's log says about one run, whether it was read live or afterward.
protocol NodeLog {
    /// The line that says that the node ends.
    var fatal: Sighting? { get }
    /// The frames of the crash, innermost function first; empty if no crash ended the node.
    var crashFrames: [Evidence] { get }
    var forbidden: ForbiddenLines { get }
    /// The first line that explains a forbidden line.
    var cause: Evidence? { get }
}

extension NodeLog {
    /// The known fault that a fatal line names.
    var fatalFault: Signal? { fatal?.fault }

    /// The verdict on a node that announces its own end.
    ///
    /// - Parameter exit: how its process ended, if that was observed.
    func fatalVerdict(_ fatal: Sighting, level: Level, notes: [String], exit: Evidence? = nil) -> Verdict {
        let fault = fatalFault
        let summary = fault.map { "the node ended by itself: \($0.name)" } ?? "the node ended by itself: \(fatal.signal.name)"
        // An earlier forbidden line and the failed read explain the end.
        let why = [fault == nil ? forbidden.early?.evidence : nil, cause].compactMap(\.self)
        let evidence = [fatal.evidence] + crashFrames + why + [exit].compactMap(\.self)
        return Verdict(grade: .fatal, level: level, cause: fault?.cause, summary: summary, evidence: evidence, notes: notes)
    }

    /// The verdict on a node that logs forbidden lines after warm-up.
    func lateVerdict(_ late: Tally, level: Level, notes: [String]) -> Verdict {
        let times = late.count == 1 ? "once" : "\(late.count) times"
        let last = late.count > 1 ? late.last : nil
        let signal = late.first.signal
        return Verdict(
            grade: .degraded, level: level, cause: signal.cause, summary: "after warm-up '\(signal.name)' still came, \(times)",
            evidence: [late.first.evidence, last, cause].compactMap(\.self), notes: notes)
    }

    /// Notes on forbidden lines during warm-up.
    var earlyNotes: [String] {
        guard let early = forbidden.early, fatal == nil else { return [] }
        let times = forbidden.earlyCount == 1 ? "one line" : "\(forbidden.earlyCount) lines"
        let line = early.evidence.line.map { ", the first is line \($0)" } ?? ""
        return ["\(times) with '\(early.signal.name)' came in warm-up\(line); a healthy node writes it too, before its first housekeeping"]
    }

    /// Notes on long lines.
    static func longNotes(_ count: Int) -> [String] {
        guard count > 0 else { return [] }
        return ["\(count == 1 ? "one line is" : "\(count) lines are") longer than \(LogReader.pieceLimit) bytes, and was read in pieces"]
    }
}

extension BootLog {
    /// Notes on the log, whatever the grade.
    var notes: [String] { Self.longNotes(longLines) + earlyNotes }
}

extension LogRun {
    /// The verdict on this run from the log alone: fatal or degraded, but never clean, because no probe asked whether the node is alive.
    ///
    /// - Parameter isCut: whether the log ends in the middle of one of its lines.
    func verdict(isCut: Bool) -> Verdict {
        guard kubelet != nil else { return unheardVerdict }
        if let fatal { return fatalVerdict(fatal, level: .log, notes: earlyNotes, exit: exitEvidence.first) }
        if let end = unit.end, end.ending.isFailure, !unit.isStopping, unit.watchdog == nil { return exitVerdict(end.evidence, end.ending) }
        if let late = forbidden.late { return lateVerdict(late, level: .log, notes: earlyNotes + killNotes) }
        if let killed { return verdict(.inconclusive, cause: .nodeKilled, killed, exitEvidence) }
        let reason = isCut ? "the log was cut off in the middle, and up to there nothing decides" : reason
        return verdict(.inconclusive, reason, [forbidden.early?.evidence, started, unit.end?.evidence].compactMap(\.self))
    }

    private var reason: String {
        if forbidden.undatedCount > 0 {
            return "\(forbidden.undatedCount) forbidden lines came, but no line tells the time: whether it was after warm-up cannot be said"
        }
        if started == nil { return "the log does not show that the node started, nor that it ended" }
        return "nothing bad came after warm-up, but a log alone cannot show that the node lives"
    }

    /// The verdict when the node wrote no line and systemd reports its end.
    private var unheardVerdict: Verdict {
        guard let end = unit.end else { return verdict(.inconclusive, "no line of the log is one that a kubelet writes", []) }
        let reason =
            end.ending.isOfSystemd
            ? "the node never ran: systemd could not start its program (status \(end.ending.status))"
            : "the node's program ended (\(end.ending.code), \(end.ending.status)), and no line of it is in the log"
        return verdict(.inconclusive, reason, exitEvidence)
    }

    /// The verdict on a node whose process exited by itself according to systemd, without giving a reason.
    private func exitVerdict(_ evidence: Evidence, _ ending: UnitEvent.Ending) -> Verdict {
        let how = ending.code == "exited" ? "with status \(ending.status)" : "by signal \(ending.status)"
        let why = [forbidden.late?.first.evidence ?? forbidden.early?.evidence, cause].compactMap(\.self)
        return Verdict(
            grade: .fatal, level: .log, cause: forbidden.late?.first.signal.cause, summary: "the node ended by itself, \(how)",
            evidence: exitEvidence + why, notes: earlyNotes)
    }

    /// Who killed the node; nil if nobody did.
    private var killed: String? {
        if unit.memory != nil, unit.end.map({ $0.ending.code == "killed" }) ?? true {
            return "the kernel killed the node, for want of memory"
        }
        guard let end = unit.end, !unit.isStopping else { return nil }
        if unit.watchdog != nil { return "systemd ended the node: it did not say in time that it lives" }
        return end.ending.code == "killed" ? "something from outside killed the node, with signal \(end.ending.status)" : nil
    }

    private var killNotes: [String] { killed.map { [$0] } ?? [] }

    /// What systemd and the kernel logged about the end.
    private var exitEvidence: [Evidence] {
        [unit.end?.evidence, unit.memory, unit.watchdog, unit.end == nil ? nil : unit.remark].compactMap(\.self)
    }

    private func verdict(_ grade: Grade, cause: Cause? = nil, _ summary: String, _ evidence: [Evidence]) -> Verdict {
        let seen = evidence.isEmpty ? [Evidence(kind: .harness, text: summary, source: "ninepin")] : evidence
        return Verdict(grade: grade, level: .log, cause: cause, summary: summary, evidence: seen, notes: earlyNotes)
    }
}

extension LogReader {
    /// The verdict on the node's last run from the log alone.
    ///
    /// - Parameter isCut: whether the log ends in the middle of a line.
    package func verdict(isCut: Bool) -> Verdict {
        let (reader, nodes) = finished
        guard let last = nodes.last else {
            let reason = lines == 0 ? "the log is empty" : "no line of the log is one that a kubelet writes"
            return Verdict(
                grade: .inconclusive, level: .log, summary: "\(reason): nothing can be said of a node",
                evidence: [Evidence(kind: .harness, text: reason, source: "ninepin")], notes: logNotes(isCut: isCut))
        }
        guard !reader.isReversed else {
            let reason = "the lines of the log stand newest first, and what came last cannot be said: give it in the order of time"
            return Verdict(
                grade: .inconclusive, level: .log, summary: reason, evidence: [Evidence(kind: .harness, text: reason, source: "ninepin")],
                notes: logNotes(isCut: isCut))
        }
        var earlier = reader.past
        for run in nodes.dropLast() { earlier.add(run) }
        let verdict = last.verdict(isCut: isCut)
        return verdict.noting(logNotes(isCut: isCut) + earlier.notes + others(than: last, in: nodes) + (reader.pendingNote(after: last)))
    }

    /// The verdicts on all runs.
    package func runs(isCut: Bool) -> LogRuns {
        let (reader, nodes) = finished
        var all = reader.past
        for run in nodes { all.add(run, isCut: isCut && run.order == nodes.last?.order) }
        return LogRuns(count: all.count, grades: all.grades, newest: all.newest, wanted: all.kept)
    }

    /// The reader after the end of the log, and the node's runs that were still open, in the order they began.
    private var finished: (reader: LogReader, nodes: [LogRun]) {
        var reader = self
        reader.finish()
        return (reader, reader.live.filter(\.isNode).sorted { $0.order < $1.order })
    }

    private func logNotes(isCut: Bool) -> [String] {
        let encoded = encoding.map { ["the log is \($0), and was read as such"] } ?? []
        return encoded + LogRun.longNotes(longLines) + (isCut ? ["the log ends in the middle of a line: it was cut off"] : [])
    }

    /// Notes on other nodes in the log, by the names in their wrappers.
    private func others(than judged: LogRun, in nodes: [LogRun]) -> [String] {
        var seen: Set<LogVoice> = [judged.voice]
        return nodes.reversed().filter { !$0.voice.name.isEmpty && seen.insert($0.voice).inserted }.prefix(3).map { run in
            let name = String(decoding: run.voice.name.prefix(64), as: UTF8.self)
            return "the log has lines of another node too, '\(name)': \(run.verdict(isCut: false).title)"
        }
    }

    private func pendingNote(after last: LogRun) -> [String] {
        guard let line = pending?.evidence.line, last.lastLine < line else { return [] }
        return ["systemd started the unit once more at line \(line), and no line of the node came after it"]
    }
}

extension PastRuns {
    /// Notes on the node's earlier runs.
    fileprivate var notes: [String] {
        guard count > 0 else { return [] }
        let counts = Grade.allCases.compactMap { grade in grades[grade].map { "\($0) \(grade.rawValue)" } }.joined(separator: ", ")
        let end = lastFatal.map { "; the last fatal one, lines \($0.firstLine) to \($0.lastLine): \(Self.beginning(of: $0))" } ?? ""
        let runs = count == 1 ? "one earlier run of the node is" : "\(count) earlier runs of the node are"
        return ["this is the last run in the log; \(runs) in it too (\(counts))\(end)"]
    }

    private static func beginning(of run: RunVerdict) -> String { PodLines.beginning(of: run.verdict.summary) }
}
