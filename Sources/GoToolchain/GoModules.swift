import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

/// A module that is not available, or that cannot be replaced by a copy.
package struct ModuleError: ExitStatusError, Sendable, CustomStringConvertible {
    package let module: String
    package let reason: String

    /// The module and the reason.
    package var description: String { "module \(module): \(reason)" }

    package var exitStatus: ExitStatus { .missing }
}

/// Prepares a tree in module mode for an offline build.
package struct GoModules: Sendable {
    private let build: GoBuild
    private let tree: FilePath

    /// Uses a tree at the place where it will be built.
    ///
    /// - Parameter target: only its environment matters here.
    package init(_ target: Target, at place: GoPlace, with toolchain: GoToolchain, temporary: FilePath, on host: Host) {
        build = GoBuild(target, at: place, with: toolchain, temporary: temporary, on: host)
        tree = place.tree
    }

    /// Downloads all modules that the tree requires to the module cache; `go.sum` verifies their digests.
    ///
    /// - Throws: `CommandError`; `CancellationError`.
    package func download() async throws {
        var command = try build.go(["mod", "download"], online: true)
        command.environment["GOFLAGS"] = "-mod=readonly -modcacherw"
        _ = try await command.output()
    }

    /// The folder in the module cache with a module's files.
    ///
    /// - Throws: `ModuleError` if the tree does not require the module; `CommandError`.
    package func folder(of module: String) async throws -> FilePath {
        struct Module: Decodable { let Dir: String? }
        var command = try build.go(["list", "-m", "-json", module], online: true)
        command.environment["GOFLAGS"] = "-mod=readonly -modcacherw"
        let said: String
        do { said = try await command.output() } catch let error as CommandError {
            throw ModuleError(module: module, reason: error.lastLines.joined(separator: "; "))
        }
        guard let folder = try? JSONDecoder().decode(Module.self, from: Data(said.utf8)).Dir else {
            throw ModuleError(module: module, reason: "go.mod lists it, but the module cache does not contain it")
        }
        return FilePath(folder)
    }

    /// The text of a `go.mod` that replaces modules by copies below ``GoPlace/copies``.
    ///
    /// - Throws: `CommandError`.
    package func modFile(replacing modules: [String], in scratch: FilePath) async throws -> [UInt8] {
        let file = scratch.appending(GoPlace.modFile)
        try Files.write(try Files.read(tree.appending("go.mod")), to: file)
        for module in modules {
            var command = try build.go(["mod", "edit", "-replace=\(module)=./\(GoPlace.copies)/\(module)", file.string])
            command.environment["GOFLAGS"] = ""
            _ = try await command.output()
        }
        return try Files.read(file)
    }

    /// The machine's settings for fetching modules (go help environment).
    static func network(_ host: Host) -> [String: String] {
        var found = Dictionary(uniqueKeysWithValues: names.compactMap { name in host.environment[name].map { (name, $0) } })
        // An empty value selects Go's default; GOENV=off keeps it that way.
        found["GOPROXY"] = found["GOPROXY"] ?? ""
        return found
    }

    private static let names: Set = [
        "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "http_proxy", "https_proxy", "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
    ]

    /// Whether a variable affects how modules are fetched, and therefore has no place in an offline build.
    static func isOfNetwork(_ name: String) -> Bool { names.contains(name) || ["GOVCS", "GOAUTH"].contains(name) }
}
