import Model
import Patches

/// What recorded runs say of a patch in one place: the same series without it, and with it.
package struct EvidenceRow: Hashable, Encodable, Sendable {
    /// One side: the newest run that came to a verdict.
    package struct Side: Hashable, Encodable, Sendable {
        /// The run's id.
        package let run: String
        /// The grade, and the known fault that decided it.
        package let title: String
        /// Its grade.
        package let grade: Grade
        /// What stands beside the grade.
        package let notes: [String]
        /// What it ran on: Go, runsc, the kernel.
        package let tools: [String: String]

        init(_ run: Run) {
            self.run = run.id
            grade = run.verdict.grade
            title = run.verdict.grade.rawValue + (run.verdict.cause.map { ", \($0)" } ?? "")
            notes = run.verdict.notes
            tools = run.tools
        }
    }

    /// How much was asked: `component`, `boot`.
    package let level: String
    /// The recipe that was built.
    package let recipe: String
    /// How the node saw its file systems.
    package let layout: String
    /// The upstream and its version, as the recipe has it.
    package let upstream: String
    /// The series without the patch, as the command line takes it.
    package let seriesBefore: String
    /// The series with it.
    package let seriesAfter: String
    /// The run without it; nil when there is none.
    package let before: Side?
    /// The run with it; nil when there is none.
    package let after: Side?

    /// Whether both sides were run.
    package var isWhole: Bool { before != nil && after != nil }

    /// Whether the patch made the difference between a node that lives and one that does not.
    package var showsIt: Bool { before.map { $0.grade != .clean } == true && after?.grade == .clean }

    /// How anybody gets the same.
    package var command: String {
        "ninepin matrix \(recipe)\(level == "boot" ? "" : " --level \(level)") --series \(seriesBefore) --series \(seriesAfter)"
    }
}

extension EvidenceRow {
    /// One question: a series of one source in a place.
    fileprivate struct Place: Hashable {
        let level: String
        let layout: String
        var series: [PatchName]
        /// What was built; nil for what is yet to be run.
        var source: Lock?
    }

    /// The rows of a patch in one recipe: each place where it was run, and where the recipe says that it is to be run. Runs that came to no
    /// verdict tell nothing, and a probe of another patch says nothing of this one.
    ///
    /// - Parameter runs: all that are recorded, the oldest first.
    package static func rows(of patch: PatchName, in recipe: Recipe, runs: [Run], registry: Registry) -> [EvidenceRow] {
        let known = runs.filter { $0.recipe == recipe.name && $0.verdict.grade != .inconclusive && $0.tells(of: patch) }
        var places: [Place] = []
        for run in known where run.series.contains(patch) && !places.contains(run.place) { places.append(run.place) }
        for place in planned(patch, in: recipe) where !places.contains(where: { $0.isSame(as: place) }) { places.append(place) }
        return places.map { place in
            var without = place
            without.series.removeAll { $0 == patch }
            let before = known.last { $0.place == without || place.source == nil && $0.place.isSame(as: without) }
            let after = known.last { $0.place == place }
            let version = (after ?? before)?.upstreams?[patch.upstream] ?? recipe.upstreams[patch.upstream]?.version
            return EvidenceRow(
                level: place.level, recipe: recipe.name(for: place.source), layout: place.layout,
                upstream: recipe.words(on: patch.upstream, version, in: place.source),
                seriesBefore: registry.label(of: without.series), seriesAfter: registry.label(of: place.series),
                before: before.map { Side($0) }, after: after.map { Side($0) })
        }
    }

    /// The patch alone, and with the recipe's others.
    private static func planned(_ patch: PatchName, in recipe: Recipe) -> [Place] {
        let own = recipe.series.contains(patch) && recipe.series.count > 1 ? [recipe.series] : []
        return ([[patch]] + own).flatMap { series in
            recipe.layouts.map { Place(level: recipe.node == nil ? "component" : "boot", layout: $0.rawValue, series: series) }
        }
    }
}

extension EvidenceRow.Place {
    /// Whether it is the same question, of whatever source.
    fileprivate func isSame(as other: Self) -> Bool { level == other.level && layout == other.layout && series == other.series }
}

extension Run {
    fileprivate var place: EvidenceRow.Place {
        EvidenceRow.Place(level: verdict.level.rawValue, layout: layout.rawValue, series: series, source: lock)
    }

    /// A boot tells of every patch; a probe of its own.
    fileprivate func tells(of patch: PatchName) -> Bool {
        verdict.level != .component || verdict.evidence.allSatisfy { $0.source == patch.description }
    }
}

extension Recipe {
    /// The recipe as the command line takes it, at the version that was built.
    fileprivate func name(for lock: Lock?) -> String {
        guard let lock, lock.kind == .debian, upstreams.values.contains(where: { $0.version == version }) else { return name }
        return "\(name)@\(lock.version.prefix { $0.isNumber || $0 == "." })"
    }

    /// The upstream's version, and what was built.
    fileprivate func words(on upstream: String, _ version: Version?, in lock: Lock?) -> String {
        // Where the recipe's version is the upstream's, the source tells it better.
        let own = version == self.version && lock != nil ? nil : version.map { "\(upstream) \($0)" } ?? upstream
        return [own, lock?.title].compactMap(\.self).joined(separator: "; ")
    }
}

extension Registry {
    fileprivate func label(of series: [PatchName]) -> String {
        series.isEmpty ? "none" : series.map(shortName).joined(separator: ",")
    }
}
