import Foundation
import Git
import GitRemote
import Synchronization
import Testing

@Suite("Mirrors")
struct MirrorTests {
    @Test("a tag, a branch, a full reference and HEAD are resolved over git:// to the commit and the tree that git says")
    func names() async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        let url = "git://127.0.0.1:\(server.port)/up.git"
        for (name, source) in [
            ("v1", "refs/tags/v1"), ("light", "refs/tags/light"), ("main", "refs/heads/main"), ("refs/heads/side", "refs/heads/side"),
            ("HEAD", "refs/heads/main"),
        ] {
            let fetched = try await upstream.mirror.fetch(reference: name, from: url, environment: upstream.environment)
            #expect(fetched.source == source)
            #expect(fetched.commit.description == (try upstream.id("\(name)^{commit}")))
            #expect(fetched.tree.description == (try upstream.id("\(name)^{tree}")))
            #expect(try upstream.mirrored("rev-parse", "\(fetched.commit)^{tree}") == fetched.tree.description)
        }
        #expect(try !upstream.mirrored("fsck", "--full", "--strict").contains("missing"))
        #expect(try upstream.mirrored("config", "gc.auto") == "0")
    }

    @Test("only what was asked for is fetched, and a tag comes before a branch of the same name")
    func onlyOne() async throws {
        let upstream = try Upstream()
        try upstream.git("branch", "same", "side")
        try upstream.git("tag", "same", "main")
        try upstream.publish()
        let server = try Server.gitDaemon(upstream)
        let fetched = try await upstream.mirror.fetch(
            reference: "same", from: "git://127.0.0.1:\(server.port)/up.git", environment: upstream.environment)
        #expect(fetched.source == "refs/tags/same")
        #expect(fetched.commit.description == (try upstream.id("main")))
        #expect(try Repository.open(at: upstream.mirror.path).contains(try #require(ObjectID(upstream.id("side")))) == false)
        #expect(try upstream.mirrored("for-each-ref", "--format=%(refname)") == "refs/ninepin/commits/\(fetched.commit)")
    }

    @Test("https, a file's address and a folder's path give the same commit and tree as git://", arguments: ["https", "file", "path"])
    func ways(_ way: String) async throws {
        let upstream = try Upstream()
        var server: Server?
        if way == "https" { server = try Server.https(upstream) }
        upstream.environment["SSL_CERT_FILE"] = "\(upstream.path)/cert.pem"
        let url =
            switch way {
            case "https": "https://localhost:\(server?.port ?? 0)/up.git"
            case "file": "file://\(upstream.repository)"
            default: upstream.repository
            }
        let fetched = try await upstream.mirror.fetch(reference: "v1", from: url, environment: upstream.environment)
        #expect(fetched.tree.description == (try upstream.id("v1^{tree}")))
        #expect(fetched.isNew)
        #expect(try !upstream.mirrored("fsck", "--full").contains("missing"))
    }

    @Test("ssh is spoken by the program that git would take, with the host, the port and the path as git gives them")
    func ssh() async throws {
        let upstream = try Upstream()
        let program = "\(upstream.path)/ssh.sh"
        try Data("#!/bin/sh\necho \"$*\" >> \(upstream.path)/asked\nshift $(($# - 1))\nexec sh -c \"$1\"\n".utf8).write(
            to: URL(filePath: program))
        try upstream.run("chmod", ["755", program], in: upstream.path)
        upstream.environment["GIT_SSH_COMMAND"] = "\(program) -o X=y"
        let fetched = try await upstream.mirror.fetch(
            reference: "v1", from: "ssh://git@host.example:2222\(upstream.repository)", environment: upstream.environment)
        #expect(fetched.tree.description == (try upstream.id("v1^{tree}")))
        _ = try await upstream.mirror.fetch(
            reference: "side", from: "git@host.example:\(upstream.repository)", environment: upstream.environment)
        let asked = try String(contentsOfFile: "\(upstream.path)/asked", encoding: .utf8)
        #expect(
            asked == """
                -o X=y -p 2222 -- git@host.example git-upload-pack '\(upstream.repository)'
                -o X=y -- git@host.example git-upload-pack '\(upstream.repository)'

                """)
    }

    @Test("a commit's id that is there is not asked for; one that a reference is at, or that the server gives by its id, is brought")
    func commits() async throws {
        let upstream = try Upstream()
        let first = try upstream.id("main~1")
        let (main, side) = (try upstream.id("main"), try upstream.id("side"))
        let server = try Server.gitDaemon(upstream)
        let url = "git://127.0.0.1:\(server.port)/up.git"
        let byReference = try await upstream.mirror.fetch(reference: main, from: url, environment: upstream.environment)
        #expect(byReference.source == "refs/heads/main")
        #expect(byReference.commit.description == main)
        // Its history was fetched with it, so no server is needed.
        let there = try await upstream.mirror.fetch(reference: first, from: "git://127.0.0.1:1/none", environment: upstream.environment)
        #expect(there.source == "commit")
        #expect(!there.isNew)
        // A commit that no reference points to, first from a server that only allows fetching branches, then from one that allows any
        // commit.
        try upstream.git("checkout", "-q", "side")
        try upstream.write("more", "1")
        try upstream.commit("more")
        try upstream.publish()
        #expect(try await upstream.mirror.fetch(reference: side, from: url, environment: upstream.environment).isNew)
        try upstream.git("checkout", "-q", "--detach")
        try upstream.write("more", "2")
        try upstream.commit("on no branch")
        let lonely = try upstream.id("HEAD")
        try upstream.git("push", "-q", "origin", "HEAD:refs/heads/gone")
        try upstream.git("push", "-q", "origin", ":refs/heads/gone")
        let error = await #expect(throws: FetchError.self) {
            try await upstream.mirror.fetch(reference: lonely, from: url, environment: upstream.environment)
        }
        #expect(error?.description.contains("no commit \(lonely)") == true)
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "config", "uploadpack.allowAnySHA1InWant", "true"], in: upstream.path)
        let given = try await upstream.mirror.fetch(reference: lonely, from: url, environment: upstream.environment)
        #expect(given.commit.description == lonely)
        #expect(given.isNew)
    }

    @Test("a name that is not there is an error with those that look like it, and with all names for who compares better")
    func unknown() async throws {
        let upstream = try Upstream()
        try upstream.git("tag", "v1.20.2")
        try upstream.publish()
        let server = try Server.gitDaemon(upstream)
        let error = await #expect(throws: FetchError.self) {
            try await upstream.mirror.fetch(
                reference: "1.20.2", from: "git://127.0.0.1:\(server.port)/up.git", environment: upstream.environment)
        }
        guard case .unknownReference(_, _, let names)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(names.contains("refs/heads/side"))
        #expect(error?.description.contains("'1.20.2'") == true)
        #expect(error?.description.contains("it has v1.20.2") == true)
    }

    @Test("an update with nothing new brings no pack, and one with something new brings only that")
    func update() async throws {
        let upstream = try Upstream()
        let noise = (0..<20_000).map { _ in String(UInt64.random(in: 0 ... .max), radix: 36) }.joined(separator: "\n")
        try upstream.write("large", noise)
        try upstream.commit("large")
        try upstream.publish()
        let server = try Server.gitDaemon(upstream)
        let middleman = try Middleman(to: server.port)
        defer { middleman.end() }
        let url = "git://127.0.0.1:\(middleman.port)/up.git"
        let bytes = { middleman.bytes.load(ordering: .relaxed) }
        #expect(try await upstream.mirror.fetch(reference: "main", from: url, environment: upstream.environment).isNew)
        let first = bytes()
        #expect(first > 100_000)
        #expect(try await !upstream.mirror.fetch(reference: "main", from: url, environment: upstream.environment).isNew)
        let list = bytes() - first
        #expect(list < 1_500)
        try upstream.write("small", "1")
        try upstream.commit("small")
        try upstream.publish()
        let fetched = try await upstream.mirror.fetch(reference: "main", from: url, environment: upstream.environment)
        #expect(fetched.isNew)
        #expect(fetched.commit.description == (try upstream.id("main")))
        #expect(bytes() - first - list < 5_000)
    }

    @Test("git's insteadOf sends an address elsewhere, also to another kind of transport")
    func insteadOf() async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        for base in ["git://127.0.0.1:\(server.port)/", "file://\(upstream.path)/served/", "\(upstream.path)/served/"] {
            try upstream.configure(["url.\(base).insteadOf": "https://example.invalid/"])
            let fetched = try await Mirror(at: "\(upstream.path)/\(UUID()).git", patience: .seconds(30)).fetch(
                reference: "v1", from: "https://example.invalid/up.git", environment: upstream.environment)
            #expect(fetched.tree.description == (try upstream.id("v1^{tree}")))
            try upstream.run(
                "git", ["config", "--file", "\(upstream.path)/gitconfig", "--remove-section", "url.\(base)"], in: upstream.path)
        }
    }

    @Test("progress tells objects and bytes up to all of them")
    func progress() async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        let last = Mutex(FetchProgress())
        _ = try await upstream.mirror.fetch(
            reference: "side", from: "git://127.0.0.1:\(server.port)/up.git", environment: upstream.environment
        ) { figures in last.withLock { $0 = figures } }
        let figures = last.withLock { $0 }
        #expect(figures.objects == figures.totalObjects)
        #expect(figures.objects > 5)
        #expect(figures.bytes > 100)
    }
}
