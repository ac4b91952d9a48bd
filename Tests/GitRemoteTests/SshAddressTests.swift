import Foundation
import Testing

@testable import GitRemote

@Suite("Addresses for ssh")
struct SshAddressTests {
    @Test(
        "one with a password is refused before ssh starts, which would show it to every user; the message tells what to use",
        arguments: [
            "ssh://who:T0KEN@host.example/up.git", "ssh://who:T0KEN@host.example:22/up.git", "ssh://who%3AT0KEN@host.example/up.git",
            "ssh://:T0KEN@host.example/up.git", "ssh://who:\u{301}T0KEN@host.example/up.git", "git+ssh://who:T0KEN@[::1]/up.git",
            "SSH+git://a@b:T0KEN@host.example/up.git", "ssh://who:T0KEN/x@host.example/up.git", "who:T0KEN@host.example:up.git",
        ])
    func password(_ url: String) async throws {
        let upstream = try Upstream()
        upstream.environment["GIT_SSH_COMMAND"] = "touch \(upstream.path)/started;"
        let error = await #expect(throws: FetchError.self) {
            try await upstream.mirror.fetch(reference: "v1", from: url, environment: upstream.environment)
        }
        let said = try #require(error?.description)
        #expect(said.contains("use a key, or https://"), "\(said)")
        #expect(!FileManager.default.fileExists(atPath: "\(upstream.path)/started"))
    }

    @Test(
        "a user, a port and an address of IPv6 are none",
        arguments: ["host", "git@host", "git@::1", "::1", "fe80::1%eth0", "a.b@1:2:3:4:5:6:7:8"])
    func others(_ host: String) { #expect(!Address.mayHoldPassword(host)) }

    @Test("a port that is given is no password")
    func port() throws {
        guard case .ssh(let host, let port, _) = try #require(Address("ssh://git@[::1]:2222/up.git")).way else {
            return #expect(Bool(false), "not ssh")
        }
        #expect(host == "git@::1" && port == "2222" && !Address.mayHoldPassword(host))
    }
}
