import ExitCodes
import Host
import Model
import SystemPackage

/// A message of the Go compiler about a place in the source.
package struct GoDiagnostic: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file's path below the import path.
    package let file: String
    /// The line, counted from 1.
    package let line: Int
    /// The column, counted from 1; nil if the compiler did not give one.
    package let column: Int?
    package let message: String

    /// `FILE:LINE:COLUMN: MESSAGE`.
    package var description: String { "\(file):\(line):\(column.map { "\($0): " } ?? " ")\(message)" }

    /// Parses a line of the compiler's output: `FILE.go:LINE[:COLUMN]: MESSAGE`; nil for any other line.
    ///
    /// - Parameter prefix: removed from the start of the file's path.
    package init?(_ text: String, prefix: String = "") {
        guard let found = text.firstMatch(of: /^(?:vet: )?(\S+?\.(?:go|s|c|h)):(\d+)(?::(\d+))?: (.+)$/), let line = Int(found.2) else {
            return nil
        }
        let path = found.1.hasPrefix("./") ? found.1.dropFirst(2) : found.1
        file = String(path.hasPrefix(prefix) ? path.dropFirst(prefix.count) : path)
        self.line = line
        column = found.3.flatMap { Int($0) }
        message = String(found.4)
    }
}

/// A failed build.
package struct GoBuildError: ExitStatusError, Sendable, CustomStringConvertible {
    /// The compiler's messages; empty if the build failed for another reason.
    package let diagnostics: [GoDiagnostic]
    /// The program, how it ended, and its last lines.
    package let command: CommandError

    /// The diagnostics, or the last lines if there are none.
    package var description: String {
        diagnostics.isEmpty
            ? command.description : (["the source does not compile:"] + diagnostics.map { "    \($0)" }).joined(separator: "\n")
    }

    package var exitStatus: ExitStatus { .no }
}

/// The location of a build's tree, and how Go resolves the packages that it needs.
package struct GoPlace: Hashable, Sendable {
    /// The `GOPATH`; its `src` contains the tree at its import path.
    package let path: FilePath
    /// The tree's import path.
    package let importPath: String
    /// How Go resolves packages.
    package let mode: Target.Mode
    /// Go's build cache, shared by all builds.
    package let cache: FilePath
    /// The module cache; its content is never modified.
    package let modules: FilePath

    /// A second `GOPATH` with libraries that the tree does not contain; nil if there is none.
    package var libraries: FilePath?

    package init(path: FilePath, importPath: String, mode: Target.Mode, cache: FilePath, modules: FilePath) {
        self.path = path
        self.importPath = importPath
        self.mode = mode
        self.cache = cache
        self.modules = modules
    }

    /// The path of the tree.
    package var tree: FilePath { path.appending("src").appending(importPath) }

    /// A `go.mod` that refers to patched copies, next to the tree's own; used only in module mode.
    package static let modFile = "ninepin.mod"
    /// The `go.sum` that belongs to ``modFile``.
    package static let sumFile = "ninepin.sum"
    /// The folder in the tree for patched copies of modules.
    package static let copies = "ninepin/modules"

    /// The value of `GOWORK`: the tree's own go.work if `vendor/` was made for it, otherwise `off`, so that Go ignores any other go.work.
    var workFile: String { mode == .workspace ? tree.appending("go.work").string : "off" }

    /// The `GOFLAGS` for every Go command in the tree.
    var goFlags: String {
        switch mode {
        case .gopath: ""
        case .vendor, .workspace: "-mod=vendor"
        case .modules: "-mod=readonly -modfile=\(Self.modFile)"
        }
    }
}

