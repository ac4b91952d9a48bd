import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import Patches
import Proving
import Runs
import Store
import Synchronization
import SystemPackage

import struct Crypto.SHA256

/// Plans a night, measures what must be measured, and records each result as soon as it is settled.
package struct NightlyRunner: Sendable {
    let builder: SourceBuilder
    let catalogue: Catalogue
    let ledger: Ledger
    let options: NightlyOptions

    package init(_ builder: SourceBuilder, catalogue: Catalogue, ledger: Ledger, options: NightlyOptions) {
        self.builder = builder
        self.catalogue = catalogue
        self.ledger = ledger
        self.options = options
    }

    private var events: EventSink { builder.runner.events }

    /// A night's plan, with what is needed to carry it out.
    package struct Prepared: Sendable {
        package let manifest: NightlyManifest
        package let plan: NightlyPlan
        /// Rows whose source could not be resolved.
        package let unresolved: [UnresolvedRow]
        let jobs: [NightlyJob]
        let digest: Digest
        /// The unfinished night that goes on; nil for a new one.
        let unfinished: NightRecord?
    }

    /// Resolves and plans a night. Nothing is fetched, built or booted, and nothing is recorded.
    ///
    /// - Throws: `Diagnostic` for an invalid manifest; errors of missing prerequisites; `LedgerError`; `CancellationError`.
    package func prepare(_ path: FilePath, now: Date = .now) async throws -> Prepared {
        let text = try Files.readYaml(path)
        let manifest = try NightlyManifest(yaml: text, file: path.string, name: path.lastComponent?.stem ?? Catalogue.nightly)
        let matrix = try await matrix(of: manifest, file: path.string)
        let digest = Digest(bytes: SHA256.hash(data: Array(text.utf8)))
        let unfinished = try unfinishedNight(manifest, digest, now: now)
        let done = try unfinished.map { Set(try ledger.cells(of: $0.id).filter(\.isMeasured).map(\.key)) } ?? []
        let past = try ledger.lastResults(of: matrix.jobs.map(\.cell.key), except: unfinished?.id, isKnown: false)
        let jobs = try withHistory(matrix.jobs)
        let plan = NightlyPlan(
            jobs.map(\.cell), earlier: past.mapValues { EarlierResult($0) }, done: done, maxAge: manifest.maxAge,
            budget: options.budget ?? manifest.budget, now: now)
        return Prepared(
            manifest: manifest, plan: plan, unresolved: matrix.unresolved, jobs: jobs, digest: digest, unfinished: unfinished)
    }

    /// The cells with the durations of earlier boots and builds.
    private func withHistory(_ jobs: [NightlyJob]) throws -> [NightlyJob] {
        let boots = try ledger.expectedSeconds(of: jobs.map(\.cell.key))
        var builds: [String: Double] = [:]
        for name in Set(jobs.map(\.recipe.name)) { builds[name] = try ledger.expectedSeconds(ofStep: "build", recipe: name) }
        return jobs.map { job in
            job.with(job.cell.expecting(bootSeconds: boots[job.cell.key], buildSeconds: builds[job.recipe.name]))
        }
    }

    /// Carries out a plan.
    ///
    /// - Returns: the night as it is recorded.
    /// - Throws: `LedgerError` if a result cannot be recorded; `CancellationError`. Whatever fails in a cell is that cell's result.
    package func run(_ prepared: Prepared, now: Date = .now) async throws -> NightRecord {
        let night: String
        if let unfinished = prepared.unfinished {
            night = unfinished.id
            _ = try ledger.resumeNight(night)
            events(.note("resuming the night that began \(unfinished.started)"))
        } else {
            night = try ledger.beginNight(
                name: prepared.manifest.name, manifest: prepared.digest, budget: options.budget ?? prepared.manifest.budget, at: now
            ).id
        }
        let locks = Dictionary(prepared.jobs.map { ($0.cell.key, $0.lock) }) { one, _ in one }
        let recorder = try NightRecorder(ledger: ledger, night: night, plan: prepared.plan, locks: locks) { [events] in
            events(.note("recorded: \($0)"))
        }
        try recorder.recordOthers()
        for row in prepared.unresolved {
            events(.note("\(row.recipe): \(row.reason)"))
            try recorder.record(row)
        }
        let sitting = NightSitting(runner: self, prepared: prepared, recorder: recorder)
        try await sitting.measure()
        try await sitting.repeatBoots()
        let rebuilt = try await sitting.rebuild()
        let drift = try recorder.drift(own: try ownSeries(prepared), rebuilt: rebuilt)
        return try ledger.endNight(night, drift: drift, at: .now)
    }

    /// The night that an interruption left unfinished, if it is of the same manifest and not older than a day.
    private func unfinishedNight(_ manifest: NightlyManifest, _ digest: Digest, now: Date) throws -> NightRecord? {
        guard let night = try ledger.unfinishedNight(named: manifest.name), night.manifest == digest else { return nil }
        return night.started > now.addingTimeInterval(-86_400).formatted(.iso8601) ? night : nil
    }

    private func ownSeries(_ prepared: Prepared) throws -> [String: [PatchName]] {
        Dictionary(prepared.jobs.map { ($0.recipe.name, $0.recipe.series) }) { one, _ in one }
    }
}

extension NightlyJob {
    func with(_ cell: NightlyCell) -> NightlyJob {
        NightlyJob(cell: cell, lock: lock, recipe: recipe, series: series, layout: layout, probe: probe, tools: tools)
    }
}

extension NightlyCell {
    /// The same cell with durations from the ledger; nil keeps the estimate.
    func expecting(bootSeconds boot: Double?, buildSeconds build: Double?) -> NightlyCell {
        NightlyCell(
            key: key, label: label, version: version, priority: priority, expected: expected, source: source, inputs: inputs,
            bootSeconds: boot ?? bootSeconds, buildSeconds: build ?? buildSeconds)
    }
}
