import Foundation
import Glibc
import Model
import Testing
import TestServers

/// Everything that could contain a token: the program's output, and the files that it leaves behind.
@Suite("A token of an address is shown nowhere and kept nowhere", .serialized, .timeLimit(.minutes(3)))
struct SecretTests {
    private static let token = "s3same"

    /// All tokens of these tests begin with the same text, so that even a part of one is found.
    private func expectNone(_ origin: Origin, _ outcomes: Tool.Outcome..., place: SourceLocation = #_sourceLocation) throws {
        for outcome in outcomes {
            #expect(!outcome.output.contains(Self.token), "\(outcome.output)", sourceLocation: place)
            #expect(!outcome.errors.contains(Self.token), "\(outcome.errors)", sourceLocation: place)
        }
        guard FileManager.default.fileExists(atPath: "\(origin.path)/workspace") else { return }
        #expect(try origin.files(below: "workspace", holding: Self.token) == [], sourceLocation: place)
    }

    @Test("in the query, the fragment, the user's place and the parameters of an archive's address; names under mirrors are digests")
    func archive() async throws {
        let origin = try Origin()
        try origin.archive("HEAD", as: "a.tar")
        let bytes = Array(try Data(contentsOf: URL(filePath: "\(origin.path)/a.tar")))
        try await LoopbackServer.run({ request, _ in
            request.target.contains("a.tar") ? .file(bytes, request) : .status(404)
        }) { server in
            let host = "127.0.0.1:\(server.port)"
            let address = "http://s3same-1:s3same-2@\(host)/a.tar;v=s3same-3?s3same-4&page=s3same-5#s3same-6"
            try origin.archiveRecipe(at: ["http://\(host)/none?s3same-7", address], file: "a.tar")
            let found = try await origin.tool.ran(["fetch", "thing", "--json"])
            #expect(found.status == 0, "\(found.errors)")
            #expect(try found.json()["tree"] as? String == origin.tree("HEAD"))
            let again = try await origin.tool.ran(["fetch", "thing", "--update"])
            #expect(again.status == 0)
            let shown = try await origin.tool.ran(["recipes", "show", "thing"])
            #expect(shown.output.contains("http://\(host)/none?***"), "\(shown.output)")
            let document = try await origin.tool.ran(["recipes", "show", "thing", "--json"])
            #expect(document.output.contains("/none?***"), "\(document.output)")
            try expectNone(origin, found, again, shown, document, try await origin.tool.ran(["recipes", "list", "--json"]))
            let names = try FileManager.default.subpathsOfDirectory(atPath: "\(origin.path)/workspace/mirrors/archives")
            #expect(names.contains { $0.wholeMatch(of: /[0-9a-f]{64}\/archive/) != nil }, "\(names)")
            #expect(!names.contains { $0.contains("a.tar") }, "\(names)")
        }
    }

    @Test(
        "nor where the address leads to nothing, has no path, is broken, or is of a kind that is not taken",
        arguments: [
            "http://s3same-1:s3same-2@HOST", "http://s3same-1@HOST?s3same-2", "http://HOST/x/?s3same-1",
            "http://s3same-1:s3same/2@HOST/a.tar",
            "http://x:s3same-1 y@HOST/a.tar", "http:/x:s3same-1@HOST/a.tar", "http:///x:s3same-1@HOST/a.tar",
            "ftp://x:s3same-1@HOST/a.tar#s3same-2", "x:s3same-1@HOST/a.tar", "http://x:s3same-1@[::1/a.tar",
            "HTTP://x:s3same%2D1@HOST/a.tar", "file:///nowhere/a.tar?s3same-1", "http://x:s3s'ame-s3same@HOST/'?s3same",
        ])
    func unreachable(_ address: String) async throws {
        let origin = try Origin()
        try origin.write("a.tar", "x")
        try await LoopbackServer.run({ _, _ in .status(404) }) { server in
            try origin.archiveRecipe(at: [address.replacingOccurrences(of: "HOST", with: "127.0.0.1:\(server.port)")], file: "a.tar")
            let found = try await origin.tool.ran(["fetch", "thing", "--json"])
            #expect(found.status == 69, "\(found.errors)")
            try expectNone(origin, found, try await origin.tool.ran(["recipes", "show", "thing"]))
        }
    }

    @Test("nor in a place that a server sends the program to, be it followed or not")
    func redirects() async throws {
        let origin = try Origin()
        try origin.write("a.tar", "x")
        for target in [
            "ftp://u:s3same-1@x/?s3same-2", "http://s3same-5 s3same-6", "/there?s3same-7",
        ] {
            try await LoopbackServer.run({ request, _ in
                request.target.hasPrefix("/there") ? .status(403) : .status(302, ["Location": target])
            }) { server in
                try origin.archiveRecipe(at: [server.address("/a.tar")], file: "a.tar")
                let found = try await origin.tool.ran(["fetch", "thing", "--json"])
                #expect(found.status == 69)
                try expectNone(origin, found)
                try origin.gitRecipe(url: server.address("/up.git"))
                let repository = try await origin.tool.ran(["fetch", "thing", "--json"])
                #expect(repository.status == 69)
                try expectNone(origin, repository)
            }
        }
    }

