import FoundationEssentials
import LogLines
import Model
import Sanitizing

/// Collects the values of two runs that differ, and counts those that do not.
struct Comparison {
    private(set) var changes: [RunDifference.Change] = []
    private(set) var same: [RunDifference.Group: Int] = [:]

    /// A duration that differs by less than this share, or by less than these seconds, is the same.
    static let tolerance = (share: 0.1, seconds: 0.1)

    mutating func compare(_ old: Run, _ new: Run) {
        compareRequests(old, new)
        compare(.lock, old.lock?.values ?? [:], new.lock?.values ?? [:])
        compareSeries(old, new)
        compare(.tools, old.tools, new.tools)
        compare(.upstreams, old.upstreams?.mapValues(\.description) ?? [:], new.upstreams?.mapValues(\.description) ?? [:])
        compare(.steps, old.steps.numbered.mapValues(\.key.hex), new.steps.numbered.mapValues(\.key.hex))
        compare(.artifact, "digest", old.artifact.digest.hex, new.artifact.digest.hex)
        compareVerdicts(old.verdict, new.verdict)
        compareDurations(old, new)
        compareSets(.notes, "note", old.verdict.notes, new.verdict.notes, key: Self.pattern)
        compareConditions(old, new)
    }

    // MARK: Groups

    private mutating func compareRequests(_ old: Run, _ new: Run) {
        compare(.request, "recipe", old.recipe, new.recipe)
        compare(.request, "version", old.version, new.version)
        compare(.request, "layout", old.layout.rawValue, new.layout.rawValue)
        compare(.request, "level", old.verdict.level.rawValue, new.verdict.level.rawValue)
        compare(.request, "probes", old.probes.map(Self.text), new.probes.map(Self.text))
        compare(.request, "warm-up", old.watched.map { Self.seconds($0.warmUp) }, new.watched.map { Self.seconds($0.warmUp) })
        compare(.request, "observation", old.watched.map { Self.seconds($0.observe) }, new.watched.map { Self.seconds($0.observe) })
        compare(.request, "patience", old.patience.map { "\($0)" }, new.patience.map { "\($0)" })
    }

    private mutating func compareSeries(_ old: Run, _ new: Run) {
        for patch in old.series where !new.series.contains(patch) { differ(.series, "removed", patch.description, nil) }
        for patch in new.series where !old.series.contains(patch) { differ(.series, "added", nil, patch.description) }
        let kept = (old.series.filter(new.series.contains), new.series.filter(old.series.contains))
        if kept.0 != kept.1 { differ(.series, "order", Self.text(kept.0), Self.text(kept.1)) } else { count(.series, kept.0.count) }
        // The names say nothing about the content of the patches.
        compare(.series, "patched source", old.tree, new.tree)
    }

    private mutating func compareVerdicts(_ old: Verdict, _ new: Verdict) {
        compare(.verdict, "grade", old.grade.rawValue, new.grade.rawValue)
        compare(.verdict, "cause", old.cause?.rawValue, new.cause?.rawValue)
        if Self.pattern(old.summary) == Self.pattern(new.summary) {
            count(.verdict, 1)
        } else {
            differ(.verdict, "summary", old.summary, new.summary)
        }
        compareSets(.verdict, "evidence", old.evidence.map(\.told), new.evidence.map(\.told), key: Self.pattern)
    }

    private mutating func compareDurations(_ old: Run, _ new: Run) {
        // The duration of a cached step says nothing.
        let steps = [old, new].map { run in run.steps.numbered.filter { !$0.value.cached }.mapValues(\.seconds) }
        compare(.durations, steps[0].named("step"), steps[1].named("step"))
        compare(.durations, (old.overhead ?? [:]).named("boot"), (new.overhead ?? [:]).named("boot"))
        compare(.durations, (old.milestones ?? [:]).named("until"), (new.milestones ?? [:]).named("until"))
        compare(.durations, ["verdict": old.secondsToVerdict], ["verdict": new.secondsToVerdict])
    }

    private mutating func compareConditions(_ old: Run, _ new: Run) {
        let steps = (old.steps.numbered, new.steps.numbered)
        for name in Set(steps.0.keys).intersection(steps.1.keys).sorted() {
            let cached = [steps.0[name], steps.1[name]].map { $0?.cached == true ? "cached" : "performed" }
            compare(.conditions, "step \(name)", cached[0], cached[1])
        }
        compare(.conditions, "set aside", old.setAside, new.setAside)
        compare(.conditions, "repeats", old.repeats, new.repeats)
        guard let (before, after) = old.conditions.flatMap({ old in new.conditions.map { (old, $0) } }) else { return }
        compare(.conditions, "other boots at once", "\(before.company)", "\(after.company)")
        let shares = [before.cpuPressure, after.cpuPressure].map { share in
            share.map { "\(Int((min(max($0, 0), 1) * 10).rounded()) * 10)%" }
        }
        compare(.conditions, "CPU pressure", shares[0], shares[1])
        compare(
            .conditions, ["longest silence": before.longestSilence, "longest delay": before.longestDelay],
            ["longest silence": after.longestSilence, "longest delay": after.longestDelay])
    }

