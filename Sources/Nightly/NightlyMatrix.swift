import Building
import ExitCodes
import FileSystem
import FoundationEssentials
import GoToolchain
import Host
import Model
import Patches
import Proving
import Sandbox
import Store
import SystemPackage

import struct Crypto.SHA256

/// What a night may use, and what it trusts.
package struct NightlyOptions: Sendable {
    /// How many boots are watched at the same time.
    package var jobs: Jobs = .auto
    /// Whether recipes may pass Go more than settings.
    package var allowsCode = false
    /// Whether to accept downloads with unknown content.
    package var trustsDownloads = false
    /// The requested runsc; nil for the default one.
    package var runsc: FilePath?
    /// The budget in seconds; nil for the manifest's.
    package var budget: Double?
    /// How old a stored answer of a suite's index may be, in seconds.
    package var indexAge: Double = 3600

    package init() {}
}

/// A cell with everything that is needed to measure it.
struct NightlyJob: Sendable {
    let cell: NightlyCell
    /// The resolved source.
    let lock: Lock
    let recipe: Recipe
    let series: Series
    let layout: Layout
    let probe: Probe?
    let tools: NightlyTools
}

/// What a recipe's cells are built and booted with.
struct NightlyTools: Sendable {
    let build: BuildPrerequisites
    let node: BootPrerequisites?
    let component: ComponentPrerequisites?
}

/// A row of the manifest whose source could not be resolved.
package struct UnresolvedRow: Sendable {
    package let recipe: String
    /// Why, in words.
    package let reason: String
    /// The cells that the row would have, as far as that is known without the source, each with what is expected of it.
    let cells: [(key: CellKey, expected: String?)]
}

/// Tonight's cells.
struct NightlyMatrix: Sendable {
    /// The cells, in the order of the manifest, each once.
    var jobs: [NightlyJob] = []
    /// Rows whose source could not be resolved.
    var unresolved: [UnresolvedRow] = []
}

extension NightlyRunner {
    /// Resolves the versions and the sources of a manifest, and finds everything that can change a cell's result. Nothing is fetched,
    /// built or booted.
    ///
    /// - Throws: `Diagnostic` for a manifest that contradicts the recipes; errors of a missing prerequisite; `CancellationError`. A source
    ///   that cannot be resolved is part of the result.
    func matrix(of manifest: NightlyManifest, file: String) async throws -> NightlyMatrix {
        var matrix = NightlyMatrix()
        var seen = Set<CellKey>()
        let registry = try catalogue.registry()
        for row in manifest.rows {
            do {
                for version in try await versions(of: row) {
                    for job in try await jobs(of: row, version, registry, file: file) where seen.insert(job.cell.key).inserted {
                        matrix.jobs.append(job)
                    }
                }
            } catch let error as Unresolved {
                matrix.unresolved.append(
                    UnresolvedRow(recipe: row.recipe, reason: error.reason, cells: try expectedCells(of: row, registry, file: file)))
            }
            guard matrix.jobs.count <= NightlyManifest.most else {
                throw Diagnostic(
                    file: file, line: row.line, column: 1, message: "the manifest has more than \(NightlyManifest.most) cells")
            }
        }
        return matrix
    }

    /// A source that cannot be resolved now.
    private struct Unresolved: Error { let reason: String }

    /// A version of a recipe, and the minor line that it belongs to if the row follows lines.
    private struct FollowedVersion {
        let recipe: Recipe
        let line: String?
    }

    private func versions(of row: NightlyManifest.Row) async throws -> [FollowedVersion] {
        guard let range = row.versions else { return [FollowedVersion(recipe: try catalogue.recipe(row.recipe), line: nil)] }
        let tags: VersionTags
        do { tags = try await VersionTags(offeredBy: row.recipe, in: catalogue, with: builder) } catch {
            try rethrowUnlessRemote(error)
            throw Unresolved(reason: "\(error)")
        }
        return try tags.newest(in: range, lines: row.lines).map { offer in
            let line = offer.version.numbers.prefix(2).map(String.init).joined(separator: ".")
            return FollowedVersion(recipe: try catalogue.recipe("\(row.recipe)@\(offer.version.plain)"), line: line)
        }
    }

    private func jobs(
        of row: NightlyManifest.Row, _ followed: FollowedVersion, _ registry: Registry, file: String
    ) async throws -> [NightlyJob] {
        let recipe = followed.recipe
        let level = row.level ?? (recipe.node == nil ? .component : .boot)
        let layouts = row.layouts.isEmpty ? recipe.layouts : row.layouts
        let lock: Lock
        do { lock = try await builder.currentLock(of: recipe, notOlderThan: options.indexAge) } catch {
            try rethrowUnlessRemote(error)
            throw Unresolved(reason: "\(error)")
        }
        let tools = try await tools(for: recipe, layouts, level: level)
        let shared = try inputs(of: recipe, lock, tools, level: level)
        var jobs: [NightlyJob] = []
        for written in row.series.isEmpty ? (recipe.compare + [recipe.series]).map(Self.text) : row.series {
            let series = try series(written, of: recipe, registry, row: row, file: file)
            let probes: [Probe?] = level == .component ? try self.probes(row.probes, series, recipe, registry) : [nil]
            var inputs = shared
            inputs["series"] = try Self.digest(of: series)
            for probe in probes {
                inputs["probe"] = probe.map { Digest(bytes: SHA256.hash(data: $0.source(importing: ""))).hex }
                for layout in layouts {
                    let key = CellKey(
                        recipe: recipe.name, line: followed.line, series: series.names, layout: .sandbox(layout), level: level,
                        probe: probe?.name)
                    let cell = NightlyCell(
                        key: key, label: series.label, version: recipe.version.plain, priority: row.priority,
                        expected: row.expected(of: written, label: series.label, on: layout), source: lock.title, inputs: inputs,
                        bootSeconds: Self.usualBoot(recipe, level: level), buildSeconds: Self.usualBuild)
                    jobs.append(
                        NightlyJob(cell: cell, lock: lock, recipe: recipe, series: series, layout: layout, probe: probe, tools: tools))
                }
            }
        }
        return jobs
    }