    @Test(
        "nor in a repository's address of any form",
        arguments: [
            "http://s3same-1:s3same-2@127.0.0.1:1/up.git?s3same-3#s3same-4", "http://127.0.0.1:1?s3same-1", "http://s3same-1@127.0.0.1:1",
            "s3same-1:s3same-2@127.0.0.1:up.git", "who:s3same-1@127.0.0.1:up.git", "ssh://who:s3same-1@127.0.0.1/up.git",
            "ssh://s3same-1@127.0.0.1/up.git?s3same-2", "git://who:s3same-1@127.0.0.1:1/up.git", "what://who:s3same-1@x/up.git",
            "http://who:s3same-1 x@127.0.0.1:1/up.git", "s3same-1@127.0.0.1:up.git", "http://who:s3s/ame-s3same@127.0.0.1:1/up.git",
        ])
    func repositories(_ address: String) async throws {
        let origin = try Origin()
        // It repeats its arguments, as ssh does for an unknown host.
        try origin.write("ssh", "#!/bin/sh\necho \"ssh: $*: no such host\" >&2\nexit 255\n")
        try #require(chmod("\(origin.path)/ssh", 0o755) == 0)
        var tool = origin.tool
        tool.environment["GIT_SSH"] = "\(origin.path)/ssh"
        try origin.gitRecipe(url: address)
        let found = try await tool.ran(["fetch", "thing", "--json"])
        #expect(found.status == 69, "\(found.errors)")
        try expectNone(
            origin, found, try await tool.ran(["recipes", "show", "thing"]), try await tool.ran(["recipes", "show", "thing", "--json"]))
    }

    @Test("nor one that git's own setting insteadOf brings in, nor one of a proxy")
    func settings() async throws {
        let origin = try Origin()
        try origin.configure("url.http://s3same-1:s3same-2@127.0.0.1:1/.insteadOf", "https://git.example.org/")
        try origin.gitRecipe(url: "https://git.example.org/up.git")
        try expectNone(origin, try await origin.tool.ran(["fetch", "thing", "--json"]))
        try origin.write("a.tar", "x")
        for proxy in ["what://who:s3same-1@x/?s3same-2", "http://who:s3same-1@pro xy:x", "s3same-1:s3same-2@pro xy:1"] {
            var tool = origin.tool
            for name in ["http_proxy", "https_proxy", "all_proxy"] { tool.environment[name] = proxy }
            try origin.archiveRecipe(at: ["http://example.invalid/a.tar"], file: "a.tar")
            try expectNone(origin, try await tool.ran(["fetch", "thing", "--json"]))
            try origin.gitRecipe("other", url: "http://example.invalid/up.git")
            try expectNone(origin, try await tool.ran(["fetch", "other", "--json"]))
        }
    }

    @Test("two repositories whose addresses differ in the query have a mirror each, and a mirror is named by a digest alone")
    func mirrors() async throws {
        let origin = try Origin()
        let server = try LocalServer.gitDaemon(origin)
        defer { server.end() }
        try origin.gitRecipe(url: "git://127.0.0.1:\(server.port)/up.git")
        let found = try await origin.tool.ran(["fetch", "thing"])
        #expect(found.status == 0, "\(found.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(origin.path)/workspace/mirrors/git")
        #expect(names.contains { $0.wholeMatch(of: /[0-9a-f]{64}\.git/) != nil }, "\(names)")
        #expect(names.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{64}\.git(\.lock)?/) != nil }, "\(names)")
    }

    @Test("nor where a mistake in a recipe is told")
    func diagnostics() async throws {
        let origin = try Origin()
        try origin.recipe("thing", source: "  git:\n    url: -https://who:s3same-1@x/up.git?s3same-2\n    ref: v1\n")
        try origin.recipe("other", source: "  git: https://who:s3same-1@x/up.git?s3same-2\n")
        try origin.recipe("third", source: "  archive:\n    addresses: [x]\n    sha256: https://who:s3same-1@x/up.git?s3same-2\n")
        for name in ["thing", "other", "third"] {
            let found = try await origin.tool.ran(["fetch", name, "--json"])
            #expect(found.status == 65)
            try expectNone(origin, found)
        }
        try expectNone(
            origin, try await origin.tool.ran(["fetch", "https://who:s3same-1@x/up?s3same-2"]),
            try await origin.tool.ran(["fetch", "third", "--source", "https://who:s3same-1@x/up?s3same-2"]))
    }
}
