import Building
import Cluster
import FoundationEssentials
import GoToolchain
import Host
import Model
import Node
import Patches
import Proving
import Sandbox
import Store
import SystemPackage

/// What a table of approaches needs, looked for before an hour's work.
package struct ApproachPrerequisites: Sendable {
    /// An approach, and what it changes here.
    package struct Ready: Sendable {
        /// The approach.
        package let approach: Approach
        /// What it changes.
        package let plan: ApproachPlan
        /// The patches in its node.
        package let series: Series
    }

    /// The approaches.
    package let ready: [Ready]
    /// What every boot needs.
    package let boot: BootPrerequisites
    /// The control's runtime.
    package let runc: Runc

    /// Looks for all of it.
    ///
    /// - Parameter series: the patches of an approach by name.
    /// - Throws: `ApproachPlan.Missing`; `Runc.Missing`; what `BootPrerequisites` throws.
    package init(
        _ approaches: [Approach], recipe: Recipe, on host: Host, series: ([String]) throws -> Series
    ) async throws {
        boot = try await BootPrerequisites(on: host, for: SandboxDemand(node: recipe.node))
        runc = try await Runc.find(on: host)
        if approaches.contains(where: { $0.subject == .controlPlane }) { _ = try ControlPlanePrograms.etcd(on: host) }
        ready = try approaches.map { approach in
            let names =
                switch approach.subject {
                case .series(let names): names
                case .recipe: recipe.series
                case .controlPlane: [PatchName]()
                }
            let plan = try ApproachPlan(approach, version: recipe.version, folder: Catalogue(host).approaches, on: host)
            return Ready(approach: approach, plan: plan, series: try series(names.map(\.description)))
        }
    }
}

/// What is booted of an approach.
private enum Booted: Sendable {
    case node(Candidate)
    case controlPlane(ControlPlanePrograms)
}

/// Boots approaches side by side and records the table.
package struct ApproachProver: Sendable {
    private let prover: NodeProver

    package init(_ builder: SourceBuilder) { prover = NodeProver(builder) }

    private var host: Host { prover.host }
    private var scratch: Scratch { prover.runner.scratch }
    private var events: EventSink { prover.runner.events }

    /// Every approach, each as often as asked: first all builds, then the boots, round by round, so that a machine that grows slower does so
    /// for all of them.
    ///
    /// - Parameter watch: seconds after its start for which a node is watched, unless the recipe asks for more.
    /// - Returns: the table, and the folder in which it is recorded with all logs.
    /// - Throws: what the steps throw.
    package func table(
        _ recipe: Recipe, layout: Layout, times: Int, watch: Double,
        with prerequisites: (build: BuildPrerequisites, approaches: ApproachPrerequisites),
        from folder: FilePath? = nil
    ) async throws -> (table: ApproachTable, place: FilePath) {
        var booted: [Booted] = []
        for ready in prerequisites.approaches.ready {
            booted.append(
                ready.approach.subject == .controlPlane
                    ? .controlPlane(try await prover.controlPlane(recipe, with: prerequisites.build, from: folder).programs)
                    : .node(try await prover.prepare(recipe, ready.series, with: prerequisites.build, from: folder)))
        }
        let logs = scratch.place("approaches")
        var attempts = [[ApproachAttempt]](repeating: [], count: booted.count)
        for time in 1...times {
            for (index, ready) in prerequisites.approaches.ready.enumerated() {
                events(.note(ready.approach.name + (times > 1 ? ", \(time) of \(times)" : "")))
                let place = logs.appending("\(ready.approach.name)-\(time)")
                let boot = prerequisites.approaches.boot
                let attempt =
                    switch booted[index] {
                    case .node(let candidate):
                        try await self.attempt(ready, candidate, layout: layout, watch: watch, with: boot, logs: place)
                    case .controlPlane(let programs):
                        try await ControlPlaneBoot(programs, layout: layout, watch: watch, runsc: boot.runsc, on: host).run(
                            scratch: scratch, logs: place)
                    }
                events(.note("\(ready.approach.name): \(attempt.outcome.rawValue): \(attempt.summary)"))
                attempts[index].append(attempt)
            }
        }
        let rows = zip(prerequisites.approaches.ready, attempts).compactMap { ready, attempts in
            ApproachTable.Row(ready.approach, series: ready.series.label, attempts: attempts)
        }
        let tools = [
            "ninepin": Ninepin.version, "runsc": prerequisites.approaches.boot.runsc.version, "runc": prerequisites.approaches.runc.version,
            "kernel": NodeProver.kernel, "go": prerequisites.build.go.identity,
        ]
        let reference = prerequisites.approaches.ready.first { $0.approach.subject == .recipe }?.approach.name
        let table = ApproachTable(recipe: recipe, layout: layout, reference: reference, tools: tools, rows: rows)
        return (table, try Ledger(prover.runner.workspace.approaches).record(table, as: "table.json", logs: logs))
    }

    private func attempt(
        _ ready: ApproachPrerequisites.Ready, _ candidate: Candidate, layout: Layout, watch: Double, with prerequisites: BootPrerequisites,
        logs: FilePath
    ) async throws -> ApproachAttempt {
        let witness = BootWitness()
        let node = candidate.node.watched(atLeast: watch)
        let boot = NodeBoot(
            candidate.artifact, node: node, layout: layout, runsc: prerequisites.runsc, profile: prerequisites.profile,
            modification: ready.plan.modification,
            observer: witness, on: host)
        let verdict = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", $0.words)) }.verdict
        var evidence: [Evidence]?
        if let refusal = witness.refusal, ready.plan.runtime == .runsc {
            let control = try await controlled(ready, candidate, layout: layout, with: prerequisites, logs: logs.appending("control"))
            evidence = control.map { [refusal, $0] }
        }
        return ApproachAttempt(verdict, refusal: evidence, answers: witness.answers, measures: witness.measures)
    }

    /// Whether the preparation that the sandbox refused goes well in a container of the machine's own kernel: only then was it the sandbox.
    private func controlled(
        _ ready: ApproachPrerequisites.Ready, _ candidate: Candidate, layout: Layout, with prerequisites: BootPrerequisites, logs: FilePath
    ) async throws -> Evidence? {
        let witness = BootWitness(stopsEarly: true)
        let boot = NodeBoot(
            candidate.artifact, node: candidate.node, layout: layout, runsc: prerequisites.runsc, profile: prerequisites.profile,
            modification: ready.plan.control.modification, observer: witness, on: host)
        _ = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", "control: \($0.words)")) }
        guard witness.isPrepared, witness.refusal == nil else { return nil }
        let answers = witness.answers.map { "; \($0)" }.joined()
        return Evidence(kind: .harness, text: "the same preparation succeeds in plain runc\(answers)", source: "control")
    }
}

extension NodeSpec {
    /// The same, watched for at least some seconds after its start.
    fileprivate func watched(atLeast seconds: Double) -> NodeSpec {
        var watched = self
        watched.observe = max(observe, seconds)
        return watched
    }
}
