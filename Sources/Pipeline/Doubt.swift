import Grading
import Model

/// Whether a boot's verdict is believed, or the boot is to be repeated alone first: a verdict must not depend on what else the machine did.
enum Doubt {
    /// Why a boot is not believed; nil when it is.
    ///
    /// - Parameters:
    ///   - conditions: what it suffered; nil when no sandbox was started.
    ///   - known: what an earlier boot of the same kind came to.
    static func about(_ verdict: Verdict, conditions: BootConditions?, known: Verdict?) -> String? {
        let excesses = conditions?.excesses ?? []
        if !excesses.isEmpty { return "the boot was slowed: " + excesses.joined(separator: "; ") }
        // What did not happen in time may have had no time.
        if verdict.grade == .inconclusive || verdict.isLate, let conditions, conditions.company > 0 || conditions.isBusy {
            return "it is \(verdict.title), and the machine was busy: \(conditions.company) other boots went on beside it"
        }
        if let known, verdict.grade != .inconclusive, known.title != verdict.title {
            return "it is \(verdict.title), and an earlier boot of the same kind was \(known.title)"
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
        let words = counts.sorted { $0.key < $1.key }.map { "\($0.value) times \($0.key)" }.joined(separator: ", ")
        return titles.map { title in
            leading.count == 1 && leading.contains(title) ? nil : "boots of the same kind disagree: \(words)"
        }
    }

    /// The verdict of a boot that was repeated alone.
    ///
    /// Where the machine was too busy even so, and the two boots do not agree, nothing is known of the node.
    static func settled(_ verdict: Verdict, conditions: BootConditions?, after first: Verdict) -> Verdict {
        let excesses = conditions?.excesses ?? []
        guard !excesses.isEmpty else { return verdict }
        let busy = "the machine was busy although the boot was repeated alone: " + excesses.joined(separator: "; ")
        guard verdict.title != first.title else { return verdict.noting(busy) }
        let seen = "\(busy). It was \(first.title) at first, and \(verdict.title) then."
        let said = Evidence(kind: .harness, text: seen, source: "ninepin")
        return Verdict(
            grade: .inconclusive, level: verdict.level, summary: seen, evidence: [said] + verdict.evidence, notes: verdict.notes)
    }
}

extension Verdict {
    /// The same with one more note.
    fileprivate func noting(_ note: String) -> Verdict {
        Verdict(grade: grade, level: level, cause: cause, summary: summary, evidence: evidence, notes: notes + [note])
    }
}
