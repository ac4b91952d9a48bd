import Building
import Cluster
import FileSystem
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

/// The prerequisites of a table of approaches, checked before an hour of work begins.
package struct ApproachPrerequisites: Sendable {
    /// An approach and its plan for this machine.
    package struct Ready: Sendable {
        package let approach: Approach
        /// The approach's changes.
        package let plan: ApproachPlan
        /// The patches in its node.
        package let series: Series
    }

    package let ready: [Ready]
    /// The prerequisites of every boot.
    package let boot: BootPrerequisites
    /// The runtime of the control boots.
    package let runc: Runc

    /// Checks all prerequisites.
    ///
    /// - Parameter series: returns the series for patch names.
    /// - Throws: `ApproachPlan.Missing`; `Runc.Missing`; any error of `BootPrerequisites`.
    package init(
        _ approaches: [Approach], recipe: Recipe, on host: Host, series: ([String]) throws -> Series
    ) async throws {
        boot = try await BootPrerequisites(on: host, for: SandboxDemand(node: recipe.node))
        runc = try await Runc.find(on: host)
        if approaches.contains(where: { $0.subject == .controlPlane }) { _ = try ControlPlanePrograms.etcd(on: host) }
        let places = try Catalogue(host).approachPlaces()
        ready = try approaches.map { approach in
            let names =
                switch approach.subject {
                case .series(let names): names
                case .recipe: recipe.series
                case .controlPlane: [PatchName]()
                }
            let plan = try ApproachPlan(approach, version: recipe.version, folder: places[approach.name] ?? host.project, on: host)
            return Ready(approach: approach, plan: plan, series: try series(names.map(\.description)))
        }
    }
}

/// What is booted for an approach.
private enum Booted: Sendable {
    case node(Candidate)
    case controlPlane(ControlPlanePrograms)
}

/// Boots approaches and records the table that compares them.
package struct ApproachProver: Sendable {
    private let prover: NodeProver

    package init(_ builder: SourceBuilder) { prover = NodeProver(builder) }

    private var host: Host { prover.host }
    private var scratch: Scratch { prover.runner.scratch }
    private var events: EventSink { prover.runner.events }

    /// Boots every approach the given number of times. All builds come first, then the boots, round by round, so that a slowdown of the
    /// machine affects all approaches equally.
    ///
    /// - Parameter watch: the seconds after its start for which a node is watched, unless the recipe specifies more.
    /// - Returns: the table, and the folder in which it is recorded with all logs.
    /// - Throws: any error of the steps.
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
                let (boot, runc) = (prerequisites.approaches.boot, prerequisites.approaches.runc)
                let attempt =
                    switch booted[index] {
                    case .node(let candidate):
                        try await self.attempt(ready, candidate, layout: layout, watch: watch, with: boot, runc, logs: place)
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
        return (table, try DocumentFolders(prover.runner.workspace.approaches).record(table, as: "table.json", logs: logs))
    }

    private func attempt(
        _ ready: ApproachPrerequisites.Ready, _ candidate: Candidate, layout: Layout, watch: Double, with prerequisites: BootPrerequisites,
        _ runc: Runc, logs: FilePath
    ) async throws -> ApproachAttempt {
        let witness = BootWitness()
        let node = candidate.node.watched(atLeast: watch)
        let boot = NodeBoot(
            candidate.artifact, node: node,
            at: ready.plan.runtime == .runc ? .container(runc, layout) : .sandbox(prerequisites.runsc, layout),
            profile: prerequisites.profile, modification: ready.plan.modification, observer: witness, on: host)
        let verdict = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", $0.description)) }.verdict
        var evidence: [Evidence]?
        if let refusal = witness.refusal, ready.plan.runtime == .runsc {
            let control = try await controlled(
                ready, candidate, at: .container(runc, layout), with: prerequisites, logs: logs.appending("control"))
            evidence = control.map { [refusal, $0] }
        }
        return ApproachAttempt(verdict, refusal: evidence, answers: witness.answers, measures: witness.measures)
    }

    /// Repeats the refused preparation in a container on the machine's own kernel. Returns evidence if it succeeds there, which shows that
    /// the sandbox was the cause of the refusal; nil otherwise.
    private func controlled(
        _ ready: ApproachPrerequisites.Ready, _ candidate: Candidate, at site: BootSite, with prerequisites: BootPrerequisites,
        logs: FilePath
    ) async throws -> Evidence? {
        let witness = BootWitness(stopsEarly: true)
        let boot = NodeBoot(
            candidate.artifact, node: candidate.node, at: site, profile: prerequisites.profile, modification: ready.plan.modification,
            observer: witness, on: host)
        _ = try await boot.run(scratch: scratch, logs: logs) { events(.progress(step: "verify", "control: \($0)")) }
        guard witness.isPrepared, witness.refusal == nil else { return nil }
        let answers = witness.answers.map { "; \($0)" }.joined()
        return Evidence(kind: .harness, text: "the same preparation succeeds in plain runc\(answers)", source: "control")
    }
}

extension NodeSpec {
    /// The same node, watched for at least this many seconds after its start.
    fileprivate func watched(atLeast seconds: Double) -> NodeSpec {
        var watched = self
        watched.observe = max(observe, seconds)
        return watched
    }
}
