import Cluster
import FoundationEssentials
import Git
import Glibc
import GoToolchain
import Host
import Ledger
import Model
import Node
import Patches
import Sandbox
import Synchronization
import SystemPackage

/// What a boot's outcome depends on, as far as it can be named. It is a measurement all the same, and never taken from the store.
private struct VerifyKey: Keyed {
    static let name = "verify"

    let artifact: Digest
    let node: NodeSpec
    let layout: Layout
    let level: Level
    let runsc: String
}

/// A binary on its way to a verdict: what is to be booted, and where it comes from.
public struct Candidate: Sendable {
    /// The recipe's name; empty when the binary is from elsewhere.
    public var recipe = ""
    /// The patches in it.
    public var series: [PatchName] = []
    /// The source.
    public var lock: Lock?
    /// The patched tree's id.
    public var tree: String?
    /// The steps that made it.
    public var steps: [StepRecord] = []
    /// What makes the control plane that it joins; nil when it joins none.
    public var plane: ControlPlaneKind?
    /// How it is booted.
    public var node: NodeSpec
    /// The binary.
    public let artifact: Artifact
    /// The Go that built it.
    public var go: String?
    /// What it was made of; nil when it is from elsewhere.
    public var pedigree: Pedigree?
    /// The pedigree as it stands in the binary.
    public var buildID: String?
    /// The packages that the series touched; each is compiled into it from the patched files.
    public var reached: [String] = []

    /// A binary from anywhere.
    ///
    /// - Parameter recipe: says how it is booted; a kubelet is taken for granted when nil.
    /// - Throws: `FileError` when it cannot be read.
    public init(binary: FilePath, for recipe: Recipe? = nil) throws(FileError) {
        let path = try Files.realPath(binary)
        artifact = Artifact(digest: try Files.digest(of: path), path: path.string, bytes: Files.bytes(of: path) ?? 0)
        node = recipe?.node ?? .kubelet
    }

    fileprivate init(_ artifact: Artifact, recipe: Recipe, node: NodeSpec) {
        self.artifact = artifact
        self.recipe = recipe.name
        self.node = node
    }
}

extension Pipeline {
    /// All steps before the boot: recipe and series to a binary, from whatever is in the store.
    ///
    /// - Parameters:
    ///   - level: how much will be asked of it: at some levels a control plane is needed too.
    ///   - folder: a folder to be taken in the place of the recipe's source.
    /// - Throws: what the steps throw.
    public func prepare(
        _ recipe: Recipe, _ series: Series, level: Level = .boot, needs: BuildNeeds, from folder: FilePath? = nil
    ) async throws -> Candidate {
        guard let node = recipe.node else { throw NoTarget(recipe: recipe.name) }
        let (fetched, exposed, mode) = try await expose(try await fetch(recipe, from: folder), recipe: recipe, go: needs.go)
        let patched = try await patch(fetched, series, recipe: exposed)
        let filled = exposed.filled(by: fetched.lock)
        let inner = try await build(patched, recipe: filled, go: needs.go, mode: mode)
        let (built, packing) = try await package(inner, patched, of: fetched.lock, recipe: filled, go: needs.go)
        var candidate = Candidate(built.artifact, recipe: recipe, node: node)
        candidate.series = series.names
        candidate.lock = fetched.lock
        candidate.tree = patched.tree.description
        candidate.steps = fetched.steps + [patched.record, inner.record] + packing + (packing.isEmpty ? [] : [built.record])
        candidate.go = needs.go.identity
        candidate.pedigree = built.pedigree
        candidate.buildID = try built.pedigree.buildID()
        candidate.reached = built.reached
        return try await joining(candidate, recipe, at: level, needs: needs, from: folder)
    }

