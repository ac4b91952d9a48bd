import ExitCodes
import FileSystem
import FoundationEssentials
import Glibc
import Host
import Model
import SystemPackage

/// Generates the file with the OpenAPI definitions of kube-apiserver's types (Kubernetes, Makefile.generated_files, "openapi-gen"). Before
/// version 1.24, Kubernetes does not include it in its source.
package struct OpenAPI: Sendable {
    private let toolchain: GoToolchain
    private let build: GoBuild
    private let place: GoPlace
    private let temporary: FilePath
    private let host: Host

    /// Uses a tree at the place where it would be built. The generator supports only `GOPATH`, regardless of the tree's mode.
    package init(at place: GoPlace, with toolchain: GoToolchain, temporary: FilePath, on host: Host) {
        let old = GoPlace(path: place.path, importPath: place.importPath, mode: .gopath, cache: place.cache, modules: place.modules)
        build = GoBuild(
            Target(package: Self.generator, environment: ["CGO_ENABLED": "0"]), at: old, with: toolchain, temporary: temporary, on: host)
        self.toolchain = toolchain
        self.place = old
        self.temporary = temporary
        self.host = host
    }

    /// Generates the file.
    ///
    /// - Parameter path: the file's path in the tree; nothing is written there.
    /// - Returns: its bytes.
    /// - Throws: `CommandError`; `FileError`; `OpenAPIError` if no type requires it; `CancellationError`.
    package func write(_ path: FilePath) async throws -> [UInt8] {
        let program = temporary.appending("openapi-gen")
        _ = try await build.go(["build", "-trimpath", "-o", program.string, "./\(Self.generator)"]).output()
        let packages = try await taggedPackages()
        guard !packages.isEmpty else { throw OpenAPIError(path: path) }
        // The generator is code from the tree, so it runs in a jail if possible: it can read its inputs, and write only to the output
        // folder.
        let output = temporary.appending("openapi")
        let root = temporary.appending("jail")
        for folder in [output, root] { try Files.makeDirectory(folder) }
        var command = try build.go([])
        command.program = program
        // The report of API rule violations is not needed: Kubernetes keeps a list of known ones.
        command.arguments = [
            "--logtostderr", "--input-dirs", packages.joined(separator: ","), "--output-base", output.string,
            "--output-package", "\(place.importPath)/\(path.removingLastComponent())", "--output-file-base",
            path.stem ?? "zz_generated.openapi", "--go-header-file", "/dev/null",
            "--report-filename", "/dev/null",
        ]
        command.environment["PATH"] = "\(toolchain.root)/bin:\(command.environment["PATH"] ?? "")"
        if host.isRoot {
            let seen = [place.path, toolchain.root, program]
            let jail = Jail(in: root, user: Jail.newUser(), readable: seen, writable: [output], hasNetwork: false)
            try jail.give([output])
            command = jail.confined(command)
        }
        _ = try await command.output()
        // The output could be a link, or not a file at all.
        let made = output.appending(place.importPath).pushing(path)
        var status = stat()
        guard try Files.realPath(made).starts(with: try Files.realPath(output)), lstat(made.string, &status) == 0,
            status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.most
        else { throw Files.refusal("read", made, "it is not a regular file of at most \(Self.most >> 20) MiB") }
        return try Files.read(made)
    }

    /// Kubernetes 1.20's file has 2.5 MB.
    private static let most: off_t = 64 << 20

    /// The generator's package in the tree's `vendor/`.
    private static let generator = "vendor/k8s.io/kube-openapi/cmd/openapi-gen"

    /// The import paths of packages with a tagged type. Packages in `staging/` are known by their names in `vendor/`; the two example
    /// projects have their own files.
    private func taggedPackages() async throws -> [String] {
        let roots = ["cmd", "pkg", "plugin", "staging/src/k8s.io"].filter { Files.isDirectory(place.tree.pushing(FilePath($0))) }
        let command = Command.uncontained(
            "/bin/grep", ["-rlE", "--include=*.go", #"^// *\+k8s:openapi-gen="#] + roots, environment: host.plainEnvironment,
            directory: place.tree, on: host)
        let files = try await command.output().split(separator: "\n").map { FilePath(String($0)) }
        let folders = Set(files.map { $0.removingLastComponent().string })
        return folders.filter { folder in !["/code-generator/", "/sample-apiserver/"].contains { "\(folder)/".contains($0) } }
            .map { folder in
                let staged = folder.hasPrefix("staging/src/") ? "vendor/" + folder.dropFirst("staging/src/".count) : folder
                return "\(place.importPath)/\(staged)"
            }.sorted()
    }
}

/// No type of a tree requires an OpenAPI file.
package struct OpenAPIError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The file to be generated.
    package let path: FilePath

    /// The problem, the reason, and what to do.
    package var description: String {
        "cannot generate \(path): no file of the tree has a line '// +k8s:openapi-gen='\n    Check that the recipe's 'controlPlane' is meant for this tree."
    }

    package var exitStatus: ExitStatus { .no }
}
