import FoundationEssentials
import Model

/// What the nights before knew about a cell.
package struct CellPast: Hashable, Sendable {
    /// The last result.
    package let result: String
    package let grade: Grade?
    /// Whether the patches applied: anything but a failure to apply one.
    package let isApplied: Bool
    /// The locked source then.
    package let source: String
    /// When it was measured, in ISO 8601 format, UTC.
    package let measured: String
    /// The run that decided it; nil if no boot did.
    package let run: String?
    /// The durations of earlier boots in seconds, newest first.
    package let bootSeconds: [Double]
    /// How many of the newest boots are known.
    package let boots: Int

    package init(
        result: String, grade: Grade?, isApplied: Bool, source: String, measured: String, run: String?, bootSeconds: [Double] = [],
        boots: Int = 0
    ) {
        self.boots = boots
        self.result = result
        self.grade = grade
        self.isApplied = isApplied
        self.source = source
        self.measured = measured
        self.run = run
        self.bootSeconds = bootSeconds
    }
}

/// An error line that no earlier run of the recipe logged.
package struct NewErrorLine: Hashable, Sendable {
    package let cell: CellKey
    /// The run that logged it.
    package let run: String
    /// The line's message, without times, numbers and addresses.
    package let text: String

    package init(cell: CellKey, run: String, text: String) {
        self.cell = cell
        self.run = run
        self.text = text
    }
}

/// A binary that was built again from the same inputs.
package struct Rebuilt: Hashable, Sendable {
    package let recipe: String
    /// The series in command-line notation.
    package let label: String
    package let source: String
    /// The digest recorded earlier.
    package let before: Digest
    /// The digest of tonight.
    package let after: Digest
    /// When the earlier one was recorded; nil if unknown.
    package let since: String?

    package init(recipe: String, label: String, source: String, before: Digest, after: Digest, since: String?) {
        self.recipe = recipe
        self.label = label
        self.source = source
        self.before = before
        self.after = after
        self.since = since
    }
}

