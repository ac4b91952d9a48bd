import Building
import FileSystem
import Host
import Model
import Node
import Sources
import Store
import SystemPackage
import Transfer

/// A node's containerd.
struct NodeContainerd: Sendable {
    /// The version that it reports: `1.7.24`.
    let release: String
    /// Its package; nil for the machine's own.
    let package: LockedPackage?

    /// The entries for a run's record.
    var words: [String: String] {
        var words = ["containerd": release]
        words["containerd package"] = package?.title
        return words
    }
}

extension Candidate {
    /// The candidate with the node's containerd in its lock.
    func with(_ containerd: NodeContainerd) -> Candidate {
        var candidate = self
        candidate.lock?.containerd = containerd.package
        return candidate
    }
}

extension KubeletProfile {
    /// A node's profile with the containerd that it requests, which is fetched unless it is the machine's own.
    ///
    /// - Throws: `Missing`; `ContainerdDoesNotRun`; `CommandError` if the machine's own does not run; any error of fetching.
    static func provided(
        with spec: ContainerdSpec?, on host: Host, events: @escaping EventSink
    ) async throws -> (profile: KubeletProfile, containerd: NodeContainerd) {
        // Reports other missing programs before anything is fetched.
        let own = try KubeletProfile(on: host)
        guard let spec else { return (own, NodeContainerd(release: try await own.containerd(), package: nil)) }
        let runner = try await StepRunner(host, events: events)
        defer { runner.close() }
        let (package, folder) = try await runner.containerd(spec)
        let profile = try KubeletProfile(on: host, containerd: folder)
        try await profile.requireContainerd(package)
        return (profile, NodeContainerd(release: try await profile.containerd(), package: package))
    }
}

/// Resolves a suite's containerd to its package. It queries the signed index once and keeps the answer.
struct ResolveContainerdStep: Step {
    static let name = "resolve-containerd"

    let spec: ContainerdSpec
    let architecture: Architecture

    func run(in context: StepContext, folder: FilePath) async throws -> ResolvedPackage {
        context.progress("querying the index of \(spec.suite)")
        return try await context.withIndex(of: spec.suite) { try await $0.resolve(spec) }
    }
}

/// Fetches a locked package and unpacks its programs into a folder.
struct ContainerdStep: Step {
    static let name = "containerd"
    private static let programs: FilePath.Component = "programs"

    let lock: LockedPackage
    let address: Unkeyed<String>

    /// The digest of each program.
    struct Kept: Codable, Sendable { let programs: [String: Digest] }

    func run(in context: StepContext, folder: FilePath) async throws -> Kept {
        let source = DebianPackages([lock.file], mirrors: context.workspace.mirrors, on: context.host)
        try await source.fetch(from: [lock.file.name: address.value]) { context.tell($0) }
        let place = folder.appending(Self.programs)
        try await context.inPlace(of: "package") { scratch in
            try await source.unpackPrograms(ContainerdSpec.programs, into: place, scratch: scratch) { context.tell($0) }
        }
        return Kept(programs: try Self.digests(in: place))
    }

    /// The folder within the step's place.
    static func folder(in place: FilePath) -> FilePath { place.appending(programs) }

    private static func digests(in folder: FilePath) throws -> [String: Digest] {
        var digests: [String: Digest] = [:]
        for name in ContainerdSpec.programs { digests[name] = try Files.digest(of: folder.appending(name)) }
        return digests
    }

    func isWhole(_ output: Kept, in place: FilePath, workspace: Workspace) -> Bool {
        (try? Self.digests(in: Self.folder(in: place))) == output.programs
    }
}

extension StepRunner {
    /// Resolves and fetches a suite's containerd.
    ///
    /// - Returns: the package, and the folder with its programs.
    /// - Throws: `SourceError`, `TransferError`, `CommandError`, `FileError`, `CancellationError`.
    func containerd(_ spec: ContainerdSpec) async throws -> (package: LockedPackage, folder: FilePath) {
        let (kept, isOld) = try await resolve(spec, isFresh: false)
        do { return try await fetch(kept) } catch let error as TransferError where error.isUnreachable && isOld {
            // The cached address may be outdated: a suite's files move, and its older versions are removed.
            let (fresh, _) = try await resolve(spec, isFresh: true)
            if fresh.lock != kept.lock { events(.note("\(spec.suite) now has \(fresh.lock.version) instead of \(kept.lock.version)")) }
            return try await fetch(fresh)
        }
    }

    private func resolve(_ spec: ContainerdSpec, isFresh: Bool) async throws -> (ResolvedPackage, isOld: Bool) {
        let step = ResolveContainerdStep(spec: spec, architecture: .machine)
        let done = try await perform(step, subject: spec.description, isFresh: isFresh) { $0.lock.title }
        return (done.output, done.record.cached)
    }

    private func fetch(_ package: ResolvedPackage) async throws -> (package: LockedPackage, folder: FilePath) {
        let step = ContainerdStep(lock: package.lock, address: Unkeyed(package.address))
        let done = try await perform(step, subject: package.lock.title) { _ in package.lock.title }
        return (package.lock, ContainerdStep.folder(in: done.place))
    }
}
