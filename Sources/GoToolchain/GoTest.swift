import ExitCodes
import FoundationEssentials
import Host
import Model
import SystemPackage

/// A project's own tests, run in a tree that stands where it would be built.
package struct GoTest: Sendable {
    private let build: GoBuild
    private let flags: [String]
    private let timeout: Int
    private let place: GoPlace
    private let toolchain: GoToolchain
    private let temporary: FilePath
    private let host: Host

    /// - Parameter target: its environment and build tags hold for the tests too.
    package init(_ target: Target, at place: GoPlace, with toolchain: GoToolchain, temporary: FilePath, on host: Host) {
        build = GoBuild(target, at: place, with: toolchain, temporary: temporary, on: host)
        timeout = Int(host.deadlines[.upstreamTests].rounded(.up))
        flags = GoBuild.tags(in: target)
        (self.place, self.toolchain, self.temporary, self.host) = (place, toolchain, temporary, host)
    }

    /// Whether the tests are put into a jail: who is not root cannot make one, and runs the source's code as himself.
    package static func isJailed(on host: Host) -> Bool { host.isRoot }

    /// Puts each test's program into a jail, which sees the tree, libraries and Go, and can change none of them.
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

    /// A path as one word in a flag that holds several: Go divides it at blanks, knows both quotation marks and no way to escape one
    /// (`SplitQuotedFields` in cmd/go/internal/str, later cmd/internal/quoted).
    static func word(_ path: FilePath) throws(FileError) -> String {
        for mark in ["'", "\""] where !path.string.utf8.contains(where: mark.utf8.contains) { return mark + path.string + mark }
        throw Files.refusal("run tests through", path, "Go accepts no path with both kinds of quotation marks; use another workspace")
    }

    /// Runs the tests of some folders of the tree. That one fails is a result, not an error. They are upstream's code, and run in a jail where
    /// one can be made.
    ///
    /// - Parameter test: called with each test as it ends.
    /// - Throws: `NoTests` when the folders have none; `CommandError` when none ran: the packages do not compile; `CancellationError`.
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
        // A package that does not compile "fails" without a test of its own: that says nothing of the patch.
        guard heard.results.contains(where: { !$0.test.isEmpty }) else {
            if ended == .exited(0) { throw NoTests(folders: folders) }
            throw command.failure(ended, heard.last.lines)
        }
        return heard.results
    }
}

/// The folders that were to be tested have no tests.
package struct NoTests: ExitStatusError, Sendable, CustomStringConvertible {
    /// The folders, by their paths in the tree.
    package let folders: [String]

    /// Which folders have none, and where the tests are.
    package var description: String {
        "there are no tests in \(folders.joined(separator: ", "))\n    Vendored trees contain no tests. Test the patch on its upstream's own source."
    }

    package var exitStatus: ExitStatus { .missing }
}
