import ExitCodes
import FileSystem
import FoundationEssentials
import Host
import Model
import SystemPackage

/// Runs a project's own tests in a tree at the place where it would be built.
package struct GoTest: Sendable {
    private let build: GoBuild
    private let flags: [String]
    private let timeout: Int
    private let place: GoPlace
    private let toolchain: GoToolchain
    private let temporary: FilePath
    private let host: Host

    /// - Parameter target: its environment and build tags also apply to the tests.
    package init(_ target: Target, at place: GoPlace, with toolchain: GoToolchain, temporary: FilePath, on host: Host) {
        build = GoBuild(target, at: place, with: toolchain, temporary: temporary, on: host)
        timeout = Int(host.deadlines[.upstreamTests].rounded(.up))
        flags = GoBuild.tags(in: target)
        (self.place, self.toolchain, self.temporary, self.host) = (place, toolchain, temporary, host)
    }

    /// Whether the tests run in a jail. A user without root cannot create one and runs the source's code with full user rights.
    package static func isJailed(on host: Host) -> Bool { host.isRoot }

    /// The flags that run each test program in a jail, which has read-only access to the tree, the libraries and Go.
    private func jailed() throws(FileError) -> [String] {
        guard Self.isJailed(on: host) else { return [] }
        let root = temporary.appending("jail")
        try Files.makeDirectory(root)
        let seen = [place.path, place.modules, toolchain.root] + (place.libraries.map { [$0] } ?? [])
        let jail = Jail(in: root, user: Jail.newUser(), readable: seen.filter(Files.exists), hasNetwork: false)
        let launcher = temporary.appending("jailed")
        try Files.write(jail.launcher(), to: launcher, mode: 0o755)
        return ["-exec=\(try Self.word(launcher))"]
    }

    /// A path as one word in a flag that holds several. Go splits it at blanks and knows both quotation marks, but no escapes
    /// (`SplitQuotedFields` in cmd/go/internal/str, later cmd/internal/quoted).
    static func word(_ path: FilePath) throws(FileError) -> String {
        for mark in ["'", "\""] where !path.string.utf8.contains(where: mark.utf8.contains) { return mark + path.string + mark }
        throw Files.refusal("run tests through", path, "Go accepts no path with both kinds of quotation marks; use another workspace")
    }

    /// Runs the tests of folders in the tree. A failing test is a result, not an error. The tests are upstream code and run in a jail if
    /// possible.
    ///
    /// - Parameter test: called with each test as it ends.
    /// - Throws: `NoTests` if the folders have none; `CommandError` if none ran because the packages do not compile; `CancellationError`.
    package func run(_ folders: [String], test: @escaping @Sendable (GoTestResult) -> Void) async throws -> [GoTestResult] {
        struct Heard: Sendable {
            var results: [GoTestResult] = []
            var last = RecentLines()
        }
        struct Line: Decodable {
            let Action: String
            let Package: String?
            let Test: String?
            let Output: String?
        }
        let command = try build.go(
            ["test", "-json", "-count=1", "-vet=off", "-timeout=\(timeout)s"] + jailed() + flags
                + folders.map { $0 == "." ? "." : "./\($0)" })
        let (heard, ended) = try await command.watch(Heard()) { heard, event, _ in
            guard case .line(_, let bytes) = event else { return .proceed }
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else {
                heard.last.append(String(decoding: bytes, as: UTF8.self))
                return .proceed
            }
            if let output = line.Output, line.Test == nil { heard.last.append(output.filter { $0 != "\n" }) }
            if let package = line.Package, let outcome = GoTestResult.Outcome(rawValue: line.Action) {
                let result = GoTestResult(package: package, test: line.Test ?? "", outcome: outcome)
                heard.results.append(result)
                test(result)
            }
            return .proceed
        }
        // A package that does not compile "fails" without running a test, which proves nothing about the patch.
        guard heard.results.contains(where: { !$0.test.isEmpty }) else {
            if ended == .exited(0) { throw NoTests(folders: folders) }
            throw command.failure(ended, heard.last.lines)
        }
        return heard.results
    }
}

/// The folders to be tested have no tests.
package struct NoTests: ExitStatusError, Sendable, CustomStringConvertible {
    /// The folders, by their paths in the tree.
    package let folders: [String]

    /// The folders without tests, and where the tests are.
    package var description: String {
        "there are no tests in \(folders.joined(separator: ", "))\n    Vendored trees contain no tests. Test the patch on its upstream's own source."
    }

    package var exitStatus: ExitStatus { .missing }
}
