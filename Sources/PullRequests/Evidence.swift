import Model
import Patches

/// What recorded runs show about a patch in one environment: the same series without and with it.
package struct EvidenceRow: Hashable, Encodable, Sendable {
    /// One side: the newest conclusive run.
    package struct Side: Hashable, Encodable, Sendable {
        /// The run's ID.
        package let run: String
        /// The grade, and the known fault that decided it.
        package let title: String
        package let grade: Grade
        /// The verdict's notes.
        package let notes: [String]
        /// What decided, the most important first.
        package let evidence: [Evidence]
        /// The versions of Go, runsc and the kernel in that run.
        package let tools: [String: String]

        init(_ run: Run) {
            self.run = run.id
            grade = run.verdict.grade
            title = run.verdict.title
            notes = run.verdict.notes
            evidence = Array(run.verdict.evidence.prefix(3))
            tools = run.tools
        }
    }

    /// The level of proof: `component` or `boot`.
    package let level: String
    /// The recipe that was built, in command-line syntax.
    package let recipe: String
    /// The recipe's name.
    package let name: String
    /// The version that was built; nil if unknown.
    package let version: String?
    /// The patch's variant for the upstream that was built; nil if none is for its version.
    package let variant: String?
    /// The layout of the node's file systems.
    package let layout: String
    /// The upstream and its version according to the recipe.
    package let upstream: String
    /// The series without the patch, in command-line syntax.
    package let seriesBefore: String
    /// The titles of the other patches in the series, by their names in it.
    package let companions: [String: String]
    /// The series with the patch.
    package let seriesAfter: String
    /// The run without the patch; nil if there is none.
    package let before: Side?
    /// The run with the patch; nil if there is none.
    package let after: Side?

    /// Whether both sides were run.
    package var isWhole: Bool { before != nil && after != nil }

    /// Whether the patch made the difference between a clean node and one that is not.
    package var showsIt: Bool { before.map { $0.grade != .clean } == true && after?.grade == .clean }

    /// The command that reproduces the row.
    package var command: String {
        "ninepin matrix \(recipe)\(level == "boot" ? "" : " --level \(level)") --series \(seriesBefore) --series \(seriesAfter)"
    }
}

extension EvidenceRow {
    /// The arguments of `ninepin matrix` for what was not run on both sides, each once.
    ///
    /// - Parameters:
    ///   - recipe: if not nil, only this recipe counts, at its version.
    ///   - name: the recipe in command-line syntax.
    package static func missing(from rows: [EvidenceRow], at recipe: Recipe? = nil, named name: String? = nil) -> [[String]] {
        var seen: Set<[String]> = []
        let own = rows.filter { row in recipe.map { $0.name == row.name } ?? true }
        return own.compactMap { row in
            let isDone = own.contains { other in
                other.isWhole && other.level == row.level && other.seriesAfter == row.seriesAfter && other.layout == row.layout
                    && (recipe.map { $0.version.plain == other.version } ?? (other.name == row.name))
            }
            // The layout's cgroup version is an option of its own.
            let parts = row.layout.split(separator: "+")
            guard !isDone, parts.count == 1 else { return nil }
            let words = [
                name ?? row.recipe, "--level", row.level, "--layout", row.layout, "--series", row.seriesBefore, "--series", row.seriesAfter,
            ]
            return seen.insert(words).inserted ? words : nil
        }
    }

    /// One measurement: a series of one source in one environment.
    fileprivate struct Place: Hashable {
        let level: String
        let layout: String
        var series: [PatchName]
        /// What was built; nil for a planned run.
        var source: Lock?
    }

    /// The rows of a patch for one recipe: each environment in which it was run, and each one in which the recipe plans to run it.
    /// Inconclusive runs and probes of other patches do not count.
    ///
    /// - Parameter runs: all recorded runs, oldest first.
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
            let variants = registry.entries.first { $0.name == patch }?.variants ?? []
            return EvidenceRow(
                level: place.level, recipe: recipe.name(of: after ?? before), name: recipe.name,
                version: (after ?? before)?.version ?? recipe.version.plain,
                variant: version.flatMap { version in variants.first { $0.versions.contains(version) }?.name }, layout: place.layout,
                upstream: recipe.words(on: patch.upstream, version, in: place.source),
                seriesBefore: registry.label(of: without.series), companions: registry.titles(of: without.series),
                seriesAfter: registry.label(of: place.series),
                before: before.map { Side($0) }, after: after.map { Side($0) })
        }
    }

    /// The patch alone, and together with the recipe's others.
    private static func planned(_ patch: PatchName, in recipe: Recipe) -> [Place] {
        let own = recipe.series.contains(patch) && recipe.series.count > 1 ? [recipe.series] : []
        return ([[patch]] + own).flatMap { series in
            recipe.layouts.map { Place(level: recipe.node == nil ? "component" : "boot", layout: $0.rawValue, series: series) }
        }
    }
}

extension EvidenceRow.Place {
    /// Whether it is the same measurement, of any source.
    fileprivate func isSame(as other: Self) -> Bool { level == other.level && layout == other.layout && series == other.series }
}

extension Run {
    fileprivate var place: EvidenceRow.Place {
        EvidenceRow.Place(level: verdict.level.rawValue, layout: layout.rawValue, series: series, source: lock)
    }

    /// Whether the run is evidence for a patch: a boot is for every patch, a probe only for its own.
    fileprivate func tells(of patch: PatchName) -> Bool {
        verdict.level != .component || verdict.evidence.allSatisfy { $0.source == patch.description }
    }
}

extension Recipe {
    /// The recipe at the version that a run was asked for, in command-line syntax.
    fileprivate func name(of run: Run?) -> String {
        guard let built = run?.version, built != version.plain else { return name }
        return "\(name)@\(built)"
    }

    /// The upstream's version, and what was built.
    fileprivate func words(on upstream: String, _ version: Version?, in lock: Lock?) -> String {
        // If the recipe's version is the upstream's, the source describes it more exactly.
        let own = version == self.version && lock != nil ? nil : version.map { "\(upstream) \($0)" } ?? upstream
        return [own, lock?.title].compactMap(\.self).joined(separator: "; ")
    }
}

extension Registry {
    /// The titles of patches by their short names.
    fileprivate func titles(of series: [PatchName]) -> [String: String] {
        let known = series.compactMap { name in entries.first { $0.name == name } }
        return Dictionary(known.map { (shortName(of: $0.name), $0.title) }, uniquingKeysWith: { first, _ in first })
    }

    fileprivate func label(of series: [PatchName]) -> String {
        series.isEmpty ? "none" : series.map(shortName).joined(separator: ",")
    }
}
