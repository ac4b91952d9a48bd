import Foundation
import Glibc
import Model
import Testing
import TestServers

@Suite("Two programs at one step", .timeLimit(.minutes(3)))
struct TogetherTests {
    /// A running `ninepin fetch`.
    private final class Fetch {
        private let process: Process
        private let output: URL
        private let errors: URL

        init(_ origin: Origin, _ recipe: String = "thing", environment: [String: String] = [:]) throws {
            var tool = origin.tool
            tool.environment.merge(environment) { _, own in own }
            (process, output, errors) = try tool.start(["fetch", recipe, "--json"], in: URL(filePath: origin.path))
        }

        deinit { kill() }

        var said: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

        func kill() {
            guard process.isRunning else { return }
            Glibc.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        /// Waits for the end; returns the document that it wrote.
        func document() async throws -> (tree: String, isCached: Bool) {
            try await soon("the end of the program") { !process.isRunning }
            #expect(process.terminationReason == .exit && process.terminationStatus == 0, "\(said)")
            let found = try JSONSerialization.jsonObject(with: try Data(contentsOf: output)) as? [String: Any]
            let steps = try #require(found?["steps"] as? [[String: Any]])
            let last = try #require(steps.last)
            #expect(last["name"] as? String == "fetch")
            return (try #require(found?["tree"] as? String), try #require(last["cached"] as? Bool))
        }
    }

    private let words = "waiting for another ninepin that is doing the same work"

    @Test("the second waits for the first, says so, and takes its result: the archive is asked for once")
    func takesTheResult() async throws {
        try await ServedArchive.use({ bytes, request, _, gate in
            gate.wait()
            return .file(bytes, request)
        }) { served in
            let first = try Fetch(served.origin)
            try await served.waitForRequest()
            let second = try Fetch(served.origin)
            try await soon("the second's word that it waits") { second.said.contains(words) }
            served.gate.open()
            let (one, other) = (try await first.document(), try await second.document())
            #expect(try one.tree == served.origin.tree("HEAD") && other.tree == one.tree)
            #expect(!one.isCached && other.isCached)
            #expect(served.server.requests.count == 1)
            #expect(!first.said.contains(words))
            #expect(try served.origin.unfinished.isEmpty)
        }
    }

    @Test("when the first is killed the second makes it itself, and the next run removes what the first left")
    func makesItItself() async throws {
        try await ServedArchive.use({ bytes, request, number, gate in
            if number == 1 { gate.wait() }
            return .file(bytes, request)
        }) { served in
            let first = try Fetch(served.origin)
            try await served.waitForRequest()
            let second = try Fetch(served.origin)
            try await soon("the second's word that it waits") { second.said.contains(words) }
            first.kill()
            let made = try await second.document()
            #expect(try made.tree == served.origin.tree("HEAD") && !made.isCached)
            #expect(served.server.requests.count == 2)
            let third = try await Fetch(served.origin).document()
            #expect(third.tree == made.tree && third.isCached)
            #expect(served.server.requests.count == 2)
            #expect(try served.origin.unfinished.isEmpty)
        }
    }

    @Test("two recipes of one repository: the second waits for the first one's fetch into the mirror, and says so")
    func oneMirror() async throws {
        let origin = try Origin()
        for (name, reference) in [("one", "v1.0.0"), ("other", "v1.1.0")] {
            try origin.recipe(name, source: "  git:\n    url: ssh://127.0.0.1/up.git\n    ref: \(reference)\n")
        }
        try origin.write("ssh", "#!/bin/sh\ntouch '\(origin.path)/asked'\nexec cat > /dev/null\n")
        try #require(chmod("\(origin.path)/ssh", 0o755) == 0)
        let silent = ["GIT_SSH": "\(origin.path)/ssh"]
        let first = try Fetch(origin, "one", environment: silent)
        defer { first.kill() }
        try await soon("ssh") { FileManager.default.fileExists(atPath: "\(origin.path)/asked") }
        let second = try Fetch(origin, "other", environment: silent)
        defer { second.kill() }
        try await soon("the second's word that it waits") { second.said.contains("waiting for another fetch into the same mirror") }
    }
}

extension Origin {
    /// The names in the workspace's `tmp`, except for those that every program creates and none removes.
    var unfinished: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "\(path)/workspace/tmp").filter { !$0.hasPrefix(".") } }
    }
}