    /// Boots a binary, grades it, and records the run.
    ///
    /// - Parameter level: how much is asked of it.
    /// - Returns: the run, and the folder it is recorded in.
    /// - Throws: `FileError` when the run cannot be recorded; `CancellationError`.
    public func verify(_ candidate: Candidate, layout: Layout, level: Level = .boot, needs: BootNeeds) async throws -> (
        run: Run, place: FilePath
    ) {
        let key = try VerifyKey(
            artifact: candidate.artifact.digest, node: candidate.node, layout: layout, level: level, runsc: needs.runsc.version
        ).key()
        let boot = NodeBoot(
            candidate.artifact, node: candidate.node, layout: layout, level: level, plane: candidate.plane, runsc: needs.runsc,
            profile: needs.profile, on: host)
        return try await measure(
            candidate, by: boot, layout: layout, level: level, key: key, tools: ["runsc": needs.runsc.version])
    }

    /// Boots a binary, and records what came of it.
    func measure(
        _ candidate: Candidate, by boot: NodeBoot, layout: Layout, level: Level, key: Digest, tools: [String: String]
    ) async throws -> (run: Run, place: FilePath) {
        let (start, started) = (ContinuousClock.now, Date.now)
        events(.began(step: VerifyKey.name, subject: "\(candidate.artifact.digest.short) in \(layout.rawValue), level \(level.rawValue)"))
        let logs = scratch.place("run")
        let overhead = Mutex<[String: Double]>([:])
        let (verdict, toVerdict) = try await boot.run(scratch: scratch, logs: logs) { progress in
            switch progress {
            case .spent(let part, let seconds): overhead.withLock { $0[part.rawValue] = seconds }
            case .note(let text): events(.note(text))
            default: events(.progress(step: VerifyKey.name, progress.words))
            }
        }
        let record = StepRecord(name: VerifyKey.name, key: key, cached: false, seconds: start.duration(to: .now).seconds)
        var tools = tools.merging(["ninepin": Ninepin.version, "kernel": Self.kernel]) { $1 }
        tools["go"] = candidate.go
        let run = Run(
            id: Ledger.newName(at: started), started: started.formatted(.iso8601), recipe: candidate.recipe, series: candidate.series,
            layout: layout,
            lock: candidate.lock, tree: candidate.tree, artifact: candidate.artifact, steps: candidate.steps + [record], tools: tools,
            secondsToVerdict: toVerdict, overhead: overhead.withLock { $0 }, verdict: verdict)
        let place = try Ledger(workspace.runs).record(run, logs: logs)
        events(.ended(record, detail: "\(verdict.grade.rawValue): \(verdict.summary)"))
        return (run, place)
    }

    /// Every series in every layout, each as often as asked: first all builds, then the boots, one after the other.
    ///
    /// - Throws: what the steps throw.
    public func matrix(
        _ recipe: Recipe, _ series: [Series], layouts: [Layout], level: Level = .boot, times: Int,
        needs: (build: BuildNeeds, boot: BootNeeds), from folder: FilePath? = nil
    ) async throws -> Matrix {
        var candidates: [(Series, Candidate)] = []
        for one in series { candidates.append((one, try await prepare(recipe, one, level: level, needs: needs.build, from: folder))) }
        var cells: [Matrix.Cell] = []
        for (one, candidate) in candidates {
            for layout in layouts {
                var runs: [Run] = []
                for time in 1...times {
                    events(.note("\(one.label) on \(layout.rawValue)" + (times > 1 ? ", \(time) of \(times)" : "")))
                    runs.append(try await verify(candidate, layout: layout, level: level, needs: needs.boot).run)
                }
                if let cell = Matrix.Cell(label: one.label, runs: runs) { cells.append(cell) }
            }
        }
        return Matrix(recipe: recipe.name, cells: cells, steps: candidates.flatMap { $0.1.steps })
    }

    static var kernel: String {
        var name = utsname()
        guard uname(&name) == 0 else { return "unknown" }
        return withUnsafeBytes(of: &name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

extension BootProgress {
    var words: String {
        switch self {
        case .preparing: "filling the sandbox"
        case .stage(let name): "sandbox: \(name)"
        case .watching(let seconds): "watching, \(seconds) s"
        case .note(let text): text
        case .spent(let part, let seconds): "\(part.rawValue): \(seconds) s"
        }
    }
}
