import Building
import ExitCodes
import FoundationEssentials
import GoToolchain
import Host
import Model
import Patches
import Proving
import Runs
import Store
import Synchronization

/// The work of one night: builds and boots overlap, because a node that is only watched leaves the machine mostly idle.
struct NightSitting: Sendable {
    let runner: NightlyRunner
    let prepared: NightlyRunner.Prepared
    let recorder: NightRecorder
    private let began = ContinuousClock.now
    private let progress = Progress()

    init(runner: NightlyRunner, prepared: NightlyRunner.Prepared, recorder: NightRecorder) {
        self.runner = runner
        self.prepared = prepared
        self.recorder = recorder
    }

    private var builder: SourceBuilder { runner.builder }
    private var prover: NodeProver { NodeProver(builder) }
    private var events: EventSink { builder.runner.events }

    /// What is known while the boots go on.
    private final class Progress: Sendable {
        struct State {
            var planned: [Int: PlannedBoot] = [:]
            /// The boots of each cell, in order, those that do not count included.
            var runs: [Int: [Run]] = [:]
            /// Cells that need another boot, alone.
            var open: [Int] = []
        }
        let state = Mutex(State())
    }

    private var jobs: [NightlyJob] { prepared.jobs }

    /// Builds what the plan needs, in its order, and boots each cell once.
    func measure() async throws {
        let order = prepared.plan.order
        let level = order.map { jobs[$0].cell.key.level }.max { NodeProver.memory(at: $0) < NodeProver.memory(at: $1) } ?? .boot
        let schedule = BootSchedule(runner.options.jobs, memoryOfBoot: NodeProver.memory(at: level))
        try await schedule.run { handIn in
            for group in groups(order) {
                try Task.checkCancellation()
                guard !isSpent(before: group) else {
                    try recorder.postpone(group.map { jobs[$0].cell })
                    continue
                }
                if jobs[group[0]].probe == nil { handIn(try await prepareNodes(group)) } else { try await probe(group) }
            }
        } boot: { number, seat in
            guard let planned = progress.state.withLock({ $0.planned[number] }) else { return }
            let run = try await prover.labelled("\(jobs[number].cell.key)").measure(planned, seat: seat).run
            try take(run, of: number)
        }
    }

    /// Cells that share a build, in the plan's order.
    private func groups(_ order: [Int]) -> [[Int]] {
        var groups: [(key: NightlyCell.Group, level: Level, cells: [Int])] = []
        for index in order {
            let cell = jobs[index].cell
            if let place = groups.firstIndex(where: { $0.key == cell.group && $0.level == cell.key.level }) {
                groups[place].cells.append(index)
            } else {
                groups.append((cell.group, cell.key.level, [index]))
            }
        }
        return groups.map(\.cells)
    }

    /// Whether the budget is spent, or would be before the first boot of a group could end.
    private func isSpent(before group: [Int]) -> Bool {
        guard let budget = runner.options.budget ?? prepared.manifest.budget else { return false }
        let cell = jobs[group[0]].cell
        return began.duration(to: .now).seconds + cell.bootSeconds > budget
    }

    /// Builds a node. A failure is the result of all cells of the group.
    private func prepareNodes(_ group: [Int]) async throws -> [BootSchedule.Job] {
        let job = jobs[group[0]]
        guard let tools = job.tools.node else { return [] }
        do {
            let candidate = try await prover.prepare(job.recipe, job.series, level: job.cell.key.level, with: job.tools.build)
            return try group.map { index in
                let planned = try prover.boot(candidate, layout: jobs[index].layout, level: job.cell.key.level, with: tools)
                progress.state.withLock { $0.planned[index] = planned }
                return BootSchedule.Job(number: index, seconds: jobs[index].cell.bootSeconds)
            }
        } catch let error as CancellationError { throw error } catch {
            for index in group { try recorder.record(NightResult(jobs[index].cell, failure: .init(error), summary: Self.words(error))) }
            return []
        }
    }

    /// Builds and runs probes. They take a fraction of a second each, one after the other.
    private func probe(_ group: [Int]) async throws {
        let job = jobs[group[0]]
        guard let tools = job.tools.component else { return }
        let prober = ProbeProver(builder)
        do {
            var probes: [Probe] = []
            for probe in group.compactMap({ jobs[$0].probe }) where !probes.contains(probe) { probes.append(probe) }
            let probed = try await prober.prepare(job.recipe, job.series, probes: probes, with: job.tools.build)
            for index in group {
                guard let program = probed.programs.first(where: { $0.probe == jobs[index].probe }) else {
                    let reason = "the probe is for other versions of \(jobs[index].probe?.upstream ?? "the upstream")"
                    try recorder.record(NightResult(jobs[index].cell, failure: .doesNotBuild, summary: reason))
                    continue
                }
                var runs: [Run] = []
                repeat {
                    runs.append(try await prober.ask(probed.only(program), layout: jobs[index].layout, with: tools).run)
                } while Repetition.isNeeded(runs.map(\.verdict.title), usual: recorder.usual(jobs[index].cell))
                try recorder.record(NightResult(jobs[index].cell, runs: runs))
            }
        } catch let error as CancellationError { throw error } catch {
            for index in group where try !recorder.has(jobs[index].cell.key) {
                try recorder.record(NightResult(jobs[index].cell, failure: .init(error), summary: Self.words(error)))
            }
        }
    }

