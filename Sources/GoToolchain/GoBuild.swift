import Host
import Model
import SystemPackage

/// What the Go compiler said about a place in the source.
public struct GoDiagnostic: Hashable, Codable, Sendable, CustomStringConvertible {
    /// The file, by its path below the import path.
    public let file: String
    /// The line, counted from 1.
    public let line: Int
    /// The column, counted from 1; nil when the compiler named none.
    public let column: Int?
    /// What it said.
    public let message: String

    /// `FILE:LINE:COLUMN: MESSAGE`.
    public var description: String { "\(file):\(line):\(column.map { "\($0): " } ?? " ")\(message)" }

    /// Reads a line of the compiler's output: `FILE.go:LINE[:COLUMN]: MESSAGE`; nil for a line of another kind.
    ///
    /// - Parameter prefix: what is cut off the front of the file's path.
    public init?(_ text: String, prefix: String = "") {
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
public struct GoBuildError: Error, Sendable, CustomStringConvertible {
    /// What the compiler said, place by place; empty when the fault is of another kind.
    public let diagnostics: [GoDiagnostic]
    /// The program, how it ended, and its last lines.
    public let command: CommandError

    /// The diagnostics, or the last lines when there are none.
    public var description: String {
        diagnostics.isEmpty
            ? command.description : (["the source does not compile:"] + diagnostics.map { "    \($0)" }).joined(separator: "\n")
    }
}

/// A build of one target from a tree in `GOPATH`, without a network.
public struct GoBuild: Sendable {
    private let toolchain: GoToolchain
    private let target: Target
    private let path: FilePath
    private let cache: FilePath
    private let temporary: FilePath
    private let host: Host

    /// - Parameters:
    ///   - path: the `GOPATH`, in whose `src` the tree stands at the target's import path.
    ///   - cache: Go's build cache, shared by all builds.
    ///   - temporary: where Go keeps what is not done yet; what a killed one leaves there is the caller's to remove.
    public init(_ target: Target, with toolchain: GoToolchain, path: FilePath, cache: FilePath, temporary: FilePath, on host: Host) {
        self.toolchain = toolchain
        self.target = target
        self.path = path
        self.cache = cache
        self.temporary = temporary
        self.host = host
    }

    /// Where the tree stands.
    public var tree: FilePath { path.appending("src").appending(target.importPath) }

    /// Builds.
    ///
    /// - Parameters:
    ///   - output: where the binary goes.
    ///   - package: called with the import path of each package that is compiled, as it is.
    /// - Throws: `GoBuildError`; `CancellationError`.
    public func run(output: FilePath, package: @escaping @Sendable (String) -> Void) async throws {
        struct Heard: Sendable {
            var diagnostics: [GoDiagnostic] = []
            var last = RecentLines()
        }
        let command = self.command(["build", "-v", "-trimpath"] + target.flags + ["-o", output.string, "./\(target.package)"])
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
    }

    private func command(_ arguments: [String]) -> Command {
        var environment = host.plainEnvironment
        let ours = [
            "GOROOT": toolchain.root.string, "GOPATH": path.string, "GOCACHE": cache.string, "GOTMPDIR": temporary.string,
            "GO111MODULE": "off", "GOFLAGS": "",
            "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOENV": "off", "GOTELEMETRY": "off",
        ]
        environment.merge(ours) { _, ours in ours }
        environment.merge(target.environment) { _, target in target }
        // The working directory's import path is found through PWD where a link leads to it.
        environment["PWD"] = tree.string
        return Command(toolchain.program, arguments, environment: environment, directory: tree, on: host)
    }
}
