import ExitCodes
import FoundationEssentials
import Host
import Model
import SystemPackage

/// A module that cannot be had, or whose copy cannot be named.
package struct ModuleError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The module.
    package let module: String
    /// Why.
    package let reason: String

    /// Which module, and why.
    package var description: String { "module \(module): \(reason)" }

    package var exitStatus: ExitStatus { .missing }
}

/// What a tree in module mode needs before it can be built without a network.
package struct GoModules: Sendable {
    private let build: GoBuild
    private let tree: FilePath

    /// Works in a tree that stands where it will be built.
    ///
    /// - Parameter target: only its environment matters here.
    package init(_ target: Target, at place: GoPlace, with toolchain: GoToolchain, temporary: FilePath, on host: Host) {
        build = GoBuild(target, at: place, with: toolchain, temporary: temporary, on: host)
        tree = place.tree
    }

    /// Brings all modules that the tree names into the module cache; `go.sum` holds their digests.
    ///
    /// - Throws: `CommandError`; `CancellationError`.
    package func download() async throws {
        var command = try build.go(["mod", "download"], online: true)
        command.environment["GOFLAGS"] = "-mod=readonly -modcacherw"
        _ = try await command.output()
    }

    /// The folder in the module cache that has a module's files.
    ///
    /// - Throws: `ModuleError` when the tree does not name it; `CommandError`.
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

    /// The text of a `go.mod` in which modules are replaced by copies below ``GoPlace/copies``.
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

    /// What the machine says of where modules come from (go help environment).
    static func network(_ host: Host) -> [String: String] {
        var found = Dictionary(uniqueKeysWithValues: names.compactMap { name in host.environment[name].map { (name, $0) } })
        // Go's own default is named by its absence, which GOENV=off keeps.
        found["GOPROXY"] = found["GOPROXY"] ?? ""
        return found
    }

    private static let names: Set = [
        "GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GONOPROXY", "GOINSECURE", "http_proxy", "https_proxy", "no_proxy",
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
    ]

    /// Whether a variable says where modules come from, and so has no part in a build without a network.
    static func isOfNetwork(_ name: String) -> Bool { names.contains(name) || ["GOVCS", "GOAUTH"].contains(name) }
}
