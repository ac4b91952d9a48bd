import Model

/// Whether a boot's verdict is believed, or the boot is to be repeated alone first: a verdict must not depend on what else the machine did.
enum Doubt {
    /// Why a boot is not believed; nil when it is.
    ///
    /// - Parameters:
    ///   - conditions: what it suffered; nil when no sandbox was started.
    ///   - known: what an earlier boot of the same kind came to.
    ///   - deadlines: how slow the machine may be.
    static func about(
        _ verdict: Verdict, conditions: BootConditions?, known: Verdict?, within deadlines: Deadlines = Deadlines()
    ) -> String? {
        let excesses = conditions?.excesses(within: deadlines) ?? []
        if !excesses.isEmpty { return "the boot was slowed: " + excesses.joined(separator: "; ") }
        // What did not happen, or not in time, may have had no time.
        let isTimely = verdict.grade == .clean || verdict.grade == .fatal
        if !isTimely, verdict.title != known?.title, let company = conditions?.words {
            return "the verdict is \(verdict.title), and \(company)"
        }
        if let known, verdict.grade != .inconclusive, known.title != verdict.title {
            return "the verdict is \(verdict.title), but an earlier boot of the same kind was \(known.title)"
        }
        return nil
    }

    /// Why some of several boots of one kind are not believed, one for each; nil for those that are.
    ///
    /// Those that are as most of them are believed; where there is no such most, none is.
    static func about(_ verdicts: [Verdict]) -> [String?] {
        let titles = verdicts.map(\.title)
        let counts = Dictionary(grouping: titles, by: \.self).mapValues(\.count)
        guard counts.count > 1, let most = counts.values.max() else { return verdicts.map { _ in nil } }
        let leading = counts.filter { $0.value == most }.keys
        let words = counts.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }.joined(separator: ", ")
        return titles.map { title in
            leading.count == 1 && leading.contains(title) ? nil : "boots of the same kind disagree: \(words)"
        }
    }

    /// The verdict of a boot that was repeated alone.
    ///
    /// - Parameters:
    ///   - first: the boot that it repeats, and what that one suffered.
    ///   - doubt: why the first one is not believed.
    ///   - deadlines: how slow the machine may be.
    /// - Returns: the verdict with a note of the first one, or `inconclusive`: when two boots disagree and nothing explains it, or when the
    ///   machine was too busy for the second one as well.
    static func settled(
        _ verdict: Verdict, conditions: BootConditions?, after first: (verdict: Verdict, conditions: BootConditions?),
        because doubt: String,
        within deadlines: Deadlines = Deadlines()
    ) -> Verdict {
        let excesses = conditions?.excesses(within: deadlines) ?? []
        let isAlike = verdict.title == first.verdict.title
        let both = "The first was \(first.verdict.title), the second \(verdict.title)."
        if !excesses.isEmpty {
            let slowed = "the boot was slowed even when repeated alone: " + excesses.joined(separator: "; ")
            // To be clean, and to die of a known fault, takes more than a slow machine.
            // Of clocks that disagree both times, the boot may be late or the node may lie: the verdict says so itself.
            let isSure = verdict.grade == .clean || verdict.grade == .fatal && verdict.cause != nil || verdict.cause == Verdict.clocks
            return isAlike && isSure ? verdict.noting(slowed) : verdict.unknown("\(slowed). \(both)")
        }
        if isAlike { return verdict }
        let isExplained = first.conditions.map { !$0.excesses(within: deadlines).isEmpty || $0.words != nil } ?? false
        guard isExplained || first.verdict.grade == .inconclusive else {
            return verdict.unknown("two boots disagree, and nothing else on the machine explains why. \(both)")
        }
        return verdict.noting("an earlier boot was \(first.verdict.title) and is not counted: \(doubt)")
    }
}

extension BootConditions {
    /// What went on beside the boot, in words; nil when nothing did, as far as is known.
    fileprivate var words: String? {
        if company > 0 { return company == 1 ? "another boot was running" : "\(company) other boots were running" }
        return isBusy ? cpuPressure.map { "tasks waited for a processor \(Int(($0 * 100).rounded()))% of the time" } : nil
    }
}

extension Verdict {
    /// The same with one more note.
    fileprivate func noting(_ note: String) -> Verdict {
        Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + [note])
    }

    /// Nothing is known: the reason becomes the summary.
    fileprivate func unknown(_ reason: String) -> Verdict {
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        return Verdict(grade: .inconclusive, level: level, summary: reason, evidence: [said] + evidence, notes: notes)
    }
}
