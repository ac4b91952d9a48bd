import Foundation
import Git
import GitRemote
import Glibc
import Synchronization
import Testing

@Suite("Mirrors in trouble")
struct TroubleTests {
    private struct Enough: Error {}

    private func fetch(_ upstream: Upstream, _ url: String, patience: Duration = .seconds(20)) async throws -> FetchedReference {
        try await Mirror(at: "\(upstream.path)/mirror.git", patience: patience).fetch(
            reference: "side", from: url, environment: upstream.environment)
    }

    @Test("a server that says nothing, at first or in the middle of a pack, is given up with its silence told", arguments: [0, 700])
    func silent(_ limit: Int) async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        let middleman = try Middleman(to: server.port, limit: limit, thenSilent: true)
        defer { middleman.end() }
        let error = await #expect(throws: FetchError.self) {
            try await fetch(upstream, "git://127.0.0.1:\(middleman.port)/up.git", patience: .seconds(1))
        }
        guard case .silent(_, let seconds, _)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(seconds == 1)
        #expect(error?.description.contains("no data for 1 s") == true)
    }

    @Test("a pack that is cut off leaves nothing that counts, and the next fetch brings all of it")
    func cutOff() async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        for limit in [200, 700, 1000] {
            let middleman = try Middleman(to: server.port, limit: limit)
            defer { middleman.end() }
            await #expect(throws: FetchError.self) { try await fetch(upstream, "git://127.0.0.1:\(middleman.port)/up.git") }
            #expect(try upstream.mirrored("count-objects", "-v").contains("in-pack: 0"))
            #expect(try upstream.mirrored("for-each-ref") == "")
        }
        let fetched = try await fetch(upstream, "git://127.0.0.1:\(server.port)/up.git")
        #expect(fetched.commit.description == (try upstream.id("side")))
        #expect(try !upstream.mirrored("fsck", "--full").contains("missing"))
    }

    @Test("what progress throws ends the fetch, also while the server says nothing", arguments: [0, 700])
    func progressThrows(_ limit: Int) async throws {
        let upstream = try Upstream()
        let server = try Server.gitDaemon(upstream)
        let middleman = try Middleman(to: server.port, limit: limit, thenSilent: true)
        defer { middleman.end() }
        let calls = Mutex(0)
        await #expect(throws: Enough.self) {
            try await Mirror(at: "\(upstream.path)/mirror.git", patience: .seconds(30)).fetch(
                reference: "side", from: "git://127.0.0.1:\(middleman.port)/up.git", environment: upstream.environment
            ) { _ in
                let count = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if count > 3 { throw Enough() }
            }
        }
    }

    @Test("a cancelled task's fetch ends, over git:// and over a program's pipe, and a later one goes on", arguments: [true, false])
    func cancelled(_ isNetwork: Bool) async throws {
        let upstream = try Upstream()
        let middleman = try Middleman(to: nil)
        defer { middleman.end() }
        upstream.environment["GIT_SSH_COMMAND"] = "sleep 600; false"
        let url = isNetwork ? "git://127.0.0.1:\(middleman.port)/up.git" : "ssh://nowhere/up.git"
        let (started, signal) = AsyncStream<Void>.makeStream()
        let environment = upstream.environment
        // Silence ends a fetch too; it must not do so before the cancellation, however busy this machine is.
        let mirror = Mirror(at: upstream.mirror.path, patience: .seconds(600))
        let task = Task {
            try await mirror.fetch(reference: "side", from: url, environment: environment) { _ in signal.yield() }
        }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try await fetch(upstream, upstream.repository).isNew)
    }

    @Test("what a killed fetch left behind is not believed, is removed when it is old, and the next fetch goes on")
    func killed() async throws {
        let upstream = try Upstream()
        let packs = "\(upstream.path)/mirror.git/objects/pack"
        _ = try Repository.openOrCreateBare(at: upstream.mirror.path)
        for name in ["pack_old", "pack_young"] { try Data("PACK half".utf8).write(to: URL(filePath: "\(packs)/\(name)")) }
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: "\(packs)/pack_old")
        #expect(try await fetch(upstream, upstream.repository).isNew)
        #expect(!FileManager.default.fileExists(atPath: "\(packs)/pack_old"))
        #expect(FileManager.default.fileExists(atPath: "\(packs)/pack_young"))
    }

    @Test("a certificate that nobody has signed is refused, with the host, the reason and what to do; git's own setting mends it")
    func certificate() async throws {
        let upstream = try Upstream()
        let server = try Server.https(upstream)
        let url = "https://localhost:\(server.port)/up.git"
        let error = await #expect(throws: FetchError.self) { try await fetch(upstream, url) }
        guard case .certificate(_, let host, _)? = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(host == "localhost")
        #expect(error?.description.contains("not correctly signed by the trusted CA") == true)
        #expect(error?.description.contains("http.sslCAInfo") == true)
        try upstream.configure(["http.sslCAInfo": "\(upstream.path)/cert.pem"])
        #expect(try await fetch(upstream, url).isNew)
        let other = await #expect(throws: FetchError.self) { try await fetch(upstream, "https://127.0.0.1:\(server.port)/up.git") }
        #expect(other == nil || other?.description.contains("certificate") == true)
    }

    @Test("a password comes from git's credential helper or from insteadOf, and is in no error and in no file of the mirror")
    func password() async throws {
        let upstream = try Upstream()
        let server = try Server.https(upstream, password: "hunter2secret")
        upstream.environment["GIT_SSL_CAINFO"] = "\(upstream.path)/cert.pem"
        let url = "https://localhost:\(server.port)/up.git"
        let none = await #expect(throws: FetchError.self) { try await fetch(upstream, url) }
        guard case .credentials? = none else { return #expect(Bool(false), "\(String(describing: none))") }
        let wrong = await #expect(throws: FetchError.self) {
            try await fetch(upstream, "https://someone:otherSecret@localhost:\(server.port)/up.git")
        }
        #expect(wrong?.description.contains("otherSecret") == false)
        #expect(wrong?.description.contains("localhost") == true)
        try upstream.configure([
            "credential.helper": "!f() { test \"$1\" = get && echo username=someone && echo password=hunter2secret; }; f"
        ])
        #expect(try await fetch(upstream, url).isNew)
        let missing = await #expect(throws: FetchError.self) {
            try await fetch(upstream, "https://someone:hunter2secret@localhost:\(server.port)/none.git")
        }
        #expect(missing?.description.contains("hunter2secret") == false)
        #expect(missing?.description.contains("localhost:\(server.port)/none.git") == true)
        #expect((try? upstream.run("grep", ["-r", "hunter2secret", upstream.mirror.path], in: upstream.path)) == nil)
    }

    @Test("a redirect to a file is refused, and so is a scheme that is not spoken, a missing folder and a closed port")
    func refused() async throws {
        let upstream = try Upstream()
        let server = try Server.https(upstream)
        upstream.environment["GIT_SSL_CAINFO"] = "\(upstream.path)/cert.pem"
        let redirected = await #expect(throws: FetchError.self) {
            try await fetch(upstream, "https://localhost:\(server.port)/to-file/up.git")
        }
        #expect(redirected?.description.contains("redirect") == true, "\(String(describing: redirected))")
        for (url, words) in [
            ("ftp://localhost/up.git", "'ftp' is not supported"), ("\(upstream.path)/none", "does not appear to be a git repository"),
            ("git://127.0.0.1:1/up.git", "cannot connect to 127.0.0.1, port 1"),
        ] {
            let error = await #expect(throws: FetchError.self) { try await fetch(upstream, url) }
            #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        }
    }

    @Test(
        "a tree given to another repository is whole there, also on another file system, and stays when the mirror is removed",
        arguments: [true, false])
    func copied(_ isNear: Bool) async throws {
        let upstream = try Upstream()
        let fetched = try await fetch(upstream, upstream.repository)
        let far = "/dev/shm/ninepin-remote-\(UUID())"
        defer { try? FileManager.default.removeItem(atPath: far) }
        let trees = isNear ? "\(upstream.path)/trees.git" : far
        _ = try Repository.openOrCreateBare(at: trees)
        let absent = try #require(ObjectID(String(repeating: "1", count: 40)))
        await #expect(throws: FetchError.self) {
            try await upstream.mirror.copy(absent, to: trees, environment: upstream.environment, patience: .seconds(120))
        }
        try await upstream.mirror.copy(fetched.tree, to: trees, environment: upstream.environment, patience: .seconds(120))
        try FileManager.default.removeItem(atPath: upstream.mirror.path)
        let git = { (arguments: String...) in try upstream.run("git", ["--git-dir=\(trees)"] + arguments, in: upstream.path) }
        #expect(try git("ls-tree", "-r", "\(fetched.tree)") == upstream.git("ls-tree", "-r", "side"))
        #expect(try git("cat-file", "blob", "\(fetched.tree):side") == upstream.git("cat-file", "blob", "side:side"))
        #expect(try !git("fsck", "--full").contains("missing"))
    }
}