/// Finds what changed between the nights before and tonight. A pure function: one line for each change, the most important first.
package struct DriftReader: Sendable {
    private let results: [NightResult]
    private let past: [CellKey: CellPast]
    /// The series of each recipe, which its nodes need.
    private let own: [String: [PatchName]]

    /// - Parameters:
    ///   - results: what was measured tonight.
    ///   - past: what was known before.
    ///   - own: the series of each recipe.
    package init(_ results: [NightResult], past: [CellKey: CellPast], own: [String: [PatchName]]) {
        self.results = results
        self.past = past
        self.own = own
    }

    /// All changes.
    package func drift(lines: [NewErrorLine] = [], rebuilt: [Rebuilt] = []) -> [Drift] {
        let patches = patchDrift
        let merged = Set(patches.filter { $0.kind == .patchMerged }.compactMap { drift in drift.patch.map { "\(drift.recipe) \($0)" } })
        let needless = needlessPatches(except: merged)
        let explained = results.map(\.cell.key).filter { key in key.probe.map { merged.contains("\(key.recipe) \($0)") } ?? false }
        let told = Set((patches + needless).flatMap(\.cells)).union(explained)
        return patches + needless + verdictDrift(except: told) + rebuilt.filter { $0.before != $0.after }.map(drift)
            + slowBoots + lines.map(drift)
    }

    /// Patches that no longer apply, or that upstream now has; one line for each patch of a recipe and version.
    private var patchDrift: [Drift] {
        var found: [(kind: Drift.Kind, patch: PatchName, results: [NightResult])] = []
        for result in results {
            let (kind, patch): (Drift.Kind, PatchName)
            switch result.failure {
            case .doesNotApply(let name): (kind, patch) = (.patchNoLongerApplies, name)
            case .isUpstream(let name): (kind, patch) = (.patchMerged, name)
            default: continue
            }
            // A patch that never applied is a matter of the manifest, not a change.
            guard let before = past[result.cell.key], before.isApplied else { continue }
            if let place = found.firstIndex(where: {
                $0.kind == kind && $0.patch == patch && $0.results[0].cell.key.recipe == result.cell.key.recipe
                    && $0.results[0].cell.version == result.cell.version
            }) {
                found[place].results.append(result)
            } else {
                found.append((kind, patch, [result]))
            }
        }
        return found.map { kind, patch, results in
            let cell = results[0].cell
            let isMerged = kind == .patchMerged
            let what =
                isMerged
                ? "\(cell.source) contains the change of \(patch)"
                : "\(patch) does not apply to \(cell.source): \(Self.line(results[0].summary))"
            let advice =
                isMerged
                ? "Take it out of the series of '\(cell.key.recipe)' for this version, and set its status to merged."
                : "Run: ninepin patches rebase \(patch.name), then add the new variant to the registry."
            return drift(kind, results, patch: patch, what: what, advice: advice)
        }
    }

    /// Nodes and probes without any patch that are clean now and were not before; one line for each recipe and version, and for each probe.
    ///
    /// - Parameter merged: recipes with the patches that upstream took, which explains their probes.
    private func needlessPatches(except merged: Set<String>) -> [Drift] {
        let cells = results.filter { result in
            let key = result.cell.key
            guard key.series.isEmpty, result.grade == .clean, let before = past[key] else { return false }
            if let probe = key.probe, merged.contains("\(key.recipe) \(probe)") { return false }
            return before.grade != nil && before.grade != .clean && before.grade != .inconclusive
        }
        let groups = Dictionary(grouping: cells) { result in
            "\(result.cell.key.recipe) \(result.cell.version) \(result.cell.key.probe?.description ?? "")"
        }
        return groups.values.sorted { $0[0].cell.source < $1[0].cell.source }.map { results in
            let cell = results[0].cell
            let names = (own[cell.key.recipe] ?? []).map(\.description).joined(separator: ", ")
            let places = results.map(\.cell.key.layout.rawValue).joined(separator: ", ")
            let needed = cell.key.probe.map(\.description) ?? (names.isEmpty ? "its patches" : names)
            let subject = cell.key.probe == nil ? "" : "the probe of "
            return drift(
                .patchNoLongerNeeded, results, patch: cell.key.probe,
                what:
                    "\(subject)\(cell.key.recipe) \(cell.version) is clean without \(needed) in \(places), where it was \(past[cell.key]?.result ?? "not")",
                advice: "Check 'needs' in the patches' patch.yaml, and shorten the recipe's series.")
        }
    }

    private func verdictDrift(except told: Set<CellKey>) -> [Drift] {
        let changed = results.filter { result in
            guard let before = past[result.cell.key], !told.contains(result.cell.key), !result.isHarness else { return false }
            return before.result != result.result
        }
        // Cells of one source that changed in the same way are one change.
        var groups: [(key: String, results: [NightResult])] = []
        for result in changed {
            let key = "\(result.cell.source)|\(result.cell.key.seriesText)|\(past[result.cell.key]?.result ?? "")|\(result.result)"
            if let place = groups.firstIndex(where: { $0.key == key }) {
                groups[place].results.append(result)
            } else {
                groups.append((key, [result]))
            }
        }
        return groups.map { _, results in
            let cell = results[0].cell
            let places = results.map(\.cell.key.layout.rawValue).joined(separator: ", ")
            let before = past[cell.key]?.result ?? "unknown"
            let versions = [cell.key.recipe, cell.version].joined(separator: " ")
            return drift(
                .verdictChanged, results, patch: nil,
                what: "\(versions) with \(cell.label) in \(places) was \(before) and is \(results[0].result)",
                advice: Self.advice(for: results[0], past[cell.key]))
        }
    }

    private static func advice(for result: NightResult, _ before: CellPast?) -> String {
        if let old = before?.run, let new = result.runs.first?.id { return comparison(old, new) }
        if result.failure == .doesNotBuild {
            return "Run: ninepin build \(result.cell.key.recipe)@\(result.cell.version), and read the compiler's errors."
        }
        return "Run: ninepin history \(result.cell.key.recipe)"
    }

    private static func comparison(_ old: String, _ new: String) -> String { "Run: ninepin diff \(old) \(new)" }

    /// Boots that took at least 30% longer than the median of at least three earlier ones, and longer than each of them.
    private var slowBoots: [Drift] {
        results.compactMap { result in
            guard let run = result.runs.first, let seconds = run.bootSeconds, let before = past[result.cell.key] else { return nil }
            let known = before.bootSeconds.sorted()
            guard known.count >= 3, let longest = known.last else { return nil }
            let median = known[known.count / 2]
            guard median > 0, seconds >= median * 1.3, seconds > longest else { return nil }
            let share = Int(((seconds / median - 1) * 100).rounded())
            return drift(
                .slowerBoot, [result], patch: nil,
                what:
                    "\(result.cell.key) started in \(Self.text(seconds)) s, \(share)% more than the median of \(known.count) boots, \(Self.text(median)) s",
                advice: before.run.map { "\(Self.comparison($0, run.id)), and look at the durations and conditions." }
                    ?? "Run: ninepin runs show \(run.id), and look at the load of the machine (conditions in run.json).")
        }
    }

    private func drift(_ line: NewErrorLine) -> Drift {
        let result = results.first { $0.cell.key == line.cell }
        let old = past[line.cell]?.run
        return Drift(
            .newErrorLine, recipe: line.cell.recipe, cells: [line.cell], what: "\(line.cell.recipe) logged: \(line.text)",
            since: past[line.cell]?.measured, before: past[line.cell]?.source, after: result?.cell.source,
            advice: old.map { Self.comparison($0, line.run) } ?? "Run: ninepin runs show \(line.run)",
            runs: [old, line.run].compactMap(\.self))
    }

    private func drift(_ rebuilt: Rebuilt) -> Drift {
        Drift(
            .buildNotReproducible, recipe: rebuilt.recipe,
            what:
                "\(rebuilt.recipe) with \(rebuilt.label) gave \(rebuilt.after.short), before \(rebuilt.before.short), from the same inputs",
            since: rebuilt.since, before: rebuilt.source, after: rebuilt.source,
            advice: "Compare both binaries with 'go version -m' and diffoscope; look for a time, a path or a random name in the build.")
    }

    private func drift(
        _ kind: Drift.Kind, _ results: [NightResult], patch: PatchName?, what: String, advice: String
    ) -> Drift {
        let first = results[0]
        let before = past[first.cell.key]
        return Drift(
            kind, recipe: first.cell.key.recipe, cells: results.map(\.cell.key), patch: patch, what: what, since: before?.measured,
            before: before?.source, after: first.cell.source, advice: advice,
            runs: [before?.run, first.runs.first?.id].compactMap(\.self))
    }

    /// The first line of a text, at most 200 characters.
    private static func line(_ text: String) -> String {
        let line = text.prefix { $0 != "\n" }
        return String((line.last == ":" ? line.dropLast() : line).prefix(200))
    }

    private static func text(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}

extension Run {
    /// Seconds from the sandbox's start until its first program started the node's own; nil if unknown.
    package var bootSeconds: Double? { milestones?[Milestone.kubelet.rawValue] }
}
