import Cluster
import FoundationEssentials
import GoToolchain
import Host
import Ledger
import Model
import Node
import Patches
import Sandbox
import SystemPackage

/// What a table of approaches needs, looked for before an hour's work.
public struct ApproachNeeds: Sendable {
    /// An approach, and what it changes here.
    public struct Ready: Sendable {
        /// The approach.
        public let approach: Approach
        /// What it changes.
        public let plan: ApproachPlan
        /// The patches in its node.
        public let series: Series
    }

    /// The approaches.
    public let ready: [Ready]
    /// What every boot needs.
    public let boot: BootNeeds
    /// The control's runtime.
    public let runc: Runc

    /// Looks for all of it.
    ///
    /// - Parameter series: the patches of an approach by name.
    /// - Throws: `ApproachPlan.Missing`; `Runc.Missing`; what `BootNeeds` throws.
    public init(
        _ approaches: [Approach], recipe: Recipe, on host: Host, series: ([String]) throws -> Series
    ) async throws {
        boot = try await BootNeeds(on: host, for: SandboxDemand(node: recipe.node))
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

extension Pipeline {
    /// Every approach, each as often as asked: first all builds, then the boots, round by round, so that a machine that grows slower does so
    /// for all of them.
    ///
    /// - Parameter watch: seconds after its start for which a node is watched, unless the recipe asks for more.
    /// - Returns: the table, and the folder in which it is recorded with all logs.
    /// - Throws: what the steps throw.
    public func approaches(
        _ recipe: Recipe, layout: Layout, times: Int, watch: Double, needs: (build: BuildNeeds, approaches: ApproachNeeds),
        from folder: FilePath? = nil
    ) async throws -> (table: ApproachTable, place: FilePath) {
        var booted: [Booted] = []
        for ready in needs.approaches.ready {
            booted.append(
                ready.approach.subject == .controlPlane
                    ? .controlPlane(try await controlPlane(recipe, needs: needs.build, from: folder).programs)
                    : .node(try await prepare(recipe, ready.series, needs: needs.build, from: folder)))
        }
        let logs = scratch.place("approaches")
        var attempts = [[ApproachAttempt]](repeating: [], count: booted.count)
        for time in 1...times {
            for (index, ready) in needs.approaches.ready.enumerated() {
                events(.note(ready.approach.name + (times > 1 ? ", \(time) of \(times)" : "")))
                let place = logs.appending("\(ready.approach.name)-\(time)")
                let boot = needs.approaches.boot
                let attempt =
                    switch booted[index] {
                    case .node(let candidate):
                        try await self.attempt(ready, candidate, layout: layout, watch: watch, needs: boot, logs: place)
                    case .controlPlane(let programs):
                        try await ControlPlaneBoot(programs, layout: layout, watch: watch, runsc: boot.runsc, on: host).run(
                            scratch: scratch, logs: place)
                    }
                events(.note("\(ready.approach.name): \(attempt.outcome.rawValue): \(attempt.summary)"))
                attempts[index].append(attempt)
            }
        }
        let rows = zip(needs.approaches.ready, attempts).compactMap { ready, attempts in
            ApproachTable.Row(ready.approach, series: ready.series.label, attempts: attempts)
        }
        let tools = [
            "ninepin": Ninepin.version, "runsc": needs.approaches.boot.runsc.version, "runc": needs.approaches.runc.version,
            "kernel": Self.kernel, "go": needs.build.go.identity,
        ]
        let reference = needs.approaches.ready.first { $0.approach.subject == .recipe }?.approach.name
        let table = ApproachTable(recipe: recipe, layout: layout, reference: reference, tools: tools, rows: rows)
        return (table, try Ledger(workspace.approaches).record(table, logs: logs))
    }

    private func attempt(
        _ ready: ApproachNeeds.Ready, _ candidate: Candidate, layout: Layout, watch: Double, needs: BootNeeds, logs: FilePath
    ) async throws -> ApproachAttempt {
        let witness = BootWitness()
        let node = candidate.node.watched(atLeast: watch)
        let boot = NodeBoot(
            candidate.artifact, node: node, layout: layout, runsc: needs.runsc, profile: needs.profile, approach: ready.plan,
            witness: witness, on: host)
        let verdict = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", $0.words)) }.verdict
        var evidence: [Evidence]?
        if let refusal = witness.refusal, ready.plan.runtime == .runsc {
            let control = try await controlled(ready, candidate, layout: layout, needs: needs, logs: logs.appending("control"))
            evidence = control.map { [refusal, $0] }
        }
        return ApproachAttempt(verdict, refusal: evidence, answers: witness.answers, measures: witness.measures)
    }

    /// Whether the preparation that the sandbox refused goes well in a container of the machine's own kernel: only then was it the sandbox.
    private func controlled(
        _ ready: ApproachNeeds.Ready, _ candidate: Candidate, layout: Layout, needs: BootNeeds, logs: FilePath
    ) async throws -> Evidence? {
        let witness = BootWitness(stopsEarly: true)
        let boot = NodeBoot(
            candidate.artifact, node: candidate.node, layout: layout, runsc: needs.runsc, profile: needs.profile,
            approach: ready.plan.control, witness: witness, on: host)
        _ = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", "control: \($0.words)")) }
        guard witness.isPrepared, witness.refusal == nil else { return nil }
        let answers = witness.answers.map { "; \($0)" }.joined()
        return Evidence(kind: .harness, text: "the same preparation goes well in plain runc\(answers)", source: "control")
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