    // MARK: Values

    private mutating func differ(_ group: RunDifference.Group, _ name: String, _ old: String?, _ new: String?, ratio: Double? = nil) {
        changes.append(.init(group, name, old, new, ratio: ratio))
    }

    private mutating func count(_ group: RunDifference.Group, _ count: Int) {
        if count > 0 { same[group, default: 0] += count }
    }

    private mutating func compare(_ group: RunDifference.Group, _ name: String, _ old: String?, _ new: String?) {
        guard old != new else { return count(group, old == nil ? 0 : 1) }
        differ(group, name, old, new)
    }

    private mutating func compare(_ group: RunDifference.Group, _ old: [String: String], _ new: [String: String]) {
        for name in Set(old.keys).union(new.keys).sorted() { compare(group, name, old[name], new[name]) }
    }

    private mutating func compare(_ group: RunDifference.Group, _ old: [String: Double], _ new: [String: Double]) {
        for name in Set(old.keys).intersection(new.keys).sorted() {
            guard let before = old[name], let after = new[name] else { continue }
            let difference = abs(after - before)
            guard difference >= Self.tolerance.seconds, difference >= Self.tolerance.share * min(abs(before), abs(after)) else {
                count(group, 1)
                continue
            }
            let ratio = before > 0 && after >= 0 ? (after / before * 100).rounded() / 100 : nil
            differ(group, name, Self.seconds(before), Self.seconds(after), ratio: ratio)
        }
        // A milestone that only one boot reached.
        for name in Set(old.keys).symmetricDifference(new.keys).sorted() where group == .durations {
            differ(group, name, old[name].map(Self.seconds), new[name].map(Self.seconds))
        }
    }

    /// Compares texts without regard to their order, and to what `key` takes out of them.
    private mutating func compareSets(
        _ group: RunDifference.Group, _ name: String, _ old: [String], _ new: [String], key: (String) -> String
    ) {
        let (before, after) = (Set(old.map(key)), Set(new.map(key)))
        count(group, before.intersection(after).count)
        for text in old where !after.contains(key(text)) { differ(group, name, text, nil) }
        for text in new where !before.contains(key(text)) { differ(group, name, nil, text) }
    }

    /// A text without times, numbers and addresses. Exit statuses and signals are not taken out: they are what such a text is about.
    private static func pattern(_ text: String) -> String {
        if text.hasPrefix(Evidence.exitMark) { return text }
        let entry = LogEntry(LineWrapper(Array(text.utf8)), learned: [])
        return MessagePattern.text(of: entry.text[min(entry.message, entry.text.count)...].prefix(4096), length: 1024)
    }

    private static func text(_ series: [PatchName]) -> String {
        series.isEmpty ? "none" : series.map(\.description).joined(separator: ",")
    }

    private static func seconds(_ seconds: Double) -> String {
        let rounded = (seconds * 100).rounded() / 100
        return "\(rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)") s"
    }
}

extension Evidence {
    fileprivate static let exitMark = "exit: "

    /// The evidence as a text. A log line is as it is in the log.
    fileprivate var told: String {
        switch kind {
        case .log: text
        case .exit: "\(Self.exitMark)\(source): \(text)"
        case .probe, .harness: "\(source): \(text)"
        }
    }
}

extension [StepRecord] {
    /// The steps by name; one that occurs again has its number.
    fileprivate var numbered: [String: StepRecord] {
        var (steps, counts) = ([String: StepRecord](), [String: Int]())
        for step in self {
            counts[step.name, default: 0] += 1
            let number = counts[step.name] ?? 1
            steps[number == 1 ? step.name : "\(step.name) \(number)"] = step
        }
        return steps
    }
}

extension [String: Double] {
    /// The values under names with a word before.
    fileprivate func named(_ word: String) -> [String: Double] {
        Dictionary(map { ("\(word) \($0)", $1) }, uniquingKeysWith: { first, _ in first })
    }
}

extension Lock {
    /// Everything that identifies the source, by name.
    fileprivate var values: [String: String] {
        var values = ["kind": kind.rawValue, "name": Redaction.bare(name), "version": version]
        if let resolvedFrom { values["resolved from"] = resolvedFrom }
        if let time { values["commit time"] = "\(time)" }
        if isDirty { values["folder"] = "dirty" }
        for file in files { values["file \(file.name)"] = file.sha256.hex }
        for library in libraries { values["library \(library.name)"] = library.sha256.hex }
        for (name, download) in downloads ?? [:] {
            let content = download.sha256?.hex ?? download.tree?.description ?? download.commit?.description
            values["download \(name)"] = content ?? "unknown"
        }
        if let containerd {
            values["containerd"] = "\(containerd.name) \(containerd.version)"
            values["containerd's file"] = containerd.file.sha256.hex
        }
        return values
    }
}
