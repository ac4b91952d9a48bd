import ExitCodes
import Host
import Model
import SystemPackage

/// What the Go compiler said about a place in the source.
package struct GoDiagnostic: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file, by its path below the import path.
    package let file: String
    /// The line, counted from 1.
    package let line: Int
    /// The column, counted from 1; nil when the compiler named none.
    package let column: Int?
    /// What it said.
    package let message: String

    /// `FILE:LINE:COLUMN: MESSAGE`.
    package var description: String { "\(file):\(line):\(column.map { "\($0): " } ?? " ")\(message)" }

    /// Reads a line of the compiler's output: `FILE.go:LINE[:COLUMN]: MESSAGE`; nil for a line of another kind.
    ///
    /// - Parameter prefix: what is cut off the front of the file's path.
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

/// A build that failed.
package struct GoBuildError: ExitStatusError, Sendable, CustomStringConvertible {
    /// What the compiler said, place by place; empty when the fault is of another kind.
    package let diagnostics: [GoDiagnostic]
    /// The program, how it ended, and its last lines.
    package let command: CommandError

    /// The diagnostics, or the last lines when there are none.
    package var description: String {
        diagnostics.isEmpty
            ? command.description : (["the source does not compile:"] + diagnostics.map { "    \($0)" }).joined(separator: "\n")
    }

    package var exitStatus: ExitStatus { .no }
}

/// Where a build's tree stands, and how Go finds the packages that it needs.
package struct GoPlace: Hashable, Sendable {
    /// The `GOPATH`, in whose `src` the tree stands at its import path.
    package let path: FilePath
    /// The tree's import path.
    package let importPath: String
    /// How Go finds packages.
    package let mode: Target.Mode
    /// Go's build cache, shared by all builds.
    package let cache: FilePath
    /// The module cache; what is in it is never edited.
    package let modules: FilePath

    /// A second `GOPATH`, with libraries that the tree does not hold; nil when there is none.
    package var libraries: FilePath?

    /// Makes a place.
    package init(path: FilePath, importPath: String, mode: Target.Mode, cache: FilePath, modules: FilePath) {
        self.path = path
        self.importPath = importPath
        self.mode = mode
        self.cache = cache
        self.modules = modules
    }

    /// Where the tree stands.
    package var tree: FilePath { path.appending("src").appending(importPath) }

    /// A `go.mod` that names patched copies, beside the tree's own; only in module mode.
    package static let modFile = "ninepin.mod"
    /// The digests that belong to it.
    package static let sumFile = "ninepin.sum"
    /// Where the patched copies of modules lie in the tree.
    package static let copies = "ninepin/modules"

    /// The go.work that Go follows: the tree's own where `vendor/` was made for it, and none that lies about by chance.
    var workFile: String { mode == .workspace ? tree.appending("go.work").string : "off" }

    /// What every command in it is told by `GOFLAGS`.
    var goFlags: String {
        switch mode {
        case .gopath: ""
        case .vendor, .workspace: "-mod=vendor"
        case .modules: "-mod=readonly -modfile=\(Self.modFile)"
        }
    }
}

/// A build of one target from a tree, without a network.
package struct GoBuild: Sendable {
    private let toolchain: GoToolchain
    private let target: Target
    private let place: GoPlace
    private let pedigree: Pedigree?
    private let temporary: FilePath
    private let host: Host

    /// - Parameters:
    ///   - pedigree: what is written into the binary.
    ///   - temporary: where Go keeps what is not done yet; what a killed one leaves there is the caller's to remove.
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

    /// Where the tree stands.
    package var tree: FilePath { place.tree }

    /// How much Go's compiler lets its heap grow before it looks for garbage (runtime, GOGC; it is 100 where nobody says). A cold build of a
    /// kubelet took 350 s of processor time with 100, and 280 s with 400. It changes no byte of the result, and is no part of Go's own keys.
    private static let collection = "400"

    /// Builds.
    ///
    /// - Parameters:
    ///   - output: where the binary goes.
    ///   - touched: files that a series changed, by their paths in the tree: each must be in the binary.
    ///   - package: called with the import path of each package that is compiled, as it is.
    /// - Returns: the import paths of the packages that the touched files are of.
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
        // Tags decide which files are read.
        let tags = Self.tags(in: target)
        let list: @Sendable ([String]) async throws -> String = { arguments in
            try await go(["list", "-json=Dir,ImportPath,GoFiles,CgoFiles,CFiles,HFiles,SFiles,EmbedFiles"] + tags + arguments).output()
        }
        // Asked beside the compiler: the linker leaves a core free.
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

    /// The flags that decide which files of a package are its own.
    static func tags(in target: Target) -> [String] { GoFlag.all(in: target.flags).filter { $0.name == "tags" }.flatMap(\.spelled) }

    /// What the linker is told to write into variables, by the target's flags or by its `GOFLAGS`.
    static func assignments(in target: Target) -> [GoFlag.Assignment] {
        GoFlag.assignments(in: GoFlag.words(ofGoFlags: target.environment["GOFLAGS"] ?? "")) + GoFlag.assignments(in: target.flags)
    }

    private func answer(_ question: [String]?, by list: @Sendable ([String]) async throws -> String) async throws -> String {
        guard let question else { return "" }
        return try await list(question)
    }

    /// A command of Go's in the tree, with the settings that all of them share. What the recipe adds to them reaches Go alone.
    ///
    /// - Throws: `RecipeIsCode` when the target is more than settings, and nobody has allowed that.
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
        // Ninepin's own come last, and win: a build that may run git in the tree, or take another go.mod, is none.
        if let own = settings.removeValue(forKey: "GOFLAGS"), !own.isEmpty {
            environment["GOFLAGS"] = [own, environment["GOFLAGS"] ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        }
        if online {
            environment["GOSUMDB"] = nil
            let network = GoModules.network(host)
            environment.merge(network) { _, network in network }
            // Who names a proxy means it; else the machine knows best where modules come from.
            if settings["GOPROXY"] == nil { settings = settings.filter { network[$0.key] == nil } }
        } else {
            // GOPRIVATE alone sends Go to a module's own server, past GOPROXY=off.
            settings = settings.filter { !GoModules.isOfNetwork($0.key) }
        }
        // The working directory's import path is found through PWD where a link leads to it.
        environment["PWD"] = tree.string
        var command = Command(toolchain.program, arguments, environment: environment, directory: tree, on: host)
        command.settings = settings
        return command
    }

    /// `GOFLAGS`: Go looks for a repository around the tree, and runs git, hg or another program in it, whose settings are then the tree's own
    /// (go help buildvcs; since Go 1.18).
    func flags(_ own: String) -> String {
        guard let first = Version("1.18"), toolchain.version >= first else { return own }
        return own.isEmpty ? "-buildvcs=false" : "\(own) -buildvcs=false"
    }
}
