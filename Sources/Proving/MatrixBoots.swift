import Building
import FoundationEssentials
import Host
import Model
import Patches
import Runs
import Store
import Synchronization
import SystemPackage

/// One boot of a matrix, with its cell and its label.
private struct MatrixBoot: Sendable {
    let series: Int
    let layout: Layout
    let label: String
}

/// The state of a running matrix.
private struct MatrixProgress: Sendable {
    var steps: [Int: [StepRecord]] = [:]
    /// Boots whose binary is ready.
    var planned: [Int: PlannedBoot] = [:]
    /// The verdicts of earlier boots of the same kind.
    var known: [Int: Verdict] = [:]
    var boots: [Int: (planned: PlannedBoot, run: Run)] = [:]
}

extension NodeProver {
    /// Boots every series in every layout, each the given number of times. A boot starts as soon as its binary is ready and the previous
    /// boot has started; then they are watched together. Unreliable boots are repeated alone at the end.
    ///
    /// - Throws: any error of the steps.
    package func matrix(
        _ recipe: Recipe, _ series: [Series], layouts: [Layout], level: Level = .boot, times: Int, jobs: Jobs = .auto,
        with prerequisites: (build: BuildPrerequisites, boot: BootPrerequisites), from folder: FilePath? = nil
    ) async throws -> Matrix {
        let plan = Self.plan(series, layouts, times)
        let ledger = try ledger()
        let progress = Mutex(MatrixProgress())
        let schedule = BootSchedule(jobs, memoryOfBoot: Self.memory(at: level))
        try await schedule.run { handIn in
            // The recipe's own series comes first, because its node is expected to stay up and therefore takes longest.
            for index in series.indices.sorted(by: { series[$0].names == recipe.series && series[$1].names != recipe.series }) {
                let candidate = try await prepare(recipe, series[index], level: level, with: prerequisites.build, from: folder)
                progress.withLock { $0.steps[index] = candidate.steps }
                handIn(
                    try plan.indices.filter { plan[$0].series == index }.map { number in
                        let planned = try boot(candidate, layout: plan[number].layout, level: level, with: prerequisites.boot)
                        let known = try ledger.knownVerdict(of: planned.key)
                        progress.withLock { ($0.planned[number], $0.known[number]) = (planned, known) }
                        return .init(number: number, seconds: candidate.expectedSeconds(known, in: recipe))
                    })
            }
        } boot: { number, seat in
            let (planned, known) = progress.withLock { ($0.planned[number], $0.known[number]) }
            guard let planned else { return }
            let run = try await labelled(plan[number].label).measure(planned, known: known, seat: seat).run
            progress.withLock { $0.boots[number] = (planned, run) }
        }
        let (boots, steps) = progress.withLock { ($0.boots, $0.steps) }
        let runs = try await settled(plan.indices.compactMap { boots[$0] }, plan.map(\.label))
        var cells: [Matrix.Cell] = []
        for (index, one) in series.enumerated() {
            for layout in layouts {
                let own = plan.indices.filter { plan[$0].series == index && plan[$0].layout == layout }.flatMap { runs[$0] }
                if let cell = Matrix.Cell(label: one.label, runs: own) { cells.append(cell) }
            }
        }
        return Matrix(recipe: recipe.name, cells: cells, steps: series.indices.flatMap { steps[$0] ?? [] })
    }

    /// Bytes for a standalone node with gVisor, and for a joined one with its control plane: 457 MiB and 1.2 GiB were measured
    /// (docs/approaches.md), rounded up.
    package static func memory(at level: Level) -> Int64 { level.isJoined ? 1536 << 20 : 512 << 20 }

    private static func plan(_ series: [Series], _ layouts: [Layout], _ times: Int) -> [MatrixBoot] {
        series.indices.flatMap { index in
            layouts.flatMap { layout in
                (1...times).map { time in
                    let label = "\(series[index].label) on \(layout.rawValue)" + (times > 1 ? ", \(time) of \(times)" : "")
                    return MatrixBoot(series: index, layout: layout, label: label)
                }
            }
        }
    }

    /// Repeats unreliable boots alone.
    ///
    /// - Returns: the recorded runs of each boot; the last one counts.
    private func settled(
        _ boots: [(planned: PlannedBoot, run: Run)], _ labels: [String]
    ) async throws -> [[Run]] {
        var runs = boots.map { [$0.run] }
        for alike in Dictionary(grouping: boots.indices, by: { boots[$0].planned.key }).values {
            // A boot that is unreliable for its own reason says nothing about the others.
            let believed = alike.filter { boots[$0].run.setAside == nil }
            for (index, doubt) in zip(believed, Doubt.about(believed.map { boots[$0].run.verdict })) {
                guard let doubt else { continue }
                runs[index] = [try ledger().setAside(boots[index].run, because: doubt)]
            }
        }
        for index in runs.indices where runs[index][0].setAside != nil {
            runs[index].append(try await labelled(labels[index]).repeated(boots[index].planned, after: runs[index][0]).run)
        }
        return runs
    }
}

extension Candidate {
    /// The expected duration of a boot in seconds. A node that stays up is watched to the end. The estimate uses the verdict of an earlier
    /// boot; without one, more of the recipe's own patches make a full observation more likely.
    fileprivate func expectedSeconds(_ known: Verdict?, in recipe: Recipe) -> Double {
        let start = 7.0
        switch known?.grade {
        case .clean, .degraded, .short: return start + node.observe
        case .fatal: return start
        case .inconclusive, nil:
            let own = recipe.series.filter(series.contains).count
            return start + node.observe * Double(own) / Double(max(1, recipe.series.count))
        }
    }
}
