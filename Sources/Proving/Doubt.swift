import Model

/// Decides whether a boot's verdict is reliable or the boot must be repeated alone first. A verdict must not depend on what else the
/// machine did.
enum Doubt {
    /// The reason why a boot is not reliable; nil if it is.
    ///
    /// - Parameters:
    ///   - conditions: the effects of the rest of the machine on the boot; nil if no sandbox was started.
    ///   - known: the verdict of an earlier boot of the same kind.
    ///   - deadlines: how slow the machine may be.
    static func about(
        _ verdict: Verdict, conditions: BootConditions?, known: Verdict?, within deadlines: Deadlines = Deadlines()
    ) -> String? {
        let excesses = conditions?.excesses(within: deadlines) ?? []
        if !excesses.isEmpty { return "the boot was slowed: " + excesses.joined(separator: "; ") }
        // If something did not happen, or not in time, the boot may not have had enough processor time.
        let isTimely = verdict.grade == .clean || verdict.grade == .fatal
        if !isTimely, verdict.title != known?.title, let company = conditions?.words {
            return "the verdict is \(verdict.title), and \(company)"
        }
        if let known, verdict.grade != .inconclusive, known.title != verdict.title {
            return "the verdict is \(verdict.title), but an earlier boot of the same kind was \(known.title)"
        }
        return nil
    }

    /// The reasons why some of several boots of the same kind are not reliable, one for each boot; nil for a reliable one.
    ///
    /// Boots with the most common verdict are reliable. If no single verdict is the most common, none of the boots is reliable.
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
    ///   - first: the verdict and the conditions of the boot that it repeats.
    ///   - doubt: why the first one is not reliable.
    ///   - deadlines: how slow the machine may be.
    /// - Returns: the verdict with a note about the first one, or `inconclusive`: if two boots disagree without an explanation, or if the
    ///   machine was too busy during the second one as well.
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
            // A slow machine alone cannot make a node clean or make it fail with a known fault. If the clocks disagree both times, either
            // the boot is late or the node lies; the verdict itself says so.
            let isSure = verdict.grade == .clean || verdict.grade == .fatal && verdict.cause != nil || verdict.cause == .clocks
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
    /// A description of other work during the boot; nil if none is known.
    fileprivate var words: String? {
        if company > 0 { return company == 1 ? "another boot was running" : "\(company) other boots were running" }
        return isBusy ? cpuPressure.map { "tasks waited for a processor \(Int(($0 * 100).rounded()))% of the time" } : nil
    }
}

extension Verdict {
    /// The same verdict with one more note.
    fileprivate func noting(_ note: String) -> Verdict {
        Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + [note])
    }

    /// An `inconclusive` verdict with the reason as its summary.
    fileprivate func unknown(_ reason: String) -> Verdict {
        let said = Evidence(kind: .harness, text: reason, source: "ninepin")
        return Verdict(grade: .inconclusive, level: level, summary: reason, evidence: [said] + evidence, notes: notes)
    }
}
