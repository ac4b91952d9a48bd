import Host
import Model
import SystemPackage

/// An installed Go.
public struct GoToolchain: Hashable, Sendable {
    /// Its folder: `GOROOT`.
    public let root: FilePath
    /// Its release.
    public let version: Version

    /// What decides the bytes that it makes: the release, and what it compiles for. Its folder does not: `-trimpath` is always given.
    public var identity: String { "go\(version) linux/\(Self.architecture)" }

    /// The `go` program.
    public var program: FilePath { root.appending("bin/go") }

    /// All that are found: on `PATH`, and where Debian and Go's own archives put them. The newest first.
    public static func installed(on host: Host) -> [GoToolchain] {
        let places = ["/usr/lib", "/usr/local"].flatMap { place in
            Files.names(in: FilePath(place)).filter { $0 == "go" || $0.hasPrefix("go-") }.map { FilePath(place).appending($0) }
        }
        let onPath = host.program("go").flatMap { try? Files.realPath($0) }.map { $0.removingLastComponent().removingLastComponent() }
        let roots = (host.environment["GOROOT"].map { [FilePath($0)] } ?? []) + (onPath.map { [$0] } ?? []) + places
        var seen = Set<FilePath>()
        return roots.filter { seen.insert($0).inserted }.compactMap(GoToolchain.init).sorted { $0.version > $1.version }
    }

    /// The newest installed release of a range.
    ///
    /// - Throws: `GoMissing`, which tells what is there instead.
    public static func find(_ range: VersionRange, on host: Host) throws(GoMissing) -> GoToolchain {
        let installed = installed(on: host)
        guard let found = installed.first(where: { range.contains($0.version) }) else {
            throw GoMissing(range: range, found: installed.map { "\($0.version) in \($0.root)" })
        }
        return found
    }

    /// Reads `VERSION`, which every release of Go has in its folder: no `go` need be started to know which one it is.
    init?(_ root: FilePath) {
        guard Files.exists(root.appending("bin/go")), let text = try? Files.readText(root.appending("VERSION")),
            let first = text.split(separator: "\n").first, first.hasPrefix("go"), let version = Version(String(first.dropFirst(2)))
        else { return nil }
        self.root = root
        self.version = version
    }

    private static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "other"
        #endif
    }
}

/// No installed Go is of the range that a recipe wants.
public struct GoMissing: Error, Sendable, CustomStringConvertible {
    /// The range.
    public let range: VersionRange
    /// What is installed instead.
    public let found: [String]

    /// What is missing, what is there, and how to get it.
    public var description: String {
        let there = found.isEmpty ? "none is installed" : "installed: \(found.joined(separator: ", "))"
        return "no Go of \(range) is installed (\(there))\n    Run ./setup, or install such a release and put it on PATH."
    }
}