    /// Takes the first boot of a cell: it settles the cell, or the cell is booted again later, alone.
    private func take(_ run: Run, of number: Int) throws {
        let cell = jobs[number].cell
        let isOpen = run.setAside != nil || Repetition.isNeeded([run.verdict.title], usual: recorder.usual(cell))
        progress.state.withLock { state in
            state.runs[number] = [run]
            if isOpen { state.open.append(number) }
        }
        if !isOpen { try recorder.record(NightResult(cell, runs: [run])) }
    }

    /// Boots the open cells again, one at a time, until their results are settled.
    func repeatBoots() async throws {
        let open = progress.state.withLock { $0.open }
        for number in open {
            let (planned, first) = progress.state.withLock { ($0.planned[number], $0.runs[number]?.first) }
            guard let planned, let first else { continue }
            let cell = jobs[number].cell
            let prover = prover.labelled("\(cell.key), again")
            var runs = first.setAside == nil ? [first] : [try await prover.repeated(planned, after: first).run]
            while Repetition.isNeeded(runs.map(\.verdict.title), usual: recorder.usual(cell)) {
                events(.note("\(cell.key): \(runs.map(\.verdict.title).joined(separator: ", then ")); booting again, alone"))
                runs.append(try await prover.measure(planned).run)
            }
            try recorder.record(NightResult(cell, runs: runs))
        }
    }

    /// Builds one binary again and compares it: the one that was built or compared the longest ago, if that is long enough ago and the budget
    /// is not spent. Go takes the packages from its cache, so this is about linking and about what the build embeds.
    func rebuild() async throws -> [Rebuilt] {
        guard let due = try oldestBinary(), !isSpent(before: [due.job]) else { return [] }
        let job = jobs[due.job]
        do {
            let source = try await builder.prepare(job.recipe, with: job.tools.build)
            let patched = try await builder.patch(source, job.series)
            let stored = try await builder.build(source, patched)
            events(.note("building \(job.recipe.name) with \(job.cell.label) again, to compare the binaries"))
            let digest = try await builder.rebuilt(source, patched)
            try runner.ledger.recordRebuild(of: due.artifact, as: digest)
            return [
                Rebuilt(
                    recipe: job.recipe.name, label: job.cell.label, source: job.cell.source, before: stored.artifact.digest, after: digest,
                    since: due.since)
            ]
        } catch let error as CancellationError { throw error } catch {
            events(.note("\(job.recipe.name) with \(job.cell.label) could not be built again: \(error)"))
            return []
        }
    }

    /// The binary whose turn it is to be built again; nil if none is due.
    private func oldestBinary() throws -> (job: Int, artifact: Digest, since: String)? {
        let compared = try runner.ledger.comparedBinaries()
        let limit = Date.now.addingTimeInterval(-Double(prepared.manifest.rebuildAge) * 86_400).formatted(.iso8601)
        var seen = Set<NightlyCell.Group>()
        var oldest: (job: Int, artifact: Digest, since: String)?
        for (index, job) in jobs.enumerated() where job.probe == nil && job.recipe.target != nil && seen.insert(job.cell.group).inserted {
            guard let id = recorder.lastRun(of: job.cell) else { continue }
            let run = try runner.ledger.run(id)
            let since = compared[run.artifact.digest] ?? run.started
            if since < limit, since < oldest?.since ?? "~" { oldest = (index, run.artifact.digest, since) }
        }
        return oldest
    }

    private static func words(_ error: any Error) -> String {
        String("\(error)".prefix(2000))
    }
}

extension NightResult.Failure {
    /// Classifies an error of the steps before a boot. What says something about the source is the cell's result; everything else is a
    /// failure of the harness.
    init(_ error: any Error) {
        if let error = error as? PatchesError {
            switch error {
            case .doesNotApply(let name, _, _, _, _), .ambiguous(let name, _): self = .doesNotApply(name)
            case .inUpstream(let name, _, _): self = .isUpstream(name)
            default: self = .harness
            }
            return
        }
        if let error = error as? GoBuildError {
            // Without diagnostics it is the compiler that failed, for example for lack of memory.
            self = error.diagnostics.isEmpty ? .harness : .doesNotBuild
        } else {
            self = error is PatchNotReached || ExitStatus(for: error) == .data ? .doesNotBuild : .harness
        }
    }
}