/// An offline build of one target from a tree.
package struct GoBuild: Sendable {
    private let toolchain: GoToolchain
    private let target: Target
    private let place: GoPlace
    private let pedigree: Pedigree?
    private let temporary: FilePath
    private let host: Host

    /// - Parameters:
    ///   - pedigree: the pedigree to embed in the binary.
    ///   - temporary: the folder for Go's temporary files; the caller removes what a killed build leaves there.
    package init(
        _ target: Target, at place: GoPlace, with toolchain: GoToolchain, pedigree: Pedigree? = nil, temporary: FilePath, on host: Host
    ) {
        self.toolchain = toolchain
        self.target = target
        self.place = place
        self.pedigree = pedigree
        self.temporary = temporary
        self.host = host
    }

    /// The path of the tree.
    package var tree: FilePath { place.tree }

    /// The heap growth at which Go's compiler collects garbage (runtime, GOGC; the default is 100). A cold build of a kubelet took 350 s of
    /// CPU time with 100 and 280 s with 400. The setting does not change the result and is not part of Go's own cache keys.
    private static let collection = "400"

    /// Builds the target.
    ///
    /// - Parameters:
    ///   - output: the path of the binary.
    ///   - touched: the files that a series changed, by their paths in the tree; each must end up in the binary.
    ///   - package: called with the import path of each package as it is compiled.
    /// - Returns: the import paths of the packages that contain the touched files.
    /// - Throws: `GoBuildError`; `PatchNotReached`; `FlagNotReached`; `CancellationError`.
    package func run(output: FilePath, touched: [String], package: @escaping @Sendable (String) -> Void) async throws -> [String] {
        struct Heard: Sendable {
            var diagnostics: [GoDiagnostic] = []
            var last = RecentLines()
        }
        let graph = temporary.appending("actions.json")
        let own = GoFlag.all(in: target.flags).flatMap(\.spelled)
        let flags = try pedigree?.adding(to: own) ?? own
        let command = try go(
            ["build", "-v", "-trimpath", "-debug-actiongraph=\(graph)"] + flags + ["-o", output.string, "./\(target.package)"])
        // Build tags determine which files are read.
        let tags = Self.tags(in: target)
        let list: @Sendable ([String]) async throws -> String = { arguments in
            try await go(["list", "-json=Dir,ImportPath,GoFiles,CgoFiles,CFiles,HFiles,SFiles,EmbedFiles"] + tags + arguments).output()
        }
        // Run this in parallel with the compiler, because the linker leaves a core idle.
        let question = Reached.question(about: touched)
        async let listed = answer(question, by: list)
        let (heard, ended) = try await command.watch(Heard()) { heard, event, _ in
            guard case .line(_, let bytes) = event else { return .proceed }
            let line = String(decoding: bytes, as: UTF8.self)
            if let diagnostic = GoDiagnostic(line) {
                if heard.diagnostics.count < 100 { heard.diagnostics.append(diagnostic) }
            } else if !line.contains(" "), line.contains("/") {
                package(line)
                return .proceed
            }
            heard.last.append(line)
            return .proceed
        }
        guard ended == .exited(0) else {
            throw GoBuildError(diagnostics: heard.diagnostics, command: command.failure(ended, heard.last.lines))
        }
        let reached = try Reached(graph: graph, listed: try await listed, list: list)
        try reached.check(Self.assignments(in: target), program: "\(place.importPath)/\(target.package)")
        return try await reached.check(touched, in: tree)
    }

    /// The flags that determine which files belong to a package.
    static func tags(in target: Target) -> [String] { GoFlag.all(in: target.flags).filter { $0.name == "tags" }.flatMap(\.spelled) }

    /// The variables that the linker sets according to the target's flags and `GOFLAGS`.
    static func assignments(in target: Target) -> [GoFlag.Assignment] {
        GoFlag.assignments(in: GoFlag.words(ofGoFlags: target.environment["GOFLAGS"] ?? "")) + GoFlag.assignments(in: target.flags)
    }

    private func answer(_ question: [String]?, by list: @Sendable ([String]) async throws -> String) async throws -> String {
        guard let question else { return "" }
        return try await list(question)
    }

    /// A Go command in the tree, with the settings that all of them share. The recipe's own settings are passed only to Go.
    ///
    /// - Throws: `RecipeIsCode` if the target contains more than settings and the user has not allowed that.
    func go(_ arguments: [String], online: Bool = false) throws(RecipeIsCode) -> Command {
        if !toolchain.isToldAnything { try RecipeIsCode.check(target) }
        var environment = host.plainEnvironment
        let ours = [
            "GOROOT": toolchain.root.string,
            "GOPATH": ([place.path] + (place.libraries.map { [$0] } ?? [])).map(\.string).joined(separator: ":"),
            "GOCACHE": place.cache.string, "GOTMPDIR": temporary.string,
            "GOMODCACHE": place.modules.string, "GOPROXY": "off", "GOSUMDB": "off", "GOTOOLCHAIN": "local", "GOENV": "off",
            "GOTELEMETRY": "off",
            "GOWORK": place.workFile, "GOGC": Self.collection, "GOFLAGS": flags(place.goFlags),
        ]
        environment.merge(ours) { _, ours in ours }
        environment["GO111MODULE"] = place.mode == .gopath ? "off" : "on"
        var settings = target.environment
        // Ninepin's own flags come last and override the recipe's: a build must not run git in the tree or use another go.mod.
        if let own = settings.removeValue(forKey: "GOFLAGS"), !own.isEmpty {
            environment["GOFLAGS"] = [own, environment["GOFLAGS"] ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        }
        if online {
            environment["GOSUMDB"] = nil
            let network = GoModules.network(host)
            environment.merge(network) { _, network in network }
            // If the recipe sets GOPROXY, that is deliberate; otherwise the machine's settings for fetching modules apply.
            if settings["GOPROXY"] == nil { settings = settings.filter { network[$0.key] == nil } }
        } else {
            // GOPRIVATE alone would make Go contact a module's own server, despite GOPROXY=off.
            settings = settings.filter { !GoModules.isOfNetwork($0.key) }
        }
        // If a link leads to the working directory, Go finds its import path through PWD.
        environment["PWD"] = tree.string
        var command = Command(toolchain.program, arguments, environment: environment, directory: tree, on: host)
        command.settings = settings
        return command
    }

    /// The `GOFLAGS` with `-buildvcs=false`: otherwise Go (since 1.18) looks for a repository around the tree and runs git, hg or another
    /// program in it, with settings that the tree controls (go help buildvcs).
    func flags(_ own: String) -> String {
        guard let first = Version("1.18"), toolchain.version >= first else { return own }
        return own.isEmpty ? "-buildvcs=false" : "\(own) -buildvcs=false"
    }
}
