import ExitCodes
import FileSystem
import GoToolchain
import Host
import Model
import Store
import SystemPackage

/// The workspace's disk does not have enough free space.
package struct NotEnoughSpace: ExitStatusError, Sendable, CustomStringConvertible {
    /// The workspace.
    package let path: FilePath
    /// The number of free bytes.
    package let free: Int64
    /// The number of bytes needed.
    package let needed: Int64

    /// The free and the needed space, and what to do.
    package var description: String {
        """
        \(path) has \(free >> 20) MiB free; a build needs about \(needed >> 20) MiB
            Make room, or move the workspace with --workspace DIR or NINEPIN_WORKSPACE.
        """
    }

    package var exitStatus: ExitStatus { .missing }
}

/// The prerequisites of a build, checked before hours of work.
package struct BuildPrerequisites: Sendable {
    /// The Go toolchain for the build.
    package let go: GoToolchain
    /// Whether to accept a download with unknown content.
    package let trustsDownloads: Bool

    /// Checks all prerequisites.
    ///
    /// - Parameters:
    ///   - range: the requested Go releases; nil for the recipe's own.
    ///   - allowsCode: whether the recipe may pass Go more than settings.
    ///   - trustsDownloads: whether to accept a download with unknown content.
    ///   - isPacked: whether the recipe's package, if it has one, will be made: a component's probe and upstream's tests need none of its
    ///     downloads.
    /// - Throws: `RecipeIsCode` if the recipe passes more than settings without permission; `PackageError` for a download with unknown
    ///   content; `GoRemedy`, `GoWheelError`, `TransferError` and others if no Go in the range is installed or can be installed; `NotEnoughSpace`.
    package init(
        _ recipe: Recipe, go range: VersionRange? = nil, allowsCode: Bool = false, trustsDownloads: Bool = false,
        isPacked: Bool = true, on host: Host, events: @escaping EventSink
    ) async throws {
        self.trustsDownloads = trustsDownloads
        try Self.check(recipe, allowsCode: allowsCode, trustsDownloads: trustsDownloads, isPacked: isPacked)
        try Workspace(host).check()
        try Self.checkSpace(Self.neededBytes, on: host)
        let scratch = try await Scratch(in: Workspace(host).unfinished)
        defer { scratch.remove() }
        let wanted = range ?? recipe.toolchain
        var go = try await GoRemedy.explaining(wanted, on: host) {
            try await GoToolchain.provide(wanted, on: host, scratch: scratch) { events(.progress(step: "go", $0.description)) }
        }
        go.isToldAnything = allowsCode
        self.go = go
    }

    /// Checks what needs neither this machine nor the network.
    ///
    /// - Throws: `RecipeIsCode`; `PackageError` for a download with unknown content.
    package static func check(_ recipe: Recipe, allowsCode: Bool, trustsDownloads: Bool, isPacked: Bool) throws {
        try RecipeIsCode.check(recipe, isAllowed: allowsCode)
        if isPacked { try Downloads.check(recipe, areTrusted: trustsDownloads) }
    }

    /// The Go releases that may build, and the one that would. Only the package index knows which one could be installed.
    package static func words(of range: VersionRange, on host: Host) -> String {
        let there = GoToolchain.installed(on: host).first { range.contains($0.version) }
        return "\(range): "
            + (there.map { "\($0.version) is installed" } ?? "none is installed; a build looks for one in the package index")
    }

    /// The approximate space for Go's cache, the worktree and the binary of a Kubernetes component.
    package static let neededBytes = BuildStep.neededBytes

    /// - Throws: `NotEnoughSpace` if the workspace's disk has less free space.
    package static func checkSpace(_ needed: Int64, on host: Host) throws(NotEnoughSpace) {
        guard let free = Files.freeBytes(at: host.workspace), free < needed else { return }
        throw NotEnoughSpace(path: host.workspace, free: free, needed: needed)
    }
}

extension GoProgress: CustomStringConvertible {
    package var description: String {
        switch self {
        case .asking: "looking for a release"
        case .receiving(let version, let bytes, let total):
            "Go \(version): \(total.map { $0 > 0 ? "\(bytes * 100 / $0) %" : "" } ?? "\(bytes >> 20) MiB")"
        case .unpacking(let version, let files): "Go \(version): unpacking, \(files) files"
        }
    }
}
