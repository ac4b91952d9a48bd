import Foundation
import Git
import GitRemote
import Testing

@Suite("The tags of a remote")
struct TagTests {
    @Test("tags have their full names and lead to commits, annotated or not; branches are none, and nothing is fetched")
    func tags() async throws {
        let upstream = try Upstream()
        try upstream.git("branch", "v7", "side")
        try upstream.publish()
        let server = try Server.gitDaemon(upstream)
        let main = try upstream.id("main")
        let expected = [
            RemoteTag(name: "refs/tags/light", commit: try #require(ObjectID(main))),
            RemoteTag(name: "refs/tags/v1", commit: try #require(ObjectID(upstream.id("v1^{commit}")))),
        ]
        for url in ["git://127.0.0.1:\(server.port)/up.git", upstream.repository, "file://\(upstream.repository)"] {
            #expect(try await upstream.mirror.tags(of: url, environment: upstream.environment) == expected)
        }
        #expect(try upstream.mirrored("for-each-ref").isEmpty)
        #expect(try upstream.mirrored("count-objects") == "0 objects, 0 kilobytes")
    }

    @Test("a server's password is sent for a list too, and a wrong one is in no message")
    func password() async throws {
        let upstream = try Upstream()
        let server = try Server.https(upstream, password: "s3cret")
        upstream.environment["SSL_CERT_FILE"] = "\(upstream.path)/cert.pem"
        let tags = try await upstream.mirror.tags(
            of: "https://someone:s3cret@localhost:\(server.port)/up.git", environment: upstream.environment)
        #expect(tags.map(\.name) == ["refs/tags/light", "refs/tags/v1"])
        let error = await #expect(throws: FetchError.self) {
            try await upstream.mirror.tags(of: "https://someone:wr0ng@localhost:\(server.port)/up.git", environment: upstream.environment)
        }
        #expect(error?.description.contains("wr0ng") == false, "\(String(describing: error))")
    }

    @Test("the tags of a shallow clone are listed, and those of a server of plain files, which git can read")
    func otherRemotes() async throws {
        let upstream = try Upstream()
        try upstream.run("git", ["clone", "-q", "--bare", "--depth=1", "file://\(upstream.repository)", "shallow.git"], in: upstream.path)
        let shallow = try await upstream.mirror.tags(of: "file://\(upstream.path)/shallow.git", environment: upstream.environment)
        #expect(shallow.map(\.name) == ["refs/tags/light"])
        try upstream.run("git", ["--git-dir=\(upstream.repository)", "update-server-info"], in: upstream.path)
        let server = try Server.files(upstream)
        let dumb = try await upstream.mirror.tags(of: "http://127.0.0.1:\(server.port)/up.git", environment: upstream.environment)
        #expect(dumb.map(\.name) == ["refs/tags/light", "refs/tags/v1"])
        let nothing = await #expect(throws: FetchError.self) {
            try await upstream.mirror.tags(of: "http://127.0.0.1:\(server.port)/none.git", environment: upstream.environment)
        }
        #expect(nothing?.description.contains("127.0.0.1") == true)
    }

    @Test("more tags than are accepted are an error that says how many there are, and not a shorter list")
    func tooMany() async throws {
        let upstream = try Upstream()
        let error = await #expect(throws: FetchError.self) {
            try await upstream.mirror.tags(of: upstream.repository, environment: upstream.environment, most: 1)
        }
        #expect(error?.description.contains("it has 2 tags; at most 1 are read") == true, "\(String(describing: error))")
        #expect(try await upstream.mirror.tags(of: upstream.repository, environment: upstream.environment, most: 2).count == 2)
    }

    @Test("a cancelled task's listing ends while the server is silent")
    func cancelled() async throws {
        let upstream = try Upstream()
        upstream.environment["GIT_SSH_COMMAND"] = "sleep 600; false"
        let (started, signal) = AsyncStream<Void>.makeStream()
        let environment = upstream.environment
        let mirror = Mirror(at: upstream.mirror.path, patience: .seconds(600))
        let task = Task { try await mirror.tags(of: "ssh://nowhere/up.git", environment: environment) { signal.yield() } }
        for await _ in started { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