    /// The cells of a row, without its versions and its probes.
    private func expectedCells(
        of row: NightlyManifest.Row, _ registry: Registry, file: String
    ) throws -> [(key: CellKey, expected: String?)] {
        let recipe = try catalogue.recipe(row.recipe)
        let level = row.level ?? (recipe.node == nil ? .component : .boot)
        let layouts = row.layouts.isEmpty ? recipe.layouts : row.layouts
        return try (row.series.isEmpty ? (recipe.compare + [recipe.series]).map(Self.text) : row.series).flatMap { written in
            let series = try series(written, of: recipe, registry, row: row, file: file)
            return layouts.map { layout in
                let key = CellKey(recipe: recipe.name, series: series.names, layout: .sandbox(layout), level: level)
                return (key, row.expected(of: written, label: series.label, on: layout))
            }
        }
    }

    private static func text(_ names: [PatchName]) -> String { names.isEmpty ? "none" : names.map(\.description).joined(separator: ",") }

    private func series(
        _ written: String, of recipe: Recipe, _ registry: Registry, row: NightlyManifest.Row, file: String
    ) throws -> Series {
        let names: [String]
        switch written {
        case "none": names = []
        case "recipe": names = recipe.series.map(\.description)
        default: names = written.split(separator: ",").map { String($0.drop { $0 == " " }) }
        }
        do { return try Series(names, recipe: recipe, registry: registry) } catch {
            throw Diagnostic(file: file, line: row.line, column: 1, message: "series '\(written)' of '\(recipe.name)': \(error)")
        }
    }

    private func probes(_ names: [String], _ series: Series, _ recipe: Recipe, _ registry: Registry) throws -> [Probe?] {
        let named = try names.map { try registry.probe(named: $0, of: recipe) }
        return series.asked(by: named.isEmpty ? try registry.probes(for: series, of: recipe) : named)
    }

    private func tools(for recipe: Recipe, _ layouts: [Layout], level: Level) async throws -> NightlyTools {
        try NotRoot.check(on: builder.runner.host)
        let build = try await BuildPrerequisites(
            recipe, allowsCode: options.allowsCode, trustsDownloads: options.trustsDownloads, isPacked: level != .component,
            on: builder.runner.host, events: builder.runner.events)
        let demand = SandboxDemand(runsc: options.runsc, layouts: layouts, node: recipe.node, level: level)
        let host = builder.runner.host
        if level == .component {
            return NightlyTools(build: build, node: nil, component: try await ComponentPrerequisites(on: host, for: demand))
        }
        return NightlyTools(
            build: build, node: try await BootPrerequisites(on: host, for: demand, events: builder.runner.events), component: nil)
    }

    /// Everything but the series that can change a result.
    private func inputs(of recipe: Recipe, _ lock: Lock, _ tools: NightlyTools, level: Level) throws -> [String: String] {
        var inputs = tools.node?.tools ?? ["runsc": tools.component?.runsc.version ?? ""]
        inputs["source"] = try Self.digest(lock)
        inputs["recipe"] = try Self.digest(recipe)
        inputs["Go"] = tools.build.go.identity
        inputs["kernel"] = NodeProver.kernel
        inputs["ninepin"] = Ninepin.version
        return inputs
    }

    private static func digest(_ value: some Encodable) throws -> String {
        Digest(bytes: SHA256.hash(data: try JSONDocument.line(of: value))).hex
    }

    private static func digest(of series: Series) throws -> String {
        var hash = SHA256()
        for name in series.names { hash.update(data: Array("\(name)\n".utf8)) }
        for text in try series.texts() { hash.update(data: text) }
        return Digest(bytes: hash.finalize()).hex
    }

    /// The duration of a boot without a history, in seconds.
    private static func usualBoot(_ recipe: Recipe, level: Level) -> Double {
        guard level != .component, let node = recipe.node else { return 2 }
        return 10 + node.observe + (level.isJoined ? 60 : 0)
    }

    /// The duration of a build without a history, in seconds.
    private static let usualBuild = 120.0

    /// Rethrows an error that is not about a server that cannot be reached or does not have what was asked for.
    private func rethrowUnlessRemote(_ error: any Error) throws {
        if error is CancellationError || error is Diagnostic { throw error }
        switch ExitStatus(for: error) {
        case .missing, .fault, .no: return
        default: throw error
        }
    }
}
