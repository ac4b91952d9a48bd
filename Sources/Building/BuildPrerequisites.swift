import ExitCodes
import GoToolchain
import Host
import Model
import Store
import SystemPackage

/// The disk of the workspace has too little room for what is to come.
package struct NotEnoughSpace: ExitStatusError, Sendable, CustomStringConvertible {
    /// The workspace.
    package let path: FilePath
    /// Bytes that are free.
    package let free: Int64
    /// Bytes that are needed.
    package let needed: Int64

    /// How much there is, how much is needed, and what to do.
    package var description: String {
        """
        \(path) has \(free >> 20) MiB free; a build needs about \(needed >> 20) MiB
            Make room, or move the workspace with --workspace DIR or NINEPIN_WORKSPACE.
        """
    }

    package var exitStatus: ExitStatus { .missing }
}

/// What a build needs, looked for before an hour's work.
package struct BuildPrerequisites: Sendable {
    /// The Go that builds.
    package let go: GoToolchain
    /// Whether a download of which nobody has said what it must be is taken as it comes.
    package let trustsDownloads: Bool

    /// Looks for all of it.
    ///
    /// - Parameters:
    ///   - range: the Go releases that are asked for; the recipe's own when nil.
    ///   - allowsCode: whether the recipe may tell Go more than settings.
    ///   - trustsDownloads: whether a download of which nobody has said what it must be is taken as it comes.
    ///   - isPacked: whether the recipe's package is made, if it has one: a component's probe and upstream's tests need none of its downloads.
    /// - Throws: `RecipeIsCode` when it does, and may not; `PackageError` for a download that nobody knows; `GoWheelError`, `TransferError` and others when no Go of the range is here and none can
    ///   be installed; `NotEnoughSpace`.
    package init(
        _ recipe: Recipe, go range: VersionRange? = nil, allowsCode: Bool = false, trustsDownloads: Bool = false,
        isPacked: Bool = true, on host: Host, events: @escaping EventSink
    ) async throws {
        self.trustsDownloads = trustsDownloads
        try RecipeIsCode.check(recipe, isAllowed: allowsCode)
        if isPacked { try Downloads.check(recipe, areTrusted: trustsDownloads) }
        try Self.checkSpace(Self.neededBytes, on: host)
        let scratch = try await Scratch(in: Workspace(host).unfinished)
        defer { scratch.remove() }
        var go = try await GoToolchain.provide(range ?? recipe.toolchain, on: host, scratch: scratch) {
            events(.progress(step: "go", $0.words))
        }
        go.isToldAnything = allowsCode
        self.go = go
    }

    /// Go's cache, the work tree and the binary of a Kubernetes component take about this much.
    package static let neededBytes = BuildStep.neededBytes

    /// - Throws: `NotEnoughSpace` when the workspace's disk has less free.
    package static func checkSpace(_ needed: Int64, on host: Host) throws(NotEnoughSpace) {
        guard let free = Files.freeBytes(at: host.workspace), free < needed else { return }
        throw NotEnoughSpace(path: host.workspace, free: free, needed: needed)
    }
}

extension GoProgress {
    fileprivate var words: String {
        switch self {
        case .asking: "looking for a release"
        case .receiving(let version, let bytes, let total):
            "Go \(version): \(total.map { $0 > 0 ? "\(bytes * 100 / $0) %" : "" } ?? "\(bytes >> 20) MiB")"
        case .unpacking(let version, let files): "Go \(version): unpacking, \(files) files"
        }
    }
}
